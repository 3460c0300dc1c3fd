"""What moves time in a log."""

from enum import StrEnum


class LogKind(StrEnum):
    """What moves a log's time: the wall clock, or the mentions themselves."""

    CLOCK = "clock"
    EVENT = "event"
