"""The mention store: every judged mention, to be listed, shown and sampled."""

from collections.abc import Iterable, Iterator

import msgspec

from pipeline.judging.copies import digest
from pipeline.judging.scorer import Label
from pipeline.stores.database import LogReader, late
from pipeline.stores.feeds import JUDGED
from pipeline.wire import JudgedEntry, JudgedEnvelope, encode

VOICE, OWN, DELAYED, LATE = 1, 2, 4, 8
_LABELS = tuple(Label)
_LABEL_NUMBERS = {label: number for number, label in enumerate(_LABELS)}
_decoder = msgspec.msgpack.Decoder(JudgedEntry)
_SIGNED = 1 << 63
DROPPED_AT_ONCE = 10_000
"""Mentions dropped in one transaction."""


class MentionFilter(msgspec.Struct, frozen=True):
    """Which mentions to list; what is None does not matter. Instants in ms, `until` exclusive."""

    brand: str | None = None
    since: int | None = None
    until: int | None = None
    label: Label | None = None
    own: bool | None = None
    late: bool | None = None
    voice: bool | None = None


class MentionStore(LogReader):
    """Judged mentions; how far they were read moves with what was read."""

    LOG = JUDGED

    def take(
        self,
        envelopes: Iterable[JudgedEnvelope],
        offset: int,
        *,
        partition: int = 0,
        origin: int = -1,
        time: int | None = None,
    ) -> int:
        """Keep judged mentions, the last of them at `offset`; return how many were new.

        One transaction. What was applied before is passed over: all of it where nothing lies
        behind the offset reached, and every envelope that does not lie behind the origin reached.
        """
        envelopes = list(envelopes)
        origin = max([origin, *(each.origin for each in envelopes)])
        with self._applying(partition, offset, origin, time) as before:
            if offset <= before.offset:
                return 0
            entries = [
                entry
                for envelope in _behind(envelopes, before.origin)
                for entry in envelope.entries
            ]
            self._brands.number_all({entry.brand for entry in entries})
            number = self._brands.number
            self._db.append(
                "mentions",
                ("brand", "event_time", "key", "label", "flags", "body"),
                [
                    (
                        number(entry.brand),
                        entry.mention.event_time,
                        _key(entry.mention.id),
                        _LABEL_NUMBERS[entry.judgement.label],
                        entry.voice * VOICE
                        | entry.own * OWN
                        | entry.delayed * DELAYED
                        | entry.late * LATE,
                        encode(entry),
                    )
                    for entry in entries
                ],
            )
        return len(entries)

    def find(
        self, wanted: MentionFilter, *, limit: int = 50, newest: bool = True
    ) -> list[JudgedEntry]:
        """The mentions asked for, by event time."""
        clauses, values = ["1 = 1"], []
        with self._db.told():
            if wanted.brand is not None:
                brand = self._brands.find(wanted.brand)
                if brand is None:
                    return []
                clauses.append("brand = ?")
                values.append(brand)
            for clause, value in (
                ("event_time >= ?", wanted.since),
                ("event_time < ?", wanted.until),
                ("label = ?", None if wanted.label is None else _LABEL_NUMBERS[wanted.label]),
            ):
                if value is not None:
                    clauses.append(clause)
                    values.append(value)
            for flag, asked in ((OWN, wanted.own), (LATE, wanted.late), (VOICE, wanted.voice)):
                if asked is not None:
                    clauses.append(f"(flags & {flag}) {'!=' if asked else '='} 0")
            order = "DESC" if newest else "ASC"
            rows = self._db.execute(
                f"SELECT body FROM mentions WHERE {' AND '.join(clauses)} "  # noqa: S608  # fixed clauses, bound values
                f"ORDER BY event_time {order}, seq {order} LIMIT ?",
                [*values, limit],
            ).fetchall()
        return [_decoder.decode(body) for (body,) in rows]

    def glance(
        self,
        wanted: MentionFilter,
        *,
        rows: int,
        newest: bool = False,
        others_every: int = 0,
    ) -> tuple[list[JudgedEntry], int]:
        """The mentions asked for among the first (or newest) `rows` of a brand's span.

        Guarantees that no more rows than that are touched, however many there are; also returns
        how many were. With `others_every` every so manieth of another label is given too.
        """
        label = None if wanted.label is None else _LABEL_NUMBERS[wanted.label]
        order = "DESC" if newest else "ASC"
        with self._db.told():
            brand = self._brands.find(wanted.brand or "")
            if brand is None or rows <= 0:
                return [], 0
            found = self._db.execute(
                f"SELECT label, flags, seq, body FROM mentions WHERE brand = ? "  # noqa: S608  # fixed words, bound values
                f"AND event_time >= ? AND event_time < ? "
                f"ORDER BY event_time {order}, seq {order} LIMIT ?",
                (brand, wanted.since or 0, wanted.until or _SIGNED - 1, rows),
            ).fetchall()
        avoid = sum(
            flag for flag, asked in ((OWN, wanted.own), (LATE, wanted.late)) if asked is False
        )
        need = VOICE if wanted.voice else 0
        entries = [
            _decoder.decode(body)
            for each, flags, seq, body in found
            if not flags & avoid
            and flags & need == need
            and (label is None or each == label or (others_every and seq % others_every == 0))
        ]
        return entries, len(found)

    def late_by(self, brand: str, start: int, end: int, step: int) -> dict[int, int]:
        """How many mentions came too late to be counted, by step of event time from `start` on.

        Steps without any are left out. The index mentions_late makes it cheap: its condition
        stands in the query word for word.
        """
        with self._db.told():
            number = self._brands.find(brand)
            if number is None:
                return {}
            rows = self._db.execute(
                "SELECT (event_time - ?) / ?, count(*) FROM mentions "  # noqa: S608  # our own words
                "WHERE brand = ? AND event_time >= ? AND event_time < ? "
                f"AND {late(self._db.dialect)} GROUP BY 1",
                (start, step, number, start, end),
            ).fetchall()
        return {start + index * step: count for index, count in rows}

    def late(self) -> int:
        """How many mentions are kept that came too late to be counted."""
        with self._db.told():
            (count,) = self._db.execute(
                f"SELECT count(*) FROM mentions WHERE {late(self._db.dialect)}"  # noqa: S608  # our own words
            ).fetchone()
        return int(count)

    def show(self, mention_id: str) -> list[JudgedEntry]:
        """A mention by its id, once for each brand it concerns."""
        with self._db.told():
            rows = self._db.execute(
                "SELECT body FROM mentions WHERE key = ? ORDER BY seq", (_key(mention_id),)
            ).fetchall()
        entries = [_decoder.decode(body) for (body,) in rows]
        return [entry for entry in entries if entry.mention.id == mention_id]

    def drop_before(self, event_time: int) -> int:
        """Forget mentions older than this; return how many.

        Brand by brand and some at a time, so that nobody waits long for the database.
        """
        with self._db.told():
            brands = self._db.execute("SELECT id FROM brands ORDER BY id").fetchall()
        return sum(self._drop_of_brand(number, event_time) for (number,) in brands)

    def _drop_of_brand(self, brand: int, event_time: int) -> int:
        total = 0
        chosen = "SELECT seq FROM mentions WHERE brand = ? AND event_time < ? LIMIT ?"
        while True:
            with self._db.told():
                if not self._db.execute(chosen, (brand, event_time, 1)).fetchall():
                    return total
            with self._db.transaction():
                total += self._db.execute(
                    f"DELETE FROM mentions WHERE seq IN ({chosen})",  # noqa: S608  # our own words
                    (brand, event_time, DROPPED_AT_ONCE),
                ).rowcount


def _behind(envelopes: Iterable[JudgedEnvelope], origin: int) -> Iterator[JudgedEnvelope]:
    """The envelopes whose origin lies behind this and behind those before; and those of none."""
    for envelope in envelopes:
        if envelope.origin < 0:
            yield envelope
        elif envelope.origin > origin:
            origin = envelope.origin
            yield envelope


def _key(mention_id: str) -> int:
    return digest(mention_id) - _SIGNED
