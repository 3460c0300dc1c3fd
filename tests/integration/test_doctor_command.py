"""`doctor` on machines in every state: what would stop a page tonight is found and named."""

import json
import os
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from typer.testing import CliRunner

from alerts.store import open_store
from pipeline.checkup import machine
from pipeline.checkup.databases import check_databases
from pipeline.checkup.line import Line, State
from pipeline.checkup.machine import check_machine
from pipeline.commands.doctor import doctor
from pipeline.composition import EngineOptions, make_engine
from pipeline.log import EngineLock, LogKind
from pipeline.scorers import ScorerName
from pipeline.settings import load

APP = typer.Typer()
APP.command()(doctor)
NOW = 1_800_000_000_000
SECRET_PATH = "T0000-hunter2"


class Answer(NamedTuple):
    status: int = 405
    date: str | None = None
    body: bytes = b""


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """A server that answers every request alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(answer.status)
            if answer.date:
                self.send_header("date", answer.date)
            if answer.status == 302:
                self.send_header("location", "https://elsewhere.example/")
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("CRISIS_MONITOR_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CRISIS_MONITOR__INGEST__PORT", "0")
    monkeypatch.setenv("CRISIS_MONITOR__PAGE__PORT", "0")


def examined(*arguments: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(APP, [*arguments, "--format", "json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert SECRET_PATH not in result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return result.exit_code, answer


def line(answer: dict[str, Any], subject: str, state: str | None = None) -> dict[str, str]:
    found = [
        each
        for each in answer["lines"]
        if each["subject"] == subject and state in (None, each["state"])
    ]
    assert found, answer
    return dict(found[0])


def hook(url: str, more: str = 'secret_env = "HOOK_SECRET"') -> None:
    Path("crisis-monitor.toml").write_text(
        f'[[receivers]]\nname = "team"\nkind = "webhook"\nurl = "{url}/{SECRET_PATH}"\n{more}\n',
        encoding="utf-8",
    )


def test_a_fresh_machine_pages_nobody_and_says_so() -> None:
    code, answer = examined()
    assert code == 1
    assert answer["fail"] == 1
    assert "console alone" in line(answer, "pages", "fail")["said"]
    assert line(answer, "engine")["state"] == "warn"
    assert line(answer, "brands")["state"] == "warn"
    assert "will be made" in line(answer, "data folder", "ok")["said"]
    assert {each["state"] for each in answer["lines"]} == {"ok", "warn", "fail"}
    assert all(each["mend"] for each in answer["lines"] if each["state"] != "ok")
    assert list(Path().iterdir()) == []


def test_a_file_that_is_not_there_is_not_praised() -> None:
    said = line(examined("--no-connect")[1], "configuration", "ok")["said"]
    assert said == "no crisis-monitor.toml here: the defaults"
    Path("crisis-monitor.toml").touch()
    said = line(examined("--no-connect")[1], "configuration", "ok")["said"]
    assert said == "crisis-monitor.toml: no mistake"


def test_for_people_it_is_a_list_with_how_to_mend() -> None:
    result = CliRunner().invoke(APP, [])
    assert result.exit_code == 1
    assert "fail pages: go to the console alone" in result.stdout
    assert "-> add a [[receivers]] of kind webhook" in result.stdout
    assert result.stdout.rstrip().endswith("1 would stop a page tonight.")


def test_a_receiver_that_answers_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec_MDEyMzQ1Njc4OTAxMjM0NQ==")
    for status in (200, 404, 405, 501):
        with server(Answer(status)) as url:
            hook(url)
            code, answer = examined()
        assert code == 0, answer
        assert line(answer, "receiver team") == {
            "state": "ok",
            "subject": "receiver team",
            "said": "127.0.0.1 can be reached",
            "mend": "",
        }
        assert line(answer, "pages")["state"] == "ok"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(503), "answered 503"),
        (Answer(302), "redirects"),
        (Answer(405, "Sat, 01 Jan 2000 00:00:00 GMT"), "clock of 127.0.0.1 differs"),
    ],
)
def test_a_receiver_that_answers_oddly_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, said: str
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec_MDEyMzQ1Njc4OTAxMjM0NQ==")
    with server(answer) as url:
        hook(url)
        code, found = examined()
    assert code == 0
    assert said in line(found, "receiver team", "warn")["said"]


def test_a_receiver_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec_MDEyMzQ1Njc4OTAxMjM0NQ==")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        hook(f"http://127.0.0.1:{silent.getsockname()[1]}")
        code, answer = examined()
        assert code == 1
        assert "cannot be reached" in line(answer, "receiver team", "fail")["said"]
        assert "reach nobody: team" in line(answer, "pages", "fail")["said"]
        assert examined("--no-connect")[0] == 0


def test_a_missing_secret_and_an_unsigned_receiver() -> None:
    with server(Answer()) as url:
        hook(url)
        code, answer = examined()
        assert code == 1
        assert sum("HOOK_SECRET is not set" in each["said"] for each in answer["lines"]) == 1
        assert "HOOK_SECRET is not set" in line(answer, "configuration", "fail")["said"]
        assert "reach nobody: team" in line(answer, "pages", "fail")["said"]
        assert answer["fail"] == 2
        hook(url, "")
        code, answer = examined()
        assert code == 0
        assert "signed" in line(answer, "receiver team", "warn")["said"]


def test_the_console_first_wakes_somebody_late() -> None:
    with server(Answer()) as url:
        hook(
            url,
            '[[receivers]]\nname = "desk"\n[[policy.steps]]\nreceivers = ["desk"]\n'
            '[[policy.steps]]\nreceivers = ["team"]\n',
        )
        code, answer = examined()
    assert code == 0
    assert "goes unanswered" in line(answer, "pages", "warn")["said"]


def test_a_first_step_that_fails_leaves_the_second() -> None:
    with server(Answer()) as url:
        hook(
            url,
            '[[receivers]]\nname = "lost"\nkind = "webhook"\nurl_env = "NOT_SET"\n'
            '[[policy.steps]]\nreceivers = ["lost"]\n'
            '[[policy.steps]]\nreceivers = ["team"]\n',
        )
        _, answer = examined()
    assert "first step cannot be reached" in line(answer, "pages", "warn")["said"]


def test_nothing_is_found_but_an_engine_is_still_to_be_started(tmp_path: Path) -> None:
    with server(Answer()) as url:
        hook(url, "")
        said = CliRunner().invoke(APP, []).stdout
        assert said.rstrip().endswith("tonight, once `crisis-monitor run` is started.")
        with EngineLock(tmp_path):
            said = CliRunner().invoke(APP, ["--data", str(tmp_path)]).stdout
        assert said.rstrip().endswith("Nothing found that would stop a page tonight.")


def test_mistakes_are_told_and_the_rest_is_looked_at() -> None:
    Path("a.toml").write_text('[storage]\ndirectry = "x"\n', encoding="utf-8")
    code, answer = examined("--config", "a.toml")
    assert code == 1
    assert line(answer, "configuration", "fail")["said"].startswith("a.toml:2: storage.directry")
    assert line(answer, "disk")["state"] == "ok"


def test_a_configuration_that_cannot_be_read_is_exit_3() -> None:
    result = CliRunner().invoke(APP, ["--config", "nowhere.toml", "--format", "json"])
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "nowhere.toml" in result.stderr


def test_a_data_folder_that_cannot_be_written() -> None:
    Path("file").touch()
    code, answer = examined("--data", "file/data")
    assert code == 1
    assert "file is a file" in line(answer, "data folder", "fail")["said"]
    if Path("/proc/self").exists():
        code, answer = examined("--data", "/proc/crisis-monitor")
        assert code == 1
        assert "cannot be written" in line(answer, "data folder", "fail")["said"]


@pytest.mark.parametrize(("free", "state"), [(1, "fail"), (500, "warn"), (50_000, "ok")])
def test_a_disk_that_is_nearly_full(monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    usage = shutil.disk_usage(".")._replace(total=2**38, free=free * 1024 * 1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert line(examined()[1], "disk")["state"] == state


@pytest.mark.parametrize(("section", "subject"), [("INGEST", "port"), ("PAGE", "page")])
def test_a_port_that_is_taken(monkeypatch: pytest.MonkeyPatch, section: str, subject: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv(f"CRISIS_MONITOR__{section}__PORT", str(taken.getsockname()[1]))
        code, answer = examined()
    assert code == 1
    found = line(answer, subject)
    assert found["state"] == "fail"
    assert f"[{section.lower()}] port" in found["mend"]


def test_without_a_page_its_port_is_nobodys_concern(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRISIS_MONITOR__PAGE__ENABLED", "false")
    _, answer = examined()
    assert not [each for each in answer["lines"] if each["subject"] == "page"]


def made(directory: Path, kind: LogKind = LogKind.CLOCK, time: int = NOW) -> None:
    """A data folder as a run leaves it, its log at `time`."""
    options = EngineOptions(kind=kind, scorer=ScorerName.NONE, durable=False)
    engine = make_engine(directory, load(), options)
    with closing(engine.log):
        if kind is LogKind.CLOCK:
            engine.tick(time)
        engine.fold_all()
    open_store(f"sqlite:///{directory / 'incidents.db'}", durable=False).close()


def looked_at(directory: Path, now: int, *, running: bool = False) -> dict[str, Line]:
    return {each.subject: each for each in check_databases(directory, now, running=running)}


def test_databases_that_are_well(tmp_path: Path) -> None:
    made(tmp_path)
    before = sorted((path.name, path.stat().st_size) for path in tmp_path.glob("*.db"))
    found = looked_at(tmp_path, NOW + 10_000)
    assert {each.state for each in found.values()} == {State.OK}
    assert set(found) == {"log.db", "incidents.db", "log's time", "messages"}
    assert "10 s ago" in found["log's time"].said
    assert before == sorted((path.name, path.stat().st_size) for path in tmp_path.glob("*.db"))


def test_a_log_ahead_of_the_clock(tmp_path: Path) -> None:
    made(tmp_path)
    found = looked_at(tmp_path, NOW - 3_600_000)["log's time"]
    assert (found.state, "1 h ahead" in found.said) == (State.FAIL, True)


def test_a_log_that_stands_still_under_an_engine(tmp_path: Path) -> None:
    made(tmp_path)
    assert looked_at(tmp_path, NOW + 600_000)["log's time"].state is State.OK
    found = looked_at(tmp_path, NOW + 600_000, running=True)["log's time"]
    assert (found.state, "stands still" in found.said) == (State.FAIL, True)


def test_an_event_log_has_no_clock(tmp_path: Path) -> None:
    made(tmp_path, LogKind.EVENT)
    assert "event log" in looked_at(tmp_path, NOW)["log's time"].said


@pytest.mark.parametrize("name", ["log.db", "incidents.db", "mentions.db"])
def test_a_damaged_database(tmp_path: Path, name: str) -> None:
    made(tmp_path)
    (tmp_path / name).write_bytes(b"no database at all" * 100)
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"{name}{suffix}").unlink(missing_ok=True)
    found = looked_at(tmp_path, NOW)[name]
    assert found.state is State.FAIL
    assert found.mend


def test_a_database_somebody_sits_on(tmp_path: Path) -> None:
    made(tmp_path)
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = looked_at(tmp_path, NOW)["log.db"]
        other.execute("ROLLBACK")
    assert (found.state, "locked" in found.said) == (State.FAIL, True)


def waiting(path: Path, *, number: int = 1, reason: str = "page", state: str = "waiting") -> None:
    """A message due at NOW, whose next attempt a working engine has put an hour ahead."""
    with closing(sqlite3.connect(path / "incidents.db")) as connection, connection:
        connection.execute(
            "INSERT INTO outbox (id, dedup_key, incident_id, receiver, reason, sequence, at, "
            "state, attempts, next_attempt_at, detail, body) "
            "VALUES (?, ?, 'i', 'team', ?, 1, ?, ?, 0, ?, '', x'')",
            (number, str(number), reason, NOW, state, NOW + 7_200_000),
        )


def tried(path: Path, *, row: int = 1, times: int = 1) -> None:
    """The first so many attempts failed, and one more is under way."""
    with closing(sqlite3.connect(path / "incidents.db")) as connection, connection:
        for number in range(1, times + 2):
            over = NOW + number if number <= times else None
            connection.execute(
                "INSERT INTO attempts (outbox_id, number, started_at, finished_at, result, detail) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (row, number, NOW, over, over and "failed", f"HTTP 50{number}\x1b[2J"),
            )


def test_messages_that_do_not_go_out(tmp_path: Path) -> None:
    made(tmp_path)
    for number, state in enumerate(("waiting", "waiting", "delivered"), start=1):
        waiting(tmp_path, number=number, state=state)
    assert looked_at(tmp_path, NOW + 60_000)["messages"].state is State.OK
    found = looked_at(tmp_path, NOW + 3_600_000)["messages"]
    assert found.state is State.FAIL
    assert found.said.startswith("2 wait longer")


@pytest.mark.parametrize("reason", ["page", "page_raised", "page_reopened", "escalation"])
def test_a_page_that_fails_again_and_again_is_told_at_once(tmp_path: Path, reason: str) -> None:
    made(tmp_path)
    waiting(tmp_path, reason=reason)
    tried(tmp_path, times=3)
    found = looked_at(tmp_path, NOW + 10_000)["messages"]
    assert found.state is State.FAIL
    assert found.said == "a page fails, the last tried 3 times for team: HTTP 503\\x1b[2J"


@pytest.mark.parametrize(
    ("reason", "times", "state"),
    [("page", 2, "waiting"), ("calm", 3, "waiting"), ("page", 3, "superseded")],
)
def test_what_is_not_yet_a_failing_page(
    tmp_path: Path, reason: str, times: int, state: str
) -> None:
    made(tmp_path)
    waiting(tmp_path, reason=reason, state=state)
    tried(tmp_path, times=times)
    assert looked_at(tmp_path, NOW + 10_000)["messages"].state is State.OK


def test_an_engine_at_work(tmp_path: Path) -> None:
    with EngineLock(tmp_path) as lock:
        _, answer = examined("--data", str(tmp_path))
        assert line(answer, "engine")["state"] == "ok"
        assert str(os.getpid()) in line(answer, "engine")["said"]
        for status, state in ((200, "ok"), (503, "fail")):
            with server(Answer(status, body=b"the log\x1b[2J is behind")) as url:
                lock.say(url)
                _, answer = examined("--data", str(tmp_path))
            assert line(answer, "engine")["state"] == state
        assert "the log\\x1b[2J is behind" in line(answer, "engine")["said"]
        _, answer = examined("--data", str(tmp_path))
        assert "does not answer" in line(answer, "engine", "fail")["said"]
    assert line(examined("--data", str(tmp_path))[1], "engine")["state"] == "warn"


def test_old_machines_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    states = {each.subject: each.state for each in check_machine(0)}
    assert states["clock"] is State.FAIL
    assert states["python"] is states["sqlite"] is states["time zones"] is State.OK
    monkeypatch.setattr(machine, "OLDEST_PYTHON", (9, 0))
    monkeypatch.setattr(machine, "OLDEST_SQLITE", (9, 0, 0))
    states = {each.subject: each.state for each in check_machine(NOW)}
    assert states["clock"] is State.OK
    assert states["python"] is states["sqlite"] is State.FAIL


def test_a_machine_without_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(key: str) -> None:
        raise KeyError(key)

    monkeypatch.setattr(machine, "ZoneInfo", none)
    assert {each.subject: each.state for each in check_machine(NOW)}["time zones"] is State.FAIL


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["typer>=0.15", "no-such-package-here>=1; python_version > '3'", "x; extra == 'test'"]
    monkeypatch.setattr(metadata, "requires", lambda _: wanted)
    real = metadata.version
    monkeypatch.setattr(
        metadata, "version", lambda name: "1.0" if name == "crisis-monitor" else real(name)
    )
    found = next(each for each in check_machine(NOW) if each.subject == "packages")
    assert found.state is State.FAIL
    assert found.said == "crisis-monitor 1.0 lacks no-such-package-here"
