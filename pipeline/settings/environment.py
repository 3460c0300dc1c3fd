"""Settings from the environment: CRISIS_MONITOR__SECTION__KEY=value.

The value is what the file would hold, without quotes; a list or a table is written as JSON.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic_settings import BaseSettings, EnvSettingsSource

from pipeline.settings.findings import Finding, Weight
from pipeline.settings.positions import KeyPath
from pipeline.settings.shape import keys_at, model_at, table_in
from pipeline.settings.text import nearest, visible

PREFIX: Final = "CRISIS_MONITOR__"
DELIMITER: Final = "__"
OWN: Final = "CRISIS_MONITOR_"
_READ: Final = frozenset(
    OWN + word for word in ("CONFIG", "DATA_DIR", "SECRET", "TOKEN", "DATA", "KILLS", "FUZZ_LINES")
)
"""Variables that commands and tests read beside the settings."""


class Overlay:
    """What the environment says: `data` as nested tables, the variable of each path, mistakes."""

    def __init__(self, model: type[BaseSettings], environ: Mapping[str, str]) -> None:
        self.variables: dict[KeyPath, str] = {}
        self.findings: list[Finding] = []
        self.strangers: tuple[str, ...] = tuple(
            name
            for name in sorted(environ)
            if name.upper().startswith(OWN)
            and not name.upper().startswith(PREFIX)
            and name.upper() not in _READ
        )
        """Variables named like ours that no part of the program reads by itself."""
        usable: dict[str, str | None] = {}
        for name in sorted(environ):
            if not name.upper().startswith(PREFIX):
                continue
            path: KeyPath = tuple(name[len(PREFIX) :].lower().split(DELIMITER))
            problem = _problem(model, path, environ[name])
            if problem:
                self.findings.append(_finding(name, problem))
            else:
                self.variables[path] = name
                usable[name.lower()] = environ[name]
        source = EnvSettingsSource(
            model, case_sensitive=False, env_prefix=PREFIX, env_nested_delimiter=DELIMITER
        )
        source.env_vars = usable
        self.data: dict[str, Any] = source()

    def variable(self, path: KeyPath) -> str:
        """Return the variable that gave the value at `path` or above it, or ""."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.variables:
                return self.variables[path[:length]]
        return ""


def meant_by(model: type[BaseSettings], stranger: str) -> str:
    """Return the variable of a setting that somebody meant by a name with an underscore too few.

    >>> from pipeline.settings.document import Document
    >>> meant_by(Document, "CRISIS_MONITOR_INGEST__PORT")
    'CRISIS_MONITOR__INGEST__PORT'
    """
    names = {
        f"{PREFIX}{section}{DELIMITER}{key}".upper()
        for section in keys_at(model, ())
        for key in keys_at(model, (section,))
    }
    flat = {name.replace(DELIMITER, "_"): name for name in names}
    return flat.get(nearest(stranger.upper().replace(DELIMITER, "_"), flat, 0.9), "")


def _problem(model: type[BaseSettings], path: KeyPath, value: str) -> tuple[str, str, str] | None:  # noqa: PLR0911  # one way to be wrong each
    """Return what is wrong, how to mend it and the nearest name, or None."""
    for depth, part in enumerate(path):
        keys = keys_at(model, path[:depth])
        if part not in keys:
            near = nearest(str(part), keys)
            closer = PREFIX + DELIMITER.join([*map(str, path[:depth]), near]).upper()
            return (
                "names no setting",
                f"write {closer}" if near else "see docs/configuration.md for the settings",
                closer if near else "",
            )
    holder = model_at(model, path[:-1])
    field = holder.model_fields[str(path[-1])] if holder else None
    if field is None:
        return None
    if value.lstrip()[:1] not in ("[", "{"):
        if table_in(field.annotation) or "tuple" in str(field.annotation):
            return ("is a list or a table", "write it as JSON", "")
        return None
    if table_in(field.annotation) is None and "tuple" not in str(field.annotation):
        return None
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return ("holds no valid JSON", "write a list or a table as JSON", "")
    return None


def _finding(name: str, problem: tuple[str, str, str]) -> Finding:
    wrong, mend, near = problem
    return Finding(
        Weight.MISTAKE, f"environment variable {visible(name, 120)}", None, "", wrong, mend, near
    )
