"""`demo`: made-up days of made-up brands, on the live page or in the terminal."""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from alerts.notification import Reason
from alerts.notifiers.answer import Answer, Result
from alerts.notifiers.console import ConsoleNotifier
from alerts.notifiers.protocol import Message, Notifier
from pipeline.clock import stopwatch
from pipeline.commands.output import console, errors_told, plain
from pipeline.demo import DemoResult, run_demo
from pipeline.demo.journey import Journey
from pipeline.demo.outcome import summary
from pipeline.demo.plan import LIVE_FROM, LIVE_UNTIL, demo_document, demo_scenario
from pipeline.demo.speeds import WHOLE
from pipeline.demo.story import Caption, Teller
from pipeline.presenting import presenters
from pipeline.settings import load

SHOWN_WHOLE = 2
"""Messages shown whole; after that one knows what they look like."""
USUAL_PORT = 8090
_STYLES = {
    Teller.WORLD: "bold cyan",
    Teller.MONITOR: "bold",
    Teller.PEOPLE: "green",
    Teller.VISITOR: "magenta",
}


def demo(  # noqa: PLR0913  # each is an option of the command line
    context: typer.Context,
    headless: Annotated[
        bool, typer.Option("--headless", help="Tell the story in the terminal, without a page.")
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=86_400,
            help="How long the three days take. Left out: 180 on the page, 45 in a terminal; "
            "0, with --headless alone: as fast as this machine can.",
        ),
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65_535, help="Port of the page; another where it is taken, 0: a free one."
        ),
    ] = USUAL_PORT,
    no_open: Annotated[bool, typer.Option("--no-open", help="Open no browser.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed, other people.")] = 7,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="With --headless: each message in one line.")
    ] = False,
) -> None:
    """Show made-up days of four brands: what is counted, who is paged, what is reminded.

    On a page with a panel to play with; --headless tells it in the terminal.

    All of it stays here, in a folder that is removed at the end; nobody is told.

    Example: crisis-monitor demo --headless --seconds 0
    """
    with errors_told():
        if headless:
            _in_the_terminal(seed, _seconds(seconds), quiet=quiet)
        else:
            presenters(context).demo(seed, seconds or WHOLE, port, not no_open)


def _seconds(asked: float | None) -> float:
    if asked is not None:
        return asked
    return 45.0 if sys.stdout.isatty() else 0.0


def _in_the_terminal(seed: int, seconds: float, *, quiet: bool) -> None:
    out = console()
    scenario = demo_scenario(seed)
    settings = load(Path(os.devnull), demo_document(scenario))
    out.print(
        "[bold]Made-up days of four brands.[/] A week is learnt from first. Ann is on call: she "
        "answers some minutes after a page and gives the updates she is reminded of.\n"
    )
    notifiers: dict[str, Notifier] = {"on-call": _Phone(Console(), quiet=quiet)}
    with tempfile.TemporaryDirectory(prefix="crisis-monitor-demo-") as temporary:
        result = run_demo(
            scenario,
            settings,
            Path(temporary),
            notifiers,
            learn_until=LIVE_FROM,
            until=LIVE_UNTIL,
            say=lambda caption: _say(out, caption),
            rest=_rests((LIVE_UNTIL - LIVE_FROM) / 1000 / seconds) if seconds else lambda _: None,
        )
    _print(result)


def _say(out: Console, caption: Caption) -> None:
    style = _STYLES[caption.teller]
    out.print(f"[dim]{_moment(caption.at)}[/] [{style}]{plain(caption.text)}[/]")


def _rests(speed: float) -> Callable[[Journey], None]:
    """Wait before each step so that the days pass at this speed."""
    began: list[tuple[float, int]] = []

    def rest(journey: Journey) -> None:
        if not began:
            began.append((stopwatch(), journey.at))
        start, first = began[0]
        ahead = (journey.at - first) / 1000 / speed - (stopwatch() - start)
        if ahead > 0:
            time.sleep(ahead)

    return rest


class _Phone:
    """Shows pages whole, and the rest by the line that a lock screen would show."""

    def __init__(self, screen: Console, *, quiet: bool) -> None:
        self._screen = screen
        self._whole = ConsoleNotifier(screen)
        self._quiet = quiet
        self._pages = 0

    def deliver(self, message: Message, *, key: str) -> Answer:
        """Show one message."""
        whole = message.reason in {Reason.PAGE, Reason.CALM} and self._pages < SHOWN_WHOLE
        if whole and not self._quiet:
            self._pages += 1
            return self._whole.deliver(message, key=key)
        self._screen.print(
            f"[dim]{_moment(message.at)}   your phone:[/] {plain(message.headline)}",
            soft_wrap=True,
        )
        return Answer(Result.DELIVERED, "shown")

    def close(self) -> None:
        """Nothing to let go."""


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%a %H:%M UTC")


def _print(result: DemoResult) -> None:
    out = console()
    out.print(f"\n[bold]{summary(result)}[/]")
    for each in result.noticed:
        noticed = "never" if each.minutes is None else f"{each.minutes} min after it began"
        kind = plain(each.episode.kind.replace("_", " "))
        out.print(f"  {kind} at {plain(each.episode.brand)}: paged {noticed}")
    spam = "copy-paste spam" if not result.spam_pages else "but not all of the copy-paste spam"
    out.print(
        f"  paged nobody: talk far above the usual without complaints ({result.attention}), "
        f"silent sources, said to ops ({result.blind}), {spam}"
    )
    out.print(
        "\nFor your own brand: [bold]crisis-monitor config init NAME[/], "
        "then [bold]crisis-monitor run[/]."
    )
