"""The engine of the demonstration as a process of its own, so that it can really be killed.

`python -m dashboards.demo.child` reads commands from its input and writes reports to its output.
When its input ends without a word, whoever started it is gone: it removes its directory and ends.
"""

import io
import os
import queue
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from alerts.errors import AlertsError
from alerts.notifiers.answer import Answer, Result
from alerts.notifiers.protocol import Message, Notifier
from dashboards.demo import protocol as say
from pipeline import logs
from pipeline.clock import stopwatch
from pipeline.demo.journey import Journey, Silence
from pipeline.demo.plan import LIVE_FROM, LIVE_UNTIL, demo_document, demo_scenario
from pipeline.demo.speeds import Standing, speed
from pipeline.errors import PipelineError
from pipeline.mention import Author, Mention
from pipeline.settings import load
from pipeline.settings.sections.logs import Level
from pipeline.sources.scenario.episodes import MINUTE

PREFIX = "crisis-monitor-demo-"
"""How the directory of a demonstration begins: nothing else is ever removed."""
LOOK_EVERY = 0.25
WATCHED_FOR = 17 * MINUTE
SILENCE_WATCHED_FOR = 32 * MINUTE
BEHIND = 200.0
"""Milliseconds that may be caught up with where this machine is too slow for the speed asked."""

Report = Callable[[say.Report], None]


