"""The page's own files, and those of others it carries."""

import gzip
import re
from hashlib import sha256
from pathlib import Path

import pytest

from dashboards.console.static_files import FOLDER, StaticFiles

VENDOR = FOLDER / "vendor"
OURS = sorted(each for each in FOLDER.glob("*.js") if each.is_file())


def test_what_others_made_is_unchanged_and_named() -> None:
    page = (VENDOR / "VENDORED.md").read_text("utf-8")
    listed = dict(re.findall(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", page, re.MULTILINE))
    present = {
        each.name: sha256(each.read_bytes()).hexdigest()
        for each in VENDOR.iterdir()
        if each.name != "VENDORED.md"
    }
    assert listed == present


def test_every_licence_is_whole() -> None:
    htmx = (VENDOR / "htmx.LICENSE").read_text("utf-8")
    assert "Permission to use, copy, modify, and/or distribute this software" in htmx
    assert "PERFORMANCE OF THIS SOFTWARE" in htmx
    chart = (VENDOR / "uPlot.LICENSE").read_text("utf-8")
    assert "Permission is hereby granted, free of charge" in chart
    assert "WITHOUT WARRANTY OF ANY KIND" in chart


def test_the_version_named_is_the_one_carried() -> None:
    named = dict(
        re.findall(
            r"^\| (\S+) \| (\d+\.\d+\.\d+) \|", (VENDOR / "VENDORED.md").read_text(), re.MULTILINE
        )
    )
    assert f'version="{named["htmx.org"]}"' in re.sub(
        r"version\s*=\s*'([^']*)'", r'version="\1"', (VENDOR / "htmx.min.js").read_text("utf-8")
    )
    assert f"v{named['uplot']}" in (VENDOR / "uPlot.iife.min.js").read_text("utf-8")


@pytest.mark.parametrize("script", OURS, ids=lambda path: path.name)
def test_our_scripts_ask_for_nothing_the_policy_forbids(script: Path) -> None:
    text = script.read_text("utf-8")
    for forbidden in (
        "eval(",
        "new Function",
        ".innerHTML",
        "insertAdjacentHTML",
        "document.write",
    ):
        assert forbidden not in text
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)


def test_files_are_kept_packed_and_the_version_follows_them(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1;")
    (tmp_path / "notes.md").write_text("no file of the page")
    first = StaticFiles(tmp_path)
    found = first.file("a.js")
    assert found is not None
    assert gzip.decompress(found.packed) == found.body == b"1;"
    assert first.file("notes.md") is None
    assert first.file("../a.js") is None
    (tmp_path / "a.js").write_text("2;")
    assert StaticFiles(tmp_path).version != first.version
    with pytest.raises(KeyError):
        first.address("b.js")
