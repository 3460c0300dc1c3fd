"""A log's own account of itself: what waits in it, and what its writers said last."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import LogCorrupt
from pipeline.folding.listening import ListeningState
from pipeline.folding.records import PartitionRow
from pipeline.log import LogKind, SqliteLog, standing
from pipeline.log.sqlite import BUCKET, SIGNAL, TIME
from pipeline.log.standing import Waiting
from pipeline.wire import VERSION, Tick, TimeRecord, encode
from pipeline.writing import Appended


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    made = SqliteLog.open(tmp_path, LogKind.CLOCK, durable=False)
    yield made
    made.close()


def append(log: SqliteLog, at: int, *bodies: tuple[bytes, int]) -> None:
    with log.transaction():
        log.append([Appended(body, mentions) for body, mentions in bodies], at)


def commit(log: SqliteLog, folded: int, *signals: TimeRecord) -> None:
    row = PartitionRow(1, 7, 7, 7, {}, [], ListeningState())
    with log.transaction():
        log.commit_fold(folded, row, [], [], 0, signals, [])


def tick(time: int) -> tuple[bytes, int]:
    return encode(Tick(VERSION, "w", time)), 0


def test_a_new_log_has_nothing_to_say(log: SqliteLog) -> None:
    assert log.standing.partition() is None
    assert log.standing.unfolded() == Waiting()
    assert log.standing.ticks(0) == []
    assert log.standing.signals_behind(0, (BUCKET, SIGNAL, TIME)) == 0
    assert log.standing.judged_behind(0) == 0


def test_what_waits_and_since_when(log: SqliteLog) -> None:
    append(log, 100, (b"a", 3), tick(90))
    append(log, 200, (b"b", 4))
    assert log.standing.unfolded() == Waiting(3, 7, 100)
    commit(log, 1)
    assert log.standing.unfolded() == Waiting(2, 4, 200)
    commit(log, 2)
    assert log.standing.unfolded() == Waiting(1, 4, 200)
    commit(log, 3)
    assert log.standing.unfolded() == Waiting()


def test_ticks_that_wait_make_nobody_late(log: SqliteLog) -> None:
    append(log, 100, tick(90))
    assert log.standing.unfolded() == Waiting(1, 0, None)


def test_ticks_newest_first_back_to_an_instant(log: SqliteLog) -> None:
    for time in range(10, 100, 10):
        append(log, time, (b"not a tick", 5), tick(time))
    assert [each.time for each in log.standing.ticks(60)] == [90, 80, 70]
    assert [each.time for each in log.standing.ticks(0, most=2)] == [90, 80]


def test_only_the_end_of_the_log_is_looked_at(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for time in range(10, 100, 10):
        append(log, time, tick(time))
    monkeypatch.setattr(standing, "MOST_LOOKED_AT", 4)
    assert [each.time for each in log.standing.ticks(0)] == [90, 80, 70, 60]


def test_signals_are_counted_by_kind_and_only_so_far(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(log, 0, *(TimeRecord(VERSION, time) for time in range(20)))
    assert log.standing.signals_behind(5, (TIME,)) == 15
    assert log.standing.signals_behind(5, (BUCKET,)) == 0
    monkeypatch.setattr(standing, "MOST_COUNTED", 10)
    assert log.standing.signals_behind(5, (TIME,)) == 10


def test_a_row_of_another_version_is_said(log: SqliteLog) -> None:
    with log.transaction():
        log._db.execute("INSERT INTO partition VALUES (0, 0, ?)", (b"\x01",))
    with pytest.raises(LogCorrupt, match="another version"):
        log.standing.partition()
