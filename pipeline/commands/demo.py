"""`demo`: a made-up week in the terminal."""

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from alerts.notification import Reason
from alerts.notifiers.answer import Answer, Result
from alerts.notifiers.console import ConsoleNotifier
from alerts.notifiers.protocol import Message, Notifier
from pipeline.commands.output import console, errors_told, plain
from pipeline.demo import DemoResult, run_demo
from pipeline.settings import load
from pipeline.sources.scenario.scenario import Scenario

WHOLE = 3
"""Messages shown whole; after that one knows what they look like."""
WEEK_SECONDS = 7 * 24 * 60 * 60


def demo(
    seed: Annotated[int, typer.Option(help="Another seed, another week.")] = 7,
    seconds: Annotated[
        float,
        typer.Option(min=0, help="How long the week takes; 0: as fast as this machine can."),
    ] = 45 if sys.stdout.isatty() else 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Each message in one line.")] = False,
) -> None:
    """Show a made-up week of four brands: what is counted, who is paged, what is reminded.

    Everything happens on this machine, in a folder that is removed afterwards; nobody is told.

    Example: crisis-monitor demo --seconds 60
    """
    out = console()
    with errors_told(), tempfile.TemporaryDirectory(prefix="crisis-monitor-demo-") as temporary:
        scenario = Scenario(seed)
        settings = load(
            Path(os.devnull),
            {
                "brands": [
                    {
                        "name": brand.name,
                        "aliases": list(brand.aliases),
                        "handles": list(brand.handles),
                        "own_accounts": list(brand.own_accounts),
                        "exclusions": list(brand.exclusions),
                        "languages": list(brand.languages),
                        "zone": brand.zone,
                    }
                    for brand in scenario.brands
                ],
                "receivers": [{"name": "on-call", "kind": "console"}],
            },
        )
        out.print(
            "[bold]A made-up week of four brands.[/] Ann is on call: she acknowledges some minutes "
            "after a page and gives the updates she is reminded of.\n"
        )
        notifiers: dict[str, Notifier] = {"on-call": _Phone(Console(), quiet=quiet)}
        result = run_demo(
            scenario,
            settings,
            Path(temporary),
            notifiers,
            speed=WEEK_SECONDS / seconds if seconds else 0,
            say=lambda at, caption: out.print(f"[bold cyan]{_moment(at)}[/] {plain(caption)}"),
        )
    _print(result)


class _Phone:
    """Shows pages whole, and the rest by the line that a lock screen would show."""

    def __init__(self, screen: Console, *, quiet: bool) -> None:
        self._screen = screen
        self._whole = ConsoleNotifier(screen)
        self._quiet = quiet
        self._pages = 0

    def deliver(self, message: Message, *, key: str) -> Answer:
        """Show one message."""
        if not self._quiet and message.reason in {Reason.PAGE, Reason.CALM} and self._pages < WHOLE:
            self._pages += 1
            return self._whole.deliver(message, key=key)
        self._screen.print(f"[dim]{_moment(message.at)}[/]   {plain(message.headline)}")
        return Answer(Result.DELIVERED, "shown")

    def close(self) -> None:
        """Nothing to let go."""


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%a %H:%M UTC")


def _print(result: DemoResult) -> None:
    out = console()
    out.print(
        f"\n[bold]{result.mentions:,} mentions[/] ({result.unscored:,} in languages nobody scores "
        f"yet, {result.own:,} posts of the brands' own, {result.repeated:,} repeated, "
        f"{result.late:,} late)."
    )
    out.print(
        f"You were paged [bold]{result.pages} times[/] ({result.false_pages} of them for nothing), "
        f"called again {result.called_again} times before you answered, reminded "
        f"{result.reminders} times, and {result.updates} updates were given."
    )
    for episode, minutes in result.noticed:
        noticed = "never" if minutes is None else f"{minutes} min after it began"
        out.print(
            f"  {plain(episode.kind.replace('_', ' '))} at {plain(episode.brand)}: paged {noticed}"
        )
