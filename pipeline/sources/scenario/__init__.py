"""A generated week of talk with its truth: for demonstrations, examples and tests."""

from pipeline.sources.scenario.brands import BRANDS, invented_brands
from pipeline.sources.scenario.episodes import Episode, EpisodeKind
from pipeline.sources.scenario.scenario import START, Scenario
from pipeline.sources.scenario.writing import write_jsonl

__all__ = [
    "BRANDS",
    "START",
    "Episode",
    "EpisodeKind",
    "Scenario",
    "invented_brands",
    "write_jsonl",
]
