"""`backtest --report DIR`: what is checked before, and what is measured besides."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from msgspec.structs import replace
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from detectors.settings import Sensitivity
from pipeline.backtest import AtSensitivity, BacktestReport
from pipeline.errors import EnvironmentProblem
from pipeline.refold import fold_again
from pipeline.scorers import ScorerName
from pipeline.settings import Settings

Moved = Callable[[int], None]


def prepare(into: Path) -> None:
    """Make sure that a report can be drawn and written; raise EnvironmentProblem with how else."""
    if find_spec("matplotlib") is None:
        raise EnvironmentProblem(
            "a report draws its charts with matplotlib, which is not installed: "
            "install it beside this program (pip install matplotlib, or the extra "
            "crisis-monitor[report]), or leave --report out"
        )
    try:
        into.mkdir(parents=True, exist_ok=True)
        probe = into / ".crisis-monitor"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise EnvironmentProblem(
            f"nothing can be written to {into}: {error.strerror}; name another folder with --report"
        ) from error


def with_sensitivities(  # noqa: PLR0913  # what the run itself was told
    report: BacktestReport,
    databases: Path,
    settings: Settings,
    load_at: Callable[[Sensitivity], Settings],
    *,
    zone: str,
    scorer: ScorerName,
) -> BacktestReport:
    """The report with every sensitivity measured; that which was run is not run again."""
    span = 0 if report.first is None or report.last is None else report.last - report.first
    taken = settings.detection().sensitivity
    found = [AtSensitivity(taken, report.incidents, report.pages, report.pages_per_week)]
    for other in Sensitivity:
        if other is taken:
            continue
        with told(f"the same mentions at sensitivity {other}", report.mentions) as moved:
            found.append(
                fold_again(
                    databases, load_at(other), span=span, zone=zone, scorer=scorer, moved=moved
                )
            )
    order = list(Sensitivity)
    return replace(
        report, sensitivities=tuple(sorted(found, key=lambda each: order.index(each.sensitivity)))
    )


@contextmanager
def told(what: str, total: int) -> Iterator[Moved]:
    """Show a bar on a terminal while something takes its time; give what takes each step."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task(what, total=total or None)
        yield lambda count: progress.advance(task, count)
