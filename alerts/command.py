"""What people ask of an incident, and why it can be refused."""

from enum import StrEnum

import msgspec

from alerts.incident import Audience, Verdict
from detectors.severity import Severity


class Open(msgspec.Struct, frozen=True, kw_only=True, tag="open"):
    """Open an incident by hand (rule `manual`), `reason` in the person's own words."""

    by: str
    brand: str
    reason: str
    severity: Severity = Severity.WARNING


class Acknowledge(msgspec.Struct, frozen=True, kw_only=True, tag="acknowledge"):
    """Take it: paging stops, the internal clock starts."""

    by: str


class Update(msgspec.Struct, frozen=True, kw_only=True, tag="update"):
    """Record an update that was given; a public one by the link of its published post.

    `promised` is the instant (now) promised for the next one.
    """

    by: str
    audience: Audience
    text: str
    language: str = ""
    link: str = ""
    promised: int | None = None


class Resolve(msgspec.Struct, frozen=True, kw_only=True, tag="resolve"):
    """Say that it is over, and perhaps what it was."""

    by: str
    verdict: Verdict = Verdict.UNSAID


class Assign(msgspec.Struct, frozen=True, kw_only=True, tag="assign"):
    """Give it to somebody."""

    by: str
    to: str


class Note(msgspec.Struct, frozen=True, kw_only=True, tag="note"):
    """Write something down, also after it is resolved."""

    by: str
    text: str


Command = Open | Acknowledge | Update | Resolve | Assign | Note


class RefusalReason(StrEnum):
    """Why a command was refused; nothing was changed."""

    NO_AUTHOR = "no_author"
    NO_BRAND = "no_brand"
    NO_INCIDENT = "no_incident"
    EMPTY_TEXT = "empty_text"
    TEXT_TOO_LONG = "text_too_long"
    NO_LINK = "no_link"
    BAD_LINK = "bad_link"
    PROMISE_PAST = "promise_past"
    NO_OWNER = "no_owner"
    ALREADY_OPEN = "already_open"
    ALREADY_ACKNOWLEDGED = "already_acknowledged"
    ALREADY_RESOLVED = "already_resolved"


class Refusal(msgspec.Struct, frozen=True):
    """A command that was refused: the reason, and a sentence that says how to mend it."""

    reason: RefusalReason
    message: str
