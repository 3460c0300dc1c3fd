"""Whatever happened to an incident, its view can be drawn; and health shows what strangers sent."""

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from alerts.asked import incident_id
from alerts.command import Acknowledge, Assign, Command, Note, Open, Refusal, Resolve, Update
from alerts.incident import AnyEvent, Audience, Incident, Missed, Opened, Verdict
from alerts.lifecycle import decide, fold
from alerts.plain import path_segment
from alerts.policy import Policy, Receiver
from alerts.timers import due
from detectors.reading import Lane, Rule
from detectors.severity import Severity
from detectors.signal import Signal, SignalKind
from pipeline.log import LogKind, SqliteLog
from pipeline.mention import Rejected, RejectedReason
from tests.browser.hostile import texts
from tests.integration.test_page_actions import Floor, a_floor, harmless
from tests.nasties import TEXTS
from tests.scene import MINUTE, START, signal

HISTORIES = 80
POLICY = Policy(receivers=(Receiver("oncall"),), steps=(("oncall",),), ops=("oncall",))
KINDS = (SignalKind.LEVEL, SignalKind.LEVEL, SignalKind.CALM, SignalKind.RETURNED, SignalKind.ENDED)


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    yield from a_floor(tmp_path, LogKind.CLOCK)


def command(chance: Random, now: int) -> Command:
    by = chance.choice(("ann", "bob \U0001f600", "\u0645\u0631\u064a\u0645"))
    text = chance.choice(("short", "one\ntwo\n\nthree", "word" * 500, "<b>&amp;", "\u05d0\u05d1"))
    made: tuple[Command, ...] = (
        Acknowledge(by=by),
        Note(by=by, text=text),
        Assign(by=by, to=chance.choice(("ann", "oncall"))),
        Resolve(by=by, verdict=chance.choice(list(Verdict))),
        Update(by=by, audience=Audience.INTERNAL, text=text, promised=now + MINUTE),
        Update(by=by, audience=Audience.PUBLIC, text=text, link="https://a.example/1"),
    )
    return chance.choice(made)


def said(chance: Random, number: int, now: int, rule: Rule, brand: str, *, surge: int) -> Signal:
    kind = SignalKind.OPENED if number == 1 else chance.choice(KINDS)
    return replace(
        signal(now, number, kind, chance.choice(list(Severity)), surge, brand, START),
        rule=rule,
        lane={Rule.VOLUME: Lane.VOLUME, Rule.BLINDNESS: Lane.SILENCE}.get(
            rule, chance.choice([Lane.FAST_5, Lane.FAST_15, Lane.SLOW, Lane.FLOOR])
        ),
        observed=chance.choice([0.0, 3.5, 60.0, 12_345.0]),
        expected=chance.choice([0.0, 0.01, 4.0]),
        still_learning=chance.random() < 0.2,
        unheard=("web",) if chance.random() < 0.2 else (),
        unheard_since=now if chance.random() < 0.2 else None,
        reason=chance.choice(["", "15 times the usual in 15 min", "<i>odd</i>"]),
    )


def history(chance: Random, brand: str) -> list[AnyEvent]:
    rule = chance.choice([Rule.NEGATIVE_SURGE, Rule.NEGATIVE_SURGE, *Rule])
    brand = f"source:{brand}" if rule is Rule.BLINDNESS else brand
    events: list[AnyEvent] = []
    incident: Incident | None = None
    for number in range(1, chance.randrange(2, 30)):
        now = START + number * chance.choice([1, MINUTE, 40 * MINUTE])
        asked: Signal | Command
        if rule is Rule.MANUAL and number == 1:
            asked = Open(by="ann", brand=brand, reason="recall", severity=Severity.CRITICAL)
        elif rule is not Rule.MANUAL and (number == 1 or chance.random() < 0.6):
            asked = said(chance, number, now, rule, brand, surge=1 if chance.random() < 0.9 else 2)
        else:
            asked = command(chance, now)
        found = decide(incident, asked, now)
        if isinstance(found, Refusal) or not found:
            continue
        if events and isinstance(found[0], Opened | Missed):
            break  # another incident's story
        events += found
        incident = fold(found, incident)
    return events


def test_every_history_can_be_drawn(floor: Floor) -> None:
    drawn = 0
    for seed in range(HISTORIES):
        events = history(Random(seed), f"brand {seed}")
        with floor.store.write() as work:
            incident = work.record(None, events)
            assert incident is not None
            for now in (START + MINUTE, START + 300 * MINUTE):
                for each in due(incident, work.entries(incident.id), now, POLICY):
                    work.plan(each, now)
        page = floor.get(f"/incidents/{path_segment(incident.id)}")
        assert page.status_code == 200, (seed, incident)
        harmless(page.text)
        assert not re.search(r">\s*None\b|\bnan\b|Undefined", page.text), seed
        assert page.text.count('class="entry ') >= 1
        drawn += len(events)
    assert drawn > 5 * HISTORIES
    assert floor.get("/incidents").status_code == 200


def test_one_that_was_over_before_it_was_noticed(floor: Floor) -> None:
    with floor.store.write() as work:
        late = signal(START, 2, SignalKind.ENDED, brand="Late", opened_at=START - MINUTE)
        events = decide(None, late, START + MINUTE)
        assert isinstance(events, tuple)
        work.record(None, events)
    name = incident_id("Late", Rule.NEGATIVE_SURGE, START - MINUTE)
    page = floor.get(f"/incidents/{path_segment(name)}").text
    assert "Over before it was noticed" in page
    assert "missed" in page
    assert "Nobody was told of it." in page
    assert 'id="acknowledge"' not in page


def test_health_shows_what_strangers_sent_as_text(tmp_path: Path) -> None:
    log = SqliteLog.open(tmp_path, LogKind.CLOCK, durable=False)
    with log.transaction():
        for number, text in enumerate([*TEXTS, *texts(3)[:30]]):
            raw = text.encode("utf-8", "surrogatepass") + b"\xfe\x00"
            log.rejections.keep(
                [Rejected(RejectedReason.INVALID, text[:99], text[:99], raw, text[:40])],
                START + number,
            )
    log.close()
    for floor in a_floor(tmp_path, LogKind.CLOCK):
        page = floor.get("/health")
        assert page.status_code == 200
        harmless(page.text)
        assert page.text.count('class="quote"') == 10
        assert "Detection has not begun" in page.text
        assert not set(page.text) & {"\x00", "\x1b", "\u202e"}
