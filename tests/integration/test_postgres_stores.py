"""The stores on a PostgreSQL that stops, comes back, refuses, and is written by several."""

import shutil
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alerts.errors import AlertsError, MigrationFailed, StoreUnavailable
from alerts.store import open_store
from pipeline.errors import EnvironmentProblem, LogUnavailable, PipelineError, SettingsError
from pipeline.settings.secrets import Secret
from pipeline.stores import BucketTable, MentionFilter, MentionStore
from pipeline.stores.place import Place
from pipeline.wire import VERSION, JudgedEnvelope
from tests.postgres import OwnPostgres, connected
from tests.scene import START, Feed, Recorder, event_alerter
from tests.unit.alerts.test_alerter import a_story, rows_of
from tests.unit.alerts.test_store import opened
from tests.unit.pipeline.test_stores import bucket, judged

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]


@pytest.fixture(scope="module")
def own(postgres: str) -> Iterator[OwnPostgres]:
    """A server that may be stopped."""
    del postgres  # where there is none, this is skipped as well
    folder = Path(tempfile.mkdtemp(prefix="crisis-monitor-pg-"))
    folder.chmod(0o755)
    with OwnPostgres(folder) as server:
        yield server
    shutil.rmtree(folder, ignore_errors=True)


def envelopes(first: int, count: int) -> list[JudgedEnvelope]:
    return [
        JudgedEnvelope(VERSION, [judged(f"m{origin}", origin)], origin)
        for origin in range(first, first + count)
    ]


def ids(store: MentionStore) -> list[str]:
    return sorted(each.mention.id for each in store.find(MentionFilter("B"), limit=10_000))


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_server_that_went_is_found_again_and_nothing_is_doubled(
    own: OwnPostgres, tmp_path: Path, how: str
) -> None:
    with connected(own.address) as server:
        server.execute(f"CREATE DATABASE away_{how}")
    place = Place(tmp_path, Secret(own.address.replace("/postgres", f"/away_{how}")))
    store, incidents = MentionStore(place), open_store(place.incidents_url)
    reader = MentionStore(place, read_only=True)
    assert store.take(envelopes(0, 5), 4) == 5
    with incidents.write() as work:
        name = opened(work)
    getattr(own, how)()
    for _ in range(2):
        with pytest.raises(LogUnavailable, match=r"tried again|cannot be reached"):
            store.take(envelopes(3, 5), 7)
        with pytest.raises(LogUnavailable):
            ids(reader)
        with pytest.raises(StoreUnavailable, match=f"away_{how}"), incidents.read() as view:
            view.incident_ids()
    own.start()
    assert store.take(envelopes(3, 5), 7) == 3
    assert store.take(envelopes(3, 5), 7) == 0
    assert ids(reader) == ids(store) == sorted(f"m{number}" for number in range(8))
    with incidents.write() as work:
        assert work.incident_ids() == [name]
    for each in (store, incidents, reader):
        each.close()


def test_a_connection_cut_in_a_transaction_leaves_nothing_and_is_made_anew(
    database_place: Place, database: str
) -> None:
    store = MentionStore(database_place)

    def fail() -> None:
        with store._applying(0, 9, 9, None):
            store._db.execute("INSERT INTO brands (name) VALUES ('half')")
            with connected(database) as server:
                server.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid != pg_backend_pid()"
                )
            store._db.execute("INSERT INTO brands (name) VALUES ('other half')")

    with pytest.raises(LogUnavailable, match="connection was lost"):
        fail()
    assert store.brands() == []
    assert store.take(envelopes(0, 2), 1) == 2
    store.close()


