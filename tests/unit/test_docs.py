"""What the pages promise exists: links, files, commands, options, targets, metrics, settings."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from pipeline.__main__ import app
from pipeline.metrics.catalogue import CATALOGUE
from pipeline.settings.check import findings_of
from pipeline.settings.draft import draft
from pipeline.settings.findings import Weight

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted(path for path in (ROOT / "docs" / "adr").glob("*.md") if path.stem != "README")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
PICTURE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<path>[^)\s]+)\)|<img (?P<given>[^>]+)>")
MOST_OF_A_PICTURE = 150_000
OURS = re.compile(r"(?<![\w./-])(?:alerts|dashboards|detectors|docs|pipeline|tests)/[\w./-]+\.\w+")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


each = pytest.mark.parametrize("page", PAGES, ids=name_of)
each_decision = pytest.mark.parametrize("page", DECISIONS, ids=name_of)


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def code(page: Path) -> Iterator[str]:
    """Every line of a block that is no configuration, and everything between backticks."""
    for language, body in FENCE.findall(page.read_text(encoding="utf-8")):
        if language != "toml":
            yield from body.replace("\\\n", " ").splitlines()
    for span in re.findall(r"`([^`]+)`", prose(page)):
        yield span.replace("\n", " ")


def commands(page: Path) -> Iterator[list[str]]:
    """The words behind each `crisis-monitor` that stands as a command."""
    for line in code(page):
        for part in line.split("&&"):
            found = re.search(r"(?<![\w/.-])crisis-monitor (.+)", part)
            if found:
                yield shlex.split(found[1])


def headings(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_there_are_pages() -> None:
    names = {name_of(page) for page in PAGES}
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/glossary.md"} <= names
    assert sum(1 for page in PAGES for _ in commands(page)) > 30


@each
def test_every_link_between_pages_resolves(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        there = (page.parent / target).resolve() if target else page
        assert there.is_relative_to(ROOT), link
        assert there.exists(), link
        if anchor:
            assert anchor in headings(there), link


@each
def test_every_picture_is_there_small_and_told_in_words(page: Path) -> None:
    for found in PICTURE.finditer(prose(page)):
        given = dict(re.findall(r'(\w+)="([^"]*)"', found["given"] or ""))
        place = page.parent / (found["path"] or given["src"])
        assert place.stat().st_size <= MOST_OF_A_PICTURE, place
        assert len(found["alt"] or given["alt"]) > 40, place


def test_every_picture_kept_is_shown() -> None:
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    kept = {each.name for each in (ROOT / "docs" / "pictures").iterdir()}
    assert kept == {name for name in kept if f"pictures/{name}" in shown}


@each
def test_every_file_named_is_there(page: Path) -> None:
    for name in OURS.findall(page.read_text(encoding="utf-8")):
        assert "NAME" in name or (ROOT / name).exists(), name


@each
def test_every_command_named_exists_with_its_options(page: Path) -> None:
    for words in commands(page):
        command = get_command(app)
        rest = list(words)
        while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
            assert rest[0] in command.commands, f"crisis-monitor {' '.join(words)}"
            command = command.commands[rest.pop(0)]
        known = {option for param in command.params for option in (*param.opts, "--help")}
        known |= {option for param in command.params for option in param.secondary_opts}
        for word in rest:
            if re.match(r"--?[a-z]", word):
                assert word in known, f"crisis-monitor {' '.join(words)}"


@each
def test_every_target_and_module_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in code(page):
        for target in re.findall(r"(?:^|[ `(])make ([a-z-]+)", line):
            assert target in targets, line
        for module in re.findall(r"python -m ([\w.]+)", line):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), line


@each
def test_every_metric_named_exists(page: Path) -> None:
    known = {metric.name for metric in CATALOGUE}
    assert set(re.findall(r"`(crisis_monitor_\w+)`", prose(page))) <= known


@each
def test_every_configuration_shown_can_be_used(page: Path, tmp_path: Path) -> None:
    if name_of(page) == "docs/configuration.md":
        pytest.skip("its examples are parts of one, and have a test of their own")
    for language, body in FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "toml":
            file = tmp_path / "crisis-monitor.toml"
            file.write_text(body, encoding="utf-8")
            mistakes = [
                each.text() for each in findings_of(draft(file)) if each.weight is Weight.MISTAKE
            ]
            assert not mistakes


@each
def test_a_page_speaks_of_no_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(?:work|home|root|tmp)/", text)
    assert not re.search(r"(?:pypi\.|files\.pythonhosted)", text)


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    numbers = [int(page.name[:4]) for page in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))
    listed = LINK.findall((ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8"))
    assert listed == [page.name for page in DECISIONS]


@each_decision
def test_a_decision_has_its_number_and_its_parts(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {int(page.name[:4])}. ")
    places = [
        text.find(f"**{part}") for part in ("Context", "Decision", "What it costs", "Measured")
    ]
    assert -1 not in places
    assert places == sorted(places)


def test_every_runbook_is_listed() -> None:
    folder = ROOT / "docs" / "runbooks"
    listed = set(LINK.findall((folder / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in folder.glob("*.md")} - {"README.md"} == listed


def test_what_is_asked_for_is_pinned_once_with_a_reason() -> None:
    pins: dict[str, str] = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pin = re.fullmatch(r"([\w.-]+)==([\w.]+) +# (.+)", line)
            assert pin, line
            name = re.sub(r"[-_.]+", "-", pin[1]).lower()
            assert name not in pins, line
            pins[name] = pin[2]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [
        *project["project"]["dependencies"],
        *(each for extra in project["project"]["optional-dependencies"].values() for each in extra),
        *project["build-system"]["requires"],
    ]
    names = {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=]", each)[0]).lower() for each in asked}
    assert names <= pins.keys()
