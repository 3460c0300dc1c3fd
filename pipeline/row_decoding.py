"""From a row of cells to a mention, by the same rules as the JSON form, and fast."""

from collections.abc import Callable, Mapping
from operator import itemgetter

from pipeline.decoding import SourceDefaults
from pipeline.event_time import Unusable, instant_reader
from pipeline.fields import (
    MAX_FIELD_CHARACTERS,
    MAX_URL_CHARACTERS,
    brand_of,
    count_of_cell,
    derived_id,
    kind_of,
    language_of,
    rating_of_cell,
    refuse_future,
    short,
    text_of,
    truth_of_cell,
)
from pipeline.mention import NOBODY, Author, Kind, Mention, RejectedReason

RowDecoder = Callable[[list[str]], Mention | Unusable]

_SHORT = (
    "id",
    "channel",
    "author",
    "author_id",
    "author_handle",
    "author_name",
    "conversation_id",
    "in_reply_to",
    "brand",
    "source",
)


def row_decoder(
    columns: Mapping[str, int],
    width: int,
    *,
    defaults: SourceDefaults,
    now: int | None = None,
    ingested_at: int | None = None,
) -> RowDecoder:
    """Prepare the reading of rows of `width` cells whose fields stand in `columns`.

    `columns` gives the cell of each field (`pipeline.fields.FIELDS`); an empty cell is as good as
    none. What is returned takes a row and gives the mention, or why it is none; it never raises
    for what a row holds. `ingested_at` of None means the event time (an event log). The row is
    left one cell longer: hand over a list nobody else needs.

    >>> decode = row_decoder(
    ...     {"id": 0, "event_time": 1, "text": 2}, 3, defaults=SourceDefaults("file"))
    >>> decode(["7", "2015-02-22T10:00:00Z", "Lost my bag"]).event_time
    1424599200000
    >>> decode(["7", "2015-02-22T10:00:00Z"]).detail
    '2 cells where the header has 3'
    """
    # The closure's variables are the fastest a function can have; every field without a column
    # points at the empty cell appended to the row, so that a row takes one straight road.
    at_id, at_text, at_time, at_channel, at_kind = (
        columns.get(field, width) for field in ("id", "text", "event_time", "channel", "kind")
    )
    at_author, at_author_id, at_handle, at_name, at_followers = (
        columns.get(field, width)
        for field in ("author", "author_id", "author_handle", "author_name", "followers")
    )
    at_url, at_language, at_rating, at_reach, at_engagement = (
        columns.get(field, width) for field in ("url", "language", "rating", "reach", "engagement")
    )
    at_conversation, at_reply, at_owned, at_brand, at_source = (
        columns.get(field, width)
        for field in ("conversation_id", "in_reply_to", "owned", "brand", "source")
    )
    names = [field for field in _SHORT if field in columns]
    # Two more of the empty cell, since with a single index itemgetter gives no tuple.
    name_cells = itemgetter(*(columns[field] for field in names), width, width)
    instant = instant_reader(defaults.zone)

    def decode(cells: list[str]) -> Mention | Unusable:
        if len(cells) != width:
            return Unusable(
                RejectedReason.INVALID, f"{len(cells)} cells where the header has {width}"
            )
        cells.append("")
        try:
            event_time = instant(cells[at_time])
            if now is not None:
                refuse_future(event_time, now)
            rating = rating_of_cell(cells[at_rating]) if cells[at_rating] else None
            written = "".join(name_cells(cells))
            if len(written) > MAX_FIELD_CHARACTERS or "\0" in written:
                for field in names:
                    short(field, cells[columns[field]], MAX_FIELD_CHARACTERS)
            text = text_of(cells[at_text], rated=rating is not None)
            url = cells[at_url]
            if url:
                short("url", url, MAX_URL_CHARACTERS)
            author_id = cells[at_author_id]
            handle = (cells[at_handle] or cells[at_author]).removeprefix("@")
            name = cells[at_name]
            author = NOBODY
            if handle or author_id or name:
                followers = cells[at_followers]
                author = Author(
                    author_id,
                    handle,
                    name,
                    count_of_cell("followers", followers) if followers else None,
                )
            in_reply_to = cells[at_reply]
            kind = cells[at_kind]
            source = cells[at_source] or defaults.source
            language = cells[at_language]
            return Mention(
                cells[at_id] or derived_id(source, author, event_time, text),
                source,
                event_time,
                event_time if ingested_at is None else ingested_at,
                text,
                cells[at_channel] or defaults.channel,
                (
                    kind_of(kind, rated=rating is not None, reply=in_reply_to != "")
                    if kind or rating is not None or in_reply_to
                    else Kind.POST
                ),
                author,
                url,
                (language_of(language) if language else "") or defaults.language,
                rating,
                (count_of_cell("reach", cells[at_reach]) or 0) if cells[at_reach] else 0,
                (count_of_cell("engagement", cells[at_engagement]) or 0)
                if cells[at_engagement]
                else 0,
                cells[at_conversation],
                in_reply_to,
                truth_of_cell("owned", cells[at_owned]) if cells[at_owned] else False,
                brand_of(cells[at_brand]) if cells[at_brand] else "",
            )
        except Unusable as why:
            return why

    return decode
