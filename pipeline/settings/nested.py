"""Nested tables and lists as TOML and JSON give them: laid over one another, cut, copied."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.settings.positions import KeyPath

_ANCHORED = ("path", "secret_file", "token_file", "url_file")


def anchor(data: dict[str, Any], folder: Path) -> None:
    """Make relative paths in a file relative to the file's folder, in place."""
    storage = data.get("storage")
    if isinstance(storage, dict) and isinstance(storage.get("directory"), str):
        storage["directory"] = _joined(folder, storage["directory"])
    sections: list[Any] = [data.get("ingest"), data.get("page")]
    for name in ("sources", "receivers"):
        listed = data.get(name)
        sections += listed if isinstance(listed, list) else []
    for section in sections:
        if isinstance(section, dict):
            for key in _ANCHORED:
                if isinstance(section.get(key), str):
                    section[key] = _joined(folder, section[key])


def _joined(folder: Path, written: str) -> str:
    return str(folder / written) if written not in ("", "-") else written


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `above` over `below`, table by table; lists are replaced.

    >>> merged({"a": {"b": 1, "c": [1, 2]}}, {"a": {"c": [3]}})
    {'a': {'b': 1, 'c': [3]}}
    """
    laid = dict(below)
    for key, value in above.items():
        old = laid.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            laid[key] = merged(old, value)
        else:
            laid[key] = value
    return laid


def copied(value: Any) -> Any:  # nested tables and lists of anything  # noqa: ANN401  # whatever the file held
    """Return a copy that can be cut without touching the original."""
    if isinstance(value, Mapping):
        return {key: copied(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [copied(inner) for inner in value]
    return value


def holds(data: Mapping[str, Any], path: KeyPath) -> bool:
    """Whether `data` says something at `path`, or above it with no table in between."""
    here: Any = data
    for part in path:
        if not isinstance(here, Mapping):
            return True
        if part not in here:
            return False
        here = here[part]
    return bool(path)


def existing(data: Any, path: KeyPath) -> KeyPath:  # nested tables and lists  # noqa: ANN401  # whatever the file held
    """Return the part of `path` that stands in the data.

    >>> existing({"a": [{"b": 1}]}, ("a", 0, "b", "int"))
    ('a', 0, 'b')
    """
    found: KeyPath = ()
    here = data
    for part in path:
        inside = (isinstance(here, Mapping) and part in here) or (
            isinstance(here, list) and isinstance(part, int) and part < len(here)
        )
        if not inside:
            break
        here = here[part]
        found = (*found, part)
    return found


def cut(data: dict[str, Any], path: KeyPath, *, table: bool) -> None:
    """Take the value at `path` out, in place; within a list something empty keeps its place."""
    here: Any = data
    for part in path[:-1]:
        if isinstance(here, Mapping) and part not in here:
            return
        here = here[part]
    last = path[-1]
    if isinstance(here, list) and isinstance(last, int):
        here[last] = {} if table else ""
    elif isinstance(here, dict):
        here.pop(last, None)
