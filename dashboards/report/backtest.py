"""`backtest --report DIR`: what a history would have led to, as one page and a few pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.report.chapters import CHARTED, Gathered, gather
from dashboards.report.page import rendered
from dashboards.views.books import Shelf
from pipeline.errors import EnvironmentProblem

if TYPE_CHECKING:
    from pipeline.backtest import BacktestReport
    from pipeline.settings import Settings

PAGE = "report.html"
DAY = 86_400_000


def write_backtest_report(  # noqa: PLR0913, PLR0917  # what a command hands over
    report: "BacktestReport",
    databases: Path,
    settings: "Settings",
    zone: str,
    into: Path,
    moved: Callable[[int], None] = lambda _: None,
) -> list[Path]:
    """Write `report.html` and one PNG for each brand drawn into a folder; return them, it first.

    `databases` is the folder the backtest left, with all three stores; it is only read. `zone` is
    that of brands which are not configured. Raises EnvironmentProblem where nothing can be
    written.
    """
    shelf = Shelf(databases)
    try:
        with shelf.open() as books:
            gathered = gather(books, report, settings, zone, moved=moved)
    finally:
        shelf.close()
    try:
        into.mkdir(parents=True, exist_ok=True)
        page = into / PAGE
        _put(page, page_of(report, gathered, settings, zone).encode("utf-8"))
        pictures = []
        for chapter in gathered.chapters:
            target = into / chapter.file
            _put(target, chapter.picture.png)
            pictures.append(target)
    except OSError as error:
        raise EnvironmentProblem(
            f"the report cannot be written to {into}: {error.strerror}; name another folder with "
            "--report"
        ) from error
    return [page, *pictures]


def _put(target: Path, body: bytes) -> None:
    """Write a file whole or not at all: half a report would be read as a whole one."""
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(body)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def page_of(report: "BacktestReport", gathered: Gathered, settings: "Settings", zone: str) -> str:
    """The page as text."""
    detection = settings.detection()
    return rendered(
        "backtest.html",
        report=report,
        chapters=gathered.chapters,
        listed=gathered.listed,
        told=sorted(
            (
                (letter, chapter, account)
                for chapter in gathered.chapters
                for letter, account in chapter.accounts
            ),
            key=lambda each: int(each[0]),
        ),
        untold=gathered.untold,
        charted=CHARTED,
        zone=zone,
        days=((report.last or 0) - (report.first or 0)) / DAY,
        detection=detection,
        policy=settings.policy(),
        version=settings.version,
        rejected=sum(report.rejected.values()),
        called=called(report),
    )


def called(report: "BacktestReport") -> dict[str, int]:
    """How many notifications of each reason each receiver would have got: `receiver` to count."""
    counts: dict[str, int] = {}
    for incident in report.incidents:
        for said in incident.notifications:
            counts[said.receiver] = counts.get(said.receiver, 0) + 1
    return counts
