"""A file of JSON objects, one a line: its times alone, its lines as mentions or rejected."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from pipeline.decoding import SourceDefaults, decode_json, decode_mapped
from pipeline.event_time import Unusable, instant_of_number, instant_reader
from pipeline.fields import FIELDS
from pipeline.mention import Mention, Rejected, RejectedReason
from pipeline.sources.lines import Lines
from pipeline.sources.mapping import resolve
from pipeline.sources.order import Survey, survey
from pipeline.sources.tabular import CHUNK, MISDATED

_SAMPLE = 100
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


class JsonLines:
    """One file of JSON objects; the keys of the first hundred stand for a header.

    `label` is what origins call the file. Raises SettingsError at once when a key told to
    hold a field is in none of them.
    """

    def __init__(
        self, path: Path, label: str, mapping: Mapping[str, str], defaults: SourceDefaults
    ) -> None:
        self.path = path
        self.ends_after: int | None = None
        """The line behind which the file is damaged, once it was read."""
        self.swallowed = ""
        """What an open quote took with it: nothing, since lines stand for themselves."""
        self._label = label
        self._defaults = defaults
        self.mapped = resolve(self._keys(), mapping, where=label, required=())
        renamed = {
            field: key
            for field, key in self.mapped.columns.items()
            if field != key and (field, key) != ("event_time", "created_at")
        }
        self._keys_of = {field: field for field in (*FIELDS, "created_at")} | renamed
        self._renamed = bool(renamed)
        self._times_only = _times_decoder(self._keys_of["event_time"])

    def _keys(self) -> list[str]:
        """Name the keys of the first objects, in the order of their coming."""
        keys: dict[str, None] = {}
        block = next(Lines(self.path).blocks(), None)
        for line in block.lines()[:_SAMPLE] if block is not None else ():
            try:
                keys |= dict.fromkeys(_OBJECT.decode(line))
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                continue
        return list(keys)

    def survey(self, moved: Callable[[int], None]) -> Survey:
        """Pass over the times alone."""
        return survey(self._times(moved))

    def _times(self, moved: Callable[[int], None]) -> Iterator[int | None]:
        lines = Lines(self.path, moved=moved, keep=False)
        decode, read = self._times_only.decode, instant_reader(self._defaults.zone)
        for block in lines.blocks():
            for line in block.lines():
                if not line or line.isspace():
                    continue
                try:
                    said = decode(line)
                    given = said.told if said.told is not None else said.created_at
                    yield (read(given) if isinstance(given, str) else instant_of_number(given))
                except (Unusable, msgspec.DecodeError, UnicodeError, RecursionError, TypeError):
                    yield None

    def chunks(
        self,
        misdated: Sequence[int],
        moved: Callable[[int], None],
        *,
        now: int | None,
        ingested_at: int | None,
    ) -> Iterator[list[Mention | Rejected]]:
        """Read the lines in the file's order; those whose ordinals are `misdated` are rejected."""
        lines = Lines(self.path, moved=moved)
        marks = iter(misdated)
        mark = next(marks, -1)
        ordinal = -1
        chunk: list[Mention | Rejected] = []
        for block in lines.blocks():
            lines.keep_from = block.first
            for number, line in enumerate(block.lines(), block.first):
                if not line or line.isspace():
                    continue
                ordinal += 1
                item = self._decode(line, f"{self._label}:{number}", now, ingested_at)
                flaw = block.flaws.get(number)
                if ordinal == mark:
                    mark = next(marks, -1)
                    flaw = flaw or (MISDATED if isinstance(item, Mention) else None)
                chunk.append(self._rejected(flaw, number, line) if flaw else item)
                if len(chunk) >= CHUNK or lines.heavy:
                    yield chunk
                    chunk = []
        if lines.broken:
            self.ends_after = lines.read_lines
            why = Unusable(RejectedReason.UNDECODABLE, lines.broken)
            chunk.append(self._rejected(why, lines.read_lines + 1, b""))
        yield chunk

    def _decode(
        self, line: bytes, origin: str, now: int | None, ingested_at: int | None
    ) -> Mention | Rejected:
        if self._renamed:
            return decode_mapped(
                line,
                self._keys_of,
                origin=origin,
                defaults=self._defaults,
                now=now,
                ingested_at=ingested_at,
            )
        return decode_json(
            line, origin=origin, defaults=self._defaults, now=now, ingested_at=ingested_at
        )

    def _rejected(self, why: Unusable, number: int, raw: bytes) -> Rejected:
        return Rejected(
            why.reason, f"{self._label}:{number}", why.detail, raw, self._defaults.source
        )


class _Times(msgspec.Struct):
    told: Any = None
    created_at: Any = None


def _times_decoder(key: str) -> "msgspec.json.Decoder[_Times]":
    """Prepare the reading of an object's time alone."""
    if key == "created_at":
        return msgspec.json.Decoder(_Times)
    fields = [("told", Any, None), ("created_at", Any, None)]
    named = msgspec.defstruct("Times", fields, rename={"told": key})
    return msgspec.json.Decoder(cast("type[_Times]", named))
