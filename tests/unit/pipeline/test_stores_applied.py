"""However often a partition is read, and by however many: every record is applied once."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from detectors.observation import BucketState, Observation
from pipeline.errors import LogMismatch, LogUnavailable, SettingsError
from pipeline.log.database import connect
from pipeline.mention import Rejected, RejectedReason
from pipeline.settings.secrets import Secret
from pipeline.stores import BucketTable, MentionFilter, MentionStore
from pipeline.stores.feeds import JUDGED, SIGNALS, Position, closed_up_to
from pipeline.stores.place import Place
from pipeline.stores.rejected import RejectedStore
from pipeline.wire import VERSION, BucketRecord, DeadLetter, JudgedEnvelope
from tests.unit.pipeline.makers import MINUTE, T0
from tests.unit.pipeline.test_stores import bucket, judged

LOG = 12
"""Envelopes of the mentions log, in each partition."""


def said(partition: int, origin: int) -> JudgedEnvelope:
    """What a worker says of one envelope: always the same."""
    entries = [judged(f"p{partition}o{origin}n{number}", origin) for number in range(2)]
    return JudgedEnvelope(VERSION, entries, origin)


reading = st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 9), st.integers(1, 6))
"""Who reads (a zombie, its successor), of which partition, from which record on, how many."""
said_again = st.lists(st.integers(0, LOG - 1), max_size=3)
"""Where a worker went back to when it was killed."""


def topic(partition: int, backs: Sequence[int]) -> list[JudgedEnvelope]:
    """The judged topic: what was said, and said again from some place on after each kill."""
    records: list[JudgedEnvelope] = []
    reached = 0
    for back in [*backs, LOG]:
        end = max(reached, min(back + 3, LOG)) if back < LOG else LOG
        records += [said(partition, origin) for origin in range(reached, end)]
        reached = min(back, end)
    return records


def check_once(place: Place, backs: Sequence[Sequence[int]], readings: Sequence[object]) -> None:
    topics = [topic(partition, backs[partition]) for partition in (0, 1)]
    stores = [MentionStore(place, durable=False) for _ in range(2)]
    try:
        new = 0
        for who, partition, start, count in readings:  # type: ignore[misc]  # four integers
            first = min(start, stores[who].position(partition).offset + 1)
            records = topics[partition][first : first + count]
            if records:
                before = stores[who].position(partition)
                new += stores[who].take(records, first + len(records) - 1, partition=partition)
                after = stores[who].position(partition)
                assert after.offset >= before.offset
                assert after.origin >= before.origin
        for partition in (0, 1):
            position = stores[0].position(partition)
            rest = topics[partition][position.offset + 1 :]
            if rest:
                new += stores[1].take(rest, len(topics[partition]) - 1, partition=partition)
        kept = stores[0].find(MentionFilter("B"), limit=10_000)
        wanted = {
            entry.mention.id
            for partition in (0, 1)
            for origin in range(LOG)
            for entry in said(partition, origin).entries
        }
        assert sorted(each.mention.id for each in kept) == sorted(wanted)
        assert new == len(wanted)
        assert all(each.origin == LOG - 1 for each in stores[0].positions().values())
    finally:
        for store in stores:
            store.close()


once = (st.lists(said_again, min_size=2, max_size=2), st.lists(reading, max_size=12))


@settings(deadline=None, max_examples=60)
@given(backs=once[0], readings=once[1])
def test_every_mention_is_kept_once(
    tmp_path_factory: pytest.TempPathFactory,
    backs: Sequence[Sequence[int]],
    readings: Sequence[object],
) -> None:
    check_once(Place(tmp_path_factory.mktemp("once")), backs, readings)


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(backs=once[0], readings=once[1])
def test_every_mention_is_kept_once_in_a_database(
    database_place: Place, backs: Sequence[Sequence[int]], readings: Sequence[object]
) -> None:
    store = MentionStore(database_place)
    with store._db.transaction():
        for table in ("mentions", "feeds", "brands"):
            store._db.execute(f"DELETE FROM {table}")  # noqa: S608  # our own names
    store.close()
    check_once(database_place, backs, readings)


@pytest.fixture
def table(place: Place) -> Iterator[BucketTable]:
    found = BucketTable(place)
    yield found
    found.close()


@pytest.fixture
def letters(place: Place) -> Iterator[RejectedStore]:
    found = RejectedStore(place)
    yield found
    found.close()


def test_a_bucket_said_again_takes_the_place_of_the_first(table: BucketTable) -> None:
    assert table.take([bucket(1), bucket(2)], 4, partition=3, origin=7, time=T0) == 2
    assert table.take([bucket(2, 5), bucket(3)], 6, partition=3, origin=6, time=T0 - MINUTE) == 2
    assert table.take([bucket(1, 9)], 6, partition=3, time=T0 + MINUTE) == 0
    found = table.between("B", T0, T0 + 10 * MINUTE)
    assert [each.observation.mentions for each in found] == [1, 5, 1]
    assert table.positions() == {3: Position(6, 7, T0 + MINUTE)}
    assert table.position(0) == Position()


def test_what_fails_moves_nothing(table: BucketTable) -> None:
    table.take([bucket(1)], 1)
    with pytest.raises(TypeError):
        table.take([bucket(2), replace(bucket(3), brand=None)], 2)  # type: ignore[arg-type]
    assert table.position() == Position(1)
    assert len(table.between("B", T0, T0 + 10 * MINUTE)) == 1
    assert table.take([bucket(2)], 2) == 1


def test_readers_of_one_log_do_not_move_another(place: Place) -> None:
    mentions, table = MentionStore(place), BucketTable(place)
    mentions.take([said(1, 5)], 9, partition=1)
    table.take([], 4, partition=2, time=T0)
    assert mentions.feeds.positions(JUDGED) == {1: Position(9, 5)}
    assert table.feeds.positions(SIGNALS) == {2: Position(4, -1, T0)}
    with mentions.snapshot():
        assert mentions.feeds.position(SIGNALS, 2).time == T0
    table.close()
    mentions.close()


def test_time_stands_where_one_partition_does() -> None:
    kept = {0: Position(1, 1, T0 + 10 * MINUTE), 1: Position(1, 1, T0 + 2 * MINUTE + 1)}
    assert closed_up_to(kept, [0], length=MINUTE, lateness=0) == T0 + 10 * MINUTE
    assert closed_up_to(kept, [0, 1], length=MINUTE, lateness=MINUTE) == T0 + MINUTE
    assert closed_up_to(kept, [0, 1, 2], length=MINUTE, lateness=0) is None
    assert closed_up_to(kept, [], length=MINUTE, lateness=0) is None


NAMES = (
    "A\0B",
    "half \ud800 pair",
    "\ue000",
    "\ue0000000",
    "naïve",
    "'; DROP TABLE brands; --",
    "%s ?",
)


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
def test_any_name_and_text_comes_back_as_it_was(database_place: Place) -> None:
    table, store = BucketTable(database_place), MentionStore(database_place)
    for number, name in enumerate(NAMES, 1):
        seen = Observation(mentions=number)
        record = BucketRecord(VERSION, "x", T0, MINUTE, 1, BucketState.KNOWN, seen, [])
        if "\ud800" not in name:  # no wire format knows half a character
            table.take([replace(record, brand=name)], number)
            assert table.between(name, T0, T0 + 1)[0].brand == name
        store._db.execute("INSERT INTO meta VALUES (?, ?)", (f"test {number}", name))
        assert store._db.execute(
            "SELECT value FROM meta WHERE key = ?", (f"test {number}",)
        ).fetchone() == (name,)
    assert table.brands() == sorted(each for each in NAMES if "\ud800" not in each)
    table.close()
    store.close()


def letter(number: int, *, topic: str = "", raw: bytes = b"{\0") -> DeadLetter:
    rejected = Rejected(RejectedReason.INVALID, f"http:r:{number}", "no\0 \udcff text", raw, "shop")
    return DeadLetter(VERSION, rejected, T0 + number, topic, 2 if topic else -1, number)


def test_a_dead_letter_is_kept_once_wherever_it_is_met(letters: RejectedStore) -> None:
    assert letters.take([letter(1), letter(1), letter(2)], 1) == 2
    assert letters.take([letter(2), letter(1, topic="m"), letter(2, topic="m")], 2) == 2
    assert letters.take([letter(9)], 2) == 0
    assert letters.take([letter(1, topic="m", raw=b"other")], 7, partition=1) == 0
    assert letters.by_reason() == {"invalid": 4}
    found = letters.find()
    assert sorted((each.at, each.topic, each.partition, each.offset) for each in found) == [
        (T0 + 1, "", -1, 1),
        (T0 + 1, "m", 2, 1),
        (T0 + 2, "", -1, 2),
        (T0 + 2, "m", 2, 2),
    ]
    assert {each.rejected.detail for each in found} == {"no\0 \\udcff text"}
    first = found[0]
    assert letters.find(ids=[first.id]) == [first]
    assert letters.mark_replayed(first.id, "accepted")
    assert not letters.mark_replayed("nothing", "accepted")
    assert first.id not in {each.id for each in letters.find(waiting=True)}
    assert (letters.since(T0), letters.since(T0 + 2)) == (3, 2)
    assert letters.mark_replayed(found[1].id, "dropped by ann")
    assert len(letters.find(dropped=False)) == 3
    assert len(letters.find(reason="undated")) == 0
    assert len(letters.find(limit=1)) == 1
    newest = letters.newest(2, longest=1)
    assert [each.at for each in newest] == [T0 + 2, T0 + 2]
    assert {each.rejected.raw for each in newest} == {b"{"}
    assert letters.drop_before(T0 + 2) == 2


def test_a_file_of_before_keeps_how_far_it_was_read(tmp_path: Path) -> None:
    store = MentionStore(tmp_path)
    store.take([said(0, 1)], 41)
    store.close()
    old = connect(tmp_path / "mentions.db")
    old.execute("CREATE TABLE offsets (log TEXT PRIMARY KEY, offset INTEGER NOT NULL)")
    old.execute("INSERT INTO offsets VALUES ('judged', 41), ('signals', 17)")
    old.execute("DROP TABLE feeds")
    old.execute("DROP TABLE rejected")
    old.execute("UPDATE meta SET value = '1' WHERE key = 'version'")
    reader = MentionStore(tmp_path, read_only=True)
    assert (reader.offset, reader.feeds.position(SIGNALS)) == (41, Position(17))
    writer = BucketTable(tmp_path)
    assert writer.position() == Position(17)
    assert (reader.offset, reader.position()) == (41, Position(41))
    assert not old.execute("SELECT 1 FROM sqlite_master WHERE name = 'offsets'").fetchall()
    assert old.execute("SELECT value FROM meta").fetchall() == [("2",)]
    for each in (reader, writer, old):
        each.close()


def test_tables_of_a_newer_program_are_left_alone(place: Place) -> None:
    store = MentionStore(place)
    store._db.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    store.close()
    for read_only in (False, True):
        with pytest.raises(LogMismatch, match="newer version") as caught:
            MentionStore(place, read_only=read_only)
        assert place.where.split("@")[-1] in str(caught.value)


def test_reading_makes_nothing(place: Place) -> None:
    for _ in range(2):
        with pytest.raises(LogUnavailable, match="crisis-monitor run"):
            BucketTable(place, read_only=True)


def test_a_reader_writes_nothing(place: Place) -> None:
    BucketTable(place).close()
    reader = BucketTable(place, read_only=True)
    with pytest.raises(LogUnavailable):
        reader.take([bucket(1)], 1)
    assert (reader.brands(), reader.offset) == ([], 0)
    reader.close()


def test_a_place_shows_no_password() -> None:
    place = Place(
        Path("data"), Secret("postgres://me:p%40ss:w@db.example:6543/monitor?sslmode=require")
    )
    assert place.where == "postgresql://me@db.example:6543/monitor"
    assert "p%40ss" not in repr(place) + str(place) + place.where
    assert place.incidents_url == (
        "postgresql+psycopg://me:p%40ss:w@db.example:6543/monitor?sslmode=require"
    )
    several = Place(Path(), Secret("postgresql://me:w@a:1,b:2/monitor?target_session_attrs=any"))
    assert several.where == "postgresql://me@a:1,b:2/monitor"
    assert several.incidents_url == (
        "postgresql+psycopg://me:w@/monitor?host=a:1&host=b:2&target_session_attrs=any"
    )
    socket = Place(Path("data"), Secret("postgresql:///monitor?host=/run/postgresql"))
    assert socket.address() == "postgresql:///monitor?host=/run/postgresql"


@pytest.mark.parametrize(
    "address",
    [
        "mysql://a:secretword@b/c",
        "postgresql://a:secretword@b",
        "secretword",
        "postgresql://a:secretword@b:x/y",
    ],
)
def test_what_is_no_address_is_refused_without_showing_it(address: str) -> None:
    with pytest.raises(SettingsError, match="postgresql://USER:PASSWORD@HOST") as caught:
        Place(Path(), Secret(address)).address()
    assert "secretword" not in str(caught.value)
