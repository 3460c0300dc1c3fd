"""One measured figure, how benches print theirs, and the watch they are taken with."""

import json
import sys
import time
from collections.abc import Sequence
from typing import Self

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """A figure and, where one makes sense, the same of a plainer way measured in the same run.

    `ratio` is ours to the peer's; `note` says what was counted and how.
    """

    name: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours to the peer's, None without a peer."""
        return None if not self.peer_value else self.value / self.peer_value


class Spent(msgspec.Struct, frozen=True):
    """Seconds that something took: of this process's CPU time, and on the wall."""

    cpu: float
    wall: float


class Watch:
    """Measures what happens inside `with`; `spent` afterwards."""

    spent = Spent(0.0, 0.0)

    def __enter__(self) -> Self:
        self._cpu = time.process_time()
        self._wall = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.spent = Spent(time.process_time() - self._cpu, time.monotonic() - self._wall)


def say(line: str) -> None:
    """Tell the person who waits what is going on."""
    print(line, file=sys.stderr, flush=True)


def number(value: float) -> str:
    """A number as a table shows it: three digits that matter, or thousands.

    >>> number(48123.4), number(0.52), number(12.34)
    ('48,123', '0.52', '12.3')
    """
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def document(figures: Sequence[Figure]) -> list[dict[str, object]]:
    """The figures for programs."""
    return [
        {**msgspec.structs.asdict(each), "ratio": None if each.ratio is None else each.ratio}
        for each in figures
    ]


def show(figures: Sequence[Figure], *, as_json: bool) -> None:
    """Print figures on standard output."""
    if as_json:
        print(json.dumps(document(figures)))
        return
    for each in figures:
        peer = ""
        if each.peer:
            ratio = "" if each.ratio is None else f"; ratio {each.ratio:.2f}"
            value = "" if each.peer_value is None else f" {number(each.peer_value)}"
            peer = f"   ({each.peer}{value}{ratio})"
        note = f"   {each.note}" if each.note else ""
        print(f"{each.name:<46}{number(each.value):>10} {each.unit}{peer}{note}")
