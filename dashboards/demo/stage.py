"""Everything the panel shows and everything it can do: one demonstration, from start to end.

What the visitor does, what the engine says and what is shown stand in one file because all of it
changes one state under one lock.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import msgspec

from alerts.errors import AlertsError
from dashboards.demo import protocol as say
from dashboards.demo.counts import Counts, read_counts
from dashboards.demo.engine import Engine
from dashboards.demo.trials import Trial, TrialKind, followed
from pipeline.clock import stopwatch
from pipeline.demo.outcome import DemoResult
from pipeline.demo.plan import LIVE_FROM, LIVE_UNTIL
from pipeline.demo.story import Caption
from pipeline.errors import PipelineError
from pipeline.sources.scenario.episodes import MINUTE

if TYPE_CHECKING:
    from dashboards.views.books import Shelf

SHOWN_DEAD = 2.5
"""Seconds a killed engine stays dead, so that one sees it."""
FOLLOWED_EVERY = 0.7
MOST_TRIALS = 12
MOST_CAPTIONS = 80
MOST_MESSAGES = 40
SILENT_FOR = 90 * MINUTE
OVER = "The days are over: start again first."
SPEEDS = (0.5, 1.0, 2.0, 4.0)


class Phase(StrEnum):
    """How the demonstration stands."""

    LEARNING = "learning"
    RUNNING = "running"
    KILLED = "killed"
    FINISHED = "finished"
    FAILED = "failed"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a panel is drawn from, at one moment; newest first where there are several.

    `at` is the story's time (ms), `speed` story time a time as it passes now.
    """

    phase: Phase
    at: int
    began: int
    until: int
    speed: float
    mentions: int
    waiting: bool
    skipping: bool
    paused: bool
    factor: float
    answers: bool
    captions: Sequence[Caption]
    messages: Sequence[say.Sent]
    trials: Sequence[Trial]
    result: DemoResult | None
    trouble: str


