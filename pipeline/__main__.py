"""The `crisis-monitor` command: where everything is put together."""

import os
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any

import stamina
import typer

from pipeline.commands import config, incidents, kafka, mentions, notifications, rejected, state
from pipeline.commands.alerter import alerter
from pipeline.commands.backtest import backtest
from pipeline.commands.demo import demo
from pipeline.commands.doctor import doctor
from pipeline.commands.ingest import ingest
from pipeline.commands.lag import lag
from pipeline.commands.replay import replay
from pipeline.commands.run import run
from pipeline.commands.status import status
from pipeline.commands.web import web
from pipeline.commands.why import why
from pipeline.commands.worker import worker
from pipeline.presenting import Presenters

app = typer.Typer(
    help="Notices within minutes when talk about a brand turns into a crisis, pages the right "
    "person once, and keeps reminding them to give updates until it is over.",
    epilog="Exit codes: 0 fine, 1 a finding, 2 wrong usage or configuration, 3 the environment.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_COMMANDS: tuple[Callable[..., Any], ...] = (
    demo,
    run,
    ingest,
    worker,
    alerter,
    replay,
    backtest,
    why,
    status,
    doctor,
    web,
    lag,
)
for _command in _COMMANDS:
    app.command()(_command)
for _name, _group in (
    ("config", config.app),
    ("incidents", incidents.app),
    ("notifications", notifications.app),
    ("mentions", mentions.app),
    ("rejected", rejected.app),
    ("state", state.app),
    ("kafka", kafka.app),
):
    app.add_typer(_group, name=_name)


def _print_version(wanted: bool) -> None:  # noqa: FBT001  # typer calls it so
    if wanted:
        typer.echo(version("crisis-monitor"))
        raise typer.Exit


def _presenters() -> Presenters:
    """Import what draws only when it is asked to."""

    def page(*given: Any, **named: Any) -> Any:  # noqa: ANN401  # handed on as it comes
        from dashboards.console.app import build_page  # noqa: PLC0415  # --help stays quick

        return build_page(*given, **named)

    def demo(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        from dashboards.demo.live import run_live_demo  # noqa: PLC0415

        return run_live_demo(*given, **named)

    def backtest_report(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        from dashboards.report.backtest import write_backtest_report  # noqa: PLC0415

        return write_backtest_report(*given, **named)

    def incident_report(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        from dashboards.report.incident import incident_report  # noqa: PLC0415

        return incident_report(*given, **named)

    return Presenters(page, demo, backtest_report, incident_report)


@app.callback()
def _options(
    context: typer.Context,
    show_version: Annotated[  # noqa: FBT002  # a flag of the command line
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    del show_version
    context.obj = _presenters()


def main() -> None:
    """Run the command line."""
    os.umask(0o077)  # what is made holds people's texts: for its owner alone
    stamina.instrumentation.set_on_retry_hooks([])  # who retries says so in words of its own
    app(prog_name="crisis-monitor")


if __name__ == "__main__":
    main()
