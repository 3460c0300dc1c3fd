"""A made-up week of made-up brands, with somebody on call who answers as people do."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from alerts.command import Acknowledge, Command, Refusal, Update
from alerts.incident import Audience, Incident, State
from alerts.lifecycle import decide
from alerts.notification import Outcome, Reason
from alerts.notifiers.protocol import Notifier
from alerts.store import IncidentStore, View
from detectors.reading import Rule
from detectors.severity import Severity
from pipeline.alerting import make_alerting
from pipeline.composition import EngineOptions, make_engine, note_settings
from pipeline.log import LogKind
from pipeline.mention import Mention, Rejected
from pipeline.pacing import paced
from pipeline.road import Road, Stores
from pipeline.settings import Settings
from pipeline.sources.scenario.episodes import Episode, EpisodeKind
from pipeline.sources.scenario.scenario import Scenario
from pipeline.status import sums_of
from pipeline.stores.samples import MentionSamples

MINUTE = 60_000
STEP = 5 * MINUTE
"""Time of the week that goes by before the person on call looks at the phone again."""
ANSWERS_AFTER = 4 * MINUTE
ON_CALL = "ann"

_CAPTIONS = {
    EpisodeKind.PRAISE: "praise for {brand}: a wave of happy posts. Volume alone pages nobody.",
    EpisodeKind.SPAM: "copy-paste spam about {brand} from six accounts: counted, not paged, "
    "for six people are six voices however often they post.",
    EpisodeKind.FAILURE: "{brand}'s product fails: complaints begin.",
    EpisodeKind.REPOST_WAVE: "one angry post about {brand} is passed on by hundreds of people: "
    "real voices.",
    EpisodeKind.SMALLER_CRISIS: "{brand} cannot serve its customers for a while.",
    EpisodeKind.SILENT_SOURCE: "{brand} falls silent in the middle of it: no all-clear can come "
    "from silence.",
}


class DemoResult(msgspec.Struct, frozen=True):
    """What the week came to; `noticed` is, by episode that had to page, minutes to the page."""

    mentions: int
    own: int
    late: int
    repeated: int
    unscored: int
    pages: int
    called_again: int
    reminders: int
    updates: int
    noticed: list[tuple[Episode, int | None]]
    false_pages: int


def run_demo(  # noqa: PLR0913  # the parts a demonstration is made of
    scenario: Scenario,
    settings: Settings,
    directory: Path,
    notifiers: Mapping[str, Notifier],
    *,
    speed: float = 0,
    say: Callable[[int, str], None] = lambda _, __: None,
) -> DemoResult:
    """Take the scenario's week down the road; `say` gets captions with their time (ms)."""
    engine = make_engine(
        directory, settings, EngineOptions(LogKind.EVENT, durable=False, any_brand=True)
    )
    stores = Stores(directory, durable=False)
    note_settings(engine, settings, 0, durable=False)
    alerting = make_alerting(
        directory,
        settings,
        engine.log,
        MentionSamples(engine.log, stores.mentions),
        notifiers,
        read_now=None,
        durable=False,
    )
    try:
        road = Road(engine, stores=stores, alerting=alerting, at_once=1)
        person = _OnCall(alerting.store)
        story = _Story(scenario.truth, say)

        def moved(_: int) -> None:
            time = engine.fold.time
            if time is not None and person.act(time):
                alerting.step(time)

        road.travel(
            paced(_told(_steps(scenario.read()), story), speed),
            source="scenario",
            at=lambda: 0,
            moved=moved,
        )
        sums = sums_of({name: brand.totals for name, brand in engine.fold.brands.items()})
        return _result(
            alerting.store,
            scenario,
            sums.distinct,
            sums.late,
            sums.repeated,
            sums.unscored,
            sum(each.own for each in sums.brands.values()),
            person,
        )
    finally:
        alerting.close()
        stores.close()
        engine.log.close()


def _steps(
    chunks: Iterator[list[Mention | Rejected]],
) -> Iterator[list[Mention | Rejected]]:
    """Cut the week into steps of five minutes."""
    step: list[Mention | Rejected] = []
    current: int | None = None
    for chunk in chunks:
        for item in chunk:
            if isinstance(item, Mention):
                its = item.event_time // STEP
                if current is not None and its != current and step:
                    yield step
                    step = []
                current = its
            step.append(item)
    if step:
        yield step


