"""Data directories made by the real road: hostile ones, and ones of many brands."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from alerts.command import Acknowledge, Assign, Command, Note, Open, Resolve, Update
from alerts.incident import Audience, Incident, Verdict
from alerts.lifecycle import decide
from alerts.store import IncidentStore, open_store
from detectors.reading import Rule
from pipeline.alerting import make_alerting, recorders
from pipeline.composition import EngineOptions, make_engine
from pipeline.log import LogKind
from pipeline.mention import Author, Kind, Mention, Rejected, RejectedReason
from pipeline.road import Road, Stores
from pipeline.settings import Settings, load
from pipeline.sources.scenario.brands import invented_brands
from pipeline.sources.scenario.episodes import Episode, EpisodeKind
from pipeline.sources.scenario.scenario import START, Scenario
from pipeline.stores.samples import MentionSamples
from tests.browser.hostile import BRANDS, texts

MINUTE = 60_000
HOUR = 60 * MINUTE
ANGRY = "terrible horrible awful worst"
MOST = 10_000
"""Characters of what a person may write."""


def settings_of(**sections: Any) -> Settings:  # noqa: ANN401  # a document of the configuration
    """Settings as a file of these sections would give them."""
    return load(Path(os.devnull), sections)


def travelled(
    directory: Path, settings: Settings, chunks: Iterator[list[Mention | Rejected]]
) -> None:
    """Take mentions down the whole road, event time, nothing sent."""
    options = EngineOptions(LogKind.EVENT, durable=False, any_brand=True)
    engine = make_engine(directory, settings, options)
    stores = Stores(directory, durable=False)
    samples = MentionSamples(engine.log, stores.mentions)
    alerting = make_alerting(
        directory,
        settings,
        engine.log,
        samples,
        recorders(settings.policy()),
        read_now=None,
        durable=False,
    )
    try:
        Road(engine, stores=stores, alerting=alerting).travel(
            chunks, source="scenario", at=lambda: 0
        )
    finally:
        alerting.close()
        stores.close()
        engine.log.close()


def done(store: IncidentStore, incident_id: str, commands: Sequence[Command], now: int) -> Incident:
    """Do as people do, one after the other, in one transaction."""
    with store.write() as work:
        incident = work.incident(incident_id)
        for command in commands:
            decided = decide(incident, command, now)
            assert isinstance(decided, tuple), decided
            incident = work.record(incident, decided)
    assert incident is not None
    return incident


# -- many brands ------------------------------------------------------------------------------


def fill_busy(directory: Path, *, brands: int = 300, hours: int = 27) -> None:
    """A made-up day of many brands that ends while some are in trouble; folds in seconds."""
    invented = invented_brands(brands)
    trouble = START + 25 * HOUR
    plan = [
        Episode(EpisodeKind.FAILURE, brand.name, trouble, trouble + 4 * HOUR, True, 6.0)  # noqa: FBT003  # must_page
        for brand in invented[::25]
    ]
    scenario = Scenario(11, days=2, rate=100 / 1440, brands=invented, plan=plan, name_brands=True)
    travelled(directory, settings_of(), _until(scenario.read(), START + hours * HOUR))


def _until(
    chunks: Iterator[list[Mention | Rejected]], end: int
) -> Iterator[list[Mention | Rejected]]:
    for chunk in chunks:
        kept = [each for each in chunk if isinstance(each, Mention) and each.event_time < end]
        if not kept:
            return
        yield kept


# -- hostile ----------------------------------------------------------------------------------

SURGE_AT = 20 * HOUR
_SURGE = 40
HOSTILE_RECEIVER = "<img src=x onerror=window.__pwned=1>"


def hostile_settings() -> Settings:
    """One receiver of a hostile name, who is told everything."""
    return settings_of(receivers=[{"name": HOSTILE_RECEIVER, "kind": "console"}])


def hostile_mentions(seed: int) -> list[Mention | Rejected]:
    """All hostile texts as mentions of all hostile brands, a surge of anger about each brand."""
    said = texts(seed)
    fields = [text[:120] for text in said]
    found: list[Mention] = []
    for number, text in enumerate(said):
        place, brand = divmod(number, len(BRANDS))
        if place < _SURGE:
            at = START + SURGE_AT + brand * 20 * MINUTE + place * 15_000
        else:
            at = START + (place - _SURGE) * 17 * MINUTE + brand * 1_000
        found.append(
            Mention(
                id=fields[number],
                source=("board", '"><b>feed', "{{source}}")[number % 3],
                event_time=at,
                ingested_at=at + 1_000,
                text=f"{text} {ANGRY}" if number % 4 else text,
                channel=(fields[number - 7], "forum", "<i>channel</i>")[number % 3][:60],
                kind=list(Kind)[number % len(Kind)],
                author=Author(fields[number - 1], fields[number - 2], fields[number - 3], number),
                url=(fields[number - 5], f"https://evil.example/{fields[number - 4]}")[number % 2],
                language="en" if number % 3 or place < _SURGE else fields[number - 6][7:12],
                reach=10**15 if number % 97 == 0 else number,
                conversation_id=fields[number - 8],
                brand=BRANDS[brand],
            )
        )
    found.sort(key=lambda mention: mention.event_time)
    rejected = [
        Rejected(reason, fields[number], fields[number + 1], said[number].encode(), "board")
        for number, reason in enumerate(RejectedReason)
    ]
    return [*rejected, *found]


def fill_hostile(directory: Path, seed: int = 4) -> list[str]:
    """Fill a directory with hostile texts in every place that takes one; the incidents' ids.

    Every text is a mention, and every text is a note of some incident; updates, their links,
    their languages, owners and authors hold further ones.
    """
    settings = hostile_settings()
    travelled(directory, settings, iter([hostile_mentions(seed)]))
    said = [text[:MOST] for text in texts(seed)]
    people = [text[:200] for text in said]
    store = open_store(f"sqlite:///{directory / 'incidents.db'}")
    try:
        with store.read() as view:
            now = (view.last_time() or 0) + MINUTE
        for number, brand in enumerate(BRANDS):
            opening = Open(by=people[number], brand=brand, reason=said[number + 26])
            with store.write() as work:
                decided = decide(work.latest(brand, Rule.MANUAL), opening, now)
                assert isinstance(decided, tuple), decided
                work.record(None, decided)
        with store.read() as view:
            ids = sorted(view.incident_ids())
        for place, incident_id in enumerate(ids):
            mine = list(range(place, len(said), len(ids)))
            link = f"https://evil.example/?{people[mine[0]][7:60].replace(' ', '+')}"
            commands: list[Command] = [
                Assign(by=people[mine[1]], to=people[mine[2]]),
                Update(
                    by=people[mine[3]],
                    audience=Audience.PUBLIC,
                    text=said[mine[4]],
                    link="".join(link.split()),
                    language="<b>",
                ),
                Update(by=people[mine[5]], audience=Audience.INTERNAL, text=said[mine[6]]),
                *(Note(by=people[number - 1], text=said[number]) for number in mine),
            ]
            with store.read() as view:
                incident = view.incident(incident_id)
            assert incident is not None
            if incident.is_open:
                commands.insert(0, Acknowledge(by=people[mine[0]]))
                if place % 3 == 0:
                    commands.append(Resolve(by=people[mine[7]], verdict=Verdict.REAL))
            else:
                del commands[0]  # nobody is given what is over
            done(store, incident_id, commands, now)
    finally:
        store.close()
    return ids
