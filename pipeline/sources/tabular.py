"""A CSV file: its header, its times alone, its rows as mentions or rejected."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.decoding import SourceDefaults
from pipeline.errors import SettingsError
from pipeline.event_time import Unusable, instant_reader
from pipeline.mention import Mention, Rejected, RejectedReason
from pipeline.row_decoding import RowDecoder, row_decoder
from pipeline.sources.lines import Lines
from pipeline.sources.mapping import Resolved, resolve
from pipeline.sources.order import Survey, survey

CHUNK = 1000
_NEVER_CLOSED = "a quote is never closed"
_DELIMITERS = (",", ";", "\t", "|")

MISDATED = Unusable(
    RejectedReason.MISDATED,
    "event_time: more than a day after the rows before and after it; mend the date",
)


class Table:
    """One CSV file with a header; the delimiter is what the header holds most of.

    `label` is what origins call the file. Raises SettingsError at once when the header cannot be
    read or mapped.
    """

    def __init__(
        self, path: Path, label: str, mapping: Mapping[str, str], defaults: SourceDefaults
    ) -> None:
        self.path = path
        self.ends_after: int | None = None
        """The line behind which the file is damaged, once it was read."""
        self.swallowed = ""
        """What the first quote that is never closed took with it."""
        self._label = label
        self._defaults = defaults
        try:
            header = self._read_header()
        except csv.Error as error:
            raise SettingsError(f"{label}: the header cannot be read ({error})") from None
        self.mapped = resolve(header, mapping, where=label) if header else Resolved({}, ())
        self._width = len(header)
        self._columns = {
            field: header.index(column) for field, column in self.mapped.columns.items()
        }

    def _read_header(self) -> list[str]:
        lines = Lines(self.path)
        first = next(iter(lines), "")
        if lines.flaw(1, 1) is not None:
            raise SettingsError(f"{self._label}: the header is not UTF-8; convert the file")
        self._delimiter = max(_DELIMITERS, key=first.count)
        header: list[str] = next(csv.reader(Lines(self.path), delimiter=self._delimiter), [])
        return [column.strip() for column in header]

    def survey(self, moved: Callable[[int], None]) -> Survey:
        """Pass over the times alone."""
        return survey(self._times(moved) if self._columns else ())

    def _times(self, moved: Callable[[int], None]) -> Iterator[int | None]:
        lines = Lines(self.path, moved=moved, keep=False)
        reader = csv.reader(lines, delimiter=self._delimiter)
        next(reader)
        column, read = self._columns["event_time"], instant_reader(self._defaults.zone)
        while True:
            try:
                for cells in reader:
                    if not cells:
                        continue
                    try:
                        time = read(cells[column])
                    except (Unusable, IndexError):
                        yield None
                    else:
                        yield time
            except csv.Error:
                yield None
            else:
                return

    def chunks(
        self,
        misdated: Sequence[int],
        moved: Callable[[int], None],
        *,
        now: int | None,
        ingested_at: int | None,
    ) -> Iterator[list[Mention | Rejected]]:
        """Read the rows in the file's order; those whose ordinals are `misdated` are rejected."""
        if not self._columns:
            return iter(())
        decode = row_decoder(
            self._columns, self._width, defaults=self._defaults, now=now, ingested_at=ingested_at
        )
        return self._chunks(decode, Lines(self.path, moved=moved), iter(misdated))

    def _chunks(  # noqa: C901  # one row after the other, as fast as may be
        self, decode: RowDecoder, lines: Lines, marks: Iterator[int]
    ) -> Iterator[list[Mention | Rejected]]:
        reader = csv.reader(lines, delimiter=self._delimiter)
        next(reader)
        mark = next(marks, -1)
        ordinal = -1
        done = reader.line_num
        chunk: list[Mention | Rejected] = []
        while True:
            try:
                for cells in reader:
                    if cells:
                        ordinal += 1
                        item = decode(cells)
                        if ordinal == mark:
                            mark = next(marks, -1)
                            item = MISDATED if isinstance(item, Mention) else item
                        if reader.line_num - done > 1:
                            item = _closed(item, lines, done + 1, reader.line_num)
                        if lines.flawed or isinstance(item, Unusable):
                            chunk.append(self._settled(item, lines, done + 1, reader.line_num))
                        else:
                            chunk.append(item)
                    lines.keep_from = done = reader.line_num
                    if len(chunk) >= CHUNK or lines.heavy:
                        yield chunk
                        chunk = []
                break
            except csv.Error as error:
                ordinal += 1
                mark = next(marks, -1) if ordinal == mark else mark
                why = _unreadable(error, done + 1, reader.line_num)
                chunk.append(self._settled(why, lines, done + 1, reader.line_num))
                lines.keep_from = done = reader.line_num
                if lines.heavy:
                    yield chunk
                    chunk = []
        if lines.broken:
            self.ends_after = lines.read_lines
            why = Unusable(RejectedReason.UNDECODABLE, lines.broken)
            chunk.append(self._settled(why, lines, done + 1, done + 1))
        yield chunk

    def _settled(
        self, item: Mention | Unusable, lines: Lines, first: int, last: int
    ) -> Mention | Rejected:
        """Reject what cannot be used, for its bytes first, for its cells else."""
        if isinstance(item, Unusable) and _NEVER_CLOSED in item.detail:
            self.swallowed = self.swallowed or item.detail
        why = lines.flaw(first, last) or item
        if isinstance(why, Mention):
            return why
        origin = f"{self._label}:{first}"
        raw = lines.raw(first, last)
        return Rejected(why.reason, origin, why.detail, raw, self._defaults.source)


def _closed(item: Mention | Unusable, lines: Lines, first: int, last: int) -> Mention | Unusable:
    """Reject a row that swallowed all lines to the file's end because a quote stays open."""
    at_end = lines.read_lines == last
    if at_end and lines.raw(first, last).count(b'"') % 2:
        return Unusable(RejectedReason.UNDECODABLE, _never_closed(first, last))
    return item


def _never_closed(first: int, last: int) -> str:
    return f"line {first}: {_NEVER_CLOSED}; {last - first + 1} lines were taken as one row"


def _unreadable(error: csv.Error, first: int, last: int) -> Unusable:
    if "field limit" in str(error):
        long = f"a cell of more than {csv.field_size_limit()} characters"
        return Unusable(
            RejectedReason.OVERSIZED, _never_closed(first, last) if last > first else long
        )
    return Unusable(
        RejectedReason.UNDECODABLE, "no CSV row: a carriage return stands in an unquoted cell"
    )
