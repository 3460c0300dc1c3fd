"""A backtest's report: what it says, and that 4,000 hostile texts stay texts in it."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image

from dashboards.report import chapters
from dashboards.report.backtest import write_backtest_report
from dashboards.report.learnt import learnt_of
from dashboards.views.books import Shelf
from dashboards.views.progress import LogProgress
from detectors.settings import Sensitivity
from pipeline.backtest import AtSensitivity, BacktestReport, run_backtest
from pipeline.errors import EnvironmentProblem
from pipeline.mention import Author, Mention
from pipeline.refold import fold_again
from pipeline.settings import load
from tests.browser.directories import hostile_mentions, hostile_settings
from tests.browser.hostile import BRANDS
from tests.unit.dashboards.report.parsed import Parsed

MINUTE = 60_000
DAY = 1440 * MINUTE
START = 1_772_409_600_000
SETTINGS = load(Path(os.devnull))


def mentions(brands: int = 3) -> Iterator[list[Mention]]:
    """Three days of several brands, an hour of anger about the first, praise for the second."""
    found: list[tuple[int, int, str]] = []
    for brand in range(brands):
        for minute in range(brand, 3 * 1440, 10):
            text = f"terrible day {minute}" if minute % 40 == 0 else f"we fly at {minute}"
            found.append((minute, brand, text))
    for minute in range(2 * 1440 + 600, 2 * 1440 + 640):
        found += [(minute, 0, f"horrible, my suitcase is gone {minute} {n}") for n in range(6)]
    for minute in range(2 * 1440 + 300, 2 * 1440 + 340):
        found += [(minute, 1, f"what a lovely crew {minute} {n}") for n in range(6)]
    found.sort()
    yield [
        Mention(
            id=str(number),
            source="board",
            event_time=START + minute * MINUTE,
            ingested_at=START + minute * MINUTE,
            text=text,
            author=Author(str(number), "", "", 0),
            language="en",
            brand=f"Brand {brand}",
        )
        for number, (minute, brand, text) in enumerate(found)
    ]


Ran = tuple[BacktestReport, Path]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    directory = tmp_path_factory.mktemp("ran")
    return run_backtest(mentions(), SETTINGS, zone="Europe/Berlin", directory=directory), directory


def written(ran: Ran, into: Path, zone: str = "Europe/Berlin") -> tuple[Parsed, list[Path]]:
    report, directory = ran
    drawn: list[int] = []
    paths = write_backtest_report(report, directory, SETTINGS, zone, into, drawn.append)
    assert len(drawn) == len(paths) - 1
    page = Parsed(paths[0].read_text(encoding="utf-8"))
    page.must_be_ours()
    return page, paths


@pytest.fixture(scope="module")
def drawn(ran: Ran, tmp_path_factory: pytest.TempPathFactory) -> tuple[Parsed, list[Path]]:
    return written(ran, tmp_path_factory.mktemp("drawn") / "new" / "folder")


def test_the_page_tells_what_came_of_it(ran: Ran, drawn: tuple[Parsed, list[Path]]) -> None:
    page, paths = drawn
    report = ran[0]
    (incident,) = report.incidents
    text = " ".join(page.text.split())
    assert f"{report.mentions:,} mentions of 3 brands" in text
    assert "1 incident would have been opened and 2 pages sent" in text
    assert "Louder than usual but not negative: 1 time" in text
    assert incident.brand == "Brand 0"
    assert "suitcase" in text
    assert "WARNING Brand 0:" in text
    assert "UNANSWERED for 5 min" in text
    assert "over Tue 3 Mar 2026, 01:00 CET (1 d are asked for)" in text
    assert page.tags["svg"] == 3 + 3 + 3  # small charts, charts, usual days
    assert len(page.labels) == 7  # charts, usual days, contents
    assert [path.name for path in paths] == [
        "report.html",
        *sorted(path.name for path in paths[0].parent.glob("*.png")),
    ]
    with Image.open(paths[1]) as picture:
        assert picture.size[0] > 1_000


def test_the_same_run_gives_the_same_files(
    ran: Ran, drawn: tuple[Parsed, list[Path]], tmp_path: Path
) -> None:
    one = [path.read_bytes() for path in drawn[1]]
    two = [path.read_bytes() for path in written(ran, tmp_path)[1]]
    assert one == two


def test_every_chart_has_words_and_a_table(drawn: tuple[Parsed, list[Path]]) -> None:
    page, _ = drawn
    charts = [label for label in page.labels if label.startswith("Chart of")]
    assert len(charts) == 3
    assert "1: critical, Wed 4 Mar 11:0" in charts[0]
    assert page.page.count("the same as a table") == 6


def test_of_many_brands_only_some_are_drawn(
    ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chapters, "CHARTED", 1)
    page, paths = written(ran, tmp_path)
    assert len(paths) == 2
    assert "01-brand-0-" in paths[1].name
    text = " ".join(page.text.split())
    assert "The 1 brands with incidents, or of which most was said" in text
    assert "2 other brands" in text
    assert "Brand 2" in text


def test_incidents_beyond_the_told_are_counted(
    ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chapters, "MOST_TOLD", 0)
    monkeypatch.setattr(chapters, "CHARTED", 1)
    page, _ = written(ran, tmp_path)
    assert "1 more incident" in page.text


def test_sensitivities_are_listed(
    ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chapters, "CHARTED", 1)
    report, directory = ran
    both = tuple(AtSensitivity(each, report.incidents, 1, 2.33) for each in Sensitivity)
    page, _ = written((replace(report, sensitivities=both), directory), tmp_path)
    assert "balanced (this report)" in " ".join(page.text.split())
    assert page.text.count("2.33") >= 2


@pytest.mark.parametrize("sensitivity", list(Sensitivity))
def test_folding_again_equals_running_again(ran: Ran, sensitivity: Sensitivity) -> None:
    settings = load(Path(os.devnull), {"detection": {"sensitivity": sensitivity.value}})
    run = run_backtest(mentions(), settings, zone="Europe/Berlin")
    assert run.first is not None
    assert run.last is not None
    steps: list[int] = []
    folded = fold_again(
        ran[1], settings, span=run.last - run.first, zone="Europe/Berlin", moved=steps.append
    )
    assert folded.incidents == run.incidents
    assert (folded.pages, folded.pages_per_week) == (run.pages, run.pages_per_week)
    assert sum(steps) == run.mentions


def test_what_was_learnt(ran: Ran) -> None:
    report, directory = ran
    shelf = Shelf(directory)
    with shelf.open() as books:
        assert isinstance(books.progress, LogProgress)
        rows = books.progress.log.fold_rows()
        assert rows is not None
        row = next(row for row, _ in rows.brands if row.brand == "Brand 2")
        learnt = learnt_of(books, row, SETTINGS.detection())
    shelf.close()
    assert learnt.warm_at == START + DAY + 2 * MINUTE  # it was first heard at the second minute
    assert learnt.voices == pytest.approx(6, rel=0.05)
    assert learnt.share < 0.4
    assert learnt.learnt > 2 * DAY
    heard = [hour for hour, value in enumerate(learnt.weekday) if value is not None]
    assert heard == list(range(24))
    assert set(learnt.weekend) == {None}
    assert report.first is not None


def test_a_folder_that_cannot_be_written(ran: Ran, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match="--report"):
        write_backtest_report(*ran, SETTINGS, "UTC", tmp_path / "file")


def test_a_report_that_cannot_be_written_whole_leaves_the_one_before(
    ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.html").write_text("before", encoding="utf-8")

    def full(self: Path, body: bytes) -> int:
        with self.open("wb") as opened:
            opened.write(body[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(EnvironmentProblem, match="No space left"):
        write_backtest_report(*ran, SETTINGS, "UTC", tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "before"


# -- hostile texts ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, BacktestReport]]:
    directory = tmp_path_factory.mktemp("hostile")
    report = run_backtest(
        iter([hostile_mentions(4)]), hostile_settings(), directory=directory / "data"
    )
    write_backtest_report(
        report, directory / "data", hostile_settings(), "UTC", directory / "report"
    )
    yield directory, report
    shutil.rmtree(directory)


def test_4000_hostile_texts_stay_texts(hostile: tuple[Path, BacktestReport]) -> None:
    directory, report = hostile
    assert report.mentions >= 3_900
    assert len(report.incidents) >= len(BRANDS) // 2
    page = Parsed((directory / "report" / "report.html").read_text(encoding="utf-8"))
    page.must_be_ours()
    assert page.tags["style"] == 1
    assert page.tags["meta"] == 5
    assert len(set(re.findall(r"hz\d{4}", page.text))) > 50
    assert "window.__pwned=1" in page.text
    assert not any("evil" in href and href.startswith("#") for href in page.hrefs)


def test_hostile_brands_get_pictures_with_safe_names(
    hostile: tuple[Path, BacktestReport],
) -> None:
    directory, _ = hostile
    names = sorted(path.name for path in (directory / "report").iterdir())
    assert len(names) == 1 + chapters.CHARTED
    for name in names[:-1]:
        assert re.fullmatch(r"\d\d-[a-z0-9-]+-[0-9a-f]{6}\.png", name)
    assert names[-1] == "report.html"