def test_two_that_believe_they_own_a_partition_keep_everything_once(
    database_place: Place,
) -> None:
    MentionStore(database_place).close()
    kept_by: list[int] = []
    failures: list[BaseException] = []
    begin = threading.Barrier(2, timeout=60)

    def read(step: int) -> None:
        store = MentionStore(database_place)
        try:
            begin.wait()
            kept_by.extend(
                store.take(envelopes(first, step), first + step - 1, partition=4)
                for first in range(0, 120, step)
            )
        except BaseException as error:  # noqa: BLE001  # told to the test
            failures.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=read, args=(step,)) for step in (3, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    store = MentionStore(database_place)
    assert ids(store) == sorted(f"m{number}" for number in range(120))
    assert sum(kept_by) == 120
    assert (store.position(4).offset, store.position(4).origin) == (119, 119)
    store.close()


def test_many_begin_at_once_on_an_empty_database(database_place: Place) -> None:
    failures: list[BaseException] = []
    begin = threading.Barrier(4, timeout=60)

    def start(number: int) -> None:
        try:
            begin.wait()
            BucketTable(database_place).close()
            table = BucketTable(database_place)
            table.take([bucket(number)], 0, partition=number)
            table.close()
            with open_store(database_place.incidents_url) as store, store.write() as work:
                opened(work, f"brand{number}")
        except BaseException as error:  # noqa: BLE001  # told to the test
            failures.append(error)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    table = BucketTable(database_place)
    assert len(table.between("B", 0, START * 2)) == 4
    table.close()
    with open_store(database_place.incidents_url) as store, store.read() as view:
        assert len(view.incident_ids()) == 4


def test_the_same_signals_lead_to_the_same_on_both(database_place: Place) -> None:
    told = []
    for address in ("sqlite://", database_place.incidents_url):
        with open_store(address) as store:
            recorder = Recorder()
            event_alerter(store, recorder).catch_up(Feed(a_story()), 0)
            with store.read() as view:
                incidents = view.incidents()
                events = [view.events(each.id) for each in incidents]
            told.append((recorder.told(), rows_of(store), incidents, events))
    assert told[0] == told[1]


def wrong(change: Callable[[str], str], database: str, folder: Path) -> Iterator[BaseException]:
    place = Place(folder, Secret(change(database)))
    with pytest.raises(PipelineError) as of_mentions:
        MentionStore(place)
    yield of_mentions.value
    with pytest.raises(AlertsError) as of_incidents:
        open_store(place.incidents_url)
    yield of_incidents.value


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (lambda at: _with(at, password="secretword"), SettingsError, "the user or the password"),
        (lambda at: _with(at, name="nowhere"), EnvironmentProblem, "createdb --owner"),
        (lambda at: _with(at, port="1"), LogUnavailable, "cannot be reached"),
        (lambda at: _with(at, password="bad%zzword"), SettingsError, "%40 %3A"),
    ],
    ids=["password", "database", "address", "escape"],
)
def test_what_is_wrong_with_the_address_is_said_without_the_password(
    change: Callable[[str], str],
    kind: type[PipelineError],
    said: str,
    database: str,
    tmp_path: Path,
) -> None:
    for error in wrong(change, database, tmp_path):
        assert isinstance(error, kind | AlertsError)
        assert said in str(error) or isinstance(error, AlertsError)
        shown = "".join(traceback.TracebackException.from_exception(error).format())
        for secret in (_password(database), "secretword", "bad%zzword"):
            assert secret not in shown


def _with(address: str, **parts: str) -> str:
    head, _, name = address.rpartition("/")
    login, _, server = head.rpartition("@")
    user = login.rpartition(":")[0]
    host = server.partition(":")[0]
    password = parts.get("password", _password(address))
    port = parts.get("port", server.partition(":")[2])
    return f"{user}:{password}@{host}:{port}/{parts.get('name', name)}"


def _password(address: str) -> str:
    return address.rpartition("@")[0].rpartition(":")[2] if "@" in address else ""


def test_a_user_who_may_not_is_told_whom_to_ask(database: str, tmp_path: Path) -> None:
    place = Place(tmp_path, Secret(database))
    MentionStore(place).close()
    with connected(database) as server:
        server.execute("DROP ROLE IF EXISTS guest")
        server.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    address = database.replace(database.partition("//")[2].partition("@")[0], "guest:guest")
    guest = Place(tmp_path, Secret(address))
    with pytest.raises(EnvironmentProblem, match="GRANT"):
        MentionStore(guest)
    with pytest.raises(MigrationFailed, match="permission denied for schema"):
        open_store(guest.incidents_url)
    with connected(database) as server:
        server.execute("DROP ROLE guest")


def test_a_view_sees_one_instant(database_place: Place) -> None:
    writer, reader = MentionStore(database_place), MentionStore(database_place, read_only=True)
    writer.take(envelopes(0, 1), 0)
    with reader.snapshot():
        assert len(ids(reader)) == 1
        writer.take(envelopes(1, 1), 1)
        assert (len(ids(reader)), reader.offset) == (1, 0)
    assert (len(ids(reader)), reader.offset) == (2, 1)
    with (
        open_store(database_place.incidents_url) as store,
        open_store(database_place.incidents_url) as other,
        store.read() as view,
    ):
        assert view.incident_ids() == []
        with other.write() as work:
            opened(work)
        assert view.incident_ids() == []
    writer.close()
    reader.close()


def test_a_database_without_every_character_is_refused(postgres: str, tmp_path: Path) -> None:
    with connected(postgres) as server:
        server.execute(
            "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
    with pytest.raises(EnvironmentProblem, match="--encoding UTF8"):
        MentionStore(Place(tmp_path, Secret(_with(postgres, name="latin"))))
    with connected(postgres) as server:
        server.execute("DROP DATABASE latin")


def test_the_first_of_several_servers_that_answers_is_used(database: str, tmp_path: Path) -> None:
    head, _, name = database.rpartition("/")
    login, _, server = head.rpartition("@")
    place = Place(tmp_path, Secret(f"{login}@127.0.0.1:1,{server}/{name}"))
    with open_store(place.incidents_url) as store, store.write() as work:
        opened(work)
    store_of_mentions = MentionStore(place)
    assert store_of_mentions.take(envelopes(0, 1), 0) == 1
    store_of_mentions.close()