class Phone:
    """The receiver of the demonstration: the page shows what it was sent."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def deliver(self, message: Message, *, key: str) -> Answer:
        """Hand it to the page."""
        self._report(
            say.Sent(
                key, message.incident_id, message.reason, message.at, message.headline, message.text
            )
        )
        return Answer(Result.DELIVERED, "shown on the page")

    def close(self) -> None:
        """Nothing to let go."""


class Drive:
    """Takes a journey to its end at the speed asked for; `inbox` holds commands, None: no more."""

    def __init__(
        self,
        journey: Journey,
        begin: say.Begin,
        inbox: "queue.SimpleQueue[say.Command | None]",
        report: Report,
    ) -> None:
        self._journey = journey
        self._inbox = inbox
        self._report = report
        self._hurry = begin.hurry
        self._skipping = False
        self._watched_until = 0
        self._waiting: int | None = None
        self._open_since: int | None = None
        self._stopped = False
        self._told: say.Moved | None = None
        self._before = 0

    def run(self) -> None:
        """Step until the days are over or somebody says stop."""
        journey = self._journey
        if journey.at < LIVE_FROM:
            self._learn()
        self._report(say.Opened(journey.at, journey.mentions, journey.repeated, journey.took_up))
        owed, last = 0.0, stopwatch()
        self._look()
        while not self._stopped and journey.at < LIVE_UNTIL:
            now = stopwatch()
            pace = self._pace()
            owed = max(owed - (now - last) * 1000 * pace, -BEHIND * pace)
            last = now
            if self._skipping or (owed <= 0 and pace):
                at = journey.at
                journey.step()
                owed = 0.0 if self._skipping else owed + journey.at - at
                self._look()
                self._obey(0)
            else:
                self._obey(min(LOOK_EVERY, owed / 1000 / pace) if pace else LOOK_EVERY)
                self._look()
        if not self._stopped:
            journey.end()
            self._report(say.Finished(journey.at, journey.result(since=LIVE_FROM)))

    def _learn(self) -> None:
        start = self._journey.scenario.start
        whole = LIVE_FROM - start
        self._journey.learn(
            LIVE_FROM, lambda at: self._report(say.Learnt(min(1.0, (at - start) / whole)))
        )

    def _pace(self) -> float:
        standing = Standing(
            self._journey.at, LIVE_FROM, self._waiting, self._open_since, self._watched_until
        )
        return speed(standing, self._journey.scenario.truth) * self._hurry

    def _look(self) -> None:
        """See who waits for whom, and tell the page when anything is different."""
        journey = self._journey
        self._waiting, self._open_since = journey.open_incidents()
        if self._skipping and (self._waiting is not None or self._at_a_crisis()):
            self._skipping = False
        moved = say.Moved(
            journey.at, self._pace(), journey.mentions, self._waiting is not None, self._skipping
        )
        if moved != self._told:
            self._told = moved
            self._report(moved)

    def _at_a_crisis(self) -> bool:
        at = self._journey.at
        return any(
            each.must_page and each.start - 6 * MINUTE <= at < each.start
            for each in self._journey.scenario.truth
        )

    # -- commands --------------------------------------------------------------------------

    def _obey(self, wait: float) -> None:
        """Do what was asked for, waiting at most so long (s) for the first of it."""
        try:
            command = self._inbox.get(timeout=wait) if wait > 0 else self._inbox.get_nowait()
            while True:
                self._do(command)
                command = self._inbox.get_nowait()
        except queue.Empty:
            return

    def _do(self, command: say.Command | None) -> None:
        journey = self._journey
        match command:
            case None | say.Stop():
                self._stopped = True
            case say.Hurry(by):
                self._hurry = by
            case say.Skip():
                self._skipping = True
            case say.Answers(on):
                journey.person.answers = on
            case say.Post(trial, posts):
                at = journey.post([_mention(each) for each in posts])
                self._watched_until = journey.at + WATCHED_FOR
                self._report(say.Heard(trial, at))
            case say.Silence(trial, source, lasts):
                silence = journey.silence(source, lasts)
                self._watched_until = journey.at + SILENCE_WATCHED_FOR
                self._report(say.Heard(trial, silence.start, silence.end))
            case say.Begin():
                pass  # said once, before


def _mention(posted: say.Posted) -> Mention:
    return Mention(
        id=posted.id,
        source="",
        event_time=0,
        ingested_at=0,
        text=posted.text,
        channel="you",
        author=Author(f"visitor-{posted.author}", posted.author),
        language="en",
        brand=posted.brand,
    )


def work(begin: say.Begin, inbox: "queue.SimpleQueue[say.Command | None]", report: Report) -> None:
    """Be the engine of one directory until the days are over."""
    scenario = demo_scenario(begin.seed)
    notifiers: dict[str, Notifier] = {"on-call": Phone(report)}
    journey = Journey(
        scenario,
        load(Path(os.devnull), demo_document(scenario)),
        Path(begin.directory),
        notifiers,
        say=lambda caption: report(say.Told(caption)),
        silences=[Silence(each.source, each.start, each.end) for each in begin.silences],
        answers=begin.answers,
        page=begin.page,
        told_from=LIVE_FROM,
    )
    try:
        Drive(journey, begin, inbox, report).run()
    finally:
        journey.close()


def _listen(
    stream: io.FileIO, inbox: "queue.SimpleQueue[say.Command | None]", directory: Path
) -> None:
    """Read commands; where they end without `stop`, nobody is left to clean up but us."""
    for said in stream:
        command = say.commands.decode(said)
        inbox.put(command)
        if isinstance(command, say.Stop):
            return
    if directory.name.startswith(PREFIX) or directory.parent.name.startswith(PREFIX):
        whole = directory if directory.name.startswith(PREFIX) else directory.parent
        shutil.rmtree(whole, ignore_errors=True)
    os._exit(0)


def main() -> None:
    """Read `begin`, then work; a report that cannot be written means that nobody listens."""
    os.umask(0o077)
    logs.configure(Level.ERROR)
    # Unbuffered: a thread that waits in a buffer's lock would break the end of the program.
    stream, out = io.FileIO(sys.stdin.fileno(), closefd=False), sys.stdout.buffer
    begin = say.commands.decode(stream.readline())
    if not isinstance(begin, say.Begin):
        raise SystemExit("the first line is to be `begin`")
    inbox: queue.SimpleQueue[say.Command | None] = queue.SimpleQueue()
    threading.Thread(
        target=_listen, args=(stream, inbox, Path(begin.directory)), name="commands", daemon=True
    ).start()

    def report(said: say.Report) -> None:
        out.write(say.line(said))
        out.flush()

    try:
        work(begin, inbox, report)
    except (PipelineError, AlertsError) as error:
        report(say.Trouble(str(error)))
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
