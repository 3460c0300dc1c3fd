import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.settings.check import findings_of
from pipeline.settings.draft import from_bytes
from pipeline.settings.findings import Weight
from pipeline.settings.starter import starter


def mistakes(text: str) -> list[str]:
    findings = findings_of(from_bytes(text.encode(), Path("x.toml")))
    return [each.text() for each in findings if each.weight is Weight.MISTAKE]


@given(st.text(max_size=30))
@settings(deadline=None, max_examples=150)
def test_any_name_is_refused_or_arrives_whole_without_mistakes(name: str) -> None:
    try:
        text = starter(name)
    except SettingsError:
        return
    data = tomllib.loads(text)
    assert [brand["name"] for brand in data["brands"]] == [name.strip()]
    assert data["ingest"] == {"host": "127.0.0.1", "port": 8080}
    assert mistakes(text) == []


@pytest.mark.parametrize(
    "name",
    [
        'K"L\\M',
        "'''",
        '"""',
        '"\n[ingest]',
        "@NAME@",
        "Häagen-Dazs",
        "دیجی‌کالا",
        "航空",
        "\\u0000",
        "]]",
        "# x",
        "$(rm -rf ~)",
    ],
)
def test_hostile_names(name: str) -> None:
    if "\n" in name:
        with pytest.raises(SettingsError, match="control characters"):
            starter(name)
        return
    assert tomllib.loads(starter(name))["brands"][0]["name"] == name
    assert mistakes(starter(name)) == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x1b[31m", "a\udcffb", "source:x", "\x7f"])
def test_names_no_configuration_could_hold(name: str) -> None:
    with pytest.raises(SettingsError):
        starter(name)


def test_every_example_in_it_can_be_used_as_it_stands() -> None:
    used = re.sub(r"^#(?! |$)", "", starter("KLM"), flags=re.MULTILINE)
    assert used.count("[[receivers]]") == 2
    assert mistakes(used) == []


def test_it_shows_no_default_that_is_not_one() -> None:
    shown = from_bytes(starter("KLM").encode(), Path("x.toml")).document
    used = re.sub(r"^#(?! |$)", "", starter("KLM"), flags=re.MULTILINE)
    uncommented = from_bytes(used.encode(), Path("x.toml")).document
    default = from_bytes(b"", Path("x.toml")).document
    for document in (shown, uncommented):
        assert document.storage == default.storage
        assert document.detection == default.detection
        assert document.policy.updates == default.policy.updates
        assert document.policy.acknowledge_within == default.policy.acknowledge_within
        assert document.policy.rounds == default.policy.rounds
