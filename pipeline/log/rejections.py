"""What was rejected, in log.db: kept once with its bytes, listed, tried again."""

import sqlite3
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

import msgspec

from pipeline.log.database import translated
from pipeline.mention import Rejected, RejectedReason

DROPPED = "dropped"
"""How the outcome begins of what a person wants to see no more; it stays kept."""


class StoredRejected(msgspec.Struct, frozen=True):
    """A rejected input as kept: its id derives from source, origin and bytes.

    Of a record of a topic it derives from where it stood: topic, partition, offset; else these
    are empty and -1.
    """

    id: str
    at: int
    rejected: Rejected
    replayed: str | None
    topic: str = ""
    partition: int = -1
    offset: int = -1


class Rejections:
    """The rejected inputs of one log; what writes belongs inside the log's `transaction()`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._path = path

    def keep(self, rejected: Iterable[Rejected], at: int) -> int:
        """Keep what is no mention, each once; return how many were new."""
        before = self._db.total_changes
        self._db.executemany(
            "INSERT OR IGNORE INTO rejected VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            [
                (rejected_id(r), at, r.reason, plain(r.origin), plain(r.detail), r.source, r.raw)
                for r in rejected
            ],
        )
        return self._db.total_changes - before

    def find(
        self,
        *,
        reason: str | None = None,
        ids: Iterable[str] = (),
        dropped: bool = True,
        limit: int = -1,
    ) -> list[StoredRejected]:
        """What was rejected, oldest first; with `dropped` false without what a person dropped."""
        wanted = list(ids)
        marks = ",".join("?" * len(wanted))
        where = f"id IN ({marks})" if wanted else "(? IS NULL OR reason = ?)"
        if not dropped:
            where += f" AND (replayed IS NULL OR replayed NOT LIKE '{DROPPED}%')"
        with translated(self._path):
            rows = self._db.execute(
                "SELECT id, at, reason, origin, detail, source, raw, replayed FROM rejected "  # noqa: S608  # marks only
                f"WHERE {where} ORDER BY at, id LIMIT ?",
                [*(wanted or (reason, reason)), limit],
            ).fetchall()
        return [_stored(row) for row in rows]

    def newest(self, limit: int, *, longest: int = 1_000) -> list[StoredRejected]:
        """The last that were rejected, newest first, with the first `longest` of their bytes."""
        with translated(self._path):
            rows = self._db.execute(
                "SELECT id, at, reason, origin, detail, source, substr(raw, 1, ?), replayed "
                "FROM rejected ORDER BY at DESC, id LIMIT ?",
                (longest, limit),
            ).fetchall()
        return [_stored(row) for row in rows]

    def since(self, at: int) -> int:
        """How many were rejected from an instant on and have not been tried again."""
        with translated(self._path):
            (count,) = self._db.execute(
                "SELECT count(*) FROM rejected WHERE at >= ? AND replayed IS NULL", (at,)
            ).fetchone()
        return int(count)

    def by_reason(self) -> dict[str, int]:
        """How many inputs were rejected, by reason."""
        with translated(self._path):
            return dict(
                self._db.execute("SELECT reason, count(*) FROM rejected GROUP BY reason ORDER BY 1")
            )

    def mark_replayed(self, id_: str, outcome: str) -> None:
        """Write down what became of a rejected input when it was tried again."""
        self._db.execute("UPDATE rejected SET replayed = ? WHERE id = ?", (outcome, id_))


def _stored(
    row: tuple[str, int, RejectedReason, str, str, str, bytes, str | None],
) -> StoredRejected:
    id_, at, why, origin, detail, source, raw, replayed = row
    return StoredRejected(id_, at, Rejected(why, origin, detail, raw, source), replayed)


def rejected_id(rejected: Rejected) -> str:
    """Return 8 bytes of its source, origin and bytes: a repeat has the same, nothing else."""
    whole = blake2b(digest_size=8)
    for said in (rejected.source, rejected.origin):
        whole.update(said.encode("utf-8", "surrogatepass") + b"\0")
    whole.update(rejected.raw)
    return whole.hexdigest()


def plain(text: str) -> str:
    """Return the text as it can be written in UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
