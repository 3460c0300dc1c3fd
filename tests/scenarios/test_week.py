"""A made-up week down the whole road: real crises page, spam and praise do not."""

import os
from pathlib import Path

import pytest

from alerts.incident import Calmed
from alerts.store import open_store
from detectors.reading import Rule
from pipeline.alerting import Recorder
from pipeline.demo import DemoResult, run_demo
from pipeline.settings import Settings, load
from pipeline.sources.scenario.episodes import EpisodeKind
from pipeline.sources.scenario.scenario import Scenario

MINUTE = 60_000


def settings_of(scenario: Scenario) -> Settings:
    brands = [
        {
            "name": brand.name,
            "aliases": list(brand.aliases),
            "handles": list(brand.handles),
            "own_accounts": list(brand.own_accounts),
            "exclusions": list(brand.exclusions),
            "languages": list(brand.languages),
            "zone": brand.zone,
        }
        for brand in scenario.brands
    ]
    return load(
        Path(os.devnull), {"brands": brands, "receivers": [{"name": "on-call", "kind": "console"}]}
    )


@pytest.fixture(scope="module", params=[7, 21])
def week(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Scenario, DemoResult, Path]:
    scenario = Scenario(request.param)
    directory = tmp_path_factory.mktemp("week")
    notifiers = {"on-call": Recorder()}
    return scenario, run_demo(scenario, settings_of(scenario), directory, notifiers), directory


def test_every_real_crisis_is_paged_while_it_lasts(
    week: tuple[Scenario, DemoResult, Path],
) -> None:
    scenario, result, _ = week
    assert len(result.noticed) == sum(episode.must_page for episode in scenario.truth) >= 3
    for noticed in result.noticed:
        assert noticed.minutes is not None, noticed
        assert noticed.minutes <= 45, noticed


def test_spam_and_praise_page_nobody(week: tuple[Scenario, DemoResult, Path]) -> None:
    scenario, result, directory = week
    assert result.false_pages == 0
    quiet = [
        episode
        for episode in scenario.truth
        if episode.kind in {EpisodeKind.SPAM, EpisodeKind.PRAISE}
    ]
    assert quiet
    with open_store(f"sqlite:///{directory / 'incidents.db'}") as store, store.read() as view:
        grave = [each for each in view.incidents() if each.rule is Rule.NEGATIVE_SURGE]
    for episode in quiet:
        assert not [
            each
            for each in grave
            if each.brand == episode.brand and episode.start <= each.opened_at < episode.end
        ]


def test_updates_are_asked_for_and_given_and_every_incident_ends(
    week: tuple[Scenario, DemoResult, Path],
) -> None:
    _, result, directory = week
    assert result.reminders > 0
    assert result.updates > 0
    with open_store(f"sqlite:///{directory / 'incidents.db'}") as store, store.read() as view:
        for incident in view.incidents():
            if incident.rule is not Rule.NEGATIVE_SURGE:
                continue
            assert not incident.is_open
            assert any(isinstance(event, Calmed) for event in view.events(incident.id))


def test_everything_said_is_accounted_for(week: tuple[Scenario, DemoResult, Path]) -> None:
    scenario, result, _ = week
    arrived = sum(1 for _ in scenario)
    kept = result.mentions + result.repeated + result.late + result.own
    assert result.own > 0
    assert result.repeated > 0
    assert result.unscored > 0
    assert kept <= arrived
    assert arrived - kept <= arrived * 0.05  # what names no brand of ours
