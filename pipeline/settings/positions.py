"""On which line of a TOML text each key stands.

tomllib reads values and forgets where they stood. This reads only where: it knows strings,
brackets, comments and headers, nothing of numbers or dates. On a text tomllib accepts it finds
every path; on one it refuses it finds what stands before it gives up, which is enough to name
the line of a key written twice.
"""

import re
import tomllib
from typing import Final

KeyPath = tuple[str | int, ...]
"""The way to a value: keys, and numbers from 0 within lists."""

_BLANK = re.compile(r"[ \t]*")
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]*")
_STRINGS: Final = {
    '"""': re.compile(r'"""(?:\\.|(?!""")[^\\])*"""("{0,2})', re.DOTALL),
    "'''": re.compile(r"'''(?:(?!''').)*'''('{0,2})", re.DOTALL),
    '"': re.compile(r'"(?:\\.|[^"\\\n])*"'),
    "'": re.compile(r"'[^'\n]*'"),
}


class Lost(Exception):  # it never leaves this module  # noqa: N818  # it never leaves this module
    """The text is not TOML here."""


class Positions:
    r"""The line, from 1, of every path of one TOML text; `repeated` lists keys written twice.

    >>> found = Positions("a = 1\n[[b]]\nc = [1,\n 2]")
    >>> found.line(("b", 0, "c")), found.line(("b", 0, "c", 1)), found.line(("b", 0, "nowhere"))
    (3, 4, 2)
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[KeyPath, int] = {}
        self._counts: dict[KeyPath, int] = {}
        self._line_at = (0, 1)
        self._valued: set[KeyPath] = set()
        self._closed = False
        self.repeated: list[tuple[KeyPath, int, int]] = []
        """Path, line of the first, line of the second."""
        try:
            self._document()
        except (Lost, RecursionError):
            self._closed = True

    @property
    def complete(self) -> bool:
        """Whether the text was read to its end."""
        return not self._closed

    def line(self, path: KeyPath) -> int | None:
        """Return the line of `path`, or of the nearest table around it that stands in the text."""
        for length in range(len(path), 0, -1):
            found = self._lines.get(path[:length])
            if found is not None:
                return found
        return None

    def paths(self) -> dict[KeyPath, int]:
        """Every path with its line."""
        return dict(self._lines)

    def _document(self) -> None:
        table: KeyPath = ()
        while True:
            self._skip(_SPACE)
            if self._at >= len(self._text):
                return
            line = self._line()
            if self._take("[["):
                table = self._list_header(self._key(), line)
                self._expect("]]")
            elif self._take("["):
                table = self._table_header(self._key(), line)
                self._expect("]")
            else:
                self._pair(table)
            self._skip(_BLANK)
            if self._at < len(self._text) and self._text[self._at] not in "\r\n#":
                raise Lost

    def _resolve(self, key: KeyPath) -> KeyPath:
        """Follow lists of tables to their newest entry."""
        path: KeyPath = ()
        for part in key:
            path = (*path, part)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _list_header(self, key: KeyPath, line: int) -> KeyPath:
        path = (*self._resolve(key[:-1]), key[-1])
        self._note_parents(path, line)
        number = self._counts.get(path, 0)
        self._counts[path] = number + 1
        self._lines.setdefault(path, line)
        self._lines[(*path, number)] = line
        return (*path, number)

    def _table_header(self, key: KeyPath, line: int) -> KeyPath:
        path = self._resolve(key)
        self._note_parents(path, line)
        self._lines.setdefault(path, line)
        return path

    def _note_parents(self, path: KeyPath, line: int) -> None:
        for length in range(1, len(path)):
            self._lines.setdefault(path[:length], line)

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = (*table, *self._key())
        self._skip(_BLANK)
        self._expect("=")
        self._skip(_BLANK)
        self._note_repeat(path, line)
        self._note_parents(path, line)
        self._lines.setdefault(path, line)
        self._value(path)
        self._valued.add(path)

    def _note_repeat(self, path: KeyPath, line: int) -> None:
        for length in range(1, len(path) + 1):
            if path[:length] in self._valued or (length == len(path) and path in self._lines):
                self.repeated.append((path[:length], self._lines[path[:length]], line))
                return

    def _key(self) -> KeyPath:
        parts: list[str | int] = []
        while True:
            self._skip(_BLANK)
            parts.append(self._part())
            self._skip(_BLANK)
            if not self._take("."):
                return tuple(parts)

    def _part(self) -> str:
        if self._at < len(self._text) and self._text[self._at] in "\"'":
            found = self._match(_STRINGS[self._text[self._at]])
            try:
                return str(tomllib.loads(f"k = {found}")["k"])
            except tomllib.TOMLDecodeError:
                raise Lost from None
        return self._match(_BARE)

    def _value(self, path: KeyPath) -> None:
        for opening in ('"""', "'''", '"', "'"):
            if self._text.startswith(opening, self._at):
                self._match(_STRINGS[opening])
                return
        if self._take("["):
            self._items(path)
        elif self._take("{"):
            self._inline_table(path)
        elif not self._match(_SCALAR).strip():
            raise Lost

    def _items(self, path: KeyPath) -> None:
        number = 0
        while True:
            self._skip(_SPACE)
            if self._take("]"):
                return
            self._lines[(*path, number)] = self._line()
            self._value((*path, number))
            number += 1
            self._skip(_SPACE)
            if not self._take(","):
                self._expect("]")
                return

    def _inline_table(self, path: KeyPath) -> None:
        self._skip(_SPACE)
        if self._take("}"):
            return
        while True:
            self._skip(_SPACE)
            self._pair(path)
            self._skip(_SPACE)
            if not self._take(","):
                self._expect("}")
                return

    def _line(self) -> int:
        """Return the line of the place reached, counted on from the last one asked for."""
        start, line = self._line_at
        line += self._text.count("\n", start, self._at)
        self._line_at = (self._at, line)
        return line

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        if found:
            self._at = found.end()

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if not found:
            raise Lost
        self._at = found.end()
        return found.group()

    def _take(self, mark: str) -> bool:
        if self._text.startswith(mark, self._at):
            self._at += len(mark)
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise Lost
