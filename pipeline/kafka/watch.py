"""What a writer says of the brokers and its own clock: logged at each change, and as health."""

from typing import Final

import structlog

from pipeline.health import Health
from pipeline.services.pacemaker import Pacemaker

_log = structlog.get_logger(__name__)

AWAY: Final = 5.0
"""Seconds without a confirmation after which the broker counts as away."""
BROKER, CLOCK = "broker", "clock"


class Watch:
    """Keeps the health of a writer's surroundings; used by one thread."""

    def __init__(self, health: Health, buffer: int) -> None:
        self._health = health
        self._buffer = buffer
        self._clock_told = False
        self.away = False
        """Whether no broker confirms anything at the moment."""

    def broker(self, silent: float, waiting: int) -> None:
        """Take note for how many seconds what is under way has waited, and how many mentions."""
        away = silent > AWAY
        if away and not self.away:
            _log.error("broker_away", seconds=round(silent), mentions_waiting=waiting)
        elif self.away and not away:
            _log.info("broker_back")
        self.away = away
        if away:
            self._health.failed(
                BROKER,
                f"no broker has confirmed anything for {silent:.0f} s; {waiting} mentions wait "
                f"here, more than {self._buffer} are refused: bring Kafka back",
            )
        else:
            self._health.well(BROKER)

    def clock(self, pace: Pacemaker) -> None:
        """Say when the wall clock has fallen far behind the time of the log."""
        if not pace.is_wrong:
            self._health.well(CLOCK)
            return
        minutes = pace.ahead // 60_000
        if not self._clock_told:
            _log.error("clock_behind_the_log", minutes=minutes)
        self._clock_told = True
        self._health.failed(
            CLOCK,
            f"the log is {minutes} min ahead of this machine's clock, which was wrong then or is "
            "wrong now; set the clock right, or give this process another kafka.writer",
        )
