"""Where the stores are: SQLite files in a folder, or one PostgreSQL database."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from pipeline.errors import SettingsError
from pipeline.settings.secrets import Secret

if TYPE_CHECKING:
    from pipeline.settings import Settings

SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
DRIVER = "postgresql+psycopg"


class Place(msgspec.Struct, frozen=True):
    """One folder and, where one is configured, the database that is used in the place of its files.

    Neither `repr` nor `where` shows a password.

    >>> Place(Path("data")).incidents_url
    'sqlite:///data/incidents.db'
    >>> Place(Path("data"), Secret("postgresql://me:hunter2@db/monitor")).where
    'postgresql://me@db/monitor'
    """

    directory: Path
    database: Secret | None = None

    @classmethod
    def of(cls, settings: "Settings", data: Path | None = None) -> "Place":
        """Where these settings keep things; `data` replaces the folder.

        Raises SettingsError when the address of the database cannot be found or is none.
        """
        directory = settings.storage.directory if data is None else data
        place = cls(directory, settings.storage.database_address())
        if place.database is not None:
            place.address()
        return place

    @property
    def is_sqlite(self) -> bool:
        """Whether the stores are files in the folder."""
        return self.database is None

    @property
    def incidents_url(self) -> str:
        """The incident store's address for `alerts.store.open_store`; holds the password."""
        if self.database is None:
            return f"sqlite:///{self.directory / 'incidents.db'}"
        address = self.address(DRIVER)
        parts = urlsplit(address)
        login, at, hosts = parts.netloc.rpartition("@")
        if "," not in hosts:
            return address
        query = "&".join([*(f"host={host}" for host in hosts.split(",")), parts.query])
        return f"{DRIVER}://{login}{at}{parts.path}?{query.rstrip('&')}"

    @property
    def where(self) -> str:
        """The place, for messages."""
        if self.database is None:
            return str(self.directory)
        parts = urlsplit(self.address())
        host = parts.netloc.rpartition("@")[2]
        user = f"{parts.username}@" if parts.username else ""
        return f"postgresql://{user}{host}{parts.path}"

    def address(self, scheme: str = "postgresql") -> str:
        """The database's address with its password, for the one who connects.

        Raises SettingsError when it is not an address of PostgreSQL.
        """
        given = "" if self.database is None else self.database.reveal().strip()
        try:
            parts = urlsplit(given)
            known = parts.scheme in SCHEMES and "://" in given and bool(parts.path.strip("/"))
            if "," not in parts.netloc:
                parts.port  # noqa: B018  # raises for a port that is none
        except ValueError:
            known = False
        if not known:
            raise SettingsError(
                "storage.database is no address of a PostgreSQL database: write "
                "postgresql://USER:PASSWORD@HOST:5432/NAME (a password's @ : / # % as %40 %3A "
                "%2F %23 %25)"
            )
        return scheme + given[given.index("://") :]


def place_of(given: "Path | Place") -> Place:
    """A folder alone is a place whose stores are files."""
    return given if isinstance(given, Place) else Place(given)
