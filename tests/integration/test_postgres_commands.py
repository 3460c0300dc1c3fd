"""The commands where the stores are in PostgreSQL and no engine has a log here."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from alerts.store import open_store
from pipeline.commands import incidents, mentions, notifications
from pipeline.commands.doctor import doctor
from pipeline.commands.status import status
from pipeline.commands.why import why
from pipeline.log import LogKind, SqliteLog
from pipeline.placing import partition_of
from pipeline.settings.secrets import Secret
from pipeline.stores import BucketTable, MentionStore
from pipeline.stores.place import Place
from pipeline.stores.rejected import RejectedStore
from pipeline.wire import VERSION, JudgedEnvelope
from tests.scene import START, Feed, Recorder, event_alerter, signal, ticks
from tests.unit.pipeline.makers import MINUTE, T0
from tests.unit.pipeline.test_stores import bucket, judged
from tests.unit.pipeline.test_stores_applied import letter

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]

PARTITIONS = 4
ID = "Acme:negative_surge:2026-09-21T14:14:00Z"

app = typer.Typer()
app.add_typer(incidents.app, name="incidents")
app.add_typer(mentions.app, name="mentions")
app.add_typer(notifications.app, name="notifications")
app.command("status")(status)
app.command("why")(why)
app.command("doctor")(doctor)


@pytest.fixture
def filled(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Stores as the parts of the road leave them, and a configuration that names them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORES", database)
    monkeypatch.delenv("CRISIS_MONITOR_DATA_DIR", raising=False)
    (tmp_path / "crisis-monitor.toml").write_text(
        '[storage]\ndatabase_env = "STORES"\n'
        f'[kafka]\nbootstrap = ["127.0.0.1:1"]\npartitions = {PARTITIONS}\ntime = "event"\n'
        '[[brands]]\nname = "B"\n[[receivers]]\nname = "log"\nkind = "console"\n'
    )
    place = Place(tmp_path, Secret(database))
    table, store, letters = BucketTable(place), MentionStore(place), RejectedStore(place)
    mine = partition_of("B", PARTITIONS)
    for number in range(PARTITIONS):
        said = [bucket(minute, minute) for minute in range(1, 6)] if number == mine else []
        table.take(said, 7 + number, partition=number, time=T0 + (10 + number) * MINUTE)
    late = judged("late", 2, late=True)
    store.take([JudgedEnvelope(VERSION, [judged("one", 1), late], 3)], 8, partition=mine)
    letters.take([letter(1)], 0)
    for each in (table, store, letters):
        each.close()
    with open_store(place.incidents_url) as incident_store:
        feed = Feed([signal(START), *ticks(START, START + 6_000)])
        event_alerter(incident_store, Recorder()).catch_up(feed, 0)
    return place


def run(*words: str) -> Result:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return result


def test_status_tells_what_the_stores_hold(filled: Place) -> None:
    found = json.loads(run("status", "--format", "json").stdout)
    assert found["time"] == "2026-03-01T00:10:00Z"
    assert found["brands"]["B"]["mentions"] == 15
    assert (found["late"], found["rejected"], found["incidents_open"]) == (1, 1, 1)
    mine = str(partition_of("B", PARTITIONS))
    assert found["partitions"][mine]["judged_offset"] == 8
    assert {each["signals_offset"] for each in found["partitions"].values()} == {7, 8, 9, 10}
    assert found["stores"] == filled.where
    text = run("status").output
    assert "1 late, 1 rejected, 1 incidents open" in text
    assert "crisis-monitor lag" in text


def test_why_and_mentions_are_read_from_the_database(filled: Place) -> None:
    found = json.loads(
        run("why", "--brand", "B", "--at", "2026-03-01T00:05:30Z", "--format", "json").stdout
    )
    assert (found["bucket"], found["observation"]["mentions"]) == ("2026-03-01T00:05:00Z", 5)
    beyond = CliRunner().invoke(app, ["why", "--brand", "B", "--at", "2026-03-01T01:05:30Z"])
    assert beyond.exit_code == 2
    assert "detection has not come so far" in beyond.output
    listed = json.loads(run("mentions", "list", "--brand", "B", "--format", "json").stdout)
    assert [each["id"] for each in listed] == ["late", "one"]
    assert "text of one" in run("mentions", "show", "one").output
    del filled


def test_people_do_their_work_there_in_the_time_of_the_log(filled: Place) -> None:
    run("incidents", "acknowledge", ID, "--by", "ann")
    found = json.loads(run("incidents", "show", ID, "--format", "json").stdout)
    assert (found["state"], found["acknowledged_by"]) == ("acknowledged", "ann")
    assert found["acknowledged_at"] == "2026-09-21T14:14:06Z"  # the last time in the signals
    assert ID in run("notifications", "list").output
    opened = run("incidents", "open", "--brand", "B", "--reason", "on TV", "--by", "ann").output
    assert "opened: B:manual:" in opened
    assert len(json.loads(run("incidents", "list", "--format", "json").stdout)) == 2
    with open_store(filled.incidents_url) as store, store.read() as view:
        assert len(view.incident_ids()) == 2


def test_doctor_looks_at_the_database(
    filled: Place, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    (filled.directory / "crisis-monitor.toml").write_text(
        '[storage]\ndatabase_env = "STORES"\n[kafka]\ntime = "event"\n'
        f'partitions = {PARTITIONS}\n[[brands]]\nname = "B"\n'
    )
    found = CliRunner().invoke(app, ["doctor", "--no-connect", "--format", "json"])
    lines = {each["subject"]: each for each in json.loads(found.stdout)["lines"]}
    assert "kafka" not in lines  # none is configured
    assert "PostgreSQL" in lines["database"]["said"]
    assert filled.where in lines["database"]["said"]
    assert lines["detection"]["state"] == "ok"
    assert lines["messages"]["state"] == "ok"
    assert "engine" not in lines
    monkeypatch.setenv("STORES", database.replace("@", "word@"))
    refused = CliRunner().invoke(app, ["doctor", "--no-connect", "--format", "json"])
    stores = {each["subject"]: each for each in json.loads(refused.stdout)["lines"]}["stores"]
    assert stores["state"] == "fail"
    assert "refuses the user or the password" in stores["said"]


def test_an_engine_s_own_files_go_before_a_database(filled: Place) -> None:
    (filled.directory / "crisis-monitor.toml").write_text('[storage]\ndatabase_env = "STORES"\n')
    assert ID in run("incidents", "list").output
    engine = filled.directory / "engine"
    SqliteLog.open(engine, LogKind.EVENT).close()
    with open_store(f"sqlite:///{engine / 'incidents.db'}") as store:
        event_alerter(store, Recorder()).catch_up(Feed([]), 0)
    assert ID not in run("incidents", "list", "--data", str(engine)).output


def test_a_broken_configuration_keeps_nobody_from_files_that_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crisis-monitor.toml").write_text("[storage\n")
    with open_store(f"sqlite:///{tmp_path / 'incidents.db'}") as store:
        event_alerter(store, Recorder()).catch_up(Feed([signal(START), *ticks(START, START)]), 0)
    assert ID in run("incidents", "list", "--data", str(tmp_path)).output
    refused = CliRunner().invoke(app, ["incidents", "list"])
    assert refused.exit_code == 2
