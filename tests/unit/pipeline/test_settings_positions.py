"""The locator against tomllib on documents written in every style."""

import json
import re
import tomllib
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.settings.positions import KeyPath, Positions

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NOISE = ["", "# [not] = a key", '# "quote', "   # ''' ]] }", "\t"]
_keys = st.one_of(
    st.sampled_from(["a", "b-c", "name", "1", "true", "a.b", "x y", "é", '"', "'", "#", "["]),
    st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=4),
)
_texts = st.text(
    st.one_of(
        st.sampled_from(list("'\"\\\n#[]{},= ab")),
        st.characters(codec="utf-8", exclude_categories=["C"]),
    ),
    max_size=12,
)
Value: TypeAlias = "bool | int | float | str | tuple[str] | list[Value] | dict[str, Value]"
"""A tuple holds a date as it is written."""

_scalars = st.one_of(
    st.integers(-(2**62), 2**62),
    st.booleans(),
    st.floats(allow_nan=False),
    st.sampled_from(["1979-05-27T07:32:00Z", "1979-05-27 07:32:00", "07:32:00"]).map(
        lambda t: (t,)
    ),
    _texts,
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_keys, inner, max_size=3)),
    max_leaves=8,
)


class Writer:
    """Writes TOML in styles it draws, and notes the line of every path."""

    def __init__(self, data: st.DataObject) -> None:
        self.draw = data.draw
        self.text = ""
        self.lines: dict[KeyPath, int] = {}

    @property
    def line(self) -> int:
        return self.text.count("\n") + 1

    def choose(self, *options: str) -> str:
        return str(self.draw(st.sampled_from(options)))

    def noise(self) -> None:
        for _ in range(self.draw(st.integers(0, 2))):
            self.text += self.choose(*_NOISE) + "\n"

    def key(self, key: str) -> str:
        styles = [json.dumps(key, ensure_ascii=False)]
        if _BARE.fullmatch(key):
            styles.append(key)
        if "'" not in key:
            styles.append(f"'{key}'")
        return self.choose(*styles)

    def pair(self, table: KeyPath, key: str, value: Value, *, inline: bool = False) -> None:
        path = (*table, key)
        self.lines[path] = self.line
        gap = self.choose("", " ", "\t ")
        self.text += f"{self.key(key)}{gap}={gap}"
        self.value(path, value, inline=inline)

    def value(self, path: KeyPath, value: Value, *, inline: bool) -> None:
        match value:
            case bool():
                self.text += str(value).lower()
            case tuple():
                self.text += value[0]
            case str():
                self.text += self.string(value, inline=inline)
            case list():
                self.array(path, value, inline=inline)
            case dict():
                self.text += "{"
                for number, (key, inner) in enumerate(value.items()):
                    self.text += ", " if number else " "
                    self.pair(path, key, inner, inline=True)
                self.text += " }"
            case _:
                self.text += repr(value)

    def string(self, value: str, *, inline: bool) -> str:
        styles = [json.dumps(value, ensure_ascii=False)]
        if "'" not in value and "\n" not in value:
            styles.append(f"'{value}'")
        if not inline:
            escaped = value.replace("\\", "\\\\").replace('"""', '""\\"')
            safe = escaped[:-1] + '\\"' if escaped.endswith('"') else escaped
            styles.append(f'"""\n{safe}"""')
            if "'''" not in value and not value.endswith("'"):
                styles.append(f"'''\n{value}'''")
        return self.choose(*styles)

    def array(self, path: KeyPath, value: list[Value], *, inline: bool) -> None:
        def gap() -> str:
            return " " if inline else self.choose("", " ", "\n", " # ], \"'\n", "\n\n\t")

        self.text += "["
        for number, inner in enumerate(value):
            self.text += gap()
            self.lines[(*path, number)] = self.line
            self.value((*path, number), inner, inline=inline)
            self.text += gap() + (
                "," if number < len(value) - 1 or self.draw(st.booleans()) else ""
            )
        self.text += gap() + "]"

    def document(self) -> None:
        names = self.draw(st.lists(_keys, unique=True, max_size=6))
        tables = [name for name in names if self.draw(st.booleans())]
        self.noise()
        for name in names:
            if name not in tables:
                self.pair((), name, self.draw(_values))
                self.text += self.choose("\n", " # = 1\n")
                self.noise()
        for name in tables:
            many = self.draw(st.booleans())
            for number in range(self.draw(st.integers(0, 2)) if many else 1):
                path = self.header(name, number if many else None)
                for key, value in self.draw(st.dictionaries(_keys, _values, max_size=3)).items():
                    self.pair(path, key, value)
                    self.text += "\n"
                self.noise()

    def header(self, name: str, number: int | None) -> KeyPath:
        self.lines.setdefault((name,), self.line)
        if number is None:
            self.text += f"[ {self.key(name)} ]\n"
            return (name,)
        self.lines[(name, number)] = self.line
        self.text += f"[[{self.key(name)}]]\n"
        return (name, number)


def paths_of(value: Value, path: KeyPath = ()) -> set[KeyPath]:
    found = {path} if path else set()
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= paths_of(inner, (*path, key))
    if isinstance(value, list):
        for number, inner in enumerate(value):
            found |= paths_of(inner, (*path, number))
    return found


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_every_path_of_any_document_has_its_line(data: st.DataObject) -> None:
    writer = Writer(data)
    writer.document()
    positions = Positions(writer.text)
    assert positions.complete
    assert positions.repeated == []
    assert set(positions.paths()) == paths_of(tomllib.loads(writer.text))
    assert positions.paths() == writer.lines


@given(st.text(st.sampled_from(list("ab.=[]{}\"'\\#,\n 1\r")), max_size=60))
@settings(deadline=None, max_examples=500)
def test_agrees_with_tomllib_on_what_is_a_document(text: str) -> None:
    positions = Positions(text)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert positions.complete
    assert positions.repeated == []
    assert set(positions.paths()) == paths_of(data)


@pytest.mark.parametrize(
    ("text", "path", "first", "second"),
    [
        ("a = 1\nb = 2\na = 3\n", ("a",), 1, 3),
        ("[t]\na.b = 1\na.b = 2\n", ("t", "a", "b"), 2, 3),
        ("a = 1\na.b = 2\n", ("a",), 1, 2),
        ("a = {b = 1}\na.c = 2\n", ("a",), 1, 2),
        ("[[t]]\nx = 1\n[[t]]\nx = 1\nx = 2", ("t", 1, "x"), 4, 5),
    ],
)
def test_a_key_written_twice_is_found(text: str, path: KeyPath, first: int, second: int) -> None:
    assert Positions(text).repeated[0] == (path, first, second)


def test_dotted_headers_and_tables_below_lists() -> None:
    text = "[a.b]\nc = 1\n[[l]]\n[[l]]\n[l.m]\nn = 1\n[[l.k]]\no.p = 2\n"
    positions = Positions(text)
    assert positions.line(("a",)) == 1
    assert positions.line(("a", "b", "c")) == 2
    assert positions.line(("l", 1, "m", "n")) == 6
    assert positions.line(("l", 1, "k", 0, "o", "p")) == 8
    assert positions.line(("l", 1, "nothing")) == 4
    assert positions.line(("nothing",)) is None


@pytest.mark.parametrize("text", ["a=" + "[" * 100_000, 'a="""' + "\\" * 100_000, "a." * 100_000])
def test_hostile_texts_end(text: str) -> None:
    assert not Positions(text).complete
