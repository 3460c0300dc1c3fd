"""`config check` and `config init`."""

import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.commands.output import Format, FormatOption, errors_told, print_json
from pipeline.settings.check import findings_of
from pipeline.settings.draft import draft
from pipeline.settings.file import DEFAULT_FILE, chosen
from pipeline.settings.findings import Finding, Weight
from pipeline.settings.starter import starter
from pipeline.settings.text import visible

app = typer.Typer(
    name="config",
    help="Check the configuration, or begin one.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


@app.command("check")
def check(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="The file; `-` is standard input. Otherwise CRISIS_MONITOR_CONFIG, "
            "or crisis-monitor.toml here."
        ),
    ] = None,
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Let warnings fail the check, too.")
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Report every mistake and warning at once, each with its file, line and key.

    Example: crisis-monitor config check crisis-monitor.toml

    Exit codes: 0 fine (there may be warnings), 1 mistakes, 2 wrong usage, 3 cannot be read.
    """
    with errors_told():
        findings = findings_of(draft(file), surroundings=True)
    place, asked_for = chosen(file, os.environ)
    absent = not asked_for and not place.exists()
    mistakes = sum(finding.weight is Weight.MISTAKE for finding in findings)
    if output is Format.JSON:
        print_json(_answer(place, absent=absent, findings=findings))
    else:
        for finding in findings:
            typer.echo(finding.text())
        typer.echo(
            _summary(place, absent=absent, mistakes=mistakes, warnings=len(findings) - mistakes)
        )
    if mistakes or (strict and findings):
        raise typer.Exit(1)


@app.command("init")
def init(
    name: Annotated[str, typer.Argument(help="The brand's name, as people write it.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where to write it; `-` is standard output.")
    ] = Path(DEFAULT_FILE),
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a commented configuration to begin with; a file that is there stays.

    Example: crisis-monitor config init "US Airways"

    Exit codes: 0 written, 2 wrong usage or the file is there, 3 cannot be written.
    """
    with errors_told():
        text = starter(name)
    if str(output) == "-":
        typer.echo(text, nl=False)
        return
    try:
        _write(output, text, force=force)
    except FileExistsError:
        typer.echo(
            f"{visible(output, 300)} is there: choose another with --output, or add --force",
            err=True,
        )
        raise typer.Exit(2) from None
    except (OSError, ValueError) as problem:
        reason = str(getattr(problem, "strerror", None) or "its name is not valid").lower()
        typer.echo(f"{visible(output, 300)} cannot be written: {reason}", err=True)
        raise typer.Exit(3) from None
    typer.echo(f"wrote {visible(output, 300)}; next: crisis-monitor config check")


def _write(output: Path, text: str, *, force: bool) -> None:
    """Write the whole file or none of it."""
    body = text.encode("utf-8")
    if not force:
        with output.open("xb") as stream:
            stream.write(body)
        return
    descriptor, name = tempfile.mkstemp(dir=output.parent, prefix=".crisis-monitor-")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(body)
        temporary.chmod(output.stat().st_mode & 0o777 if output.exists() else 0o644)
        temporary.replace(output)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _answer(place: Path, *, absent: bool, findings: list[Finding]) -> dict[str, Any]:
    mistakes = sum(finding.weight is Weight.MISTAKE for finding in findings)
    return {
        "file": None if absent else visible(place, 300),
        "mistakes": mistakes,
        "warnings": len(findings) - mistakes,
        "findings": findings,
    }


def _summary(place: Path, *, absent: bool, mistakes: int, warnings: int) -> str:
    counted = ", ".join(
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((mistakes, "mistake"), (warnings, "warning"))
        if count
    )
    what = f"no {visible(place)} here, the defaults" if absent else visible(place, 300)
    return f"{what}: {counted or 'fine'}"
