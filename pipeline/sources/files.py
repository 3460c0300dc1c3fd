"""Mentions from files: CSV or JSON lines, plain or gzipped, or the standard input."""

import heapq
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from operator import itemgetter
from pathlib import Path
from typing import IO

from pipeline.decoding import SourceDefaults
from pipeline.errors import EnvironmentProblem, SettingsError
from pipeline.mention import Mention, Rejected
from pipeline.sources.json_lines import JsonLines
from pipeline.sources.lines import DAMAGED, open_bytes
from pipeline.sources.one_file import Items, OneFile
from pipeline.sources.order import Survey
from pipeline.sources.sorting import ExternalSort
from pipeline.sources.tabular import CHUNK, Table

_CSV_NAMES = (".csv", ".tsv")
_JSON_NAMES = (".jsonl", ".ndjson", ".json")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def _silent(_: str) -> None:
    pass


class FileSource:
    """Reads files (`-` is the standard input) as one stream in event-time order.

    A first pass over the times alone finds whether a file is in order; one that is, is streamed;
    any other is sorted with at most `memory_rows` mentions in memory and the rest in temporary
    files in `tmp_dir`. The standard input, or a pipe, is kept in a temporary file first, so nothing
    comes out of it before its end. Several files are merged; at equal times the one named first
    comes first.

    `mapping` gives the column (or JSON key) of a field where the names differ; what is guessed
    beyond it is told to `tell`, a line each. `zone` is the IANA zone of times without an offset.
    `now` is what future dates are held against (None: an event log); `ingested_at` of None is
    the event time. Files, zones and columns that cannot be used raise SettingsError.
    """

    def __init__(  # noqa: PLR0913  # one argument for each thing a user may say of a file
        self,
        paths: Sequence[str],
        *,
        name: str = "file",
        mapping: Mapping[str, str] | None = None,
        zone: str | None = None,
        channel: str = "",
        language: str = "",
        tmp_dir: Path | None = None,
        memory_rows: int = 200_000,
        now: int | None = None,
        ingested_at: int | None = None,
        tell: Callable[[str], None] = _silent,
        stdin: IO[bytes] | None = None,
    ) -> None:
        try:
            self._defaults = SourceDefaults(name, channel, language, zone)
        except ValueError as error:
            raise SettingsError(f"zone: {error}") from None
        if len([path for path in paths if path == "-"]) > 1:
            raise SettingsError("the standard input (-) can be read once only")
        self._paths = list(paths)
        self._mapping = dict(mapping or {})
        self._tmp_dir = tmp_dir
        self._memory_rows = memory_rows
        self._now = now
        self._ingested_at = ingested_at
        self._tell = tell
        self._stdin = stdin
        self._kept_files: list[IO[bytes]] = []
        self._files: list[OneFile] | None = None
        self._heard: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        """The name its mentions carry."""
        return self._defaults.source

    @property
    def total_bytes(self) -> int | None:
        """Twice the files' size, since they are read twice; None before `prepare`."""
        return None if self._files is None else 2 * sum(file.size for file in self._files)

    @property
    def bytes_read(self) -> int:
        """The part of `total_bytes` that is done."""
        return sum(file.done for file in self._files or ())

    def watch(self, heard: Callable[[], None]) -> None:
        """Have `heard` called each time `bytes_read` has moved, also during the first pass."""
        self._heard = heard

    def complaints(self) -> list[str]:
        """Say, once all was read, which files were cut off or held no mention: a line each."""
        return [line for file in self._files or () for line in file.complaints()]

    def prepare(self) -> None:
        """Open every file, find its form and its columns; `read` does it where nobody did."""
        if self._files is not None:
            return
        try:
            files = [self._open(path) for path in self._paths]
        except BaseException:
            self.close()
            raise
        told: set[str] = set()
        for file in files:
            for field, column in file.form.mapped.guessed:
                line = f"{field} is read from {column!a} (another: --map {field}=COLUMN)"
                if line not in told:
                    told.add(line)
                    self._tell(line)
        self._files = files

    def read(self) -> Items:
        """Yield chunks of up to a thousand: mentions in event-time order, rejected anywhere."""
        self.prepare()
        files = self._files or []
        surveys = [file.survey() for file in files]
        streams = [self._ordered(file, seen) for file, seen in zip(files, surveys, strict=True)]
        try:
            if _follow_each_other(surveys):
                yield from chain.from_iterable(streams)
            else:
                yield from _merged(streams)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of what was kept of the standard input; reading to the end does it too."""
        for kept in self._kept_files:
            kept.close()
        self._kept_files = []

    def _ordered(self, file: OneFile, seen: Survey) -> Items:
        if seen.ordered:
            for chunk in file.chunks(seen, self._now, self._ingested_at, weight=1.0):
                yield chunk
            file.finish()
            return
        sort = ExternalSort(memory_rows=self._memory_rows, directory=self._tmp_dir)
        try:
            for chunk in file.chunks(seen, self._now, self._ingested_at, weight=0.5):
                sort.add([item for item in chunk if isinstance(item, Mention)])
                ready: list[Mention | Rejected] = []
                ready += [item for item in chunk if isinstance(item, Rejected)]
                if ready:
                    yield ready
            ready = []
            given = 0
            for mention in sort.ordered():
                ready.append(mention)
                if len(ready) >= CHUNK:
                    given += CHUNK
                    file.merged(given / seen.rows)
                    yield ready
                    ready = []
            if ready:
                yield ready
            file.finish()
        finally:
            sort.close()

    def _open(self, path: str) -> OneFile:
        label = "stdin" if path == "-" else path
        try:
            where = self._readable_twice(path, label)
            beginning = _beginning(where, label)
            size = where.stat().st_size
        except OSError as error:
            raise SettingsError(f"{label}: cannot be read ({error.strerror})") from None
        if beginning.startswith(_UTF_16):
            raise SettingsError(f"{label}: is UTF-16; convert it to UTF-8")
        form: Table | JsonLines
        if _is_json(label, beginning):
            if beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
                raise SettingsError(
                    f"{label}: is one JSON array; write one object a line (jq -c '.[]' FILE)"
                )
            form = JsonLines(where, label, self._mapping, self._defaults)
        else:
            form = Table(where, label, self._mapping, self._defaults)
        return OneFile(form, label, size, self._moved)

    def _moved(self) -> None:
        self._heard()

    def _readable_twice(self, path: str, label: str) -> Path:
        """Give the path; what flows by only once (standard input, a pipe) is kept beforehand."""
        if path == "-":
            return self._kept(self._stdin or sys.stdin.buffer, label)
        where = Path(path)
        if where.is_file() or where.is_dir() or not where.exists():
            return where
        with where.open("rb") as stream:
            return self._kept(stream, label)

    def _kept(self, stream: IO[bytes], label: str) -> Path:
        """Keep a stream in a temporary file."""
        try:
            kept = tempfile.NamedTemporaryFile(dir=self._tmp_dir)  # noqa: SIM115  # lives with the source
            shutil.copyfileobj(stream, kept, 1 << 20)
            kept.flush()
        except OSError as error:
            where = self._tmp_dir or tempfile.gettempdir()
            raise EnvironmentProblem(
                f"cannot keep {label} in {where}: {error.strerror}; make room there or set TMPDIR"
            ) from error
        self._kept_files.append(kept)
        return Path(kept.name)


def _follow_each_other(surveys: Sequence[Survey]) -> bool:
    """Tell whether each file, as they are named, begins only when the one before has ended."""
    spoken = [seen for seen in surveys if seen.rows]
    return all(before.latest <= after.earliest for before, after in pairwise(spoken))


def _merged(streams: Sequence[Items]) -> Items:
    """Merge ordered streams; what is rejected keeps its place in its own."""
    ready: list[Mention | Rejected] = []
    for _, item in heapq.merge(*(_timed(stream) for stream in streams), key=itemgetter(0)):
        ready.append(item)
        if len(ready) >= CHUNK:
            yield ready
            ready = []
    if ready:
        yield ready


def _timed(stream: Items) -> Iterator[tuple[int, Mention | Rejected]]:
    time = 0
    for item in chain.from_iterable(stream):
        if isinstance(item, Mention):
            time = item.event_time
        yield time, item


def _beginning(path: Path, label: str) -> bytes:
    with open_bytes(path) as (read, _):
        try:
            return read(4096)
        except DAMAGED:
            raise SettingsError(f"{label}: is damaged gzip data; fetch it again") from None


def _is_json(label: str, beginning: bytes) -> bool:
    """Tell the form by the name, else by the first character."""
    name = label.lower().removesuffix(".gz")
    if name.endswith(_JSON_NAMES):
        return True
    if name.endswith(_CSV_NAMES):
        return False
    return beginning.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}
