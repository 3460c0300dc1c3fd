"""Mentions into event-time order, however many: sorted runs on disk, merged as they are read."""

import heapq
import tempfile
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import IO

import msgspec

from pipeline.errors import EnvironmentProblem
from pipeline.mention import Mention

_FRAME = 256
_FRAME_CHARACTERS = 256 * 1024
_HELD_CHARACTERS = 64 * 1024 * 1024
_MOST_RUNS = 64
_by_event_time = attrgetter("event_time")


class ExternalSort:
    """Takes mentions in any order and gives them back by event time, equal times as they came.

    At most `memory_rows` mentions, or 64 million characters of text, are held in memory (and what
    was added at once); what is more lies in temporary files in
    `directory` (None: the system's), which nobody else can open and which vanish with the process.
    Raises EnvironmentProblem when these cannot be written.
    """

    def __init__(self, *, memory_rows: int, directory: Path | None = None) -> None:
        if memory_rows < 1:
            raise ValueError("memory_rows must be at least 1")
        self._memory_rows = memory_rows
        self._directory = directory
        self._held: list[Mention] = []
        self._characters = 0
        self._runs: list[IO[bytes]] = []
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(list[Mention])
        self._frame = max(1, min(_FRAME, memory_rows // _MOST_RUNS))

    def add(self, mentions: Sequence[Mention]) -> None:
        """Take mentions."""
        self._held += mentions
        self._characters += sum([len(mention.text) for mention in mentions])
        if len(self._held) >= self._memory_rows or self._characters >= _HELD_CHARACTERS:
            self._held.sort(key=_by_event_time)
            self._runs.append(self._write(iter(self._held)))
            self._held = []
            self._characters = 0
            if len(self._runs) >= _MOST_RUNS:
                runs, self._runs = self._runs, []
                self._runs = [self._write(self._merged(runs))]
                for run in runs:
                    run.close()

    def ordered(self) -> Iterator[Mention]:
        """Give all that was taken, in order; once."""
        self._held.sort(key=_by_event_time)
        if not self._runs:
            yield from self._held
            return
        runs = [self._read(run) for run in self._runs]
        yield from heapq.merge(*runs, iter(self._held), key=_by_event_time)

    def close(self) -> None:
        """Let go of the temporary files."""
        for run in self._runs:
            run.close()
        self._runs = []
        self._held = []

    def _merged(self, runs: Sequence[IO[bytes]]) -> Iterator[Mention]:
        return heapq.merge(*(self._read(run) for run in runs), key=_by_event_time)

    def _write(self, mentions: Iterator[Mention]) -> IO[bytes]:
        try:
            run = tempfile.TemporaryFile(dir=self._directory)  # noqa: SIM115  # lives with the sort
            frame: list[Mention] = []
            characters = 0
            for mention in mentions:
                frame.append(mention)
                characters += len(mention.text)
                if len(frame) >= self._frame or characters >= _FRAME_CHARACTERS:
                    self._put(run, frame)
                    frame, characters = [], 0
            self._put(run, frame)
            run.seek(0)
        except OSError as error:
            where = self._directory or tempfile.gettempdir()
            raise EnvironmentProblem(
                f"cannot sort in {where}: {error.strerror}; make room there or set TMPDIR"
            ) from error
        return run

    def _put(self, run: IO[bytes], frame: list[Mention]) -> None:
        encoded = self._encoder.encode(frame)
        run.write(len(encoded).to_bytes(4, "big"))
        run.write(encoded)

    def _read(self, run: IO[bytes]) -> Iterator[Mention]:
        while size := run.read(4):
            yield from self._decoder.decode(run.read(int.from_bytes(size, "big")))
