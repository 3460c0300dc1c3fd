"""From a request's body to the batch that is handed to the log."""

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from pipeline.decoding import decode_json
from pipeline.intake import Batch, Receipt
from pipeline.mention import Mention, Rejected
from pipeline.sources.http.admission import Admitted
from pipeline.sources.http.answers import composer
from pipeline.sources.http.content import inflated, texts_of
from pipeline.sources.http.settings import HttpSettings


class Sent(msgspec.Struct, frozen=True):
    """A body as it was sent, and what its headers say of it."""

    body: bytes
    content_type: str = ""
    content_encoding: str = ""


def read_request(
    sent: Sent, admitted: Admitted, origin: str, settings: HttpSettings, now: int
) -> tuple[Batch, Callable[[Receipt], bytes]]:
    """Read every line; return the batch, and what composes the answer from the log's receipt.

    `origin` is `http:REQUEST`, to which a rejected line's number is added; `now` in milliseconds.
    A mention's source is always that of the request, whatever it says of itself: a sender speaks
    for its own source alone. Raises RequestError for a body that cannot be taken as a whole.
    """
    limits = settings.limits
    plain = inflated(sent.body, sent.content_encoding, limits.body_bytes)
    texts = texts_of(plain, sent.content_type, limits.mentions)
    source = admitted.source.name
    read: list[Mention | Rejected] = []
    for line, text in texts:
        one = decode_json(
            text,
            origin=f"{origin}:{line}",
            defaults=admitted.source.defaults,
            now=now,
            ingested_at=now,
        )
        if isinstance(one, Mention) and one.source != source:
            one = replace(one, source=source)
        read.append(one)
    batch = Batch(
        source=source,
        mentions=[one for one in read if isinstance(one, Mention)],
        rejected=[one for one in read if isinstance(one, Rejected)],
        request_id=f"{source}/{admitted.request_id}" if admitted.request_id else "",
    )
    return batch, composer([line for line, _ in texts], read)
