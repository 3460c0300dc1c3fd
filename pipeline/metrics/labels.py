"""Label values of metrics, bounded: however many brands there are, the metrics stay few."""

from collections.abc import Iterable
from threading import Lock

OTHER = "other"
"""The label value of everything beyond a label's bound."""


class Bounded:
    """Lets the first `most` values of a label through; all others are `other`. Thread-safe."""

    def __init__(self, most: int, first: Iterable[str] = ()) -> None:
        self._most = most
        self._known: dict[str, str] = {}
        self._lock = Lock()
        for value in first:
            self(value)

    def __call__(self, value: str) -> str:
        """Return the value, or `other` where there are enough."""
        if value in self._known:
            return value
        with self._lock:
            if len(self._known) < self._most:
                self._known[value] = value
            return self._known.get(value, OTHER)
