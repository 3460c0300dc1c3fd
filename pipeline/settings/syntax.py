"""From text to tables: what is no TOML is reported with its line and read over where it can be."""

import re
import tomllib
from typing import Any, Final

from pipeline.settings.findings import Finding, Weight, key_text
from pipeline.settings.positions import KeyPath, Positions
from pipeline.settings.text import visible

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_PAIR = re.compile(r"[ \t]*[A-Za-z0-9_.\"'-]+[ \t]*=[^\n]*")
_MOST_ERRORS: Final = 20


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
        self.positions = Positions(text)
        self.broken = True
        for _ in range(_MOST_ERRORS):
            try:
                self.data = tomllib.loads(text)
            except tomllib.TOMLDecodeError as problem:
                line = self._refused(text, str(problem))
            except RecursionError:
                self._note(None, "is nested too deeply", "")
                return
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
        wrong = visible(said[: found.start()] if found else said).lower()
        lines = text.split("\n")
        if found is None or found.group(1) is None:
            end = len(text.rstrip().split("\n"))
            self._note(end, f"is no TOML: {wrong} at the end", "a quote or a bracket is open")
            return None
        number = int(found.group(1))
        before, equals, value = lines[number - 1].partition("=")
        key = visible(before.strip(), 60) if equals and "[" not in before else ""
        where = f"is no TOML: {wrong}, column {found.group(2)}"
        self._note(number, where, _mend(value.strip()), key)
        return number

    def _note(self, line: int | None, wrong: str, mend: str, key: str = "") -> None:
        self.findings.append(Finding(Weight.MISTAKE, self._place, line, key, wrong, mend))


def _mend(value: str) -> str:
    if value[:1].isdigit() and value[-1:] in "smhdw":
        return f'a duration stands in quotes: "{visible(value, 20)}"'
    if value[:1].isalpha() and value not in ("true", "false"):
        return "text stands in quotes"
    if value[:1] in "\"'" and value[-1:] != value[:1]:
        return "a quote is open"
    return "see https://toml.io for the notation"
