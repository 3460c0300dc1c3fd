"""From text to tables: what is no TOML is reported with its line and read over where it can be."""

import ast
import re
import tomllib
from typing import Any, Final

from pipeline.settings.findings import Finding, Weight, key_text
from pipeline.settings.positions import KeyPath, Positions
from pipeline.settings.text import visible

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_PAIR = re.compile(r"[ \t]*[A-Za-z0-9_.\"'-]+[ \t]*=[^\n]*")
_TWICE = re.compile(r"Cannot declare (\(.*\)) twice", re.DOTALL)
_LONG_NUMBER = re.compile(r"[0-9][0-9_]{4200,}")
_DEEP_KEY = re.compile(
    r"(?<![A-Za-z0-9_-])"
    r"(?:(?:[A-Za-z0-9_-]++|\"[^\"\n]*+\"|'[^'\n]*+')[ \t]*+\.[ \t]*+){50}"
)
_MOST_ERRORS: Final = 20
_LONGEST_LINE: Final = 10_000


class Parsed:
    """What a text holds: `data`, where each key stands, what is no TOML.

    A pair that is no TOML is left out and the rest read. `broken`: it could not be read over, so
    that `data` is empty. `mistaken` are the paths of what was left out, where they are known.
    """

    def __init__(self, text: str, place: str) -> None:
        self._place = place
        self.data: dict[str, Any] = {}
        self.findings: list[Finding] = []
        self.mistaken: list[KeyPath] = []
        self.broken = True
        unreadable = _unreadable(text)
        if unreadable:
            self.positions = Positions("")
            self._note(*unreadable)
            return
        self.positions = Positions(text)
        for _ in range(_MOST_ERRORS):
            try:
                self.data = tomllib.loads(text)
            except tomllib.TOMLDecodeError as problem:
                line: int | None = self._refused(text, str(problem))
            except RecursionError:
                self._note(None, "is nested too deeply", "")
                return
            except ValueError:  # what tomllib lets through of int(): a limit on digits
                line = self._too_long(text)
            else:
                self.broken = False
                return
            lines = text.split("\n")
            if line is None or not _PAIR.fullmatch(lines[line - 1].rstrip("\r")):
                return
            lines[line - 1] = ""
            text = "\n".join(lines)
            self.positions = Positions(text)

    def _refused(self, text: str, said: str) -> int | None:
        """Report one refusal; return the line that may be read over."""
        if self.positions.repeated:
            path, first, line = self.positions.repeated[0]
            self.mistaken.append(path)
            self._note(
                line, "is set twice", f"it stands on line {first} already: keep one", key_text(path)
            )
            return line
        found = _PLACE.search(said)
        if found and found.group(1) and (twice := _TWICE.match(said)):
            path = _path(twice.group(1))
            before = self.positions.line(path) if path else None
            self._note(
                int(found.group(1)),
                f"[{key_text(path)}] is declared twice" if path else "is declared twice",
                f"it stands on line {before} already: keep one" if before else "keep one",
            )
            return None
        wrong = visible(said[: found.start()] if found else said).lower()
        lines = text.split("\n")
        if found is None or found.group(1) is None:
            end = len(text.rstrip().split("\n"))
            self._note(end, f"is no TOML: {wrong} at the end", "a quote or a bracket is open")
            return None
        number = int(found.group(1))
        name, equals, value = lines[number - 1].partition("=")
        key = visible(name.strip(), 60) if equals and "[" not in name else ""
        where = f"is no TOML: {wrong}, column {found.group(2)}"
        self._note(number, where, _mend(value.strip()), key)
        return number

    def _too_long(self, text: str) -> int | None:
        """Report a number nobody can read; return the line that may be read over."""
        found = _LONG_NUMBER.search(text)
        line = None if found is None else text.count("\n", 0, found.start()) + 1
        before, equals, _ = ("" if line is None else text.split("\n")[line - 1]).partition("=")
        key = visible(before.strip(), 60) if equals else ""
        self._note(line, "is a number of thousands of digits", "write a smaller one", key)
        return line

    def _note(self, line: int | None, wrong: str, mend: str, key: str = "") -> None:
        self.findings.append(Finding(Weight.MISTAKE, self._place, line, key, wrong, mend))


def _unreadable(text: str) -> tuple[int, str, str] | None:
    """Find what would take the parser more time than a configuration is worth."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > _LONGEST_LINE:
            wrong = f"is a line of {len(line):,} characters"
            return number, wrong, f"break it: at most {_LONGEST_LINE:,} are read"
        if line.count(".") >= 50 and _DEEP_KEY.search(line):
            return number, "is a key of more than 50 parts", "no setting has so many"
    return None


def _path(written: str) -> KeyPath:
    """Read the path tomllib names in a refusal; nothing where it names none."""
    try:
        path = ast.literal_eval(written)
    except (ValueError, SyntaxError):
        return ()
    return path if isinstance(path, tuple) else ()


def _mend(value: str) -> str:
    if value[:1].isdigit() and value[-1:] in "smhdw":
        return f'a duration stands in quotes: "{visible(value, 20)}"'
    if value[:1].isalpha() and value not in ("true", "false"):
        return "text stands in quotes"
    if value[:1] in "\"'" and value[-1:] != value[:1]:
        return "a quote is open"
    return "see https://toml.io for the notation"
