"""Threads that do one thing again and again until they are told to stop."""

import threading
from collections.abc import Callable

import structlog

from alerts.errors import AlertsError
from pipeline.errors import PipelineError
from pipeline.health import Health

_log = structlog.get_logger(__name__)

TROUBLE_PAUSE = 1.0


class Loop:
    """Calls `step` in a thread of its own; at once again while it says that there was work.

    `step` returns the seconds to rest (0: at once). Trouble of a database is said to `health` and
    in the log, and tried again every second; whatever else goes wrong is said, too, and tried
    again, so that one fault never silences a part of the program for good.
    """

    def __init__(self, name: str, step: Callable[[], float], health: Health) -> None:
        self.name = name
        self._step = step
        self._health = health
        self._stopping = threading.Event()
        self._look = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Cut a rest short."""
        self._look.set()

    def halt(self) -> None:
        """Say that it is to end; returns at once, so that many can end side by side."""
        self._stopping.set()
        self._look.set()

    def stop(self, seconds: float = 30.0) -> None:
        """Finish the step under way, do one more, and end."""
        self.halt()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._look.clear()
            rest = self._once()
            if rest > 0:
                self._look.wait(rest)
        self._once()

    def _once(self) -> float:
        try:
            rest = self._step()
        except (PipelineError, AlertsError) as error:
            self._trouble(str(error))
            return TROUBLE_PAUSE
        except Exception:  # noqa: BLE001  # the thread's last resort: said aloud, then tried again
            _log.exception("step_failed", part=self.name)
            self._trouble("a fault of this program; see its log")
            return TROUBLE_PAUSE
        self._health.well(self.name)
        self._health.beat(self.name)
        return rest

    def _trouble(self, detail: str) -> None:
        _log.warning("trouble", part=self.name, detail=detail)
        self._health.failed(self.name, detail)
        self._health.beat(self.name)
