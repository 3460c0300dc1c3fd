"""What an alerter does when it leads, and when it does no more."""

import threading
from typing import Final

import structlog

from pipeline.alerting import People
from pipeline.services.leadership import Leadership

EVERY: Final = 0.5
"""Seconds between two tries to lead, and between two looks whether one still does."""

_log = structlog.get_logger(__name__)


class Leading:
    """Tries to lead, and has the couriers deliver while it does.

    `turn` is held while the alerter is used. `step` belongs to one thread; anybody may `follow`.
    """

    def __init__(self, leadership: Leadership, people: People, turn: threading.Lock) -> None:
        self._leadership = leadership
        self._people = people
        self._turn = turn
        self._ending = False
        self.leads = False
        """Whether this one pages."""

    def step(self) -> float:
        """Lead where nobody does; stop paging at once where somebody else may."""
        try:
            leads = self._leadership.take()
        except BaseException:
            self.follow()
            raise
        if not leads:
            self.follow()
        elif not self.leads and not self._ending:
            self._begin()
        return EVERY

    def follow(self) -> None:
        """Page no more; calls under way end by themselves."""
        if self.leads:
            self.leads = False
            if self._people.couriers is not None:
                self._people.couriers.halt()
            _log.warning("leads_no_more")

    def end(self) -> None:
        """Do not begin to lead any more; what is led is led to the end."""
        self._ending = True

    def _begin(self) -> None:
        couriers = self._people.couriers
        if couriers is not None and not couriers.stop():
            return  # a call of ours from before is still under way
        with self._turn:
            self._people.alerter.take_up()
        self._people.start()
        self.leads = True
        _log.info("leads")
