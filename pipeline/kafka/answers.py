"""Answers kept for repeated requests: in memory, for a day, bounded."""

import zlib
from collections import OrderedDict
from concurrent.futures import Future
from typing import Final

import msgspec

KEPT_FOR: Final = 24 * 3_600.0
"""Seconds."""
MOST: Final = 200_000
MOST_BYTES: Final = 64 * 1024 * 1024
"""Of packed answers; beyond these bounds the oldest go first."""


class _Kept(msgspec.Struct, frozen=True):
    at: float
    packed: bytes


class Answers:
    """What was answered to which request; used under its owner's lock.

    A request under way shares its outcome with a repeat; one that failed is forgotten, so that a
    repeat is tried anew. What is forgotten is written again when it is repeated: its mentions are
    then recognised by their ids.
    """

    def __init__(self) -> None:
        self._under_way: dict[str, Future[bytes]] = {}
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0

    def find(self, request_id: str) -> "Future[bytes] | None":
        """The outcome of a request of this id, ended or under way; None for a new one."""
        under_way = self._under_way.get(request_id)
        if under_way is not None:
            return under_way
        kept = self._kept.get(request_id)
        if kept is None:
            return None
        future: Future[bytes] = Future()
        future.set_result(zlib.decompress(kept.packed))
        return future

    def begin(self, request_id: str, outcome: "Future[bytes]") -> None:
        """Remember a request that is under way."""
        self._under_way[request_id] = outcome

    def keep(self, request_id: str, answer: bytes, at: float) -> None:
        """Remember what was answered; `at` in seconds of the stopwatch."""
        self._under_way.pop(request_id, None)
        packed = zlib.compress(answer, 1)
        self._drop(request_id)
        self._kept[request_id] = _Kept(at, packed)
        self._bytes += len(packed)
        while self._kept and (
            len(self._kept) > MOST
            or self._bytes > MOST_BYTES
            or next(iter(self._kept.values())).at < at - KEPT_FOR
        ):
            self._drop(next(iter(self._kept)))

    def forget(self, request_id: str) -> None:
        """Forget a request that failed."""
        self._under_way.pop(request_id, None)

    def _drop(self, request_id: str) -> None:
        old = self._kept.pop(request_id, None)
        if old is not None:
            self._bytes -= len(old.packed)
