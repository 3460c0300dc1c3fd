"""`backtest --report` and `incidents report`: the commands, and what they leave on disk."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dashboards.report import incident as incident_module
from pipeline.__main__ import app
from pipeline.commands import backtest_report
from tests.unit.dashboards.report.parsed import Parsed


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)


def stamp(minute: int) -> str:
    return f"2026-03-{1 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:00Z"


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two calm days of a brand, half an hour of anger, a calm rest."""
    path = tmp_path_factory.mktemp("history") / "week.csv"
    rows = []
    for minute in range(0, 3 * 1440, 5):
        text = f"terrible awful day {minute}" if minute % 40 == 0 else f"we fly at {minute}"
        rows.append((f"c{minute}", stamp(minute), "Acme Air", f"a{minute}", text))
    for minute in range(2 * 1440 + 600, 2 * 1440 + 630):
        rows += [
            (f"x{minute}{i}", stamp(minute), "Acme Air", f"b{minute}{i}", f"horrible {minute} {i}")
            for i in range(8)
        ]
    rows.sort(key=lambda row: row[1])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "created_at", "brand", "author", "text"])
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def reported(history: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("reported")
    kept, into = folder / "kept", folder / "report"
    result = run("backtest", history, "--report", into, "--keep", kept, "--zone", "Europe/Berlin")
    assert result.exit_code == 0, result.output
    return folder, result


def test_a_backtest_says_where_its_report_is(reported: tuple[Path, Result]) -> None:
    folder, result = reported
    said = " ".join(result.stdout.split())
    assert "report: " in said
    assert said.endswith("report.html and 1 picture")
    page = Parsed((folder / "report" / "report.html").read_text(encoding="utf-8"))
    page.must_be_ours()
    text = " ".join(page.text.split())
    assert "balanced (this report)" in text
    assert "fewer" in text
    assert "Europe/Berlin" in text
    assert [path.suffix for path in sorted((folder / "report").iterdir())] == [".png", ".html"]


def test_json_names_the_files_and_is_else_as_before(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with_report = run("backtest", history, "--report", tmp_path / "in", "--format", "json")
    without = run("backtest", history, "--format", "json")
    assert with_report.exit_code == 0, with_report.output
    told = json.loads(with_report.stdout)
    files = told.pop("report")
    assert told == json.loads(without.stdout)
    assert Path(files[0]).name == "report.html"
    assert all(Path(each).is_file() for each in files)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_without_matplotlib_it_ends_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtest_report, "find_spec", lambda _: None)
    result = run("backtest", tmp_path / "nowhere.csv", "--report", tmp_path / "report")
    assert result.exit_code == 3
    said = " ".join(result.output.split())
    assert "matplotlib" in said
    assert "crisis-monitor[report]" in said
    assert not (tmp_path / "report").exists()


def test_a_folder_that_cannot_be_made_is_told_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = run("backtest", tmp_path / "nowhere.csv", "--report", tmp_path / "file" / "x")
    assert result.exit_code == 3
    assert "--report" in result.output


def test_nothing_read_leaves_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("none.csv").write_text("id,created_at,brand,author,text\n", encoding="utf-8")
    result = run("backtest", "none.csv", "--report", "report")
    assert result.exit_code == 1
    assert list(Path("report").iterdir()) == []


# -- one incident ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(reported: tuple[Path, Result]) -> Path:
    return reported[0] / "kept"


@pytest.fixture(scope="module")
def incident_id(kept: Path) -> str:
    listed = json.loads(run("incidents", "list", "--data", kept, "--format", "json").stdout)
    (found,) = [each["id"] for each in listed if each["rule"] == "negative_surge"]
    return str(found)


def test_an_incident_in_three_forms(kept: Path, incident_id: str, tmp_path: Path) -> None:
    html = run(
        *("incidents", "report", incident_id, "--data", kept, "--format", "html"),
        *("--out", tmp_path / "one.html"),
    )
    assert html.exit_code == 0
    assert html.stdout == ""
    assert "one.html" in html.stderr
    page = Parsed((tmp_path / "one.html").read_text(encoding="utf-8"))
    page.must_be_ours()
    assert page.tags["svg"] == 1
    markdown = run("incidents", "report", incident_id, "--data", kept, "--zone", "Asia/Jakarta")
    assert markdown.exit_code == 0
    assert markdown.stdout.startswith("# Acme Air: critical, Tue 3 Mar 2026, 17:0")
    told = json.loads(
        run("incidents", "report", incident_id, "--data", kept, "--format", "json").stdout
    )
    assert told["incident"]["id"] == incident_id
    assert told["notifications"][0]["reason"] == "page"


def test_without_matplotlib_the_page_says_that_it_has_no_chart(
    kept: Path, incident_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incident_module, "can_draw", lambda: False)
    result = run("incidents", "report", incident_id, "--data", kept, "--format", "html")
    assert result.exit_code == 0
    assert "matplotlib is not installed" in result.stdout


def test_an_incident_that_is_none_and_a_zone_that_is_none(kept: Path, incident_id: str) -> None:
    unknown = run("incidents", "report", incident_id[:-3], "--data", kept)
    assert unknown.exit_code == 1
    assert f"did you mean {incident_id}" in unknown.stderr
    nowhere = run("incidents", "report", incident_id, "--data", kept, "--zone", "Mars/Base")
    assert nowhere.exit_code == 2
    assert "--zone" in nowhere.output


def test_a_place_that_cannot_be_written_and_a_folder_without_data(
    kept: Path, incident_id: str, tmp_path: Path
) -> None:
    away = run("incidents", "report", incident_id, "--data", kept, "--out", tmp_path / "no" / "x")
    assert away.exit_code == 3
    assert "--out" in away.output
    assert run("incidents", "report", incident_id, "--data", tmp_path).exit_code == 3


def test_what_is_asked_beside_a_running_engine_changes_nothing(
    kept: Path, incident_id: str
) -> None:
    before = {path.name: path.read_bytes() for path in kept.iterdir() if path.suffix == ".db"}
    assert run("incidents", "report", incident_id, "--data", kept).exit_code == 0
    after = {path.name: path.read_bytes() for path in kept.iterdir() if path.suffix == ".db"}
    assert before == after
