"""Reports of incidents that are not a surge: by hand, of a silent source, of volume, missed."""

import json
import os
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from alerts.command import Acknowledge, Command, Note, Update
from alerts.incident import AnyEvent, Audience, Level, Missed, Opened
from alerts.lifecycle import decide
from alerts.store import open_store
from dashboards.report.incident import incident_report
from detectors.reading import Lane, Rule
from detectors.severity import Severity
from pipeline.backtest import run_backtest
from pipeline.mention import Mention
from pipeline.settings import load
from tests.browser.hostile import BRANDS, texts
from tests.unit.dashboards.report.parsed import Parsed

MINUTE = 60_000
START = 1_772_409_600_000
AT = START + 60 * MINUTE
SETTINGS = load(Path(os.devnull))
HOSTILE = [text[:10_000] for text in texts(9, 390)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    said = [
        Mention(
            id=str(minute),
            source="board",
            event_time=START + minute * MINUTE,
            ingested_at=START + minute * MINUTE,
            text=f"terrible {minute}",
            language="en",
            brand="Acme",
        )
        for minute in range(120)
    ]
    directory = tmp_path_factory.mktemp("kinds")
    run_backtest(iter([said]), SETTINGS, directory=directory)
    return directory


def record(data: Path, opening: AnyEvent, *commands: Command) -> str:
    assert isinstance(opening, Opened | Missed)
    with open_store(f"sqlite:///{data / 'incidents.db'}") as store:
        with store.write() as work:
            incident = work.record(None, [opening])
        for command in commands:
            with store.write() as work:
                decided = decide(incident, command, AT + 5 * MINUTE)
                assert isinstance(decided, tuple), decided
                incident = work.record(incident, decided)
    return opening.id


def opened(rule: Rule, brand: str, level: Level, severity: Severity) -> Opened:
    return Opened(
        at=AT,
        id=f"{brand}:{rule}:x",
        brand=brand,
        rule=rule,
        severity=severity,
        event_time=AT,
        opened_at=AT,
        level=level,
    )


def forms(data: Path, incident_id: str) -> tuple[Parsed, str, dict[str, object]]:
    html, markdown, document = (
        incident_report(data, incident_id, SETTINGS, form, AT + 60 * MINUTE, None)
        for form in ("html", "md", "json")
    )
    page = Parsed(html)
    page.must_be_ours()
    return page, markdown, json.loads(document)


def test_a_silent_source(data: Path) -> None:
    level = Level(event_time=AT, lane=Lane.SILENCE, reason="nothing from board for 50 min")
    rule = Rule.BLINDNESS
    page, markdown, document = forms(
        data, record(data, opened(rule, "source:board", level, Severity.WARNING))
    )
    assert "nothing from board for 50 min" in page.text
    assert page.tags["svg"] == 0
    assert "What drove it" not in page.text + markdown
    assert document["drivers"] == []
    assert "Nobody was told." in page.text


def test_volume_alone(data: Path) -> None:
    level = Level(event_time=AT, lane=Lane.VOLUME, observed=60, expected=20, reason="loud")
    page, markdown, _ = forms(data, record(data, opened(Rule.VOLUME, "Acme", level, Severity.INFO)))
    assert "60 voices lately, usually 20" in page.text
    assert "60 voices lately, usually 20" in markdown
    assert page.tags["svg"] == 1


def test_one_that_was_over_before_it_was_noticed(data: Path) -> None:
    level = Level(event_time=AT, lane=Lane.FAST_15, observed=30, expected=2, reason="many")
    missed = Missed(
        at=AT + 400 * MINUTE,
        id="Acme:negative_surge:y",
        brand="Acme",
        rule=Rule.NEGATIVE_SURGE,
        severity=Severity.WARNING,
        event_time=AT,
        opened_at=AT,
        level=level,
        surge=1,
        seq=1,
    )
    page, _, document = forms(data, record(data, missed))
    assert "It was over before it was noticed, so nobody was paged." in page.text
    assert document["course"]["to_notice"] == 400 * MINUTE  # type: ignore[index]  # a document


@pytest.mark.parametrize("brand", BRANDS[:3])
def test_by_hand_with_hostile_notes(data: Path, brand: str) -> None:
    mine = HOSTILE[BRANDS.index(brand) :: 12]
    commands: list[Command] = [
        Acknowledge(by=mine[0][:200]),
        Update(
            by=mine[1][:200],
            audience=Audience.PUBLIC,
            text=mine[2],
            link="https://evil.example/?a=b&c=%22|x",
        ),
        *(Note(by=text[:200], text=text) for text in mine),
    ]
    level = Level(event_time=AT, reason=mine[3])
    page, markdown, document = forms(
        data, record(data, opened(Rule.MANUAL, brand, level, Severity.CRITICAL), *commands)
    )
    marks = {text[:6] for text in mine}
    assert marks <= set(re.findall(r"hz\d{4}", page.text))
    assert marks <= set(re.findall(r"hz\d{4}", markdown))
    assert document["incident"]["brand"] == brand  # type: ignore[index]  # a document
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown)
    inner = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inner} <= {
        *("text", "softbreak", "code_inline", "link_open", "link_close")
    }
    assert {str(c.attrs["href"]) for c in inner if c.type == "link_open"} == {
        "https://evil.example/?a=b&c=%22%7Cx"
    }
    assert {token.type for token in tokens if token.type.startswith(("html", "fence", "code"))} == (
        set()
    )
    rows = [token.type for token in tokens].count("tr_open")
    assert [token.type for token in tokens].count("td_open") + [
        token.type for token in tokens
    ].count("th_open") <= 3 * rows
