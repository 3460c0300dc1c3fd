"""The made-up crises name their cause: in the page that is sent, and half an hour later."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.notifiers.answer import Answer, Result
from alerts.notifiers.protocol import Message
from alerts.store import open_store
from pipeline.alerting import make_alerting
from pipeline.composition import EngineOptions, make_engine
from pipeline.log import LogKind
from pipeline.mention import Mention, Rejected
from pipeline.road import Road, Stores
from pipeline.sources.scenario.brands import AIRLINE, BANK
from pipeline.sources.scenario.episodes import DAY, HOUR, Episode, EpisodeKind
from pipeline.sources.scenario.scenario import START, Scenario
from pipeline.stores.drivers import read_drivers
from pipeline.stores.mentions import MentionStore
from pipeline.stores.samples import MentionSamples
from tests.scenarios.test_week import MINUTE, settings_of

CAUSES = {
    EpisodeKind.FAILURE: ("check-in",),
    EpisodeKind.REPOST_WAVE: ("disabled father", "wheelchair"),
    EpisodeKind.SMALLER_CRISIS: ("card", "karte"),
}
"""What the writers of each crisis have in common; see the sentences of the scenario."""

STEP = 5 * MINUTE


class Post:
    """A notifier that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[dict[str, object]] = []

    def deliver(self, message: Message, *, key: str) -> Answer:
        del key
        self.messages.append(json.loads(bytes(message.data)))
        return Answer(Result.DELIVERED, "kept")

    def close(self) -> None:
        return


def short_week(seed: int) -> Scenario:
    """Four days, two brands and all three crises, so that many seeds can be tried."""
    plan = (
        Episode(EpisodeKind.FAILURE, AIRLINE.name, _at(2, 8), _at(2, 14), must_page=True, peak=7.5),
        Episode(
            EpisodeKind.SMALLER_CRISIS, BANK.name, _at(3, 11), _at(3, 14), must_page=True, peak=4.1
        ),
        Episode(
            EpisodeKind.REPOST_WAVE, AIRLINE.name, _at(3, 17), _at(3, 20), must_page=True, peak=8.2
        ),
    )
    return Scenario(seed, days=4, brands=(AIRLINE, BANK), plan=plan)


def steps(scenario: Scenario) -> Iterator[list[Mention | Rejected]]:
    """Give it in steps of five minutes, so that a page is sent while its crisis goes on."""
    step: list[Mention | Rejected] = []
    end = START
    for chunk in scenario.read():
        for each in chunk:
            if isinstance(each, Mention) and each.event_time >= end:
                if step:
                    yield step
                step, end = [], each.event_time - each.event_time % STEP + STEP
            step.append(each)
    yield step


def travel(scenario: Scenario, directory: Path, post: Post) -> None:
    """Take the scenario down the whole road, to the messages that are sent."""
    settings = settings_of(scenario)
    engine = make_engine(directory, settings, EngineOptions(LogKind.EVENT, durable=False))
    stores = Stores(directory, durable=False)
    samples = MentionSamples(engine.log, stores.mentions)
    alerting = make_alerting(
        directory, settings, engine.log, samples, {"on-call": post}, read_now=None, durable=False
    )
    road = Road(engine, stores=stores, alerting=alerting, at_once=1)
    road.travel(steps(scenario), source="scenario", at=lambda: 0)
    alerting.close()
    stores.close()
    engine.log.close()


def _at(day: int, hour: int) -> int:
    return START + day * DAY + hour * HOUR + 20 * MINUTE


def names_cause(kind: EpisodeKind, phrases: list[str]) -> bool:
    return any(cause in phrase for cause in CAUSES[kind] for phrase in phrases[:2])


@pytest.mark.parametrize("seed", [1, 2, 3, 7, 21])
def test_every_crisis_names_its_cause_among_the_first_two(seed: int, tmp_path: Path) -> None:
    scenario, post = short_week(seed), Post()
    travel(scenario, tmp_path, post)
    with open_store(f"sqlite:///{tmp_path / 'incidents.db'}") as store, store.read() as view:
        incidents = {each.id: each for each in view.incidents()}
    mentions = MentionStore(tmp_path, read_only=True)
    for episode in scenario.truth:
        (page,) = [
            message
            for message in post.messages
            if message["reason"] == "page"
            and message["brand"] == episode.brand
            and episode.start <= incidents[str(message["incident"])].opened_at < episode.end
        ]
        drivers = page["drivers"]
        assert isinstance(drivers, list)
        assert names_cause(episode.kind, [each["phrase"] for each in drivers]), drivers
        assert "Driven by:" in str(page["text"])
        for driver in drivers:
            assert driver["count"] >= 3
            assert driver["sample"]["url"]
        later = incidents[str(page["incident"])].opened_at + 30 * MINUTE
        found = read_drivers(mentions, episode.brand, later - HOUR, later)
        assert names_cause(episode.kind, [each.phrase for each in found]), found
    mentions.close()
