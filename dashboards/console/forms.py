"""What people type into the page, read into commands; what is wrong is said next to its field."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from alerts.command import (
    Acknowledge,
    Assign,
    Command,
    Note,
    Open,
    Refusal,
    RefusalReason,
    Resolve,
    Update,
)
from alerts.incident import Audience, Incident, Verdict
from alerts.plain import one_line
from alerts.policy import HOUR, MINUTE
from detectors.severity import Severity
from pipeline.incident_work import LONGEST_PERSON, wrong_brand
from pipeline.settings.text import is_plain

LONGEST_LINK = 2_000
LONGEST_TEXT = 5_000
"""Characters of a text; its field in the forms takes no more."""
LONGEST_TYPED = 50_000
"""Characters of one field that are given back to whoever typed them."""
FARTHEST = 22 * HOUR
"""A time of day as far ahead as this has just passed: promised was today's, not tomorrow's."""
OPENED_AS = (Severity.WARNING, Severity.CRITICAL)
"""How bad an incident opened by hand can be: one that should page nobody is not opened."""
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?")
_WALL_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?")
SPANS = {"15": 15 * MINUTE, "30": 30 * MINUTE, "60": 60 * MINUTE}


class Action(StrEnum):
    """What a form asks for."""

    ACKNOWLEDGE = "acknowledge"
    UPDATE = "update"
    RESOLVE = "resolve"
    ASSIGN = "assign"
    NOTE = "note"
    OPEN = "open"


class Form(msgspec.Struct, frozen=True):
    """A form as it is shown (again): what was typed, and what is wrong, by field.

    `errors[""]` is about the whole. Nothing typed is lost.
    """

    action: Action
    values: dict[str, str] = {}
    errors: dict[str, str] = {}

    def wrong(self, field: str, message: str) -> "Form":
        """The same with something wrong in a field; the first thing said of a field stays."""
        return Form(self.action, self.values, {field: message} | self.errors)


FIELDS = {
    RefusalReason.NO_AUTHOR: "by",
    RefusalReason.NO_BRAND: "brand",
    RefusalReason.EMPTY_TEXT: "text",
    RefusalReason.TEXT_TOO_LONG: "text",
    RefusalReason.NO_LINK: "link",
    RefusalReason.BAD_LINK: "link",
    RefusalReason.PROMISE_PAST: "next",
    RefusalReason.NO_OWNER: "to",
}
CONFLICTS = frozenset(
    {
        RefusalReason.ALREADY_OPEN,
        RefusalReason.ALREADY_ACKNOWLEDGED,
        RefusalReason.ALREADY_RESOLVED,
    }
)
"""Refusals that say how the incident stands by now."""


def read_form(action: Action, typed: dict[str, str]) -> Form:
    """Take what was typed as it is, cut only where nobody could have typed so much."""
    return Form(action, {name: value[:LONGEST_TYPED] for name, value in typed.items()})


def command_of(form: Form, now: int) -> Command | Form:
    """Read a form into a command; the form with what is wrong where it cannot be read."""
    form = _checked_names(form)
    if len(_text(form)) > LONGEST_TEXT:
        form = form.wrong("text", f"The text is longer than {LONGEST_TEXT:,} characters: cut it.")
    value = form.values.get
    by = value("by", "").strip()
    command: Command | Form
    match form.action:
        case Action.ACKNOWLEDGE:
            command = Acknowledge(by=by)
        case Action.UPDATE:
            command, form = _update(form, by, now)
        case Action.RESOLVE:
            verdict = _one_of(Verdict, value("verdict", ""))
            if verdict is None:
                form = form.wrong("verdict", "Choose what it was, or leave it open.")
            command = Resolve(by=by, verdict=verdict or Verdict.UNSAID)
        case Action.ASSIGN:
            command = Assign(by=by, to=value("to", "").strip())
        case Action.NOTE:
            command = Note(by=by, text=_text(form))
        case Action.OPEN:
            severity = _one_of(Severity, value("severity", Severity.WARNING))
            if severity not in OPENED_AS:
                form = form.wrong("severity", "Choose how bad it is: warning or critical.")
            command = Open(
                by=by,
                brand=value("brand", "").strip(),
                reason=_text(form),
                severity=severity or Severity.WARNING,
            )
    return form if form.errors else command


def refused(form: Form, refusal: Refusal, incident: Incident | None) -> Form:
    """Say a refusal in the page's words, at the field it is about."""
    return form.wrong(FIELDS.get(refusal.reason, ""), _page_words(refusal, incident))


