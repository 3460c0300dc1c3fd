"""What the days came to: numbers read from the ledger and the fold's sums, and nothing else."""

from collections.abc import Sequence

import msgspec

from alerts.incident import Audience, Incident, Updated
from alerts.notification import Notification, Outcome, Reason
from alerts.store import IncidentStore, View
from detectors.reading import Rule
from detectors.severity import Severity
from pipeline.demo.on_call import concerns_people
from pipeline.folding.brand import Totals
from pipeline.sources.scenario.episodes import HOUR, MINUTE, Episode, EpisodeKind
from pipeline.status import sums_of

AFTERWARDS = 3 * HOUR
"""A page this long after an episode's end still speaks of it."""


class Noticed(msgspec.Struct, frozen=True):
    """An episode that had to page, and after how many minutes it did (None: never)."""

    episode: Episode
    minutes: int | None


class DemoResult(msgspec.Struct, frozen=True):
    """What the days came to.

    `pages` are first words of an opening or a reopening, `worse` said that it got worse;
    `called_again` were sent because nobody answered, `reminders` asked for an update. An update is
    late when it was said to be overdue before it came. `false_pages` speak of no episode that had
    to page, `spam_pages` came while six accounts pasted; `brought_about` are pages for what a
    visitor posted. `attention` and `blind` are incidents that paged nobody.
    """

    days: int
    mentions: int
    own: int
    late: int
    repeated: int
    unscored: int
    incidents: int
    pages: int
    worse: int
    called_again: int
    reminders: int
    updates_on_time: int
    updates_late: int
    attention: int
    blind: int
    noticed: list[Noticed]
    false_pages: int
    spam_pages: int
    brought_about: int = 0

    @property
    def updates(self) -> int:
        """Updates given, on time or not."""
        return self.updates_on_time + self.updates_late


class _Ledger:
    """Counts what was sent and done about incidents that concern people."""

    def __init__(self) -> None:
        self.pages: list[tuple[str, int]] = []
        self.incidents = self.worse = self.again = self.reminders = self.on_time = self.late = 0

    def add(self, view: View, incident: Incident) -> None:
        """Count one incident."""
        self.incidents += 1
        sent = [
            row.notification
            for row in view.notifications(
                incident_id=incident.id, outcome=Outcome.DELIVERED, limit=1_000_000
            )
        ]
        for each in sent:
            if each.reason is Reason.PAGE_RAISED:
                self.worse += 1
            elif each.reason.is_page:
                self.pages.append((incident.brand, each.at))
            elif each.reason in {Reason.ESCALATION, Reason.NOBODY_ANSWERED}:
                self.again += 1
            elif each.reason.audience is not None:
                self.reminders += 1
        last = dict.fromkeys(Audience, 0)
        for event in view.events(incident.id):
            if isinstance(event, Updated):
                late = _told_overdue(sent, event.audience, last[event.audience], event.at)
                self.late += late
                self.on_time += not late
                last[event.audience] = event.at


def _told_overdue(sent: Sequence[Notification], audience: Audience, after: int, until: int) -> bool:
    overdue = (
        Reason.PUBLIC_UPDATE_OVERDUE
        if audience is Audience.PUBLIC
        else Reason.INTERNAL_UPDATE_OVERDUE
    )
    return any(
        part.reason is overdue and after < part.at <= until for each in sent for part in each.parts
    )


def summary(result: DemoResult) -> str:
    """The days in one sentence.

    Its numbers are the result's: what was counted, how often a person was disturbed and why.
    """
    pages = _times(result.pages)
    nothing = f", {_times(result.false_pages)} for nothing" if result.false_pages else ""
    own = f", {_times(result.brought_about)} by what you posted" if result.brought_about else ""
    worse = f" and told {_times(result.worse)} that it got worse" if result.worse else ""
    again = f", called again {_times(result.called_again)}" if result.called_again else ""
    late = f", {result.updates_late} late" if result.updates_late else ""
    updates = "update" if result.updates_on_time == 1 else "updates"
    return (
        f"{result.mentions:,} mentions in {result.days} days. "
        f"You were paged {pages}{own}{nothing}{worse}{again}. "
        f"{result.updates_on_time} {updates} given on time{late}."
    )


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def read_result(
    store: IncidentStore,
    totals: dict[str, Totals],
    truth: Sequence[Episode],
    *,
    days: int,
    since: int = 0,
) -> DemoResult:
    """Add everything up: all that was said in `days`, incidents noticed from `since` (ms) on."""
    ledger = _Ledger()
    attention = blind = 0
    with store.read() as view:
        for incident in view.incidents(limit=1_000_000):
            if incident.noticed_at < since:
                continue
            if concerns_people(incident):
                ledger.add(view, incident)
            elif incident.rule is Rule.BLINDNESS:
                blind += 1
            elif incident.severity is Severity.INFO:
                attention += 1
    noticed = []
    explained: set[tuple[str, int]] = set()
    for episode in truth:
        if not episode.must_page or episode.start < since:
            continue
        until = episode.end + AFTERWARDS
        found = sorted(
            at
            for brand, at in ledger.pages
            if brand == episode.brand and episode.start <= at < until
        )
        explained |= {(episode.brand, at) for at in found}
        minutes = (found[0] - episode.start) // MINUTE if found else None
        noticed.append(Noticed(episode, minutes))
    spam = [each for each in truth if each.kind is EpisodeKind.SPAM and each.start >= since]
    sums = sums_of(totals)
    return DemoResult(
        days=days,
        mentions=sums.distinct,
        own=sum(each.own for each in sums.brands.values()),
        late=sums.late,
        repeated=sums.repeated,
        unscored=sums.unscored,
        incidents=ledger.incidents,
        pages=len(ledger.pages),
        worse=ledger.worse,
        called_again=ledger.again,
        reminders=ledger.reminders,
        updates_on_time=ledger.on_time,
        updates_late=ledger.late,
        attention=attention,
        blind=blind,
        noticed=noticed,
        false_pages=len([page for page in ledger.pages if page not in explained]),
        spam_pages=sum(
            each.brand == brand and each.start <= at < each.end + HOUR
            for each in spam
            for brand, at in ledger.pages
        ),
    )
