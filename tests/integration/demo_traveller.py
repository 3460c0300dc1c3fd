"""Takes a small scenario down the road in a directory, a line for each step; made to be killed."""

import os
import sys
from pathlib import Path

from pipeline.alerting import Recorder
from pipeline.demo.journey import Journey
from pipeline.demo.plan import demo_document
from pipeline.settings import load
from pipeline.sources.scenario.brands import BRANDS
from pipeline.sources.scenario.episodes import DAY, HOUR, Episode, EpisodeKind
from pipeline.sources.scenario.scenario import START, Scenario

LEARNT = START + DAY + 2 * HOUR
END = START + DAY + 9 * HOUR


def scenario() -> Scenario:
    """Two days of two brands; on the second a failure, and a source that is silent in it."""
    begins = LEARNT + HOUR
    plan = [
        Episode(
            EpisodeKind.FAILURE, BRANDS[0].name, begins, begins + 3 * HOUR, must_page=True, peak=9.0
        ),
        Episode(
            EpisodeKind.SILENT_SOURCE,
            "source:boards",
            begins + HOUR,
            begins + 4 * HOUR,
            must_page=False,
        ),
    ]
    return Scenario(5, days=2, rate=1.0, brands=BRANDS[:2], plan=plan)


def travel(directory: Path) -> Journey:
    """The journey as it is made each time."""
    world = scenario()
    settings = load(Path(os.devnull), demo_document(world))
    return Journey(world, settings, directory, {"on-call": Recorder()})


def tell(what: str, at: int) -> None:
    print(what, at, flush=True)  # noqa: T201  # whoever started it reads along


def main(directory: Path) -> None:
    journey = travel(directory)
    tell("took up", journey.at)
    if journey.at < LEARNT:
        journey.learn(LEARNT)
    while journey.at < END:
        tell("step", journey.at)
        journey.step()
    journey.end()
    journey.close()
    tell("end", journey.at)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
