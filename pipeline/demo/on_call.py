"""Ann, who is on call: she answers a page after some minutes and gives the updates asked for."""

from collections.abc import Iterator

from alerts.command import Acknowledge, Command, Refusal, Resolve, Update
from alerts.incident import Audience, Incident, State, Verdict
from alerts.notification import Outcome
from alerts.store import IncidentStore, View
from detectors.reading import Rule
from detectors.severity import Severity
from pipeline.incident_work import carry_out
from pipeline.sources.scenario.episodes import MINUTE

ON_CALL = "ann"
ANSWERS_AFTER = 4 * MINUTE
RESOLVES_AFTER = 12 * MINUTE
_INTERNAL = (
    "Cause found, the team is on it.",
    "Half of it is repaired; replies to the first complaints are out.",
    "Repaired in most places. Open: who was hit hardest, and what we offer them.",
    "Fewer complaints come in. Going on as before.",
)
_PUBLIC = (
    "We know of the trouble and are working on it.",
    "Most of it works again. Whoever still has trouble: write to us, we answer everybody.",
    "It works again. How it could happen follows here tomorrow.",
)


def concerns_people(incident: Incident) -> bool:
    """Whether somebody is called for it: no attention, no blindness."""
    return incident.severity is not Severity.INFO and incident.rule is not Rule.BLINDNESS


def unanswered(incident: Incident) -> bool:
    """Whether a page for it waits for somebody to take it."""
    return concerns_people(incident) and incident.state is State.OPEN


class OnCall:
    """Ann; while `answers` is false somebody else has her phone."""

    def __init__(self, store: IncidentStore, *, answers: bool = True) -> None:
        self._store = store
        self.answers = answers

    def act(self, now: int) -> bool:
        """Do what is to be done now; True when something was."""
        if not self.answers:
            return False
        with self._store.read() as view:
            waiting = [
                (incident, command)
                for incident in view.incidents(only_open=True)
                if concerns_people(incident)
                for command in _commands(view, incident, now)
            ]
        acted = False
        for incident, command in waiting:
            with self._store.write() as work:
                done = carry_out(work, work.incident(incident.id), command, now)
                acted = acted or not isinstance(done, Refusal)
        return acted


def _commands(view: View, incident: Incident, now: int) -> Iterator[Command]:
    if incident.state is State.OPEN:
        if now - incident.live_since >= ANSWERS_AFTER:
            yield Acknowledge(by=ON_CALL)
        return
    if incident.calm_noticed_at is not None and now - incident.calm_noticed_at >= RESOLVES_AFTER:
        yield Resolve(by=ON_CALL, verdict=Verdict.REAL)
        return
    asked = {
        audience: row.notification.at
        for row in view.notifications(incident_id=incident.id, outcome=Outcome.DELIVERED)[::-1]
        for part in row.notification.parts
        if (audience := part.reason.audience) is not None
    }
    for audience, at in asked.items():
        updates = incident.updates(audience)
        if updates.last_at is None or updates.last_at < at:
            yield _update(audience, updates.count)


def _update(audience: Audience, given: int) -> Update:
    if audience is Audience.PUBLIC:
        return Update(
            by=ON_CALL,
            audience=audience,
            text=_PUBLIC[min(given, len(_PUBLIC) - 1)],
            language="en",
            link=f"https://status.example/updates/{given + 1}",
        )
    return Update(by=ON_CALL, audience=audience, text=_INTERNAL[min(given, len(_INTERNAL) - 1)])
