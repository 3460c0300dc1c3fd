"""When settings changed and which: what is marked on every chart, kept in mentions.db."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from pipeline.log.database import transaction, translated
from pipeline.settings.text import visible
from pipeline.stores.database import open_database

NAMED = 6
"""Settings named in one change; of the others only how many they are."""
VALUE = 60
"""Characters of a value that are shown."""


class SettingsChange(msgspec.Struct, frozen=True):
    """From `at` on the configuration of this `version` was in force; `what` says what is new."""

    at: int
    version: str
    what: str


class ChangeTable:
    """The configurations that were in force, in the order in which they came.

    The first is a beginning, no change. Of the one in force the settings themselves are kept
    beside it, as `pipeline.settings.said` tells them: without a secret.
    """

    def __init__(self, directory: Path, *, read_only: bool = False, durable: bool = True) -> None:
        self.path = directory / "mentions.db"
        self._db = open_database(directory, read_only=read_only, durable=durable)

    def note(self, at: int, version: str, said: Mapping[str, str]) -> bool:
        """Note the configuration in force from `at` on; False when it is the one of before."""
        with transaction(self._db, self.path):
            last = self._db.execute(
                "SELECT rowid, version, document FROM settings_changes ORDER BY rowid DESC LIMIT 1"
            ).fetchone()
            if last is not None and last[1] == version:
                return False
            before = msgspec.json.decode(last[2], type=dict[str, str]) if last else None
            what = "" if before is None else differences(before, said)
            self._db.execute("UPDATE settings_changes SET document = '{}' WHERE document != '{}'")
            self._db.execute(
                "INSERT INTO settings_changes (at, version, what, document) VALUES (?, ?, ?, ?)",
                (at, version, what, msgspec.json.encode(dict(said)).decode()),
            )
        return True

    def between(self, start: int, end: int) -> list[SettingsChange]:
        """The changes in `[start, end)`, in order; none in a file from before they were kept."""
        with translated(self.path):
            kept = self._db.execute(
                "SELECT 1 FROM sqlite_master WHERE name = 'settings_changes'"
            ).fetchone()
            if kept is None:
                return []
            rows = self._db.execute(
                "SELECT at, version, what FROM settings_changes "
                "WHERE at >= ? AND at < ? AND what != '' ORDER BY rowid",
                (start, end),
            ).fetchall()
        return [SettingsChange(*row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Say what is new in `after`, at most six settings by name; never empty.

    >>> differences({"detection.sensitivity": "balanced"}, {"detection.sensitivity": "fewer"})
    'detection.sensitivity balanced -> fewer'
    >>> differences({}, {"brands[Acme].zone": "UTC", "brands[Acme].aliases": "Acme Inc"})
    'brands[Acme] added'
    """
    said: dict[str, None] = {}
    for key in [*before, *(key for key in after if key not in before)]:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        entry = _entry(key)
        if entry and old is None and not any(other.startswith(entry + ".") for other in before):
            said[f"{visible(entry)} added"] = None
        elif entry and new is None and not any(other.startswith(entry + ".") for other in after):
            said[f"{visible(entry)} removed"] = None
        else:
            said[f"{visible(key, 120)} {_value(old)} -> {_value(new)}"] = None
    named = list(said)[:NAMED]
    more = len(said) - len(named)
    if more:
        named.append(f"and {more} more")
    return "; ".join(named) or "settings of another version of this program"


def _entry(key: str) -> str:
    """The named table a setting stands in (`brands[Acme]`), empty for the others."""
    head, bracket, _ = key.rpartition("].")
    return f"{head}]" if bracket else ""


def _value(value: str | None) -> str:
    return "(nothing)" if not value else visible(value, VALUE)
