"""Where the commands find the data, and which time it is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from alerts.store import IncidentStore, View, open_store
from pipeline.clock import SystemClock
from pipeline.errors import EnvironmentProblem, SettingsError
from pipeline.incident_work import people_time
from pipeline.log import LogKind, SqliteLog
from pipeline.placing import partition_of
from pipeline.settings import Settings, load
from pipeline.settings.sections.kafka import KafkaSection
from pipeline.stores.place import Place

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


class Stores(msgspec.Struct, frozen=True):
    """Where a command finds the data, and who fills it.

    `embedded`: an engine of this machine with its log.db; else the parts of the road on Kafka,
    of which the stores alone are asked. `event_mode`: mentions move time, not the clock.
    """

    place: Place
    embedded: bool
    kafka: KafkaSection = KafkaSection()

    @property
    def directory(self) -> Path:
        """The folder of the databases."""
        return self.place.directory

    @property
    def event_mode(self) -> bool:
        """Whether the mentions move time here. Raises PipelineError where it cannot be told."""
        if not self.embedded:
            return self.kafka.time is LogKind.EVENT
        if not (self.directory / LOG_FILE).is_file():
            return False
        log = SqliteLog.read(self.directory)
        try:
            return log.kind is LogKind.EVENT
        finally:
            log.close()

    def partition_of(self, brand: str) -> int:
        """The partition a brand's records stand in."""
        return 0 if self.embedded else partition_of(brand, self.kafka.partitions)


def data_directory(given: Path | None) -> Path:
    """Return the folder given, else the configuration's (by default crisis-monitor-data)."""
    return load().storage.directory if given is None else given


def stores_at(given: Path | None, settings: Settings | None = None) -> Stores:
    """Return the stores of the configuration, with the folder given in the place of its own.

    A database in the configuration is used wherever the folder is, except where an engine keeps
    its log: `run` knows files alone. Where the configuration has mistakes, the files of a folder
    that is named can be reached all the same.
    """
    if settings is None:
        try:
            settings = load()
        except SettingsError:
            if given is None or not (given / INCIDENTS_FILE).is_file():
                raise
            return Stores(Place(given), embedded=True)
    directory = settings.storage.directory if given is None else given
    if not settings.kafka.configured and (directory / LOG_FILE).is_file():
        return Stores(Place(directory), embedded=True)
    place = Place.of(settings, given)
    return Stores(place, place.is_sqlite and not settings.kafka.configured, settings.kafka)


@contextmanager
def incident_store(stores: Stores, *, create: bool = False) -> Iterator[IncidentStore]:
    """Open the incident store; a file that is not there is made only on request."""
    place = stores.place
    if place.is_sqlite:
        _check_file(place.directory, create=create)
    with open_store(place.incidents_url) as store:
        yield store


def _check_file(directory: Path, *, create: bool) -> None:
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


def now_in(stores: Stores, view: View) -> int:
    """Return `now` for what people do here: the clock's, or the log's where it is an event log."""
    return people_time(view, SystemClock().now(), event_log=stores.event_mode)
