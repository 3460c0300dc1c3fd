"""A configuration as read: what could be understood of it, and what could not, with its place."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.errors import EnvironmentProblem
from pipeline.settings.document import Document
from pipeline.settings.environment import Overlay
from pipeline.settings.findings import Finding, Weight, key_text
from pipeline.settings.positions import KeyPath, Positions
from pipeline.settings.text import visible
from pipeline.settings.wording import Wording, words_for

DEFAULT_FILE: Final = "crisis-monitor.toml"
FILE_VARIABLE: Final = "CRISIS_MONITOR_CONFIG"
MAX_FILE_BYTES: Final = 16 * 1024 * 1024

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_PAIR = re.compile(r"[ \t]*[A-Za-z0-9_.\"'-]+[ \t]*=[^\n]*")
_MOST_SYNTAX_ERRORS = 20
_ANCHORED = ("path", "secret_file", "token_file", "url_file")


class FileUnreadable(EnvironmentProblem):
    """The configuration file is not there or cannot be read."""


class Draft:
    """What was read: `document` holds what is well-formed, defaults in the place of the rest.

    `mistaken` are the paths of what is not, so that no second finding is made of the first.
    """

    def __init__(
        self, place: str, text: str, overlay: Overlay, overrides: Mapping[str, Any]
    ) -> None:
        self.place = place
        self.findings: list[Finding] = list(overlay.findings)
        self.mistaken: set[KeyPath] = set()
        self._meant: set[KeyPath] = set()
        self._overlay = overlay
        self._overrides = overrides
        self.positions = Positions("")
        self.syntax_broken = False
        self.data: dict[str, Any] = {}
        self.document = Document()
        self._read(text)

    def finding(
        self, weight: Weight, path: KeyPath, wrong: str, mend: str = "", near: str = ""
    ) -> Finding:
        """Make a finding about the value at `path`, wherever that value came from."""
        variable = self._overlay.variable(path)
        if _within(self._overrides, path):
            place, line = "command line", None
        elif variable:
            place, line = f"environment variable {visible(variable, 120)}", None
        else:
            place, line = self.place, self.positions.line(path)
        return Finding(weight, place, line, key_text(path), wrong, mend, near)

    def is_mistaken(self, path: KeyPath) -> bool:
        """Whether something at, above or below `path` was not understood."""
        return path in self._meant or any(
            path[: len(known)] == known or known[: len(path)] == path for known in self.mistaken
        )

    def _read(self, text: str) -> None:
        data = self._parse(text)
        folder = Path(self.place).parent
        _anchor(data, folder)
        self.data = _merged(_merged(data, self._overlay.data), self._overrides)
        remaining = self.data
        for _ in range(50):
            try:
                self.document = Document.model_validate(remaining)
            except ValidationError as problem:
                errors = problem.errors(include_url=False, include_context=True)
                remaining = self._without(remaining, errors)
            else:
                return
        self.document = Document()

    def _parse(self, text: str) -> dict[str, Any]:
        """Read the text; a pair that is no TOML is reported, blanked and read over."""
        self.positions = Positions(text)
        for _ in range(_MOST_SYNTAX_ERRORS):
            try:
                return tomllib.loads(text)
            except tomllib.TOMLDecodeError as problem:
                line = self._syntax(text, str(problem))
            except RecursionError:
                self._note_syntax(None, "is nested too deeply", "")
                line = None
            lines = text.split("\n")
            if line is None or not _PAIR.fullmatch(lines[line - 1].rstrip("\r")):
                break
            lines[line - 1] = ""
            text = "\n".join(lines)
            self.positions = Positions(text)
        self.syntax_broken = True
        return {}

    def _syntax(self, text: str, said: str) -> int | None:
        """Report one syntax error; return the line that can be read over."""
        found = _PLACE.search(said)
        wrong = said[: found.start()] if found else said
        if self.positions.repeated:
            path, first, line = self.positions.repeated[0]
            mend = f"it stands on line {first} already: keep one"
            self.findings.append(
                Finding(Weight.MISTAKE, self.place, line, key_text(path), "is set twice", mend)
            )
            self.mistaken.add(path)
            return line
        number = int(found.group(1)) if found and found.group(1) else None
        lines = text.split("\n")
        key = ""
        if number is not None and number <= len(lines):
            before, equals, _ = lines[number - 1].partition("=")
            key = visible(before.strip(), 60) if equals and "[" not in before else ""
        end = len(text.rstrip().split("\n"))
        where = f", column {found.group(2)}" if number is not None and found else " at the end"
        self._note_syntax(
            number or end,
            f"is no TOML: {visible(wrong).lower()}{where}",
            _mend_syntax(lines, number),
            key,
        )
        return number

    def _note_syntax(self, line: int | None, wrong: str, mend: str, key: str = "") -> None:
        self.findings.append(Finding(Weight.MISTAKE, self.place, line, key, wrong, mend))

    def _without(self, data: dict[str, Any], errors: list[ErrorDetails]) -> dict[str, Any]:
        """Report what is not understood and return the data without it."""
        pruned: dict[str, Any] = _copied(data)
        seen: set[KeyPath] = set()
        for error in errors:
            path = _existing(data, error["loc"])
            if path in seen:
                continue
            seen.add(path)
            wording: Wording = words_for(Document, path, error)
            if not self.is_mistaken(path):
                self.findings.append(
                    self.finding(Weight.MISTAKE, path, wording.wrong, wording.mend, wording.nearest)
                )
            self.mistaken.add(path)
            if wording.meant:
                self._meant.add(wording.meant)
            _prune(pruned, path, error["type"])
        return pruned


def draft(
    path: Path | None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Draft:
    """Read the configuration from `path`, else the file the environment names, else the default.

    Only the default may be absent. Raises `FileUnreadable`.
    """
    environ = os.environ if environ is None else environ
    named = path or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    file = named or Path(DEFAULT_FILE)
    overlay = Overlay(Document, environ)
    raw = b"" if named is None and not file.exists() else _bytes(file)
    return from_bytes(raw, visible(file, 300), overlay, overrides or {})


def from_bytes(
    raw: bytes,
    place: str,
    overlay: Overlay | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Draft:
    """Read a configuration from its bytes; `place` is its name in findings."""
    overlay = overlay or Overlay(Document, {})
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        broken = Draft(place, "", overlay, overrides or {})
        line = raw[: problem.start].count(b"\n") + 1
        broken.findings.append(
            Finding(Weight.MISTAKE, place, line, "", "is not UTF-8 text", "save the file as UTF-8")
        )
        broken.syntax_broken = True
        return broken
    return Draft(place, text, overlay, overrides or {})


def _bytes(file: Path) -> bytes:
    shown = visible(file, 300)
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise FileUnreadable(
            f"{shown} does not exist: write one with `crisis-monitor config init NAME`"
        ) from None
    except PermissionError:
        raise FileUnreadable(f"{shown} may not be read: change its owner or mode") from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "its name is not valid"
        raise FileUnreadable(f"{shown} cannot be read: {str(reason).lower()}") from None
    if len(raw) > MAX_FILE_BYTES:
        raise FileUnreadable(f"{shown} is larger than 16 MiB: that is no configuration")
    return raw


def _mend_syntax(lines: list[str], number: int | None) -> str:
    if number is None or number > len(lines):
        return "a quote or a bracket is open"
    value = lines[number - 1].partition("=")[2].strip()
    if value and value[0].isalpha() and value not in ("true", "false"):
        return "text stands in quotes"
    if value[:1].isdigit() and value[-1:] in "smhdw":
        return f'a duration stands in quotes: "{visible(value, 20)}"'
    return "see https://toml.io for the notation"


def _anchor(data: dict[str, Any], folder: Path) -> None:
    """Make relative paths in the file relative to the file's folder."""
    storage = data.get("storage")
    if isinstance(storage, dict) and isinstance(storage.get("directory"), str):
        storage["directory"] = _joined(folder, storage["directory"])
    sections: list[Any] = [data.get("ingest")]
    for name in ("sources", "receivers"):
        listed = data.get(name)
        sections += listed if isinstance(listed, list) else []
    for section in sections:
        if isinstance(section, dict):
            for key in _ANCHORED:
                if isinstance(section.get(key), str):
                    section[key] = _joined(folder, section[key])


