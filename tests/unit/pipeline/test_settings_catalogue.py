"""docs/configuration.md and the program say the same."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pipeline.settings.catalogue import page
from pipeline.settings.check import findings_of
from pipeline.settings.document import Document
from pipeline.settings.draft import from_bytes
from pipeline.settings.durations import parse_duration
from pipeline.settings.examples import EXAMPLES
from pipeline.settings.findings import Weight
from pipeline.settings.sections.section import Unit
from pipeline.settings.shape import keys_at, table_in, tables

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"
ALL_EXAMPLES = [(name, text) for name, texts in EXAMPLES.items() for text in texts]


def written() -> dict[str, dict[str, list[str]]]:
    """The page's tables: of each header, of each key, its cells."""
    found: dict[str, dict[str, list[str]]] = {}
    header = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        title = re.fullmatch(r"### `\[\[?([a-z_.]+)\]?\]`", line)
        if title:
            header = title.group(1)
            found[header] = {}
        row = re.match(r"\| `([a-z_]+)` \| (.*) \|$", line)
        if row:
            found[header][row.group(1)] = re.split(r"(?<!\\) \| ", row.group(2))
    return found


def known() -> dict[str, dict[str, Any]]:
    return {
        name: {
            key: field
            for key, field in model.model_fields.items()
            if table_in(field.annotation) is None
        }
        for name, _, model in tables(Document)
    }


def test_the_page_is_the_one_the_program_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "write it again: python -m pipeline.settings.catalogue > docs/configuration.md"
    )


def test_every_setting_is_on_the_page_and_nothing_else() -> None:
    on_page = {name: set(rows) for name, rows in written().items()}
    in_program = {name: set(fields) for name, fields in known().items() if fields}
    assert on_page == in_program


def test_every_default_on_the_page_is_the_programs() -> None:
    for name, rows in written().items():
        for key, (_, default, _) in rows.items():
            field = known()[name][key]
            if default == "left out":
                assert field.default in (None, "")
                continue
            value = tomllib.loads(f"x = {default.strip('`')}")["x"]
            if any(isinstance(each, Unit) for each in field.metadata):
                assert field.default == (None if value == "never" else parse_duration(value))
            elif isinstance(value, list):
                assert tuple(value) == field.default
            elif isinstance(field.default, Path):
                assert Path(value) == field.default
            else:
                assert value == field.default, (name, key)


def test_every_setting_says_what_it_is_for() -> None:
    for name, fields in known().items():
        for key, field in fields.items():
            assert field.description, (name, key)


def keys_of(value: object, path: str = "") -> set[str]:
    found = set()
    if isinstance(value, list):
        for inner in value:
            found |= keys_of(inner, path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            here = f"{path}.{key}" if path else key
            found |= {here} | keys_of(inner, here)
    return found


def test_every_setting_has_an_example() -> None:
    used = set().union(*(keys_of(tomllib.loads(text)) for _, text in ALL_EXAMPLES))
    wanted = {f"{name}.{key}" for name, fields in known().items() for key in fields}
    assert wanted - used == set()


def test_every_section_has_examples_of_its_own() -> None:
    assert tuple(EXAMPLES) == keys_at(Document, ())
    for name, text in ALL_EXAMPLES:
        assert name in tomllib.loads(text)


@pytest.mark.parametrize(("name", "text"), ALL_EXAMPLES)
def test_every_example_can_be_used_as_it_stands(name: str, text: str) -> None:
    findings = findings_of(from_bytes(text.encode(), Path(f"{name}.toml")))
    assert [each.text() for each in findings if each.weight is Weight.MISTAKE] == []


@pytest.mark.parametrize(
    "name", re.findall(r"CRISIS_MONITOR__[A-Z_]*[A-Z](?==)", page().replace("SECTION__KEY", ""))
)
def test_every_variable_on_the_page_names_a_setting(name: str) -> None:
    *tables_above, key = name.removeprefix("CRISIS_MONITOR__").lower().split("__")
    assert key in keys_at(Document, tuple(tables_above))
