"""One engine a log: a lock the system drops when its holder dies."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from pipeline.errors import LogInUse, LogUnavailable


class Holder(msgspec.Struct, frozen=True):
    """Who holds the lock, and where it can be spoken to."""

    pid: int
    url: str = ""
    page: str = ""


class EngineLock:
    """An exclusive lock on a data directory; LogInUse names the holder."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "engine.lock"
        self._file: int | None = None

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LogUnavailable(
                f"cannot write in {self._path.parent}: {error.strerror}; "
                "choose another directory with --data or make this one writable"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            self._file = None
            holder = self.holder()
            who = f" (process {holder.pid})" if holder else ""
            raise LogInUse(
                f"another engine{who} works on {self._path.parent}; "
                "stop it first, or choose another directory with --data"
            ) from None
        self.say("")
        return self

    def say(self, url: str, page: str = "") -> None:
        """Write down where the engine can be spoken to, and where its page is."""
        if self._file is not None:
            body = msgspec.json.encode(Holder(os.getpid(), url, page))
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, body, 0)

    def holder(self) -> Holder | None:
        """Who holds it now, None when nobody does."""
        try:
            file = os.open(self._path, os.O_RDWR)
        except OSError:
            return None
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                try:
                    return msgspec.json.decode(os.pread(file, 4096, 0), type=Holder)
                except msgspec.DecodeError:
                    return Holder(0)
            return None
        finally:
            os.close(file)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