def _told(
    steps: Iterator[list[Mention | Rejected]], story: "_Story"
) -> Iterator[list[Mention | Rejected]]:
    """Say what begins before what comes of it."""
    for step in steps:
        first = next((item for item in step if isinstance(item, Mention)), None)
        if first is not None:
            story.tell(first.event_time + STEP - first.event_time % STEP)
        yield step


class _Story:
    """Says what happens when it begins."""

    def __init__(self, truth: tuple[Episode, ...], say: Callable[[int, str], None]) -> None:
        self._waiting = sorted(truth, key=lambda episode: episode.start)
        self._say = say

    def tell(self, time: int) -> None:
        while self._waiting and self._waiting[0].start <= time:
            episode = self._waiting.pop(0)
            caption = _CAPTIONS[episode.kind].format(brand=episode.brand)
            self._say(episode.start, caption)


class _OnCall:
    """Somebody who acknowledges some minutes after a page, and gives the updates asked for."""

    def __init__(self, store: IncidentStore) -> None:
        self._store = store
        self.updates = 0

    def act(self, now: int) -> bool:
        acted = False
        with self._store.read() as view:
            waiting = [
                (incident, command)
                for incident in view.incidents(only_open=True)
                if incident.severity is not Severity.INFO and incident.rule is not Rule.BLINDNESS
                for command in self._commands(view, incident, now)
            ]
        for incident, command in waiting:
            with self._store.write() as work:
                latest = work.incident(incident.id)
                decided = decide(latest, command, now)
                if not isinstance(decided, Refusal):
                    work.record(latest, decided)
                    acted = True
                    self.updates += isinstance(command, Update)
        return acted

    def _commands(self, view: View, incident: Incident, now: int) -> Iterator[Command]:
        if incident.state is State.OPEN:
            if now - incident.live_since >= ANSWERS_AFTER:
                yield Acknowledge(by=ON_CALL)
            return
        asked = {
            audience: row.notification.at
            for row in view.notifications(incident_id=incident.id, outcome=Outcome.DELIVERED)[::-1]
            for part in row.notification.parts
            if (audience := part.reason.audience) is not None
        }
        for audience, at in asked.items():
            last = incident.updates(audience).last_at
            if last is None or last < at:
                yield _update(audience)


def _update(audience: Audience) -> Update:
    if audience is Audience.PUBLIC:
        return Update(
            by=ON_CALL,
            audience=audience,
            text="We know of the trouble and are working on it.",
            link="https://status.example/updates/1",
        )
    return Update(by=ON_CALL, audience=audience, text="Cause found, the team is on it.")


def _result(  # noqa: PLR0913, PLR0917  # sums that stand side by side
    store: IncidentStore,
    scenario: Scenario,
    mentions: int,
    late: int,
    repeated: int,
    unscored: int,
    own: int,
    person: _OnCall,
) -> DemoResult:
    pages: list[tuple[str, int]] = []
    reminders = again = 0
    with store.read() as view:
        for incident in view.incidents():
            if incident.severity is Severity.INFO or incident.rule is Rule.BLINDNESS:
                continue
            for row in view.notifications(
                incident_id=incident.id, outcome=Outcome.DELIVERED, limit=1_000_000
            ):
                reason = row.notification.reason
                if reason.is_page:
                    pages.append((incident.brand, row.notification.at))
                elif reason in {Reason.ESCALATION, Reason.NOBODY_ANSWERED}:
                    again += 1
                elif reason.audience is not None:
                    reminders += 1
    noticed = []
    explained: set[tuple[str, int]] = set()
    for episode in scenario.truth:
        if not episode.must_page:
            continue
        until = episode.end + 3 * 60 * MINUTE
        found = sorted(
            at for brand, at in pages if brand == episode.brand and episode.start <= at < until
        )
        explained |= {(episode.brand, at) for at in found}
        noticed.append((episode, (found[0] - episode.start) // MINUTE if found else None))
    return DemoResult(
        mentions,
        own,
        late,
        repeated,
        unscored,
        len(pages),
        again,
        reminders,
        person.updates,
        noticed,
        len([page for page in pages if page not in explained]),
    )
