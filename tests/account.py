"""Everything a road came to, read from its stores, and what two of them differ in."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

from alerts.store import IncidentStore, open_store
from pipeline.log import SqliteLog
from pipeline.stores import BucketTable, MentionStore
from pipeline.stores.mentions import MentionFilter
from pipeline.wire import SignalRecord, decode_signals, encode

EVER = 1 << 60
SHOWN = 5


class Account(msgspec.Struct):
    """What must be equal, however the mentions travelled.

    `judged` holds each mention of each brand as it was folded, late ones apart: a request repeated
    after a crash may add late records, never counted ones.
    """

    buckets: dict[tuple[str, int], bytes]
    judged: dict[tuple[str, str, str], list[bytes]]
    late: dict[tuple[str, str, str], int]
    incidents: dict[str, tuple[str, ...]]
    keys: dict[str, str]
    signals: dict[tuple[str, str, int, int], bytes] = {}

    def sums(self) -> str:
        """Say in one line how much there is."""
        judged = sum(len(entries) for entries in self.judged.values())
        return (
            f"{len(self.buckets):,} buckets, {judged:,} judged mentions, {len(self.late):,} late, "
            f"{len(self.signals):,} signals, {len(self.incidents):,} incidents, "
            f"{len(self.keys):,} dedup keys"
        )


def account_of(directory: Path, signals: Iterable[SignalRecord] = ()) -> Account:
    """Read a data directory's stores; the signals of an embedded log are read, too."""
    buckets, judged, late = _read_mentions(directory)
    with open_store(f"sqlite:///{directory / 'incidents.db'}") as store:
        incidents, keys = _read_incidents(store)
    said = [*signals, *_signals_of_log(directory)]
    return Account(
        buckets,
        judged,
        late,
        incidents,
        keys,
        {
            (each.signal.brand, str(each.signal.rule), each.signal.surge, each.signal.seq): encode(
                each
            )
            for each in said
        },
    )


def _read_mentions(
    directory: Path,
) -> tuple[
    dict[tuple[str, int], bytes],
    dict[tuple[str, str, str], list[bytes]],
    dict[tuple[str, str, str], int],
]:
    table = BucketTable(directory, read_only=True)
    store = MentionStore(directory, read_only=True)
    try:
        buckets = {
            (brand, record.start): encode(record)
            for brand in table.brands()
            for record in table.between(brand, 0, EVER)
        }
        judged: dict[tuple[str, str, str], list[bytes]] = {}
        late: Counter[tuple[str, str, str]] = Counter()
        for entry in store.find(MentionFilter(), limit=EVER, newest=False):
            key = (entry.brand, entry.mention.source, entry.mention.id)
            if entry.late:
                late[key] += 1
            else:
                # when it was handed in differs from run to run; all else must not
                same = msgspec.structs.replace(entry.mention, ingested_at=0)
                judged.setdefault(key, []).append(
                    encode(msgspec.structs.replace(entry, mention=same))
                )
    finally:
        table.close()
        store.close()
    return buckets, judged, dict(late)


def _read_incidents(store: IncidentStore) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    with store.read() as view:
        incidents = {
            each.id: (
                str(each.severity),
                str(each.state),
                str(each.opened_at),
                *(type(event).__name__ for event in view.events(each.id)),
            )
            for each in view.incidents()
        }
        keys = {row.notification.key: str(row.outcome) for row in view.notifications(limit=EVER)}
    return incidents, keys


def _signals_of_log(directory: Path) -> list[SignalRecord]:
    if not (directory / "log.db").is_file():
        return []
    log = SqliteLog.read(directory)
    try:
        records = [decode_signals(body) for _, body in log.signals(0, EVER)]
    finally:
        log.close()
    return [record for record in records if isinstance(record, SignalRecord)]


class Comparison(msgspec.Struct):
    """What a road did to an input, held against another that nobody disturbed."""

    lost: int
    doubled: int
    incidents_equal: bool
    others: list[str]

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.lost and not self.doubled and self.incidents_equal and not self.others

    def last_line(self) -> str:
        """The line other programs read."""
        equal = "true" if self.incidents_equal else "false"
        return f"lost={self.lost} doubled={self.doubled} incidents_equal={equal}"


def compare(expected: Account, found: Account, *, late_too: bool = True) -> Comparison:
    """Hold one account against another; `late_too` false where requests were repeated."""
    lost = sum(
        max(0, len(entries) - len(found.judged.get(key, [])))
        for key, entries in expected.judged.items()
    )
    doubled = sum(
        max(0, len(entries) - len(expected.judged.get(key, [])))
        for key, entries in found.judged.items()
    )
    incidents_equal = expected.incidents == found.incidents and expected.keys == found.keys
    others = []
    pairs: list[tuple[str, dict[object, object], dict[object, object]]] = [
        ("bucket", dict(expected.buckets), dict(found.buckets)),
        ("judged mention", dict(expected.judged), dict(found.judged)),
        ("signal", dict(expected.signals), dict(found.signals)),
    ]
    if late_too:
        pairs.append(("late mention", dict(expected.late), dict(found.late)))
    for what, one, other in pairs:
        different = [key for key in one.keys() | other.keys() if one.get(key) != other.get(key)]
        if different:
            shown = ", ".join(repr(key) for key in sorted(different, key=repr)[:SHOWN])
            missing = sum(key not in other for key in different)
            added = sum(key not in one for key in different)
            others.append(
                f"{len(different)} of {len(one)} {what}s differ ({missing} missing, {added} more): "
                f"{shown}"
            )
    if not incidents_equal:
        others += _incident_differences(expected, found)
    return Comparison(lost, doubled, incidents_equal, others)


def _incident_differences(expected: Account, found: Account) -> list[str]:
    return [
        f"{what} {key}: {one.get(key)} expected, {other.get(key)} found"
        for what, one, other in (
            ("incident", dict[str, object](expected.incidents), dict[str, object](found.incidents)),
            ("dedup key", dict[str, object](expected.keys), dict[str, object](found.keys)),
        )
        for key in sorted(one.keys() | other.keys())
        if one.get(key) != other.get(key)
    ][: 4 * SHOWN]
