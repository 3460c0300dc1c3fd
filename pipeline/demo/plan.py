"""The made-up days of the demonstration: a calm week to learn from, three days to watch."""

from collections.abc import Mapping
from typing import Any

import msgspec

from pipeline.sources.scenario.brands import BRANDS
from pipeline.sources.scenario.crowd import BOARDS, CHANNELS
from pipeline.sources.scenario.episodes import DAY, HOUR, MINUTE, PAGES, Episode, EpisodeKind
from pipeline.sources.scenario.scenario import START, Scenario

DAYS = 10
RATE = 1.2
"""What is said of the first brand, mentions a minute: 40,000 to 45,000 in all."""
LIVE_DAY = START + 7 * DAY
LIVE_FROM = LIVE_DAY + 6 * HOUR + 50 * MINUTE
"""The week before is learnt from at once; from here on time passes before the visitor's eyes."""
LIVE_UNTIL = LIVE_DAY + 2 * DAY + 20 * HOUR


class _Planned(msgspec.Struct, frozen=True):
    kind: EpisodeKind
    brand: int
    begins: int
    lasts: int
    peak: float


_PLAN = (
    _Planned(EpisodeKind.PRAISE, 0, -3 * DAY + 17 * HOUR, 3 * HOUR, 6.0),
    _Planned(EpisodeKind.FAILURE, 0, 7 * HOUR + 50 * MINUTE, 5 * HOUR, 7.0),
    _Planned(EpisodeKind.SPAM, 1, DAY + 10 * HOUR + 30 * MINUTE, 45 * MINUTE, 8.0),
    _Planned(EpisodeKind.PRAISE, 3, DAY + 17 * HOUR, 3 * HOUR, 6.0),
    _Planned(EpisodeKind.SMALLER_CRISIS, 2, 2 * DAY + 11 * HOUR, 150 * MINUTE, 3.0),
)
_SILENT_FROM = LIVE_DAY + 9 * HOUR + 10 * MINUTE
_SILENT_UNTIL = LIVE_DAY + 10 * HOUR + 40 * MINUTE


def demo_scenario(seed: int) -> Scenario:
    """Make the ten days of a seed, with what happens in them."""
    episodes = [
        Episode(
            each.kind,
            BRANDS[each.brand].name,
            LIVE_DAY + each.begins,
            LIVE_DAY + each.begins + each.lasts,
            each.kind in PAGES,
            each.peak,
        )
        for each in _PLAN
    ]
    episodes.append(
        Episode(
            EpisodeKind.SILENT_SOURCE,
            f"source:{BOARDS.name}",
            _SILENT_FROM,
            _SILENT_UNTIL,
            must_page=False,
        )
    )
    episodes.sort(key=lambda episode: episode.start)
    return Scenario(seed, days=DAYS, rate=RATE, plan=episodes)


def demo_document(scenario: Scenario) -> Mapping[str, Any]:
    """What would stand in the configuration of whoever cares for the scenario's brands."""
    return {
        "brands": [
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
        ],
        "sources": [{"name": channel.name, "kind": "http"} for channel in CHANNELS],
        "receivers": [{"name": "on-call", "kind": "console"}],
    }
