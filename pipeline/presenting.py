"""What the composition root hands to the commands, so that no command knows who draws."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import typer

from pipeline.clock import Clock
from pipeline.health import Health
from pipeline.settings import Settings
from pipeline.stores.place import Place

if TYPE_CHECKING:
    from fastapi import FastAPI

    from pipeline.backtest import BacktestReport


class PageParts(msgspec.Struct, frozen=True):
    """What a live page is made from; `health` is told when it cannot do its work.

    `place` is set where the page is served apart from any engine: it then reads that, and answers
    `/healthz` and `/readyz` itself.
    """

    directory: Path
    settings: Settings
    clock: Clock
    health: Health | None = None
    place: Place | None = None


class Presenters(msgspec.Struct, frozen=True):
    """Who draws what: the live page, the demonstration, the reports.

    `page` makes the page's application. `demo(seed, seconds, port, open_browser)` runs until it
    is stopped. `backtest_report(report, databases, settings, zone, into, moved)` writes files and
    returns them, the page first; `moved` is told how many brands were drawn.
    `incident_report(databases, incident_id, settings, form, now, zone)` gives one incident as text
    in `html`, `md` or `json`; `now` is people's time in ms, `zone` None the brand's own. It raises
    KeyError where there is none of this id.
    """

    page: "Callable[[PageParts], FastAPI]"
    demo: Callable[..., None]
    backtest_report: (
        "Callable[[BacktestReport, Path, Settings, str, Path, Callable[[int], None]], list[Path]]"
    )
    incident_report: Callable[..., str]


def presenters(context: typer.Context) -> Presenters:
    """The presenters of a running command line."""
    found = context.find_object(Presenters)
    if found is None:  # the composition root gives them to every command
        raise AssertionError("no presenters")
    return found
