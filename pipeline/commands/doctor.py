"""`doctor`: what is installed, reachable, writable; what would stop a page tonight."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from pipeline.checkup.apart import check_apart
from pipeline.checkup.databases import check_databases
from pipeline.checkup.engine import check_engine, is_running
from pipeline.checkup.folder import check_folder
from pipeline.checkup.line import Line, State, fail, ok, warn
from pipeline.checkup.machine import check_machine
from pipeline.checkup.people import check_people
from pipeline.clock import SystemClock
from pipeline.commands.config_option import ConfigOption
from pipeline.commands.output import FINDING, Format, FormatOption, console, errors_told, print_json
from pipeline.commands.storage import DataOption, stores_at
from pipeline.errors import SettingsError
from pipeline.settings import Settings, Weight
from pipeline.settings.check import findings_of
from pipeline.settings.draft import Draft, draft
from pipeline.settings.text import visible

_COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red"}


def doctor(
    config: ConfigOption = None,
    *,
    data: DataOption = None,
    connect: Annotated[
        bool, typer.Option(help="Ask the servers of webhooks whether they are there (HEAD).")
    ] = True,
    output: FormatOption = Format.TEXT,
) -> None:
    """Say what is installed, reachable and writable, and what would stop a page tonight.

    Example: crisis-monitor doctor --format json

    Exit codes: 0 nothing would stop a page, 1 something would, 3 it cannot be looked at.
    """
    with errors_told():
        found = draft(config)
    lines = list(examine(found, data, SystemClock().now(), connect=connect))
    failed = sum(line.state is State.FAIL for line in lines)
    if output is Format.JSON:
        warned = sum(line.state is State.WARN for line in lines)
        print_json({"fail": failed, "warn": warned, "lines": lines})
    else:
        _print(lines)
    if failed:
        raise typer.Exit(FINDING)


def examine(found: Draft, data: Path | None, now: int, *, connect: bool) -> Iterator[Line]:
    """Look at everything, in the order in which it is built on one another."""
    settings = Settings(found.document, found.place)
    directory = data or settings.storage.directory
    yield from check_machine(now)
    configuration = list(_configuration(found))
    yield from configuration
    yield from _data(settings, directory, now)
    for line in check_people(settings, now, connect=connect):
        if not _is_told(line, configuration):
            yield line


def _data(settings: Settings, directory: Path, now: int) -> Iterator[Line]:
    """Look at an engine's folder, or at the road apart and its stores."""
    try:
        stores = stores_at(directory, settings)
    except SettingsError as problem:
        yield fail("stores", visible(problem, 400), "see what is said there")
        return
    if stores.place.is_sqlite:
        yield from check_folder(directory)
    if not stores.embedded:
        yield from check_apart(settings, stores.place, now)
        return
    running = is_running(directory)
    yield from check_engine(directory, settings.ingest, settings.page)
    yield from check_databases(directory, now, running=running)


def _is_told(line: Line, before: list[Line]) -> bool:
    """Whether a receiver's failure was told before, there with its place in the file."""
    return (
        line.state is State.FAIL
        and line.subject.startswith("receiver ")
        and any(each.state is State.FAIL and each.said.endswith(line.said) for each in before)
    )


def _configuration(found: Draft) -> Iterator[Line]:
    findings = findings_of(found, surroundings=True)
    mistakes = [each for each in findings if each.weight is Weight.MISTAKE]
    for finding in findings:
        where = finding.place if finding.line is None else f"{finding.place}:{finding.line}"
        said = f"{where}: {finding.key} {finding.wrong}".replace(":  ", ": ")
        make = fail if finding.weight is Weight.MISTAKE else warn
        yield make("configuration", said, finding.mend or "see docs/configuration.md")
    if not mistakes:
        said = (
            f"no {found.place} here: the defaults" if found.absent else f"{found.place}: no mistake"
        )
        yield ok("configuration", said)
    if not found.document.brands:
        yield warn(
            "brands",
            "none is configured: only mentions whose source names a brand are counted",
            "add [[brands]], or write a file to begin with: crisis-monitor config init NAME",
        )


def _print(lines: list[Line]) -> None:
    out = console()
    for line in lines:
        out.print(f"{line.state:<5}", style=_COLOURS[line.state], end="")
        out.print(f"{line.subject}: {line.said}", markup=False, soft_wrap=True)
        if line.mend:
            out.print(f"       -> {line.mend}", markup=False, soft_wrap=True)
    failed = [line for line in lines if line.state is State.FAIL]
    if failed:
        out.print(f"\n{len(failed)} would stop a page tonight.", style="bold red")
    elif any(line.subject == "engine" and line.state is State.WARN for line in lines):
        out.print(
            "\nNothing found that would stop a page tonight, once `crisis-monitor run` is started.",
            style="yellow",
            soft_wrap=True,
        )
    else:
        out.print("\nNothing found that would stop a page tonight.", style="green")