def _joined(folder: Path, written: str) -> str:
    return str(folder / written) if written else written


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `above` over `below`, table by table; lists are replaced."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(old, value) if both else value  # type: ignore[arg-type]  # both say so
    return merged


def _copied(value: Any) -> Any:  # noqa: ANN401  # nested tables and lists of anything
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(inner) for inner in value]
    return value


def _within(data: Mapping[str, Any], path: KeyPath) -> bool:
    here: Any = data
    for part in path:
        if not isinstance(here, Mapping):
            return True
        if part not in here:
            return False
        here = here[part]
    return bool(path)


def _existing(data: Any, loc: tuple[int | str, ...]) -> KeyPath:  # noqa: ANN401  # nested
    """The part of pydantic's location that stands in the data."""
    path: KeyPath = ()
    here = data
    for part in loc:
        if isinstance(here, Mapping) and part in here:
            here = here[part]
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            return path
        path = (*path, part)
    return path


def _prune(data: dict[str, Any], path: KeyPath, kind: str) -> None:
    """Take the value at `path` out; within a list something empty keeps its place."""
    here: Any = data
    for part in path[:-1]:
        if isinstance(here, Mapping) and part not in here:
            return
        here = here[part]
    if isinstance(here, list):
        number = int(path[-1])
        here[number] = {} if kind.startswith(("model", "dict")) else ""
    else:
        here.pop(path[-1], None)


__all__ = ["DEFAULT_FILE", "FILE_VARIABLE", "Draft", "FileUnreadable", "draft", "from_bytes"]
