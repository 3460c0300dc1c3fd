"""The dead letters: what was rejected anywhere on the road, kept once, listed, tried again."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from pipeline.log.rejections import DROPPED, StoredRejected, plain, rejected_id
from pipeline.mention import Rejected
from pipeline.stores.database import LogReader
from pipeline.stores.feeds import REJECTED
from pipeline.wire import DeadLetter

_COLUMNS = 'id, at, reason, origin, detail, source, raw, replayed, topic, partition, "offset"'
_LISTED = f"SELECT {_COLUMNS} FROM rejected"  # noqa: S608  # our own names


class RejectedStore(LogReader):
    """The rejected topic as people look at it; how far it was read moves with what was read."""

    LOG = REJECTED

    def take(
        self,
        letters: Iterable[DeadLetter],
        offset: int,
        *,
        partition: int = 0,
        origin: int = -1,
        time: int | None = None,
    ) -> int:
        """Keep dead letters, the last of them at `offset`; return how many were new.

        One transaction. Each is kept once, however often it is met: by where it stood, else by
        source, origin and bytes.
        """
        letters = list(letters)
        with self._applying(partition, offset, origin, time) as before:
            if offset <= before.offset:
                return 0
            return self._insert(letters)

    def keep(self, letters: Iterable[DeadLetter]) -> int:
        """Keep dead letters that stand in no topic yet; return how many were new."""
        with self._db.transaction():
            return self._insert(letters)

    def _insert(self, letters: Iterable[DeadLetter]) -> int:
        new = 0
        for letter in letters:
            said = letter.rejected
            new += self._db.execute(
                f"INSERT INTO rejected ({_COLUMNS}) "  # noqa: S608  # our own names
                "VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                (
                    letter_id(letter),
                    letter.at,
                    str(said.reason),
                    plain(said.origin),
                    plain(said.detail),
                    plain(said.source),
                    said.raw,
                    plain(letter.topic),
                    letter.partition,
                    letter.offset,
                ),
            ).rowcount
        return new

    def find(
        self,
        *,
        reason: str | None = None,
        ids: Iterable[str] = (),
        waiting: bool = False,
        dropped: bool = True,
        limit: int | None = None,
    ) -> list[StoredRejected]:
        """What was rejected, oldest first.

        `waiting`: only what was not tried again; `dropped` false: without what a person dropped.
        """
        wanted = list(dict.fromkeys(ids))
        clauses: list[str] = ["1 = 1"]
        values: list[object] = []
        if wanted:
            clauses.append(f"id IN ({','.join('?' * len(wanted))})")
            values += wanted
        if reason is not None:
            clauses.append("reason = ?")
            values.append(reason)
        if waiting:
            clauses.append("replayed IS NULL")
        if not dropped:
            clauses.append("(replayed IS NULL OR replayed NOT LIKE ?)")
            values.append(f"{DROPPED}%")
        if not dropped:
            clauses.append("(replayed IS NULL OR replayed NOT LIKE ?)")
            values.append(f"{DROPPED}%")
        statement = f"{_LISTED} WHERE {' AND '.join(clauses)} ORDER BY at, id"
        if limit is not None and limit >= 0:
            statement += " LIMIT ?"
            values.append(limit)
        with self._db.told():
            rows = self._db.execute(statement, values).fetchall()
        return [_stored(row) for row in rows]

    def newest(self, limit: int, *, longest: int = 1_000) -> list[StoredRejected]:
        """The last that were rejected, newest first, with the first `longest` of their bytes."""
        listed = _LISTED.replace(" raw,", " substr(raw, 1, ?),")
        with self._db.told():
            rows = self._db.execute(
                f"{listed} ORDER BY at DESC, id LIMIT ?", (longest, limit)
            ).fetchall()
        return [_stored(row) for row in rows]

    def since(self, at: int) -> int:
        """How many were rejected from an instant on and have not been tried again."""
        with self._db.told():
            (count,) = self._db.execute(
                "SELECT count(*) FROM rejected WHERE at >= ? AND replayed IS NULL", (at,)
            ).fetchone()
        return int(count)

    def by_reason(self) -> dict[str, int]:
        """How many inputs were rejected, by reason."""
        with self._db.told():
            rows = self._db.execute(
                "SELECT reason, count(*) FROM rejected GROUP BY reason"
            ).fetchall()
        return dict(sorted(rows))

    def mark_replayed(self, id_: str, outcome: str) -> bool:
        """Write down what became of it when it was tried again; False where it is not kept."""
        with self._db.transaction():
            found = self._db.execute(
                "UPDATE rejected SET replayed = ? WHERE id = ?", (plain(outcome), id_)
            )
            return found.rowcount > 0

    def drop_before(self, at: int) -> int:
        """Forget what was rejected before this instant; return how many that were."""
        with self._db.transaction():
            return self._db.execute("DELETE FROM rejected WHERE at < ?", (at,)).rowcount


def letter_id(letter: DeadLetter) -> str:
    """Return 8 bytes of where it stood, else of its source, origin and bytes, as 16 letters.

    >>> from pipeline.mention import RejectedReason
    >>> bad = Rejected(RejectedReason.INVALID, "there", "", b"{}", "forum")
    >>> letter_id(DeadLetter(1, bad, 5)) == letter_id(DeadLetter(1, bad, 6))
    True
    >>> letter_id(DeadLetter(1, bad, 5, "t", 0, 1)) == letter_id(DeadLetter(1, bad, 5, "t", 0, 2))
    False
    """
    if not letter.topic:
        return rejected_id(letter.rejected)
    stood = f"{letter.topic}\0{letter.partition}\0{letter.offset}"
    return blake2b(stood.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _stored(row: tuple[Any, ...]) -> StoredRejected:
    id_, at, why, origin, detail, source, raw, replayed, topic, partition, offset = row
    rejected = Rejected(why, origin, detail, raw, source)
    return StoredRejected(id_, at, rejected, replayed, topic, partition, offset)
