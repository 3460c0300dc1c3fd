"""The commands as programs call them: names in JSON, exit codes, what stands on disk."""

import csv
import gzip
import json
import random
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.__main__ import app

MINUTE = 60


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)


def document(*arguments: object, code: int = 0):  # type: ignore[no-untyped-def]  # noqa: ANN201  # whatever JSON holds
    result = run(*arguments, "--format", "json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def stamp(minute: int, day: int = 1) -> str:
    return f"2026-03-{day + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:00Z"


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three calm days of one brand, half an hour of anger, a calm rest; some oddities."""
    path = tmp_path_factory.mktemp("history") / "week.csv"
    rows = []
    for minute in range(0, 4 * 1440, 4):
        text = f"terrible awful day {minute}" if minute % 40 == 0 else f"we fly at {minute}"
        rows.append((f"c{minute}", stamp(minute), "Acme Air", f"a{minute}", text))
    for minute in range(3 * 1440 + 600, 3 * 1440 + 630):
        rows += [
            (f"x{minute}{i}", stamp(minute), "Acme Air", f"b{minute}{i}", f"horrible {minute} {i}")
            for i in range(8)
        ]
    rows.sort(key=lambda row: row[1])
    rows.append(rows[-1])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "created_at", "brand", "author", "text"])
        writer.writerows(rows)
        file.write('bad,not a time,Acme Air,z,"oops"\n')
    return path


@pytest.fixture(scope="module")
def replayed(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("data") / "log"
    result = run("replay", history, "--data", directory)
    assert result.exit_code == 0, result.output
    return directory


@pytest.mark.parametrize("command", ["backtest", "replay"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_file_that_was_cut_off_is_told_after_the_result(
    command: str, form: str, tmp_path: Path
) -> None:
    said = random.Random(1)
    words = [f"{said.getrandbits(256):064x}" for _ in range(5_000)]
    rows = [
        f"c{n},{stamp(n)},Acme Air,a{n},{word}"
        if form == "csv"
        else json.dumps({"id": f"c{n}", "created_at": stamp(n), "brand": "Acme Air", "text": word})
        for n, word in enumerate(words)
    ]
    head = ["id,created_at,brand,author,text"] if form == "csv" else []
    whole = gzip.compress("\n".join([*head, *rows]).encode())
    path = tmp_path / f"week.{form}.gz"
    path.write_bytes(whole[: len(whole) // 2])
    result = run(command, path, *(["--data", tmp_path / "log"] if command == "replay" else []))
    assert result.exit_code == 1
    found = re.search(
        r"week\.\w+\.gz: damaged or cut off after line (\d+); what follows was not read",
        result.stderr,
    )
    assert found
    assert 1_000 < int(found.group(1)) < 4_000
    assert "mentions" in (result.stdout if command == "backtest" else result.stderr)


@pytest.mark.parametrize("command", ["backtest", "replay"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no mention in none.csv"),
        ("id,created_at,brand,author,text\n", "no mention in none.csv"),
        (
            "id,created_at,brand,author,text\n1,soon,Acme,a,x\n",
            "no mention in none.csv: 1 rejected",
        ),
    ],
    ids=["empty", "header", "rejected"],
)
def test_a_file_without_a_mention_is_told(
    command: str, content: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("none.csv").write_text(content, encoding="utf-8")
    result = run(
        command, "none.csv", *(["--data", tmp_path / "log"] if command == "replay" else [])
    )
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == said
    assert "nowhere" not in result.stdout


def test_mentions_of_no_configured_brand_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("week.csv").write_text(
        "id,created_at,text\n"
        + "".join(
            f"{n},{stamp(n)},{'Acme' if n % 3 == 0 else 'nobody'} flies {n}\n" for n in range(9)
        ),
        encoding="utf-8",
    )
    Path("crisis-monitor.toml").write_text('[[brands]]\nname = "Acme"\n', encoding="utf-8")
    got = document("backtest", "week.csv")
    assert (got["mentions"], got["ignored"]) == (3, 6)
    assert "6 concern no configured brand" in run("backtest", "week.csv").stdout
    assert "6 concern no configured brand" in run("replay", "week.csv", "--data", "log").stderr


def test_backtest_has_the_stable_names(history: Path) -> None:
    got = document("backtest", history)
    assert {
        "mentions",
        "rejected",
        "unscored",
        "late",
        "brands",
        "incidents",
        "attention",
        "pages_per_week",
    } <= got.keys()
    assert (got["mentions"], got["rejected"], got["late"], got["repeated"]) == (1680, 1, 0, 1)
    assert got["brands"].keys() == {"Acme Air"}
    assert got["brands"]["Acme Air"].keys() == {"mentions", "unique", "voices", "negative", "own"}
    (incident,) = got["incidents"]
    assert {
        "id",
        "brand",
        "rule",
        "lane",
        "severity",
        "opened_at",
        "calm_at",
        "resolved_at",
        "notifications",
    } <= incident.keys()
    assert incident["opened_at"].startswith("2026-03-04T10:0")
    assert incident["calm_at"] < incident["resolved_at"]
    reasons = [each["reason"] for each in incident["notifications"]]
    assert reasons[0] == "page"
    assert incident["notifications"][0].keys() == {"at", "reason", "receiver"}
    assert got["pages_per_week"] == pytest.approx(
        sum(r in {"page", "page_raised", "page_reopened"} for r in reasons) * 7 / 4, rel=0.01
    )


def test_a_backtest_leaves_nothing_behind(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert run("backtest", history).exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_status_after_a_replay(replayed: Path) -> None:
    got = document("status", "--data", replayed)
    assert {"log", "brands", "late", "rejected", "incidents_open"} <= got.keys()
    assert got["log"]["end_offset"] == got["log"]["folded_offset"] > 0
    assert got["brands"]["Acme Air"]["mentions"] == 1680
    assert (got["rejected"], got["incidents_open"]) == (1, 0)
    assert "no engine works here now" in run("status", "--data", replayed).output


def test_a_replay_wants_a_fresh_log(history: Path, replayed: Path) -> None:
    result = run("replay", history, "--data", replayed)
    assert result.exit_code == 3
    assert "fresh" in result.output


def test_an_event_log_is_not_taken_up_as_a_clock_log(replayed: Path) -> None:
    result = run("run", "--data", replayed, "--port", 0, "--no-page")
    assert result.exit_code == 3
    assert "--time event" in " ".join(result.output.split())


def test_why_names_every_gate_and_every_number(replayed: Path) -> None:
    got = document("why", "--brand", "Acme Air", "--at", "2026-03-04T10:10:00Z", "--data", replayed)
    assert got["state"] == "known"
    assert got["observation"]["negative_voices"] >= 8
    lanes = {reading["lane"]: reading for reading in got["readings"]}
    assert {"5m", "15m", "60m", "slow"} <= lanes.keys()
    assert any(reading["reason"] == "hit" for reading in got["readings"])
    for reading in got["readings"]:
        assert {"observed", "expected", "threshold", "score", "sample", "meaning"} <= reading.keys()
    assert {gate["lane"] for gate in got["gates"]} >= {"5m", "15m", "60m", "slow"}
    text = run("why", "--brand", "Acme Air", "--at", "2026-03-04T10:10:00Z", "--data", replayed)
    assert "speaks for a page" in " ".join(text.output.split())


def test_why_of_a_quiet_minute_says_that_nothing_was_said(replayed: Path) -> None:
    got = document("why", "--brand", "Acme Air", "--at", "2026-03-02T01:02:30Z", "--data", replayed)
    assert not got["written"]
    assert got["observation"]["mentions"] == 0


def test_why_of_a_brand_nobody_knows_and_of_no_time(replayed: Path) -> None:
    result = run("why", "--brand", "Acne", "--at", "2026-03-02T01:01:00Z", "--data", replayed)
    assert result.exit_code == 2
    assert "Acme Air" in result.output
    result = run("why", "--brand", "Acme Air", "--at", "yesterday", "--data", replayed)
    assert result.exit_code == 2


def test_mentions_are_listed_and_shown(replayed: Path) -> None:
    got = document(
        "mentions",
        "list",
        "--brand",
        "Acme Air",
        "--label",
        "negative",
        "--limit",
        5,
        "--data",
        replayed,
    )
    assert len(got) == 5
    assert all(each["label"] == "negative" for each in got)
    assert [each["event_time"] for each in got] == sorted(
        (each["event_time"] for each in got), reverse=True
    )
    (one,) = document("mentions", "show", got[0]["id"], "--data", replayed)
    assert one["id"] == got[0]["id"]
    assert run("mentions", "show", "nobody", "--data", replayed).exit_code == 1


def test_rejected_input_is_listed_with_reason_place_and_bytes(replayed: Path) -> None:
    (one,) = document("rejected", "list", "--data", replayed)
    assert one["origin"].endswith(":1683")
    assert "not a time" in one["raw"]
    assert one["reason"] in {"undated", "invalid"}


def test_incidents_of_a_replay_can_be_worked_on_in_the_logs_own_time(replayed: Path) -> None:
    (incident,) = [
        each
        for each in document("incidents", "list", "--data", replayed)
        if each["rule"] == "negative_surge"
    ]
    shown = document("incidents", "show", incident["id"], "--data", replayed)
    assert shown["events"]
    note = run(
        "incidents",
        "note",
        incident["id"],
        "--text",
        "looked at",
        "--by",
        "ann",
        "--data",
        replayed,
    )
    assert note.exit_code == 0, note.output
    again = document("incidents", "show", incident["id"], "--data", replayed)
    assert again["events"][-1]["at"].startswith("2026-03-0")
    assert document("notifications", "list", "--data", replayed)


def commands() -> list[list[str]]:
    found = [[command.callback.__name__] for command in app.registered_commands if command.callback]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        for command in group.typer_instance.registered_commands:
            assert command.callback is not None
            found.append([str(group.name), command.name or command.callback.__name__])
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: list[str]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Example: crisis-monitor" in " ".join(result.output.split())


@pytest.mark.parametrize(
    "arguments",
    [["status"], ["mentions", "list"], ["incidents", "list"], ["rejected", "list"]],
    ids=" ".join,
)
def test_an_empty_folder_is_said_to_be_one(arguments: list[str], tmp_path: Path) -> None:
    result = run(*arguments, "--data", tmp_path)
    assert result.exit_code == 3
    assert str(tmp_path.name) in "".join(result.output.split())


def test_a_history_of_no_brand_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "nobody.csv"
    path.write_text(f"id,event_time,text\n1,{stamp(1)},hello\n", encoding="utf-8")
    result = run("backtest", path)
    assert result.exit_code == 1
    assert "config init" in result.stderr
    path.write_text("id,event_time,text,brand\n1,2026-03-01 10:00,hello,B\n", encoding="utf-8")
    result = run("backtest", path)
    assert result.exit_code == 1
    assert "--zone" in result.stderr
    assert run("backtest", path, "--zone", "Europe/Berlin").exit_code == 0


def test_a_backtest_is_kept_in_a_fresh_folder_alone(history: Path, tmp_path: Path) -> None:
    assert run("backtest", history, "--keep", tmp_path / "kept").exit_code == 0
    assert document("mentions", "list", "--data", tmp_path / "kept")
    again = run("backtest", history, "--keep", tmp_path / "kept")
    assert again.exit_code == 3
    assert "fresh" in again.output


def test_what_is_kept_is_for_its_owner_alone(history: Path, tmp_path: Path) -> None:
    assert run("replay", history, "--data", tmp_path / "new").exit_code == 0
    (tmp_path / "new" / "mentions.db").chmod(0o644)
    run("rejected", "replay", "--data", tmp_path / "new")
    assert (tmp_path / "new" / "mentions.db").stat().st_mode & 0o077 == 0


def test_questions_beyond_what_is_known_are_answered_so(replayed: Path) -> None:
    late = run("why", "--brand", "Acme Air", "--at", "2027-01-01T00:00:00Z", "--data", replayed)
    assert late.exit_code == 2
    assert "the log ends at 2026-03-0" in " ".join(late.output.split())
    nobody = run("mentions", "list", "--brand", "Nope", "--data", replayed)
    assert nobody.exit_code == 2
    assert "Acme Air" in nobody.output
    unknown = run("rejected", "replay", "zzz", "--data", replayed)
    assert unknown.exit_code == 2
    assert "rejected list" in " ".join(unknown.output.split())


def test_why_at_an_incidents_own_time_shows_what_opened_it(history: Path, tmp_path: Path) -> None:
    run("backtest", history, "--keep", tmp_path / "kept")
    (incident,) = document("backtest", history)["incidents"]
    got = document(
        "why", "--brand", "Acme Air", "--at", incident["opened_at"], "--data", tmp_path / "kept"
    )
    assert got["as_of"] == incident["opened_at"]
    deciding = [each for each in got["readings"] if each["reason"] == "hit"]
    assert incident["lane"] in [each["lane"] for each in deciding]
