"""What the records of an incident say, in the words of people who were not there."""

from alerts.incident import Audience, Incident, State
from alerts.notification import Cause, Outcome, Reason
from alerts.notifiers.answer import Result
from alerts.plain import one_line
from alerts.wording import SENTENCE, why
from detectors.reading import Lane, Rule

LONGEST_TEXT = 20_000
LONGEST_LINE = 2_000
MOST_LINES = 400

REASONS = {
    Reason.PAGE: "page",
    Reason.PAGE_RAISED: "page: it got worse",
    Reason.PAGE_REOPENED: "page: it is back",
    Reason.ESCALATION: "unanswered: next step paged",
    Reason.NOBODY_ANSWERED: "nobody answered: everybody paged",
    Reason.INTERNAL_UPDATE_DUE: "internal update due",
    Reason.INTERNAL_UPDATE_OVERDUE: "internal update overdue",
    Reason.PUBLIC_UPDATE_DUE: "public update due",
    Reason.PUBLIC_UPDATE_OVERDUE: "public update overdue",
    Reason.CALM: "calm: resolve?",
    Reason.RETURNED: "not calm after all",
    Reason.CANNOT_TELL: "cannot tell whether it is calm",
    Reason.RESOLVED: "over by itself",
    Reason.BLIND: "a source is silent",
    Reason.HEARS_AGAIN: "the source is back",
    Reason.ATTENTION: "attention",
}

OUTCOMES = {
    Outcome.WAITING: "waiting",
    Outcome.DELIVERED: "delivered",
    Outcome.REFUSED: "refused",
    Outcome.SUPERSEDED: "not sent: no longer true",
    Outcome.SKIPPED: "skipped",
}

CAUSES = {
    Cause.ACKNOWLEDGED: "somebody had acknowledged",
    Cause.RESOLVED: "it was resolved",
    Cause.REOPENED: "it had been reopened",
    Cause.UPDATED: "the update had been given",
    Cause.CALM: "it was calm",
    Cause.NOT_CALM: "it was not calm any more",
    Cause.HEARD_AGAIN: "the source was heard again",
    Cause.RAISED_FURTHER: "it had got worse still",
    Cause.MOVED: "the due time had moved",
    Cause.LATER_STAGE: "a later message says it",
    Cause.ANSWERED: "somebody had answered",
    Cause.NO_RECEIVER: "no such receiver is configured any more",
}

RESULTS = {
    None: "cut off",
    Result.DELIVERED: "delivered",
    Result.REFUSED: "refused",
    Result.UNCONFIRMED: "not confirmed",
    Result.DEFERRED: "asked to come back later",
}

LANES = {
    Lane.FAST_5: "5 min",
    Lane.FAST_15: "15 min",
    Lane.FAST_60: "1 h",
    Lane.SLOW: "about 4 h",
    Lane.FLOOR: "while learning",
    Lane.VOLUME: "volume",
    Lane.SILENCE: "silence",
}

RULES = {
    Rule.NEGATIVE_SURGE: "negative surge",
    Rule.VOLUME: "volume",
    Rule.BLINDNESS: "silent source",
    Rule.MANUAL: "opened by hand",
}

AUDIENCES = {Audience.INTERNAL: "Internal", Audience.PUBLIC: "Public"}

ADVICE = (
    "Respond in time, even if only to say what is not known yet and when you speak next.",
    "No defensive tone: say what people meet, not why it is not your fault.",
    "No private data, no names of customers; ask for details in a private message.",
    "Take single cases offline: give one place where people are helped.",
    "Promise only what is certain; look at what people really say below before you answer.",
    "Keep the updates coming until it is over.",
)
"""Short advice next to the form of a public update."""


def cause(detail: str) -> str:
    """Say why a message was not sent; a sentence of the ledger is left as it is.

    >>> cause("later_stage"), cause("given up after 9 attempts")
    ('a later message says it', 'given up after 9 attempts')
    """
    try:
        return CAUSES[Cause(detail)]
    except ValueError:
        return one_line(detail, SENTENCE)


def lines(text: str, longest: int = LONGEST_TEXT) -> str:
    r"""Make a longer text harmless and leave its lines: nothing hidden, nothing reversed.

    >>> lines("one\u202e\r\n two\x00 ")
    'one\ntwo'
    """
    kept = [one_line(line, LONGEST_LINE) for line in text[:longest].splitlines()[:MOST_LINES]]
    return "\n".join(kept).strip("\n")


def sentence(incident: Incident) -> str:
    """Say in one sentence why an incident opened."""
    reason = why(incident.opening)
    brand = one_line(incident.brand, 100)
    match incident.rule:
        case Rule.NEGATIVE_SURGE:
            if incident.still_learning:
                return (
                    f"Many people complain about {brand}: {reason}. What is usual here is still "
                    "being learnt."
                )
            return f"Far more people than usual complain about {brand}: {reason}."
        case Rule.VOLUME:
            return f"Far more is said about {brand} than usual: {reason}."
        case Rule.BLINDNESS:
            return f"{reason[:1].upper()}{reason[1:]}."
        case Rule.MANUAL:
            return f"{one_line(incident.opened_by, 100)} opened it by hand: {reason}"


def standing(incident: Incident) -> str:
    """Say in a word where people stand with it.

    A missed one was over before anybody could be told.
    """
    if incident.missed:
        return "missed"
    if incident.state is not State.RESOLVED and incident.calm_at is not None:
        return f"{incident.state}, calm"
    return str(incident.state)
