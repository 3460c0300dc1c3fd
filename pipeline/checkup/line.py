"""One thing that was looked at."""

from enum import StrEnum

import msgspec


class State(StrEnum):
    """Fine, worth a look, or in the way of a page."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Line(msgspec.Struct, frozen=True):
    """What was looked at, how it is, and, unless it is fine, how to mend it; safe to print."""

    state: State
    subject: str
    said: str
    mend: str = ""


def ok(subject: str, said: str) -> Line:
    """Return a line about something fine."""
    return Line(State.OK, subject, said)


def warn(subject: str, said: str, mend: str) -> Line:
    """Return a line about something worth a look."""
    return Line(State.WARN, subject, said, mend)


def fail(subject: str, said: str, mend: str) -> Line:
    """Return a line about something that would stop a page."""
    return Line(State.FAIL, subject, said, mend)