def seen(form: Form) -> int:
    """How many of the incident's events whoever typed this had seen."""
    typed = form.values.get("seen", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def _page_words(refusal: Refusal, incident: Incident | None) -> str:  # noqa: PLR0911  # one line a reason
    match refusal.reason:
        case RefusalReason.NO_AUTHOR:
            return "Write your name, so that others know who did it."
        case RefusalReason.EMPTY_TEXT:
            return "The text is empty: say what is known."
        case RefusalReason.NO_LINK:
            return "A public update needs the link of the published post: publish it, then record."
        case RefusalReason.BAD_LINK:
            return "Give one address that begins with https:// or http://, without spaces."
        case RefusalReason.PROMISE_PAST:
            return "The next update must lie in the future."
        case RefusalReason.NO_OWNER:
            return "Write the name of the person who is to own it."
        case RefusalReason.ALREADY_ACKNOWLEDGED if incident is not None:
            who = one_line(incident.acknowledged_by, LONGEST_PERSON)
            return f"{who} has acknowledged it already. To take it over, give it to yourself below."
        case RefusalReason.ALREADY_RESOLVED if incident is not None:
            who = one_line(incident.resolved_by, LONGEST_PERSON)
            over = "It has ended by itself." if who == "calm" else f"{who} has resolved it already."
            return f"{over} A note can still be added."
        case _:
            said = one_line(refusal.message, 500)
            return f"{said[:1].upper()}{said[1:]}."


def _update(form: Form, by: str, now: int) -> tuple[Update, Form]:
    value = form.values.get
    audience = _one_of(Audience, value("audience", ""))
    if audience is None:
        form = form.wrong("audience", "Choose whom the update was for.")
    link = value("link", "").strip()
    if len(link) > LONGEST_LINK:
        form = form.wrong("link", f"The address is longer than {LONGEST_LINK} characters.")
    language = value("language", "").strip()
    if language and not _LANGUAGE.fullmatch(language):
        form = form.wrong("language", "Write the language as two letters: en, de, nl, id.")
    promised, form = _promised(form, now)
    return (
        Update(
            by=by,
            audience=audience or Audience.INTERNAL,
            text=_text(form),
            language=language.lower(),
            link=link,
            promised=promised,
        ),
        form,
    )


def _promised(form: Form, now: int) -> tuple[int | None, Form]:
    chosen = form.values.get("next", "")
    if chosen == "":
        return None, form
    if chosen in SPANS:
        return now + SPANS[chosen], form
    if chosen != "at":
        return None, form.wrong("next", "Choose when the next update is promised.")
    at = next_wall_time(form.values.get("next_at", ""), form.values.get("zone", ""), now)
    if at is None:
        return None, form.wrong("next_at", "Write the time as hours and minutes, like 14:30.")
    if at - now > FARTHEST:
        return None, form.wrong("next_at", "That time has just passed: write one still to come.")
    return at, form


def next_wall_time(typed: str, zone: str, now: int) -> int | None:
    """Return the next instant a zone's clock shows this time; None for no time. UTC if unknown.

    >>> next_wall_time("00:30", "UTC", 0), next_wall_time("00:00", "UTC", 0)
    (1800000, 86400000)
    >>> next_wall_time("25:00", "UTC", 0)
    """
    found = _WALL_TIME.fullmatch(typed.strip())
    if found is None:
        return None
    try:
        tz = ZoneInfo(zone.strip() or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        tz = ZoneInfo("UTC")
    here = datetime.fromtimestamp(now / 1000, UTC).astimezone(tz)
    for days in (0, 1, 2):
        day = here.date() + timedelta(days=days)
        wall = datetime(day.year, day.month, day.day, int(found[1]), int(found[2]), tzinfo=tz)
        at = round(wall.timestamp() * 1000)
        if at > now:
            return at
    return None


def _checked_names(form: Form) -> Form:
    for field in ("by", "to"):
        typed = form.values.get(field, "").strip()
        if len(typed) > LONGEST_PERSON:
            form = form.wrong(field, f"The name is longer than {LONGEST_PERSON} characters.")
        elif not is_plain(typed):
            form = form.wrong(field, "The name holds characters that cannot be seen.")
    if form.action is Action.OPEN and (wrong := wrong_brand(form.values.get("brand", "").strip())):
        form = form.wrong("brand", f"The name {wrong}.")
    return form


def _text(form: Form) -> str:
    """What was typed over several lines; browsers end each with two characters."""
    return form.values.get("text", "").replace("\r\n", "\n").strip()


_Choice = TypeVar("_Choice", Audience, Severity, Verdict)


def _one_of(kind: type[_Choice], typed: str) -> _Choice | None:
    try:
        return kind(typed)
    except ValueError:
        return None
