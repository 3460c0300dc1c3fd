"""When settings changed and which: what is marked on every chart, kept in mentions.db."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from pipeline.settings.text import visible
from pipeline.stores.database import open_database
from pipeline.stores.dialect import POSTGRES
from pipeline.stores.place import Place

KEPT = 200
"""Settings of which one change is kept; of the others only how many they are."""
VALUE = 60
"""Characters of a value that are shown."""
UPGRADED = "settings of another version of this program"


class SettingsChange(msgspec.Struct, frozen=True):
    """From `at` on the configuration of this `version` was in force.

    `what` says what was new in it, one setting each, as `differences` writes them.
    """

    at: int
    version: str
    what: tuple[str, ...]


class ChangeTable:
    """The configurations that were in force, in the order in which they came.

    The first is a beginning, no change. Of the one in force the settings themselves are kept
    beside it, as `pipeline.settings.said` tells them: without a secret.
    """

    def __init__(
        self, place: Path | Place, *, read_only: bool = False, durable: bool = True
    ) -> None:
        self._db = open_database(place, read_only=read_only, durable=durable)
        self._order = "number" if self._db.dialect is POSTGRES else "rowid"

    def note(self, at: int, version: str, said: Mapping[str, str]) -> bool:
        """Note the configuration in force from `at` on; False when it is the one of before."""
        with self._db.transaction():
            if self._db.dialect.alone:  # several may start at once
                self._db.execute(self._db.dialect.alone)
            last = self._db.execute(
                "SELECT at, version, document FROM settings_changes "  # noqa: S608  # our own names
                f"ORDER BY {self._order} DESC LIMIT 1"
            ).fetchone()
            if last is not None and last[1] == version:
                return False
            before = msgspec.json.decode(last[2], type=dict[str, str]) if last else None
            what = () if before is None else differences(before, said)
            self._db.execute("UPDATE settings_changes SET document = '{}' WHERE document != '{}'")
            self._db.execute(
                "INSERT INTO settings_changes (at, version, what, document) VALUES (?, ?, ?, ?)",
                (at, version, _text(what), _text(dict(said))),
            )
        return True

    def between(self, start: int, end: int) -> list[SettingsChange]:
        """The changes in `[start, end)`, in order; none in a file from before they were kept."""
        with self._db.told():
            if not self._db.has_table("settings_changes"):
                return []
            rows = self._db.execute(
                "SELECT at, version, what FROM settings_changes "  # noqa: S608  # our own names
                f"WHERE at >= ? AND at < ? AND what != '[]' ORDER BY {self._order}",
                (start, end),
            ).fetchall()
        return [
            SettingsChange(at, version, msgspec.json.decode(what, type=tuple[str, ...]))
            for at, version, what in rows
        ]

    def close(self) -> None:
        """Let the connection go."""
        self._db.close()


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Say what is new in `after`, one setting or named table each; never nothing.

    A setting that only one of the two knows is the program's news, not the configuration's.

    >>> differences({"detection.sensitivity": "balanced"}, {"detection.sensitivity": "fewer"})
    ('detection.sensitivity balanced -> fewer',)
    >>> differences({}, {"brands[Acme].zone": "UTC", "brands[Acme].aliases": "Acme Inc"})
    ('brands[Acme] added',)
    """
    said: dict[str, None] = {}
    old_tables, new_tables = set(map(_table, before)), set(map(_table, after))
    for key in [*before, *(key for key in after if key not in before)]:
        table = _table(key)
        if table not in old_tables:
            said[f"{visible(table)} added"] = None
        elif table not in new_tables:
            said[f"{visible(table)} removed"] = None
        elif key in before and key in after and before[key] != after[key]:
            said[f"{visible(key, 120)} {_value(before[key])} -> {_value(after[key])}"] = None
    named = tuple(said)[:KEPT]
    if len(said) > KEPT:
        named += (f"and {len(said) - KEPT} more",)
    return named or (UPGRADED,)


def _table(key: str) -> str:
    """The named table a setting stands in (`brands[Acme]`), empty for the others."""
    head, bracket, _ = key.rpartition("].")
    return f"{head}]" if bracket else ""


def _value(value: str) -> str:
    return visible(value, VALUE) if value else "(nothing)"


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
