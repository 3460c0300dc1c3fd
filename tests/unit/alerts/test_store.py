import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.command import Acknowledge, Assign, Note, Open, Refusal, Resolve, Update
from alerts.errors import MigrationFailed, StoreCorrupt, StoreNewer, StoreUnavailable
from alerts.incident import Audience
from alerts.lifecycle import decide, fold
from alerts.notification import Cause, Due, Notification, Outcome, Reason, snapshot
from alerts.notifiers.answer import Answer, Result
from alerts.store import FeedPosition, IncidentStore, Work, open_store
from alerts.store.database import Database
from alerts.store.migrate import STEPS, migrate
from alerts.store.schema import metadata
from detectors.reading import Rule
from detectors.signal import SignalKind
from pipeline.stores.place import Place
from tests.scene import MINUTE, START, signal


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'incidents.db'}"


def opened(work: Work, brand: str = "Acme") -> str:
    latest = work.latest(brand, Rule.NEGATIVE_SURGE)
    decided = decide(latest, signal(START, brand=brand), START)
    assert not isinstance(decided, Refusal)
    incident = work.record(latest, decided)
    assert incident is not None
    return incident.id


def intent(work: Work, incident_id: str, sequence: int = 1, receiver: str = "oncall") -> Due:
    incident = work.incident(incident_id)
    assert incident is not None
    return Due(
        Notification(
            incident=incident_id,
            receiver=receiver,
            reason=Reason.PAGE,
            sequence=sequence,
            at=START,
            made_at=START,
            since=START,
            now_true=snapshot(incident),
        )
    )


@pytest.fixture
def address(place: Place) -> str:
    """Where the store is: a file, then a database."""
    return place.incidents_url


@pytest.fixture
def store(address: str) -> Iterator[IncidentStore]:
    with open_store(address) as store:
        yield store


def test_opening_twice_finds_what_was_written(address: str) -> None:
    with open_store(address) as store, store.write() as work:
        name = opened(work)
    with open_store(address) as store, store.read() as view:
        assert view.incident_ids() == [name]
        assert fold(view.events(name)) == view.incident(name) == view.incidents()[0]


def test_the_steps_make_the_tables_the_program_uses(tmp_path: Path) -> None:
    Database(url(tmp_path)).close()
    with sqlite3.connect(tmp_path / "incidents.db") as connection:
        made = {
            (table, column[1], column[3])
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
            for column in connection.execute(f"PRAGMA table_info({table})")
            if table not in {"alembic_version", "sqlite_sequence"}
        }
        indexes = {
            row[0]
            for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE type='index' AND sql IS NOT NULL"
            )
        }
    connection.close()
    expected = {
        (table.name, column.name, int(not column.nullable))
        for table in metadata.tables.values()
        for column in table.columns
    }
    assert made == expected
    assert indexes == {index.name for table in metadata.tables.values() for index in table.indexes}


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    with open_store(url(tmp_path)) as store, store.write() as work:
        opened(work)
    with sqlite3.connect(tmp_path / "incidents.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num='9999'")
    connection.close()
    with pytest.raises(StoreNewer, match=r"is at step 9999, newer than this program's \d+: run"):
        open_store(url(tmp_path))


def test_a_failed_step_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    with open_store(url(tmp_path)) as store, store.write() as work:
        opened(work)
    steps = tmp_path / "migrations"
    shutil.copytree(STEPS, steps, ignore=shutil.ignore_patterns("__pycache__"))
    (steps / "versions" / "0002_broken.py").write_text(
        "from alembic import op\n"
        "revision, down_revision = '0002', '0001'\n"
        "def upgrade():\n"
        "    op.execute('ALTER TABLE incidents ADD COLUMN mood TEXT')\n"
        "    op.execute('DELETE FROM incidents')\n"
        "    op.execute('SELECT * FROM nowhere')\n"
    )
    before = _dump(tmp_path)
    database = Database(url(tmp_path))
    with (
        pytest.raises(MigrationFailed, match=r"from step 0001 to 0002: .*It is as it was"),
        database.write() as connection,
    ):
        migrate(connection, "here", steps)
    database.close()
    assert _dump(tmp_path) == before
    open_store(url(tmp_path)).close()


def _dump(folder: Path) -> list[str]:
    connection = sqlite3.connect(folder / "incidents.db")
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_what_is_no_store_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "incidents.db").write_bytes(b"no database at all" * 400)
    with pytest.raises(StoreCorrupt, match=r"incidents\.db is damaged or is no database"):
        open_store(url(tmp_path))
    with pytest.raises(StoreUnavailable, match="missing folder"):
        open_store(url(tmp_path / "nowhere"))
    with pytest.raises(StoreUnavailable, match="no database URL") as caught:
        open_store("postgres//user:hunter2@host")
    assert "hunter2" not in str(caught.value)


