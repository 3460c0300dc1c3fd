"""Changes of settings, as they are marked on charts: a step in a line may be ours."""

import msgspec

from dashboards.views.books import Books


class Change(msgspec.Struct, frozen=True):
    """At `at` settings changed; `what` names them with their values, never a secret's."""

    at: int
    what: str


def read_changes(books: Books, start: int, end: int) -> list[Change]:
    """The changes of settings in `[start, end)`, in order."""
    return [Change(each.at, each.what) for each in books.changes.between(start, end)]
