"""Which column (or JSON key) holds which field of a mention."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import msgspec

from pipeline.errors import SettingsError
from pipeline.fields import FIELDS

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "event_time": (
        "created_at",
        "timestamp",  # other people's word for it, not ours
        "datetime",
        "date_time",
        "date",
        "time",
        "published_at",
        "posted_at",
        "created",
        "published",
        "tweet_created",
    ),
    "text": ("body", "content", "message", "full_text", "tweet", "review", "review_text"),
    "id": ("tweet_id", "post_id", "mention_id", "id_str", "review_id"),
    "author": ("username", "user_name", "screen_name", "user", "account"),
    "author_id": ("user_id",),
    "author_name": ("display_name",),
    "followers": ("followers_count", "follower_count"),
    "url": ("link", "permalink"),
    "language": ("lang",),
    "rating": ("stars", "star_rating"),
    "channel": ("platform", "network"),
    "in_reply_to": ("in_reply_to_id", "in_reply_to_status_id"),
}
"""What others call a field, the likeliest first; taken where nothing is called as the field."""

REQUIRED = ("event_time", "text")


class Resolved(msgspec.Struct, frozen=True):
    """The column's name for each field that has one.

    `guessed` lists those taken by a synonym, as (field, column), to be told to the user.
    """

    columns: dict[str, str]
    guessed: tuple[tuple[str, str], ...]


def parse_mapping(arguments: Sequence[str]) -> dict[str, str]:
    """Read `FIELD=COLUMN` arguments; raises SettingsError naming the nearest field.

    >>> parse_mapping(["text=body", "event_time=when"])
    {'text': 'body', 'event_time': 'when'}
    """
    mapping: dict[str, str] = {}
    for argument in arguments:
        field, equals, column = (part.strip() for part in argument.partition("="))
        if not equals or not field or not column:
            raise SettingsError(f"--map {argument}: write FIELD=COLUMN, for instance text=body")
        check_field(field)
        if mapping.get(field, column) != column:
            raise SettingsError(
                f"--map {argument}: {field} is already mapped to {mapping[field]}; choose one"
            )
        mapping[field] = column
    return mapping


def check_field(field: str) -> None:
    """Raise SettingsError when a mention has no such field, naming the nearest that it has."""
    if field not in FIELDS:
        raise SettingsError(
            f"a mention has no field {field!r}{_nearest(field, FIELDS)}; "
            f"its fields are {', '.join(FIELDS)}"
        )


def resolve(
    header: Sequence[str],
    explicit: Mapping[str, str],
    *,
    where: str,
    required: Sequence[str] = REQUIRED,
) -> Resolved:
    """Find the columns of `header` that hold fields: as told, then by name, then by synonym.

    Names are compared without regard to case, blanks and hyphens. Raises SettingsError when an
    explicit column is not there, or twice, or when no column holds a `required` field. `where`
    names the file in the error.
    """
    named: dict[str, list[str]] = {}
    for column in header:
        named.setdefault(plain(column), []).append(column)
    columns = {
        field: _column(field, wanted, header, named, where) for field, wanted in explicit.items()
    }
    for field in FIELDS:
        if field not in columns and len(found := named.get(field, [])) == 1:
            columns[field] = found[0]
    guessed = _guess(columns, named)
    for field in required:
        if field not in columns:
            raise SettingsError(
                f"{where}: no column holds {field}; say which with --map {field}=COLUMN "
                f"(columns: {listing(header)})"
            )
    return Resolved(columns, guessed)


def _guess(columns: dict[str, str], named: Mapping[str, list[str]]) -> tuple[tuple[str, str], ...]:
    """Add to `columns` what goes by another name and is not taken yet; tell what was added."""
    taken = set(columns.values())
    guessed: list[tuple[str, str]] = []
    for field, synonyms in SYNONYMS.items():
        if field in columns or (field == "author" and "author_handle" in columns):
            continue
        for synonym in synonyms:
            found = named.get(synonym, [])
            if len(found) == 1 and found[0] not in taken:
                columns[field] = found[0]
                taken.add(found[0])
                guessed.append((field, found[0]))
                break
    return tuple(guessed)


def plain(column: str) -> str:
    """Bring a column's name to the form in which names are compared."""
    return "_".join(column.strip().lower().replace("-", " ").replace("_", " ").split())


def listing(header: Sequence[str]) -> str:
    """Name columns in a message, safe to print whatever they are called."""
    shown = ", ".join(ascii(column[:40])[1:-1] for column in header[:30])
    return f"{shown}, and {len(header) - 30} more" if len(header) > 30 else shown


def _column(
    field: str, wanted: str, header: Sequence[str], named: Mapping[str, list[str]], where: str
) -> str:
    check_field(field)
    exact = [column for column in header if column == wanted]
    found = exact or named.get(plain(wanted), [])
    if len(found) == 1:
        return found[0]
    if found:
        raise SettingsError(
            f"{where}: {len(found)} columns are called {wanted!r}; rename all but one"
        )
    raise SettingsError(
        f"{where}: no column {wanted!r}{_nearest(wanted, header)} (columns: {listing(header)})"
    )


def _nearest(name: str, names: Sequence[str]) -> str:
    lowered = {candidate.lower(): candidate for candidate in names}
    found = get_close_matches(name.lower(), lowered, n=1)
    return f"; the nearest is {lowered[found[0]]!a}" if found else ""
