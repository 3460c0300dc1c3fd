"""The embedded engine: stopped anywhere and taken up, it says and keeps the same."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.settings import Detection
from pipeline.brands import BrandMatcher
from pipeline.embedded import Engine
from pipeline.errors import LogCorrupt, LogInUse, LogMismatch, LogUnavailable
from pipeline.folding.records import FoldSettings
from pipeline.intake import Batch, Disposition, Receipt
from pipeline.log import EngineLock, LogKind, SqliteLog
from pipeline.mention import Mention, Rejected, RejectedReason
from pipeline.timed_judge import TimedJudge
from pipeline.writing import Writer
from tests.unit.pipeline.makers import HOUR, MINUTE, T0, WordScorer, mention


def make_engine(directory: Path, kind: LogKind = LogKind.EVENT) -> Engine:
    log = SqliteLog.open(directory, kind, durable=False)
    matcher = BrandMatcher([])
    event_mode = kind is LogKind.EVENT
    return Engine(
        log,
        FoldSettings(Detection(), event_mode),
        TimedJudge([WordScorer()]),
        Writer("w", matcher, bucket=MINUTE, event_mode=event_mode),
        lambda _: ("en",),
    )


def answer(receipt: Receipt) -> bytes:
    return msgspec.json.encode(receipt.dispositions)


def of_brand(brand: str, key: object, at: int, text: str = "", author: str = "") -> Mention:
    return msgspec.structs.replace(mention(key, at, text, author), brand=brand)


def outputs(directory: Path) -> list[list[tuple[int, bytes]]]:
    log = SqliteLog.read(directory)
    try:
        signals = log.signals(0, 1_000_000)
        judged = [
            entry
            for _, body in log.judged(0, 1_000_000)
            for entry in msgspec.msgpack.decode(body)[2]
        ]
        return [[body for _, body in signals], judged]  # type: ignore[list-item]
    finally:
        log.close()


MENTIONS = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "C"]),
        st.integers(0, 40),
        st.sampled_from([0, 0, 0, 1, 1, 2, 17, 61, 70, 1_500]),
        st.sampled_from(["bad", "good", "bad service again"]),
        st.integers(0, 6),
    ),
    max_size=60,
)


@given(MENTIONS, st.sets(st.integers(0, 60), max_size=4), st.data())
@settings(deadline=None, max_examples=40)
def test_taken_up_after_any_batch_it_gives_what_an_undisturbed_run_gives(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: list[tuple[str, int, int, str, int]],
    stops: set[int],
    data: st.DataObject,
) -> None:
    at = T0
    stream = []
    for brand, key, minutes, text, author in drawn:
        at += minutes * MINUTE
        stream.append(of_brand(brand, key, at, text, f"a{author}"))
    results = []
    for interrupted in (False, True):
        directory = tmp_path_factory.mktemp("log")
        engine = make_engine(directory)
        for number, each in enumerate(stream):
            engine.submit(Batch("s", [each]), answer, 0)
            if not interrupted or data.draw(st.booleans()):
                engine.fold_all()
            if interrupted and number in stops:
                engine.log.close()
                engine = make_engine(directory)
        engine.end_of_input(0)
        engine.fold_all()
        engine.log.close()
        engine = make_engine(directory)
        state = {name: brand.row() for name, brand in engine.fold.brands.items()}
        engine.log.close()
        results.append((outputs(directory), state))
    undisturbed, taken_up = results
    assert taken_up[0][0] == undisturbed[0][0]
    assert taken_up[0][1] == undisturbed[0][1]
    assert taken_up[1] == undisturbed[1]


def test_a_repeated_request_gets_the_first_answer_and_is_written_once(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    batch = Batch("s", [of_brand("A", 1, T0)], request_id="r1")
    first = engine.submit(batch, answer, 1_000)
    end = engine.log.end_offset
    assert engine.submit(batch, lambda _: b"other", 2_000) == first
    assert engine.log.end_offset == end
    day_later = 1_000 + 24 * HOUR + 1
    engine.submit(Batch("s", [], request_id="r2"), answer, day_later)
    assert engine.log.answer("r1") is None


def test_the_answer_says_what_is_late_and_what_concerns_nobody(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    engine.submit(Batch("s", [of_brand("A", 1, T0 + HOUR)]), answer, 0)
    engine.fold_all()
    got = engine.submit(Batch("s", [of_brand("A", 2, T0), mention(3, T0 + HOUR)]), answer, 0)
    assert msgspec.json.decode(got) == [Disposition.LATE, Disposition.NO_BRAND]
    engine.fold_all()
    totals = engine.fold.brands["A"].totals
    assert (totals.mentions, totals.late) == (1, 1)


def test_rejected_input_is_kept_once_with_its_bytes(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    bad = Rejected(RejectedReason.UNDECODABLE, "f:\udcff3", "no JSON", b"\xff\x00{", "s")
    for _ in range(2):
        engine.submit(Batch("s", [], [bad]), answer, 5)
    (kept,) = engine.log.rejections.find()
    assert (kept.rejected.raw, kept.rejected.reason) == (b"\xff\x00{", "undecodable")
    assert engine.log.rejections.by_reason() == {"undecodable": 1}


def test_a_record_nobody_can_read_is_rejected_and_stops_nothing(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    engine.submit(Batch("s", [of_brand("A", 1, T0)]), answer, 0)
    with engine.log.transaction():
        engine.log._db.execute(
            "INSERT INTO mentions VALUES (?, 0, 0, ?)",
            (engine.log.end_offset + 1, msgspec.msgpack.encode(["envelope", 99, "x"])),
        )
    engine.log.close()
    engine = make_engine(tmp_path)
    engine.submit(Batch("s", [of_brand("A", 2, T0)]), answer, 0)
    engine.fold_all()
    assert engine.fold.brands["A"].totals.mentions == 2
    assert engine.log.rejections.by_reason() == {"newer_version": 1}


def test_a_failed_append_leaves_nothing_behind(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    engine.submit(Batch("s", [of_brand("A", 1, T0)]), answer, 0)

    def fail(_: Receipt) -> bytes:
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(LogUnavailable, match="disk is full"):
        engine.submit(Batch("s", [of_brand("A", 2, T0 + HOUR)]), fail, 0)
    engine.submit(Batch("s", [of_brand("A", 3, T0 + MINUTE)]), answer, 0)
    engine.end_of_input(0)
    engine.fold_all()
    totals = engine.fold.brands["A"].totals
    assert (totals.mentions, totals.late) == (2, 0)


def test_a_full_disk_at_the_checkpoint_loses_nothing(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    engine.submit(Batch("s", [of_brand("A", key, T0) for key in range(300)]), answer, 0)
    (pages,) = engine.log._db.execute("PRAGMA page_count").fetchone()
    engine.log._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LogUnavailable, match="disk is full"):
        engine.fold_all()
    engine.log._db.execute("PRAGMA max_page_count = 1000000")
    engine.fold_all()
    engine.log.close()
    again = make_engine(tmp_path)
    assert again.fold.brands["A"].totals.mentions == 300
    assert len(outputs(tmp_path)[1]) == 300


def test_logs_of_clock_and_event_time_are_never_mixed(tmp_path: Path) -> None:
    SqliteLog.open(tmp_path, LogKind.EVENT).close()
    with pytest.raises(LogMismatch, match="--time event"):
        SqliteLog.open(tmp_path, LogKind.CLOCK)


@pytest.mark.parametrize("damage", [b"not a database at all" * 100, b""])
def test_a_damaged_database_is_named(tmp_path: Path, damage: bytes) -> None:
    SqliteLog.open(tmp_path, LogKind.EVENT).close()
    path = tmp_path / "log.db"
    path.write_bytes(damage or path.read_bytes()[:4096] + b"\xff" * 8192)
    with pytest.raises(LogCorrupt, match=r"log\.db.*damaged"):
        SqliteLog.open(tmp_path, LogKind.EVENT).fold_rows()


def test_a_second_engine_is_told_who_holds_the_log(tmp_path: Path) -> None:
    with EngineLock(tmp_path) as lock:
        lock.say("http://127.0.0.1:1")
        with pytest.raises(LogInUse, match="another engine"), EngineLock(tmp_path):
            pass
        holder = EngineLock(tmp_path).holder()
        assert holder is not None
        assert holder.url == "http://127.0.0.1:1"
    assert EngineLock(tmp_path).holder() is None


def test_after_we_were_down_the_backlog_is_folded_before_time_moves_on(tmp_path: Path) -> None:
    engine = make_engine(tmp_path, LogKind.CLOCK)
    engine.tick(T0)
    engine.fold_all()
    engine.submit(Batch("s", [of_brand("A", key, T0 + 5_000) for key in range(9)]), answer, T0)
    engine.log.close()  # killed before it folded
    engine = make_engine(tmp_path, LogKind.CLOCK)
    engine.fold_all()
    engine.tick(T0 + 7 * HOUR)
    engine.fold_all()
    totals = engine.fold.brands["A"].totals
    assert (totals.mentions, totals.late, totals.delayed) == (9, 0, 0)


def test_retention_keeps_the_last_record_so_that_offsets_go_on(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    for key in range(50):
        engine.submit(Batch("s", [of_brand("A", key, T0 + key * MINUTE)]), answer, 0)
    engine.fold_all()
    end = engine.log.end_offset
    with engine.log.transaction():
        assert engine.log.drop_old(10**15, 10**9, 10**9) > 90
    engine.log.close()
    engine = make_engine(tmp_path)
    assert engine.log.end_offset == end
    engine.submit(Batch("s", [of_brand("A", "x", T0 + HOUR)]), answer, 0)
    engine.fold_all()
    assert engine.fold.brands["A"].totals.mentions == 51
