"""The consumers that fill the stores, each from its own offset."""

from pipeline.log import SqliteLog
from pipeline.log.sqlite import BUCKET
from pipeline.stores.buckets import BucketTable
from pipeline.stores.mentions import MentionStore
from pipeline.wire import BucketRecord, decode_judged, decode_signals

ENVELOPES_AT_ONCE = 100
RECORDS_AT_ONCE = 5_000


def consume_mentions(log: SqliteLog, store: MentionStore) -> int:
    """Read the judged log to its end into the mention store; return how many mentions came."""
    total = 0
    offset = store.offset
    while found := log.judged(offset, ENVELOPES_AT_ONCE):
        envelopes = [decode_judged(body) for _, body in found]
        offset = found[-1][0]
        store.take(envelopes, offset)
        total += sum(len(envelope.entries) for envelope in envelopes)
    return total


def consume_buckets(log: SqliteLog, table: BucketTable) -> int:
    """Read the signals log to its end into the bucket table; return how many buckets came."""
    total = 0
    offset = table.offset
    while found := log.signals(offset, RECORDS_AT_ONCE, (BUCKET,)):
        records = [
            record for _, body in found if isinstance(record := decode_signals(body), BucketRecord)
        ]
        offset = found[-1][0]
        table.take(records, offset)
        total += len(records)
    return total
