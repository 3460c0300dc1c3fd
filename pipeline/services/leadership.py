"""One alerter at a time pages: whoever holds the lock beside the store."""

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from alerts.file_place import FilePlace
from pipeline.errors import EnvironmentProblem, LogUnavailable
from pipeline.stores.place import Place

if TYPE_CHECKING:
    import psycopg

LOCK_NAME: Final = "alerter.lock"
_LOCK: Final = 0x63726974
"""PostgreSQL's number for the lock; each database has its own."""
_HELD: Final = (
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted "
    "AND pid = pg_backend_pid() AND objid = %s)"
)
_CONNECT: Final = 5
_SILENT: Final = 5_000
"""Milliseconds after which a server, or a leader, that has vanished without a word is given up."""

_log = structlog.get_logger(__name__)


class Leadership(Protocol):
    """A lock that goes by itself when its holder dies, however it dies; thread-safe.

    Trouble of the place raises an error of `pipeline.errors` from `take`, never from `held`.
    """

    def take(self) -> bool:
        """Try to lead, without waiting; True where this process leads now."""
        ...

    def held(self) -> bool:
        """Ask the lock itself whether this process leads at this moment."""
        ...

    def release(self) -> None:
        """Let another one lead, at once."""
        ...


class FileLeadership:
    """A lock on a file in the data directory: alerters of one machine."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / LOCK_NAME
        self._file: int | None = None
        self._place: FilePlace | None = None

    def take(self) -> bool:
        """Lock the file, if nobody has."""
        if self.held():
            return True
        self.release()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LogUnavailable(
                f"{self._path} cannot be opened ({(error.strerror or 'refused').lower()}): look at "
                "the folder and its permissions"
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        self._place = FilePlace(self._path)
        return self.held()

    def held(self) -> bool:
        """Whether the file is locked by us, and still the one others would lock."""
        return self._file is not None and self._place is not None and self._place.is_kept()

    def release(self) -> None:
        """Unlock it."""
        if self._file is not None:
            os.close(self._file)
        self._file = self._place = None


class PostgresLeadership:
    """An advisory lock of a session of its own: alerters anywhere, one database.

    The server ends the session, and so the lock, when its client is gone; a client that vanished
    without a word (its machine died) is given up after seconds.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._turn = threading.Lock()
        self._session: psycopg.Connection | None = None
        self._leads = False

    def take(self) -> bool:
        """Lock, if nobody has."""
        if self.held():
            return True
        import psycopg  # noqa: PLC0415  # only where it is used

        with self._turn:
            try:
                if self._session is None:
                    self._session = self._connected()
                row = self._session.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
            except psycopg.Error as error:
                self._close()
                raise LogUnavailable(
                    f"the database {self._place.where} does not say who leads: is the server up, "
                    f"and may this user connect? ({type(error).__name__})"
                ) from None
            self._leads = bool(row and row[0])
            return self._leads

    def held(self) -> bool:
        """Whether the session lives: then so does its lock."""
        import psycopg  # noqa: PLC0415  # as above

        with self._turn:
            if self._session is None or not self._leads:
                return False
            try:
                row = self._session.execute(_HELD, (_LOCK,)).fetchone()
            except psycopg.Error:
                self._close()
                return False
            self._leads = bool(row and row[0])
            return self._leads

    def release(self) -> None:
        """Unlock, and end the session."""
        import psycopg  # noqa: PLC0415  # as above

        with self._turn:
            if self._session is not None and self._leads:
                with suppress(psycopg.Error):
                    self._session.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
            self._close()

    def _close(self) -> None:
        session, self._session, self._leads = self._session, None, False
        if session is not None:
            session.close()

    def _connected(self) -> "psycopg.Connection":
        import psycopg  # noqa: PLC0415  # as above

        session = psycopg.connect(
            self._place.address(),
            autocommit=True,
            connect_timeout=_CONNECT,
            application_name="crisis-monitor leader",
            keepalives=1,
            keepalives_idle=2,
            keepalives_interval=1,
            keepalives_count=3,
            tcp_user_timeout=_SILENT,
        )
        # the other way round, too: the server gives up a leader whose machine has died
        for setting, value in (
            ("tcp_keepalives_idle", "2"),
            ("tcp_keepalives_interval", "1"),
            ("tcp_keepalives_count", "3"),
            ("statement_timeout", "4s"),
        ):
            session.execute("SELECT set_config(%s, %s, false)", (setting, value))
        return session


def leadership_of(place: Place) -> Leadership:
    """Return the lock beside a place's stores."""
    if place.is_sqlite:
        return FileLeadership(place.directory)
    try:
        import psycopg  # noqa: F401, PLC0415  # only where it is used
    except ImportError:
        raise EnvironmentProblem(
            "the client of PostgreSQL is not installed here: pip install 'crisis-monitor[postgres]'"
        ) from None
    return PostgresLeadership(place)