class Stage:
    """One demonstration; thread-safe. `changed` is called whenever there is something new to show.

    `hurry` multiplies every speed for as long as it lasts.
    """

    def __init__(
        self,
        directory: Path,
        seed: int,
        *,
        hurry: float = 1.0,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.directory = directory
        self.shelf: Shelf | None = None
        self.page = ""
        self.changed = changed
        self.learnt = threading.Event()
        self.share = 0.0
        self.again = threading.Event()
        self._seed = seed
        self._hurry = hurry
        self._lock = threading.RLock()
        self._engine: Engine | None = None
        self._phase = Phase.LEARNING
        self._moved = say.Moved(LIVE_FROM, 0.0, 0, waiting=False, skipping=False)
        self._paused = False
        self._factor = 1.0
        self._answers = True
        self._captions: deque[Caption] = deque(maxlen=MOST_CAPTIONS)
        self._messages: deque[say.Sent] = deque(maxlen=MOST_MESSAGES)
        self._trials: list[Trial] = []
        self._asked: dict[str, say.Command] = {}
        self._said_at: dict[str, int] = {}
        self._silences: list[say.Silenced] = []
        self._result: DemoResult | None = None
        self._trouble = ""
        self._died_with: tuple[str, Counts] | None = None
        self._followed = 0.0
        self._closing = False

    # -- its life --------------------------------------------------------------------------

    def start(self) -> None:
        """Start the engine; it learns first, and begins on its own."""
        with self._lock:
            self._engine = Engine(
                say.Begin(
                    str(self.directory),
                    self._seed,
                    self._speed(),
                    self.page,
                    self._answers,
                    tuple(self._silences),
                ),
                self._hear,
                self._gone,
            )
            for asked in self._asked.values():
                self._engine.tell(asked)

    def close(self) -> None:
        """End the engine."""
        with self._lock:
            self._closing = True
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.stop()

    def shown(self) -> Shown:
        """How everything stands."""
        with self._lock:
            moved = self._moved
            return Shown(
                phase=self._phase,
                at=moved.at,
                began=LIVE_FROM,
                until=LIVE_UNTIL,
                speed=0.0 if self._paused else moved.speed,
                mentions=moved.mentions,
                waiting=moved.waiting,
                skipping=moved.skipping,
                paused=self._paused,
                factor=self._factor,
                answers=self._answers,
                captions=tuple(self._captions),
                messages=tuple(self._messages),
                trials=tuple(self._trials[::-1]),
                result=self._result,
                trouble=self._trouble,
            )

    # -- what the visitor does -------------------------------------------------------------

    def pause(self, *, paused: bool) -> None:
        """Let the story stand still, or go on."""
        with self._lock:
            self._paused = paused
            self._tell(say.Hurry(self._speed()))
        self.changed()

    def set_factor(self, factor: float) -> None:
        """Let it pass faster or slower; it goes on where it stood still."""
        with self._lock:
            self._factor = min(SPEEDS, key=lambda known: abs(known - factor))
            self._paused = False
            self._tell(say.Hurry(self._speed()))
        self.changed()

    def skip(self) -> None:
        """Go to the next crisis."""
        with self._lock:
            self._paused = False
            self._tell(say.Hurry(self._speed()))
            self._tell(say.Skip())
        self.changed()

    def set_answers(self, *, on: bool) -> None:
        """Say whether Ann answers."""
        with self._lock:
            self._answers = on
            self._tell(say.Answers(on))
        self.changed()

    def post(self, kind: TrialKind, title: str, posts: Sequence[say.Posted], brand: str) -> None:
        """Let things be said."""
        name = token_hex(4)
        given = tuple(
            msgspec.structs.replace(each, id=f"visitor-{name}-{number}")
            for number, each in enumerate(posts)
        )
        self._try(
            Trial(
                id=name, kind=kind, title=title, brand=brand, ids=tuple(each.id for each in given)
            ),
            say.Post(name, given),
        )

    def silence(self, source: str) -> None:
        """Let a source fall silent."""
        name = token_hex(4)
        self._try(
            Trial(id=name, kind=TrialKind.SILENCE, title=f"Silence {source}", source=source),
            say.Silence(name, source, SILENT_FOR),
        )

    def kill(self) -> bool:
        """Kill the engine, and start it again some seconds later; False while there is none."""
        with self._lock:
            engine = self._engine
            if self._phase in {Phase.FINISHED, Phase.FAILED}:
                self._add(
                    Trial(
                        id=token_hex(4), kind=TrialKind.KILL, title="kill", result=OVER, done=True
                    )
                )
            if engine is None or self._phase is not Phase.RUNNING:
                return False
            self._phase, self._engine = Phase.KILLED, None
            name = token_hex(4)
            self._add(Trial(id=name, kind=TrialKind.KILL, title=f"kill -9 {engine.pid}"))
        engine.kill()
        self._count_the_dead(name)
        threading.Timer(SHOWN_DEAD, self._revive).start()
        self.changed()
        return True

    # -- what the engine says --------------------------------------------------------------

    def _hear(self, report: say.Report) -> None:
        with self._lock:
            self._take(report)
        self._follow()
        self.changed()

    def _take(self, report: say.Report) -> None:  # noqa: C901  # one line a report
        match report:
            case say.Learnt(share):
                self.share = share
            case say.Opened():
                self._opened(report)
            case say.Moved():
                self._moved = report
                self._forget_said()
            case say.Told(caption):
                if caption not in self._captions:
                    self._captions.appendleft(caption)
            case say.Sent():
                if all(each.key != report.key for each in self._messages):
                    self._messages.appendleft(report)
            case say.Heard():
                self._heard(report)
            case say.Finished():
                self._phase, self._result = Phase.FINISHED, self._with_own(report.result)
                self._engine_is_done()
            case say.Trouble(detail):
                self._phase, self._trouble = Phase.FAILED, detail
                self.learnt.set()

    def _opened(self, report: say.Opened) -> None:
        self._phase = Phase.RUNNING
        self._moved = msgspec.structs.replace(self._moved, at=report.at, mentions=report.mentions)
        self.learnt.set()
        if self._died_with is not None:
            name, dead = self._died_with
            self._died_with = None
            self._change(name, result=_survived(dead, report), done=True, at=report.at)

    def _heard(self, report: say.Heard) -> None:
        asked = self._asked.get(report.trial)
        if isinstance(asked, say.Post):
            self._said_at[report.trial] = report.at
        elif isinstance(asked, say.Silence):
            del self._asked[report.trial]
            self._silences.append(say.Silenced(asked.source, report.at, report.until))
        self._change(report.trial, at=report.at, until=report.until)

    def _forget_said(self) -> None:
        """Forget what was said in a step that is over: until then a kill takes it along."""
        for trial, at in tuple(self._said_at.items()):
            if at < self._moved.at:
                del self._said_at[trial]
                self._asked.pop(trial, None)

    def _with_own(self, result: DemoResult) -> DemoResult:
        """Tell pages for nothing from those the visitor brought about."""
        own = len({each.incident for each in self._trials if each.paged})
        own = min(own, result.false_pages)
        return msgspec.structs.replace(
            result, brought_about=own, false_pages=result.false_pages - own
        )

    def _engine_is_done(self) -> None:
        self._moved = msgspec.structs.replace(self._moved, speed=0.0, waiting=False)

    def _gone(self, engine: Engine) -> None:
        """An engine ended although nobody asked: after the last day that is as it should be."""
        with self._lock:
            if engine is not self._engine or self._closing:
                return
            self._engine = None
            if self._phase not in {Phase.FINISHED, Phase.FAILED}:
                self._phase = Phase.FAILED
                self._trouble = "The engine has ended unasked; what it wrote is on the terminal."
                self.learnt.set()
        self.changed()

    # -- trials ----------------------------------------------------------------------------

    def _follow(self) -> None:
        """See what has come of what was tried."""
        with self._lock:
            open_ = [each for each in self._trials if not each.done and each.at is not None]
            now, due = self._moved.at, stopwatch() - self._followed >= FOLLOWED_EVERY
            if not open_ or not due or self.shelf is None:
                return
            self._followed = stopwatch()
        with suppress(PipelineError, AlertsError), self.shelf.open() as books:
            found = {each.id: followed(each, books, now) for each in open_}
            with self._lock:
                self._trials = [found.get(each.id, each) for each in self._trials]

    def _try(self, trial: Trial, command: say.Command) -> None:
        with self._lock:
            if self._phase in {Phase.FINISHED, Phase.FAILED}:
                trial = msgspec.structs.replace(trial, result=OVER, done=True)
            else:
                self._asked[trial.id] = command
                self._tell(command)
            self._add(trial)
        self.changed()

    def _add(self, trial: Trial) -> None:
        self._trials.append(trial)
        del self._trials[:-MOST_TRIALS]

    def _change(self, name: str, **changes: object) -> None:
        self._trials = [
            msgspec.structs.replace(each, **changes) if each.id == name else each
            for each in self._trials
        ]

    def _count_the_dead(self, name: str) -> None:
        with self._lock:
            try:
                dead = read_counts(self.directory)
            except PipelineError as error:
                self._change(name, result=f"{error}.", done=True)
                return
            self._died_with = name, dead
            self._change(name, at=dead.time, result=f"{_dead(dead)} Starting it again...")

    def _revive(self) -> None:
        with self._lock:
            if self._closing or self._phase is not Phase.KILLED:
                return
            self.start()
        self.changed()

    def _tell(self, command: say.Command) -> None:
        if self._engine is not None:
            self._engine.tell(command)

    def _speed(self) -> float:
        return 0.0 if self._paused else self._hurry * self._factor


def _dead(dead: Counts) -> str:
    waiting = f" and {dead.waiting} in the log, not yet counted" if dead.waiting else ""
    return f"Killed with {dead.counted:,} mentions counted{waiting}."


def _survived(dead: Counts, report: say.Opened) -> str:
    """Compare what a killed engine left with what the next one took up."""
    found = f"{_dead(dead)} Took up with {report.mentions:,}:"
    expected = dead.counted + dead.waiting
    if report.mentions == expected:
        return f"{found} nothing lost, nothing counted twice."
    if dead.counted <= report.mentions <= expected:
        return f"{found} nothing lost; {expected - report.mentions} had come twice, counted once."
    return f"{found} {report.mentions - expected:+,} against what was on disk."
