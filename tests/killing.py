"""An incident store that ends the process at one of its transactions."""

from alerts.store import IncidentStore


class KilledError(BaseException):
    """Stands in for the end of the process."""


class Killing:
    """A store that ends the process at one of its transactions, before or after it is kept."""

    def __init__(self, store: IncidentStore, at: int, *, kept: bool) -> None:
        self._store = store
        self._left = at
        self._kept = kept

    def end_at(self, at: int) -> None:
        self._left = at

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def write(self) -> object:
        self._left -= 1
        if self._left > 0:
            return self._store.write()
        return _Last(self._store, kept=self._kept)


class _Last:
    def __init__(self, store: IncidentStore, *, kept: bool) -> None:
        self._work = store.write()
        self._kept = kept

    def __enter__(self) -> object:
        return self._work.__enter__()

    def __exit__(self, *_: object) -> None:
        if self._kept:
            self._work.__exit__(None, None, None)
            raise KilledError
        error = KilledError()
        self._work.__exit__(KilledError, error, None)
        raise error
