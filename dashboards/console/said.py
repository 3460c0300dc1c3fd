"""What people said of an incident, kept a while: reading it costs most, and it changes slowly."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from weakref import WeakKeyDictionary

from alerts.incident import Incident
from dashboards.console.page import Page
from dashboards.views.books import Books
from dashboards.views.incident import said_of
from dashboards.views.incident_story import Said

FRESH = 30_000
"""How long, in milliseconds, one reading of an open incident serves all viewers."""
KEPT = 64

_Key = tuple[str, tuple[int, int], int]


class SaidKeeper:
    """Reads at most one incident at a time, each at most once in 30 s; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, Said] = OrderedDict()

    def read(
        self, books: Books, about: Incident, window: tuple[int, int], turn: int, most: int = KEPT
    ) -> Said:
        """What is kept of this turn, else what is read now."""
        key = (about.id, window if not about.is_open else (0, 0), turn)
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                found = said_of(books, about, window)
                if found.reading:  # soon there is more
                    return found
                self._kept[key] = found
                while len(self._kept) > most:
                    self._kept.popitem(last=False)
        return found


_keepers: "WeakKeyDictionary[Page, SaidKeeper]" = WeakKeyDictionary()


def reader(page: Page) -> Callable[[Books, Incident, tuple[int, int]], Said]:
    """Read what people said for a page, through what it keeps."""
    keeper = _keepers.setdefault(page, SaidKeeper())
    turn = page.clock.now() // FRESH

    def read(books: Books, about: Incident, window: tuple[int, int]) -> Said:
        return keeper.read(books, about, window, turn if about.is_open else 0)

    return read
