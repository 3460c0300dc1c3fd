import getpass
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from alerts.store import open_store
from detectors.signal import SignalKind
from pipeline.commands import incidents, notifications
from pipeline.log import LogKind, SqliteLog
from tests.scene import START, Feed, Recorder, event_alerter, signal, ticks

ID = "Acme:negative_surge:2026-09-21T14:14:00Z"

app = typer.Typer()
app.add_typer(incidents.app, name="incidents")
app.add_typer(notifications.app, name="notifications")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with open_store(f"sqlite:///{tmp_path / 'incidents.db'}") as store:
        feed = Feed([signal(START), *ticks(START, START + 6_000)])
        event_alerter(store, Recorder()).catch_up(feed, 0)
    return tmp_path


def run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(data)])


def run_json(data: Path, *words: str) -> object:
    result = run(data, *words, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def shown(data: Path) -> dict[str, object]:
    document = run_json(data, "incidents", "show", ID)
    assert isinstance(document, dict)
    return document


def test_list_for_programs_and_people(data: Path) -> None:
    found = run_json(data, "incidents", "list")
    assert isinstance(found, list)
    (incident,) = found
    assert incident["id"] == ID
    assert incident["opened_at"] == "2026-09-21T14:14:00Z"
    assert (incident["state"], incident["severity"], incident["lane"]) == (
        "open",
        "critical",
        "15m",
    )
    assert "critical" in run(data, "incidents", "list", "--open").output
    assert run_json(data, "incidents", "list", "--brand", "Nobody") == []


def test_show_tells_the_history_and_every_attempt(data: Path) -> None:
    document = shown(data)
    events = document["events"]
    assert isinstance(events, list)
    assert [event["kind"] for event in events] == ["opened"]
    assert events[0]["at"] == "2026-09-21T14:14:00Z"
    said = document["notifications"]
    assert isinstance(said, list)
    assert [(each["reason"], each["outcome"]) for each in said] == [
        ("page", "delivered"),
        ("escalation", "delivered"),
    ]
    assert [attempt["result"] for attempt in said[0]["attempts"]] == ["delivered"]
    assert run(data, "incidents", "show", ID).exit_code == 0


def test_show_for_people_has_headings_reasons_and_no_levels(tmp_path: Path) -> None:
    levels = [
        replace(signal(START + n * 60_000, n + 1, SignalKind.LEVEL, opened_at=START), observed=70)
        for n in (1, 2)
    ]
    with open_store(f"sqlite:///{tmp_path / 'incidents.db'}") as store:
        feed = Feed([signal(START), *levels, *ticks(START, START + 200_000)])
        event_alerter(store, Recorder()).catch_up(feed, 0)
    document = shown(tmp_path)
    events = document["events"]
    assert isinstance(events, list)
    assert [each["kind"] for each in events] == ["opened", "levelled", "levelled"]
    lines = run(tmp_path, "incidents", "show", ID).output.splitlines()
    happened, said = lines.index("What happened"), lines.index("What was said")
    assert happened < said
    assert lines[happened + 1].endswith(f"opened: critical, {events[0]['level']['reason']}")
    assert events[0]["level"]["reason"]
    assert lines[happened + 2].startswith("and 2 times how high it stood")
    assert "page" in lines[said + 1]
    assert not any("levelled" in line for line in lines)


def test_the_way_of_a_person_through_an_incident(data: Path) -> None:
    assert run(data, "incidents", "acknowledge", ID, "--by", "ann").exit_code == 0
    assert run(data, "incidents", "acknowledge", ID, "--by", "ann").exit_code == 0
    again = run(data, "incidents", "acknowledge", ID, "--by", "bob")
    assert again.exit_code == 1
    assert "ann has acknowledged it already" in again.output
    words = ("incidents", "update", ID, "--audience", "internal", "--text", "cause found")
    assert run(data, *words, "--next", "30m", "--by", "ann").exit_code == 0
    assert run(data, "incidents", "assign", ID, "--to", "bob", "--by", "ann").exit_code == 0
    assert run(data, "incidents", "note", ID, "--text", "batch 7", "--by", "ann").exit_code == 0
    resolve = ("incidents", "resolve", ID, "--verdict", "real", "--by", "bob")
    assert run(data, *resolve).exit_code == 0
    assert run(data, *resolve).exit_code == 1
    document = shown(data)
    events = document["events"]
    assert isinstance(events, list)
    assert [event["kind"] for event in events] == [
        "opened",
        "acknowledged",
        "updated",
        "assigned",
        "noted",
        "resolved",
    ]
    assert (document["state"], document["verdict"], document["owner"]) == (
        "resolved",
        "real",
        "bob",
    )
    updated = events[2]
    span = _instant(updated["promised"]) - _instant(updated["at"])
    assert span.total_seconds() == 1_800


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_the_user_of_the_machine_stands_in_for_a_name(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "operator")
    assert run(data, "incidents", "acknowledge", ID).exit_code == 0
    assert shown(data)["acknowledged_by"] == "operator"


def test_a_user_without_a_name_is_asked_for_one(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise KeyError

    monkeypatch.setattr(getpass, "getuser", nameless)
    result = run(data, "incidents", "acknowledge", ID)
    assert result.exit_code == 2
    assert "--by NAME" in " ".join(result.output.split())


def test_in_an_event_log_now_is_the_logs(data: Path) -> None:
    SqliteLog.open(data, LogKind.EVENT).close()
    assert run(data, "incidents", "acknowledge", ID, "--by", "ann").exit_code == 0
    assert shown(data)["acknowledged_at"] == "2026-09-21T14:14:06Z"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("update", ID, "--audience", "internal", "--text", "  "), "the text is empty"),
        (("update", ID, "--audience", "public", "--text", "x"), "needs the link"),
        (
            ("update", ID, "--audience", "public", "--text", "x", "--link", "javascript:1"),
            "one address",
        ),
        (
            ("update", ID, "--audience", "internal", "--text", "x", "--next", "soon"),
            "neither a span like 30m",
        ),
        (
            ("update", ID, "--audience", "internal", "--text", "x", "--next", "2001-01-01T00:00Z"),
            "must lie in the future",
        ),
        (("update", ID, "--audience", "everyone", "--text", "x"), "audience"),
        (("note", ID, "--text", ""), "the text is empty"),
        (("assign", ID, "--to", " "), "name the person"),
        (("open", "--brand", " ", "--reason", "x"), "name the brand"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    data: Path, words: tuple[str, ...], says: str
) -> None:
    before = shown(data)
    result = run(data, "incidents", *words)
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())
    assert shown(data) == before


