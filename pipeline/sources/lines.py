"""A file's lines, by the block: bounded memory, bad bytes marked, the bytes kept for a while."""

import gzip
import io
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from pipeline.event_time import Unusable
from pipeline.fields import not_utf8
from pipeline.mention import RejectedReason

BLOCK_BYTES = 256 * 1024
MAX_LINE_BYTES = 16 * 1024 * 1024
"""What is longer is cut, and rejected: it could fill the memory."""

DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error)
"""What reading gzip data raises where it is damaged or cut off."""

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


class Block:
    """Some whole lines: their bytes, the first one's number, and what is wrong with single ones."""

    __slots__ = ("_split", "count", "data", "first", "flaws")

    def __init__(self, first: int, data: bytes, flaws: dict[int, Unusable]) -> None:
        self.first = first
        self.data = data
        self.count = data.count(b"\n") + (not data.endswith(b"\n"))
        self.flaws = flaws
        self._split: list[bytes] | None = None

    def lines(self) -> list[bytes]:
        """Give the lines without their ends."""
        if self._split is None:
            self._split = self.data.split(b"\n")
        return self._split


class Lines:
    """The lines of a plain or gzipped file, as text, numbered from 1.

    Iterating gives every line with its end, as UTF-8; a line that is not, or that is longer than
    16 MiB, comes as well as it can be shown and is remembered with its flaw. `heavy` says that
    lines are so long now that few of them should be kept at a time. What was read stays available
    to `raw` and `flaw` from the line `keep_from` on (unless `keep` is off). A damaged gzip file
    ends with the last whole line before the damage, and `broken` says so.
    """

    def __init__(
        self, path: Path, *, moved: Callable[[int], None] = lambda _: None, keep: bool = True
    ) -> None:
        self.keep_from = 1
        self.flawed = False
        self.heavy = False
        self.broken = ""
        self.read_lines = 0
        self._path = path
        self._moved = moved
        self._keep = keep
        self._blocks: deque[Block] = deque()

    def __iter__(self) -> Iterator[str]:
        """Give the lines, each with its end."""
        return chain.from_iterable(self._texts())

    def blocks(self) -> Iterator[Block]:
        """Give the blocks as bytes; their lines are checked by who reads them."""
        with open_bytes(self._path) as (read, position):
            carry = b""
            cut_line = False
            while True:
                block = self._next(read)
                if not block:
                    break
                end = block.rfind(b"\n") + 1
                if not end and len(carry) < MAX_LINE_BYTES:
                    carry += block
                    continue
                if not end:
                    cut_line = True
                    continue
                yield self._block(carry + block[:end], cut=cut_line)
                cut_line = False
                carry = block[end:]
                self._moved(position())
            if carry and not self.broken:
                yield self._block(carry, cut=cut_line)
            self._moved(position())

    def raw(self, first: int, last: int) -> bytes:
        """Give the bytes of the lines `first` to `last` as they were, without the last end."""
        lines: list[bytes] = []
        for block in self._blocks:
            low, high = max(first, block.first), min(last, block.first + block.count - 1)
            if low <= high:
                lines += block.lines()[low - block.first : high - block.first + 1]
        return b"\n".join(lines).removesuffix(b"\r")

    def flaw(self, first: int, last: int) -> Unusable | None:
        """Tell what is wrong with the bytes of the lines `first` to `last`."""
        for block in self._blocks:
            for line, flaw in block.flaws.items():
                if first <= line <= last:
                    return flaw
        return None

    def _next(self, read: Callable[[int], bytes]) -> bytes:
        pieces: list[bytes] = []
        size = 0
        try:
            while not self.broken and size < BLOCK_BYTES and (piece := read(BLOCK_BYTES)):
                pieces.append(piece)
                size += len(piece)
        except DAMAGED:
            self.broken = "the gzip data is damaged or cut off here; what follows was not read"
        return b"".join(pieces)

    def _block(self, data: bytes, *, cut: bool) -> Block:
        first = self.read_lines + 1
        if first == 1:
            data = data.removeprefix(_BOM)
        flaws = {}
        if cut:
            flaws[first] = Unusable(
                RejectedReason.OVERSIZED,
                f"a line of more than {MAX_LINE_BYTES} bytes; only its beginning was kept",
            )
        block = Block(first, data, flaws)
        self.heavy = len(data) > 2 * BLOCK_BYTES
        self.read_lines += block.count
        while self._blocks and self._blocks[0].first + self._blocks[0].count <= self.keep_from:
            self._blocks.popleft()
        if self._keep:
            self._blocks.append(block)
        return block

    def _texts(self) -> Iterator[io.StringIO]:
        for block in self.blocks():
            try:
                text = block.data.decode()
            except UnicodeDecodeError:
                text = _mended(block)
            self.flawed = any(kept.flaws for kept in self._blocks)
            yield io.StringIO(text, newline="\n")


def _mended(block: Block) -> str:
    for number, line in enumerate(block.lines(), block.first):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            block.flaws[number] = not_utf8(error.start)
    return block.data.decode(errors="replace")


class open_bytes:  # noqa: N801  # reads as what it does
    """Open a file for its content, unpacked where it is gzip whatever its name; a context manager.

    Gives a function that reads up to so many bytes, nothing at the end (it raises one of `DAMAGED`
    where gzip data is), and one that tells how many bytes of the file itself were taken.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")

    def __enter__(self) -> tuple[Callable[[int], bytes], Callable[[], int]]:
        magic = self._file.read(len(_GZIP_MAGIC))
        self._file.seek(0)
        if magic != _GZIP_MAGIC:
            return self._file.read, self._file.tell
        return gzip.GzipFile(fileobj=self._file).read1, self._file.tell

    def __exit__(self, *_: object) -> None:
        self._file.close()
