"""What a person does with an incident, in one transaction: shared by command line and page.

Nothing here reads a clock: `now` is given, and in an event log it is the log's own.
"""

import msgspec

from alerts.command import Command, Note, Open, Refusal, Resolve, Update
from alerts.incident import AnyEvent, Incident, Noted, Opened, Reopened, Resolved, Updated
from alerts.lifecycle import USUAL, decide
from alerts.policy import MINUTE, LifecycleSettings
from alerts.store import View, Work
from detectors.reading import Rule
from pipeline.settings.text import is_plain

LONGEST_BRAND = 100
"""Of a brand's name, as in the configuration."""
LONGEST_PERSON = 100
SAME_WITHIN = MINUTE
"""The same thing said by the same person within this time was sent twice, not said twice."""


class Done(msgspec.Struct, frozen=True):
    """What came of a command: the incident as it is now.

    `events` are what was recorded; none where nothing had to be. `repeated` is the event that had
    said the same already, so that nothing was recorded again.
    """

    incident: Incident
    events: tuple[AnyEvent, ...] = ()
    repeated: AnyEvent | None = None


def people_time(view: View, clock_now: int, *, event_log: bool) -> int:
    """Return `now` for what people do: the clock's, or an event log's own once it has one."""
    reached = view.last_time() if event_log else None
    return clock_now if reached is None else reached


def carry_out(
    work: Work,
    incident: Incident | None,
    command: Command,
    now: int,
    settings: LifecycleSettings = USUAL,
) -> Done | Refusal:
    """Decide about the incident as it is now, and record what follows; refused: nothing is."""
    decided = decide(incident, command, now, settings)
    if isinstance(decided, Refusal):
        return decided
    after = work.record(incident, decided)
    if after is None:  # a command is about an incident, or opens one
        raise AssertionError(command)
    return Done(after, decided)


def carry_out_once(  # noqa: PLR0913, PLR0917  # a command, and what its sender had seen
    work: Work,
    incident: Incident | None,
    command: Command,
    now: int,
    seen: int,
    settings: LifecycleSettings = USUAL,
) -> Done | Refusal:
    """Carry a command out unless its sender has done so already.

    `seen` is how many of the incident's events the sender had seen. The same command by the same
    person counts as a repeat when it was recorded behind these, or less than a minute ago.
    """
    earlier = None if incident is None else _said_already(work, incident, command, now, seen)
    if incident is not None and earlier is not None:
        return Done(incident, (), earlier)
    return carry_out(work, incident, command, now, settings)


def _said_already(
    work: Work, incident: Incident, command: Command, now: int, seen: int
) -> AnyEvent | None:
    """Find the fresh event that says the same; what was undone since does not count."""
    events = work.events(incident.id)
    for number, event in reversed(list(enumerate(events, start=1))):
        if number <= seen and now - event.at >= SAME_WITHIN:
            return None
        if says_the_same(command, event):
            return event
        if isinstance(event, Reopened | Resolved) and isinstance(command, Open | Resolve):
            return None
    return None


def says_the_same(command: Command, event: AnyEvent) -> bool:
    """Tell whether an event says what this command would say.

    Acknowledging and assigning need no such care: said twice they change nothing.
    """
    if event.by != command.by.strip():
        return False
    match command, event:
        case (Update(), Updated()):
            return (
                command.audience is event.audience
                and command.text.strip() == event.text
                and command.link.strip() == event.link
                and command.language.strip() == event.language
            )
        case (Note(), Noted()):
            return command.text.strip() == event.text
        case (Resolve(), Resolved()):
            return command.verdict is event.verdict
        case (Open(), Opened()):
            return (
                event.rule is Rule.MANUAL
                and command.brand.strip() == event.brand
                and command.reason.strip() == event.level.reason
                and command.severity is event.severity
            )
        case _:
            return False


def wrong_brand(brand: str) -> str:
    """Say what is wrong with a brand's name typed by a person; empty where nothing is.

    >>> wrong_brand("Acme"), wrong_brand("a" + chr(10))
    ('', 'holds control characters: write it on one line, in plain text')
    """
    if not is_plain(brand):
        return "holds control characters: write it on one line, in plain text"
    if len(brand) > LONGEST_BRAND:
        return f"is longer than {LONGEST_BRAND} characters: shorten it"
    return ""
