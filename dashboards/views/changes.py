"""Changes of settings, as they are marked on charts: a step in a line may be ours."""

import msgspec

from dashboards.views.books import Books
from pipeline.settings.text import visible

NAMED = 6
"""Settings named in one mark; of the others only how many they are."""
COUNTED = ("detection.", "sources[", "settings of ")
"""What may move any brand's line, by how it begins."""


class Change(msgspec.Struct, frozen=True):
    """At `at` settings changed; `what` names them with their values, never a secret's."""

    at: int
    what: str


def read_changes(books: Books, start: int, end: int, brand: str | None = None) -> list[Change]:
    """The changes of settings in `[start, end)`, in order.

    For a `brand`, those alone that may move its lines: detection, sources and the brand's own.
    """
    changes = []
    for each in books.changes.between(start, end):
        parts = each.what
        if brand is not None:
            wanted = (*COUNTED, f"brands[{visible(brand)}]")
            parts = tuple(part for part in parts if part.startswith(wanted))
        if parts:
            changes.append(Change(each.at, _joined(parts)))
    return changes


def _joined(parts: tuple[str, ...]) -> str:
    more = len(parts) - NAMED
    named = [*parts[:NAMED], *([f"and {more} more"] if more > 0 else [])]
    return "; ".join(named)
