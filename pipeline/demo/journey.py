"""The demonstration's engine: the made-up days taken down the road, a few minutes at a step.

The steps depend on nothing but the scenario and the stores. So an engine that was killed and takes
its directory up again goes on exactly as if nothing had been.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import msgspec

from alerts.notifiers.protocol import Notifier
from pipeline.alerting import make_alerting
from pipeline.composition import EngineOptions, make_engine, note_settings
from pipeline.demo.on_call import OnCall, concerns_people, unanswered
from pipeline.demo.outcome import DemoResult, read_result
from pipeline.demo.story import Say, Story
from pipeline.intake import Batch
from pipeline.log import LogKind
from pipeline.mention import Mention
from pipeline.road import Road, Stores
from pipeline.settings import Settings
from pipeline.sources.scenario.crowd import CHANNELS, STREAM
from pipeline.sources.scenario.episodes import DAY, MINUTE, EpisodeKind
from pipeline.sources.scenario.scenario import Scenario
from pipeline.stores.samples import MentionSamples

STRIDE = 5 * MINUTE
"""A step while nothing happens and nobody is called for anything; else it is a minute."""
OVERLAP = 3 * MINUTE
"""What may have happened unsaid before a killed engine goes on: said (again)."""
LEARNT_AT_ONCE = 3_000
SOURCE = "scenario"


class Silence(msgspec.Struct, frozen=True):
    """A source delivers nothing in `[start, end)` (ms), then everything it had."""

    source: str
    start: int
    end: int

    def holds(self, mention: Mention) -> bool:
        """Whether this keeps a mention back."""
        return mention.source == self.source and self.start <= mention.event_time < self.end


def planned_silences(scenario: Scenario) -> list[Silence]:
    """The silences that belong to the scenario."""
    return [
        Silence(each.brand.removeprefix("source:"), each.start, each.end)
        for each in scenario.truth
        if each.kind is EpisodeKind.SILENT_SOURCE
    ]


class Journey:
    """One engine with its stores and its people, on its way through a scenario.

    `at` (ms) is up to where the world was heard. One thread uses it; `close` lets the files go.
    Raises PipelineError and AlertsError as the engine does.
    """

    def __init__(  # noqa: PLR0913  # the parts a demonstration is made of
        self,
        scenario: Scenario,
        settings: Settings,
        directory: Path,
        notifiers: Mapping[str, Notifier],
        *,
        say: Say = lambda _: None,
        silences: Sequence[Silence] = (),
        answers: bool = True,
        page: str = "",
        told_from: int = 0,
    ) -> None:
        self.scenario = scenario
        self.silences = [*planned_silences(scenario), *silences]
        self._engine = make_engine(
            directory, settings, EngineOptions(LogKind.EVENT, durable=False, any_brand=True)
        )
        stores = self._stores = Stores(directory, durable=False)
        note_settings(self._engine, settings, 0, durable=False)
        self._alerting = make_alerting(
            directory,
            settings,
            self._engine.log,
            MentionSamples(self._engine.log, stores.mentions),
            notifiers,
            read_now=None,
            durable=False,
            page=page,
        )
        self._road = Road(self._engine, stores=stores, alerting=self._alerting)
        self.person = OnCall(self._alerting.store, answers=answers)
        self._held: list[Mention] = []
        self._posted: list[Mention] = []
        last = self._engine.writer.time
        self.took_up = last is not None
        self.at = scenario.start if last is None else last + MINUTE
        self._story = Story(
            scenario.truth,
            self._alerting.store,
            stores.buckets,
            say,
            since=max(told_from, self.at - OVERLAP if self.took_up else 0),
        )
        self._world = self._from_here()
        if self.took_up:
            self._settle()

    # -- where it stands -------------------------------------------------------------------

    @property
    def mentions(self) -> int:
        """Different mentions counted so far, of all brands."""
        return sum(brand.totals.distinct for brand in self._engine.fold.brands.values())

    @property
    def repeated(self) -> int:
        """Mentions that came again and were recognised."""
        return sum(brand.totals.repeated for brand in self._engine.fold.brands.values())

    def open_incidents(self) -> tuple[int | None, int | None]:
        """Since when the longest unanswered page waits, since when the newest incident is open."""
        with self._alerting.store.read() as view:
            mine = [each for each in view.incidents(only_open=True) if concerns_people(each)]
        waiting = [each.live_since for each in mine if unanswered(each)]
        return min(waiting, default=None), max((each.live_since for each in mine), default=None)

    def result(self, *, since: int = 0) -> DemoResult:
        """What it came to so far; of incidents, those noticed from `since` (ms) on."""
        totals = {name: brand.totals for name, brand in self._engine.fold.brands.items()}
        days = round((self.at - self.scenario.start) / DAY)
        return read_result(
            self._alerting.store, totals, self.scenario.truth, days=days, since=since
        )

    # -- what can be done ------------------------------------------------------------------

    def learn(self, until: int, moved: Callable[[int], None] = lambda _: None) -> None:
        """Take everything before `until` in as fast as it goes; `moved` is told how far it is."""
        batch: list[Mention] = []
        while self.at < until:
            batch += self._minute()
            if len(batch) >= LEARNT_AT_ONCE or self.at >= until:
                self._take(batch)
                batch = []
                self._road.settle()
                moved(self.at)
        self._story.look(self.at)

    def post(self, mentions: Sequence[Mention]) -> int:
        """Say something more, within the next step; returns the instant it is said at.

        It comes through a source that delivers: one of its own, silent ever after, would keep
        calm from being recognised.
        """
        silent = {each.source for each in self.silences if each.start <= self.at < each.end}
        source = next((each.name for each in CHANNELS if each.name not in silent), STREAM.name)
        minute = self.at
        spread = MINUTE // (len(mentions) + 1)
        self._posted += [
            msgspec.structs.replace(
                each,
                source=source,
                event_time=minute + number * spread,
                ingested_at=minute + number * spread,
            )
            for number, each in enumerate(mentions, start=1)
        ]
        return minute

    def silence(self, source: str, lasts: int) -> Silence:
        """Let a source fall silent from the next step on."""
        silence = Silence(source, self.at, self.at + lasts)
        self.silences.append(silence)
        return silence

    def step(self) -> bool:
        """Hear a few more minutes of the world, and do what follows; False at its end."""
        if self.at >= self.scenario.end:
            return False
        until = self._next()
        self._story.begin(until)
        batch: list[Mention] = []
        while self.at < until:
            batch += self._minute()
        posted, self._posted = self._posted, []
        if posted:
            batch = sorted(batch + posted, key=lambda each: each.event_time)
        self._take(batch)
        self._settle()
        return True

    def end(self) -> None:
        """Move time past the last mention."""
        self._engine.end_of_input(0)
        self._settle()

    def close(self) -> None:
        """Let the files go."""
        self._alerting.close()
        self._stores.close()
        self._engine.log.close()

    # -- the world -------------------------------------------------------------------------

    def _next(self) -> int:
        _, open_since = self.open_incidents()
        happening = any(each.start <= self.at < each.end for each in self.scenario.truth)
        stride = MINUTE if open_since is not None or happening or self._posted else STRIDE
        return min(self.at - self.at % stride + stride, self.scenario.end)

    def _minute(self) -> list[Mention]:
        """What is heard in the next minute: what is said, but for what silent sources keep back."""
        said: list[Mention] = []
        for minute, spoken in self._world:
            said = self._heard(spoken)
            self.at = minute + MINUTE
            break
        else:
            self.at = self.scenario.end
        start = self.at - MINUTE
        released = [
            each
            for each in self._held
            if not any(silence.holds(each) and start < silence.end for silence in self.silences)
        ]
        if released:
            self._held = [each for each in self._held if each not in released]
        return [*released, *said]

    def _heard(self, said: Sequence[Mention]) -> list[Mention]:
        heard = []
        for mention in said:
            if any(silence.holds(mention) for silence in self.silences):
                self._held.append(mention)
            else:
                heard.append(mention)
        return heard

    def _from_here(self) -> Iterator[tuple[int, list[Mention]]]:
        """The world from `at` on; what is kept back by then stays kept back."""
        world = self.scenario.by_minute()
        for minute, said in world:
            if minute >= self.at:
                return chain([(minute, said)], world)
            self._held += [
                each
                for each in said
                if any(one.holds(each) and one.end >= self.at for one in self.silences)
            ]
        return iter(())

    def _take(self, batch: Sequence[Mention]) -> None:
        if batch:
            self._engine.submit(Batch(SOURCE, batch), lambda _: b"", 0)

    def _settle(self) -> None:
        self._road.settle()
        time = self._engine.fold.time
        if time is not None and self.person.act(time):
            self._alerting.step(time)
        self._story.look(self.at)