@pytest.mark.parametrize(
    "wrong", ["Acme", "acme:negative_surge", ID[:-1], ID.replace("14:14", "14:15"), ID.upper()]
)
def test_an_unknown_id_names_the_nearest(data: Path, wrong: str) -> None:
    result = run(data, "incidents", "acknowledge", wrong, "--by", "ann")
    assert result.exit_code == 1
    assert f"did you mean {ID}?" in result.output


def test_a_hostile_id_is_shown_harmless(data: Path) -> None:
    result = run(data, "incidents", "show", "\x1b[2J\u202e[bold]x")
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output


@pytest.mark.parametrize("brand", ["Ac\x1b[31mme", "Ac\nme", "A\u202eB", "x" * 101])
def test_a_brand_no_configuration_could_hold_is_refused(tmp_path: Path, brand: str) -> None:
    refused = run(tmp_path, "incidents", "open", "--brand", brand, "--reason", "x", "--by", "ann")
    assert refused.exit_code == 2
    assert "--brand" in refused.output
    assert "\x1b[31m" not in refused.output
    assert list(tmp_path.iterdir()) == []


def test_opened_by_hand_in_a_new_folder(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    words = ("incidents", "open", "--brand", "Acme", "--reason", "recall on TV", "--by", "ann")
    opened = run_json(folder, *words, "--severity", "critical")
    assert isinstance(opened, dict)
    assert (opened["rule"], opened["severity"], opened["opened_by"]) == (
        "manual",
        "critical",
        "ann",
    )
    again = run(folder, *words)
    assert again.exit_code == 1
    assert "is open already" in " ".join(again.output.split())


@pytest.mark.parametrize("words", [("incidents", "list"), ("notifications", "list")])
def test_no_store_is_an_environment_error_and_makes_none(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    result = run(tmp_path, *words)
    assert result.exit_code == 3
    assert "there is no incident store in" in " ".join(result.output.split())
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_store_is_an_environment_error(tmp_path: Path) -> None:
    (tmp_path / "incidents.db").write_bytes(b"nonsense" * 1000)
    result = run(tmp_path, "incidents", "list")
    assert result.exit_code == 3
    assert "is damaged or is no database" in " ".join(result.output.split())


def test_notifications_list(data: Path) -> None:
    found = run_json(data, "notifications", "list")
    assert isinstance(found, list)
    assert [each["dedup_key"] for each in found] == [
        f"{ID}:oncall:escalation:1",
        f"{ID}:oncall:page:1",
    ]
    assert run_json(data, "notifications", "list", "--outcome", "waiting") == []
    assert len(run_json(data, "notifications", "list", "--limit", "1")) == 1  # type: ignore[arg-type]  # a list
    assert "delivered" in run(data, "notifications", "list", "--incident", ID).output


@pytest.mark.parametrize(
    "words",
    [
        ("incidents", each)
        for each in ("list", "show", "open", "acknowledge", "update", "resolve", "assign", "note")
    ]
    + [("notifications", "list")],
)
def test_every_command_shows_an_example(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0
    assert f"crisis-monitor {' '.join(words)}" in " ".join(result.output.split())
