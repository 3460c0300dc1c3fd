"""Whether the program lives, and whether it does its work now; every no has its reasons."""

import threading
from collections.abc import Callable
from enum import StrEnum

import msgspec

from pipeline.clock import stopwatch


class Ill(StrEnum):
    """Why a component is not well."""

    STARTING = "starting"
    FAILED = "failed"
    STALLED = "stalled"


class Reason(msgspec.Struct, frozen=True):
    """One component that is not well; `detail` is for a person and holds no secret, no text."""

    component: str
    ill: Ill
    detail: str


class Health:
    """What the components say of themselves; thread-safe.

    A component is known from `expect` or `watch` on. One that is watched and has not said `beat`
    for longer than it said it would counts as stalled: a stalled program is worth a restart
    (`/healthz`), any other illness is worth a look (`/readyz`).

    >>> health = Health()
    >>> health.expect("log")
    >>> [(reason.component, reason.ill.value) for reason in health.reasons()]
    [('log', 'starting')]
    >>> health.well("log")
    >>> health.reasons()
    ()
    """

    def __init__(self, stopwatch: Callable[[], float] = stopwatch) -> None:
        self._stopwatch = stopwatch
        self._lock = threading.Lock()
        self._ill: dict[str, Reason] = {}
        self._within: dict[str, float] = {}
        self._beats: dict[str, float] = {}

    def expect(self, component: str, detail: str = "has not started yet") -> None:
        """Count a component as not ready until it is `well`."""
        with self._lock:
            self._ill[component] = Reason(component, Ill.STARTING, detail)

    def well(self, component: str) -> None:
        """Take a component's illness back."""
        with self._lock:
            self._ill.pop(component, None)

    def failed(self, component: str, detail: str) -> None:
        """Say what is wrong with a component, until it is `well` again."""
        with self._lock:
            self._ill[component] = Reason(component, Ill.FAILED, detail)

    def watch(self, component: str, within: int) -> None:
        """Expect a `beat` at least every `within` milliseconds, from now on."""
        with self._lock:
            self._within[component] = within / 1000
            self._beats[component] = self._stopwatch()

    def beat(self, component: str) -> None:
        """Say that a watched component is at work; cheap."""
        self._beats[component] = self._stopwatch()

    def unwatch(self, component: str) -> None:
        """Expect nothing of a component any more: it has ended as it should."""
        with self._lock:
            self._within.pop(component, None)
            self._beats.pop(component, None)

    def stalled(self) -> tuple[Reason, ...]:
        """Return the watched components that have not been heard of in time, by name."""
        with self._lock:
            now = self._stopwatch()
            silent = {
                component: now - self._beats[component]
                for component, within in self._within.items()
                if now - self._beats[component] > within
            }
        return tuple(
            Reason(component, Ill.STALLED, f"not heard of for {seconds:.0f} s")
            for component, seconds in sorted(silent.items())
        )

    def reasons(self) -> tuple[Reason, ...]:
        """Return what keeps the program from doing its work, by component; empty: ready."""
        with self._lock:
            ill = [self._ill[component] for component in sorted(self._ill)]
        return (*ill, *self.stalled())
