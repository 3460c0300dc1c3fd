"""Another try at rejected input."""

import json
from collections.abc import Sequence

from pipeline.decoding import SourceDefaults, decode_json
from pipeline.embedded import Engine
from pipeline.intake import Batch, Receipt
from pipeline.log import StoredRejected
from pipeline.mention import Mention


def replay_rejected(engine: Engine, ids: Sequence[str], now: int) -> list[tuple[str, str]]:
    """Decode each again and append what is a mention now; give each one's outcome.

    Without ids, all that were not tried before. Each is written, marked and answered for in
    one transaction of its own. JSON is read as such; a row of a table cannot be read without its
    header and stays rejected.
    """
    found = engine.log.rejections.find(ids=ids)
    wanted = found if ids else [each for each in found if each.replayed is None]
    outcomes = [(each.id, _again(engine, each, now)) for each in wanted]
    engine.fold_all()
    return outcomes


def _again(engine: Engine, stored: StoredRejected, now: int) -> str:
    rejected = stored.rejected
    source = rejected.source or "rejected"
    one = decode_json(
        rejected.raw,
        origin=rejected.origin,
        defaults=SourceDefaults(source),
        now=None if engine.event_mode else now,
        ingested_at=now,
    )
    if not isinstance(one, Mention):
        outcome = f"rejected: {one.reason} ({one.detail})"
        with engine.log.transaction():
            engine.log.rejections.mark_replayed(stored.id, outcome)
        return outcome

    def compose(receipt: Receipt) -> bytes:
        outcome = receipt.dispositions[0].value
        engine.log.rejections.mark_replayed(stored.id, outcome)
        return json.dumps(outcome).encode()

    answer = engine.submit(Batch(source, [one], request_id=f"rejected/{stored.id}"), compose, now)
    return str(json.loads(answer))
