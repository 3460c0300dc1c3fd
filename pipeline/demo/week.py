"""A scenario from its first mention to its last, as fast as this machine can or as is wished."""

from collections.abc import Callable, Mapping
from pathlib import Path

from alerts.notifiers.protocol import Notifier
from pipeline.demo.journey import Journey
from pipeline.demo.outcome import DemoResult
from pipeline.demo.story import Say
from pipeline.settings import Settings
from pipeline.sources.scenario.scenario import Scenario


def run_demo(  # noqa: PLR0913  # the parts a demonstration is made of
    scenario: Scenario,
    settings: Settings,
    directory: Path,
    notifiers: Mapping[str, Notifier],
    *,
    learn_until: int = 0,
    until: int | None = None,
    say: Say = lambda _: None,
    learnt: Callable[[int], None] = lambda _: None,
    rest: Callable[[Journey], None] = lambda _: None,
) -> DemoResult:
    """Take a scenario down the road; the result speaks of what came after `learn_until`.

    `say` gets the captions, `learnt` how far learning is (ms); `rest` may wait before each step.
    """
    journey = Journey(scenario, settings, directory, notifiers, say=say, told_from=learn_until)
    end = scenario.end if until is None else until
    try:
        if learn_until:
            journey.learn(learn_until, learnt)
        while journey.at < end:
            rest(journey)
            journey.step()
        journey.end()
        return journey.result(since=learn_until)
    finally:
        journey.close()