def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    database = Database(url(tmp_path))
    store = IncidentStore(database)

    def fill() -> None:
        with store.write() as work:
            for number in range(200):
                opened(work, f"brand{number}")

    _limit(database, 40)
    with pytest.raises(StoreUnavailable, match=r"is full\. Look for a full disk"):
        fill()
    with store.read() as view:
        assert view.incident_ids() == []
    _limit(database, 1_000_000)
    fill()
    with store.read() as view:
        assert len(view.incident_ids()) == 200
    store.close()


def _limit(database: Database, pages: int) -> None:
    with database.read() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def test_a_store_locked_for_too_long_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.store.database.BUSY_TIMEOUT", 20)
    store = open_store(url(tmp_path))
    holder = sqlite3.connect(tmp_path / "incidents.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    def write() -> None:
        with store.write() as work:
            opened(work)

    with pytest.raises(StoreUnavailable, match="database is locked"):
        write()
    with store.read() as view:
        assert view.incident_ids() == []
    holder.execute("ROLLBACK")
    holder.close()
    write()
    store.close()


def test_work_that_raises_leaves_nothing(store: IncidentStore) -> None:
    def fail() -> None:
        with store.write() as work:
            work.plan(intent(work, opened(work)), START)
            work.mark_applied(signal(START))
            work.advance_feed(0, FeedPosition(7, START))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.read() as view:
        assert view.incident_ids() == []
        assert view.notifications() == []
        assert view.position(0) == FeedPosition()
    with store.write() as work:
        assert work.mark_applied(signal(START))
    store.close()


def test_a_signal_is_applied_once(store: IncidentStore) -> None:
    with store.write() as work:
        assert work.mark_applied(signal(START, 3))
        assert not work.mark_applied(signal(START, 3))
        assert not work.mark_applied(signal(START, 2))
        assert work.mark_applied(signal(START, 1, surge=2))
        assert not work.mark_applied(signal(START, 9, surge=1))
        assert work.mark_applied(signal(START, 1, brand="Other"))
    store.close()


def test_an_intent_is_written_once(store: IncidentStore) -> None:
    with store.write() as work:
        due = intent(work, opened(work))
        assert work.plan(due, START)
        assert not work.plan(due, START + 1)
        (row,) = work.waiting()
    assert (row.notification, row.outcome, row.next_attempt_at) == (
        due.notification,
        Outcome.WAITING,
        START,
    )
    store.close()


def test_a_skipped_intent_is_recorded_and_never_waits(store: IncidentStore) -> None:
    with store.write() as work:
        due = msgspec.structs.replace(intent(work, opened(work)), skipped=Cause.LATER_STAGE)
        assert work.plan(due, START)
        assert work.waiting() == []
        (row,) = work.notifications()
    assert (row.outcome, row.detail, row.closed_at) == (Outcome.SKIPPED, "later_stage", START)
    store.close()


def test_what_was_delivered_stays_delivered(store: IncidentStore) -> None:
    with store.write() as work:
        work.plan(intent(work, opened(work)), START)
        (row,) = work.waiting()
        assert work.begin_attempt(row.id, START) == 1
        work.finish_attempt(row.id, 1, START + 5, Answer(Result.DELIVERED, "answered 204"))
        work.close(row.id, Outcome.DELIVERED, START + 5, "answered 204")
        work.close(row.id, Outcome.SUPERSEDED, START + 9, "resolved")
        work.put_off(row.id, START + 99, "later")
        after = work.notification(row.id)
        (attempt,) = work.attempts(row.id)
    assert after is not None
    assert (after.outcome, after.closed_at, after.next_attempt_at) == (
        Outcome.DELIVERED,
        START + 5,
        None,
    )
    assert (attempt.started_at, attempt.finished_at, attempt.result) == (
        START,
        START + 5,
        Result.DELIVERED,
    )
    store.close()


def test_waiting_rows_come_in_the_order_of_their_next_attempt(store: IncidentStore) -> None:
    with store.write() as work:
        name = opened(work)
        for sequence, wait in ((1, 30), (2, 10), (3, 20)):
            work.plan(intent(work, name, sequence), START + wait)
        work.plan(intent(work, name, 4, "lead"), START)
        order = [row.notification.sequence for row in work.waiting(receiver="oncall")]
        assert order == [2, 3, 1]
        assert [row.notification.sequence for row in work.waiting(until=START + 10)] == [4, 2]
        assert work.next_attempt_at() == START
        assert work.next_attempt_at("oncall") == START + 10
        assert work.next_attempt_at("nobody") is None
    store.close()


def test_the_open_incident_is_the_newest_one(store: IncidentStore) -> None:
    with store.write() as work:
        first = opened(work)
        incident = work.incident(first)
        resolved = decide(incident, Resolve(by="ann"), START + 1)
        assert not isinstance(resolved, Refusal)
        work.record(incident, resolved)
        latest = work.latest("Acme", Rule.NEGATIVE_SURGE)
        assert latest is not None
        assert latest.id == first
        later = signal(START + 10 * 60 * MINUTE, surge=2)
        decided = decide(latest, later, later.bucket_end)
        assert not isinstance(decided, Refusal)
        second = work.record(latest, decided)
        assert second is not None
        assert second.id != first
        assert work.latest("Acme", Rule.NEGATIVE_SURGE) == second
        assert [each.id for each in work.incidents()] == [second.id, first]
        assert [each.id for each in work.incidents(only_open=True)] == [second.id]
        assert work.latest("Acme", Rule.VOLUME) is None
    store.close()


def test_out_of_sight_until_something_happens(store: IncidentStore) -> None:
    with store.write() as work:
        name = opened(work)
        work.unwatch(name)
        assert work.watched() == []
        incident = work.incident(name)
        noted = decide(incident, Note(by="ann", text="x"), START)
        assert not isinstance(noted, Refusal)
        work.record(incident, noted)
        assert [each.id for each in work.watched()] == [name]
    store.close()


def test_several_writers_wait_for_each_other(address: str) -> None:
    """Each thread has a store of its own, as each process would."""
    with open_store(address) as store, store.write() as work:
        name = opened(work)
    failures: list[BaseException] = []

    def write(who: str) -> None:
        try:
            with open_store(address) as store:
                for count in range(25):
                    with store.write() as work:
                        incident = work.incident(name)
                        noted = decide(incident, Note(by=who, text=str(count)), START + count)
                        assert not isinstance(noted, Refusal)
                        work.record(incident, noted)
        except BaseException as error:  # noqa: BLE001  # told to the test
            failures.append(error)

    threads = [threading.Thread(target=write, args=(f"writer{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with open_store(address) as store, store.read() as view:
        incident = view.incident(name)
        assert incident is not None
        assert incident.notes == 100
        assert incident.events == len(view.events(name)) == 101
        assert fold(view.events(name)) == incident


COMMANDS = st.one_of(
    st.builds(Acknowledge, by=st.sampled_from(["ann", "bob"])),
    st.builds(Note, by=st.just("ann"), text=st.text(min_size=1, max_size=20)),
    st.builds(Assign, by=st.just("ann"), to=st.sampled_from(["bob", "ann"])),
    st.builds(Resolve, by=st.just("bob")),
    st.builds(
        Update,
        by=st.just("ann"),
        audience=st.just(Audience.INTERNAL),
        text=st.text(min_size=1, max_size=20),
    ),
    st.builds(Open, by=st.just("ann"), brand=st.just("Acme"), reason=st.just("seen on TV")),
)
KINDS = st.sampled_from(list(SignalKind))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.one_of(COMMANDS, KINDS), max_size=25))
def test_the_row_is_always_the_fold_of_the_events(said: list[object]) -> None:
    check_the_fold_of_the_events("sqlite://", said)


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
@settings(
    deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(said=st.lists(st.one_of(COMMANDS, KINDS), max_size=25))
def test_the_row_is_the_fold_of_the_events_in_a_database_too(
    database_place: Place, said: list[object]
) -> None:
    database = Database(database_place.incidents_url)
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    database.close()
    check_the_fold_of_the_events(database_place.incidents_url, said)


def check_the_fold_of_the_events(address: str, said: list[object]) -> None:
    with open_store(address) as store:
        for number, each in enumerate(said):
            at = START + number * MINUTE
            with store.write() as work:
                if isinstance(each, SignalKind):
                    heard = signal(at, number + 1, each, opened_at=START)
                    latest = work.latest("Acme", heard.rule)
                    decided = decide(latest, heard, at)
                else:
                    rule = Rule.MANUAL if isinstance(each, Open) else Rule.NEGATIVE_SURGE
                    latest = work.latest("Acme", rule)
                    decided = decide(latest, each, at)  # type: ignore[arg-type]  # commands only
                if not isinstance(decided, Refusal):
                    work.record(latest, decided)
        with store.read() as view:
            for name in view.incident_ids():
                incident = view.incident(name)
                assert incident is not None
                events = view.events(name)
                assert fold(events) == incident
                assert incident.events == len(events)
