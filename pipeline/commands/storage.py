"""Where the commands find the data, and which time it is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from alerts.store import IncidentStore, View, open_store
from pipeline.clock import SystemClock
from pipeline.errors import EnvironmentProblem
from pipeline.incident_work import people_time
from pipeline.log import LogKind, SqliteLog
from pipeline.settings import load

VARIABLE = "CRISIS_MONITOR_DATA_DIR"
INCIDENTS_FILE = "incidents.db"
LOG_FILE = "log.db"

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar=VARIABLE,
        metavar="DIR",
        help="Folder of the databases. Left out: that of the configuration.",
        show_default=False,
    ),
]


def data_directory(given: Path | None) -> Path:
    """Return the folder given, else the configuration's (by default crisis-monitor-data)."""
    return load().storage.directory if given is None else given


def incidents_url(directory: Path) -> str:
    """Return the address of a data folder's incident store."""
    return f"sqlite:///{directory / INCIDENTS_FILE}"


@contextmanager
def incident_store(given: Path | None, *, create: bool = False) -> Iterator[IncidentStore]:
    """Open the incident store of a data folder; one that is not there is made only on request."""
    directory = data_directory(given)
    if create:
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentProblem(
                f"the folder {directory} cannot be made: {error.strerror}; name another with --data"
            ) from error
    elif not (directory / INCIDENTS_FILE).is_file():
        raise EnvironmentProblem(
            f"there is no incident store in {directory}: name the right folder with --data DIR or "
            f"{VARIABLE}, or start `crisis-monitor run`, which makes one"
        )
    with open_store(incidents_url(directory)) as store:
        yield store


def now_in(directory: Path, view: View) -> int:
    """Return `now` for what people do here: the clock's, or the log's where it is an event log."""
    event_log = False
    if (directory / LOG_FILE).is_file():
        log = SqliteLog.read(directory)
        try:
            event_log = log.kind is LogKind.EVENT
        finally:
            log.close()
    return people_time(view, SystemClock().now(), event_log=event_log)
