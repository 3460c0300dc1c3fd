"""One leads; who dies, or loses the lock, leads no more."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import LogUnavailable
from pipeline.services.leadership import FileLeadership, PostgresLeadership
from pipeline.settings.secrets import Secret
from pipeline.stores.place import Place
from tests.postgres import connected

LOCKS = """
import sys, time
from pathlib import Path
from pipeline.services.leadership import FileLeadership
assert FileLeadership(Path(sys.argv[1])).take()
print("leads", flush=True)
time.sleep(60)
"""


def test_one_of_two_leads(tmp_path: Path) -> None:
    one, other = FileLeadership(tmp_path / "data"), FileLeadership(tmp_path / "data")
    assert one.take()
    assert one.take()
    assert not other.take()
    assert not other.held()
    one.release()
    assert not one.held()
    assert other.take()
    other.release()


def test_who_is_killed_leads_no_more(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LOCKS, str(tmp_path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"leads\n"
        mine = FileLeadership(tmp_path)
        assert not mine.take()
        process.kill()
        process.wait()
        assert mine.take()
        mine.release()


def test_a_lock_that_was_removed_holds_nobody_off(tmp_path: Path) -> None:
    mine = FileLeadership(tmp_path)
    assert mine.take()
    (tmp_path / "alerter.lock").unlink()
    assert not mine.held()
    other = FileLeadership(tmp_path)
    assert other.take()
    assert not mine.take()
    other.release()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogUnavailable, match=r"alerter\.lock cannot be opened"):
        FileLeadership(tmp_path / "file").take()


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
def test_one_session_leads_until_it_ends(database: str, tmp_path: Path) -> None:
    place = Place(tmp_path, Secret(database))
    one, other = PostgresLeadership(place), PostgresLeadership(place)
    assert one.take()
    assert one.held()
    assert not other.take()
    assert not other.held()
    with connected(database) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'crisis-monitor leader' "
            "AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"
        )
    assert not one.held()
    assert other.take()
    assert not one.take()
    other.release()
    assert one.take()
    one.release()


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
def test_a_server_that_is_away_is_said_without_the_password(database: str, tmp_path: Path) -> None:
    del database
    away = Place(tmp_path, Secret("postgresql://me:hunter2@127.0.0.1:9/monitor"))
    with pytest.raises(LogUnavailable, match="does not say who leads") as told:
        PostgresLeadership(away).take()
    assert "hunter2" not in str(told.value)
