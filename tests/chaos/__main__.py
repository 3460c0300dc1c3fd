"""Whether anything is lost or doubled while processes die, stop and wake under load.

    python -m tests.chaos --seconds 300 [--seed 1] [--rate 400] [--workers 3] [--keep DIR]

A broker of its own, an ingest process, workers and an alerter; a sender that repeats what was not
confirmed. Every 15 s something happens to one of them (`TROUBLES`); at the end everything that was
confirmed is sent through an undisturbed embedded engine, and the two accounts are held against each
other: each judged mention, each bucket, incidents, dedup keys. The last line is
`lost=0 doubled=0 incidents_equal=true` when it holds, and the exit code 1 when it does not.
"""

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import stamina

from tests.account import account_of, compare
from tests.broker import OwnBroker
from tests.chaos.troubles import Trouble, troubles
from tests.histories import Body, History
from tests.reference import embedded
from tests.stack import Stack, deliver

EVERY = 15.0
"""Seconds from one trouble to the next."""
SETTLES_WITHIN = 120.0
BRANDS = 40


class Sending(threading.Thread):
    """Sends a history at a steady pace until it is told to end; remembers what was confirmed."""

    def __init__(self, url: str, bodies: Iterator[Body], rate: float) -> None:
        super().__init__(name="sender", daemon=True)
        self._url = url
        self._bodies = bodies
        self._rate = rate
        self._ending = threading.Event()
        self.confirmed: list[Body] = []
        self.lines = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Send."""
        try:
            deliver(self._url, self._paced())
        except BaseException as error:  # noqa: BLE001  # told where it is waited for
            self.failure = error

    def _paced(self) -> Iterator[Body]:
        began = time.monotonic()
        for body in self._bodies:
            ahead = self.lines / self._rate - (time.monotonic() - began)
            if ahead > 0:
                self._ending.wait(ahead)
            if self._ending.is_set():
                return
            # deliver() asks for the next only when this one is confirmed
            yield body
            self.confirmed.append(body)
            self.lines += body.count

    def end(self) -> None:
        """Send no more, say that this was all, and wait until that is confirmed."""
        self._ending.set()
        self.join(SETTLES_WITHIN)
        if self.failure is not None:
            raise self.failure
        if self.is_alive():
            raise AssertionError("the sender was not answered")


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201  # a program's own words


def disturb(stack: Stack, broker: OwnBroker, seconds: float, seed: int) -> list[str]:
    """Let something happen every 15 s for so long; what happened, in order."""
    chance = Random(seed)
    began = time.monotonic()
    happened = []
    for number, trouble in enumerate(troubles(chance)):
        at = began + EVERY * (number + 1)
        if at - began >= seconds:
            break
        time.sleep(max(0.0, at - time.monotonic()))
        what = _happen(trouble, stack, broker, chance)
        say(f"{time.monotonic() - began:6.1f} s  {what}")
        happened.append(what)
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    return happened


def _happen(trouble: Trouble, stack: Stack, broker: OwnBroker, chance: Random) -> str:
    return trouble(stack, broker, chance)


def run(arguments: argparse.Namespace, folder: Path) -> int:
    """Run it in a folder; the exit code."""
    history = History(
        arguments.seed,
        mentions=int(arguments.seconds * arguments.rate),
        brands=BRANDS,
        days=3,
    )
    with OwnBroker(folder / "broker") as broker:
        stack = Stack(
            folder / "stack",
            broker.bootstrap,
            "chaos",
            history.configuration(),
            worker_module="tests.chaos.worker",
        )
        try:
            stack.set_up()
            stack.start(arguments.workers)
            sending = Sending(stack.url, history.bodies(), arguments.rate)
            sending.start()
            disturb(stack, broker, arguments.seconds, arguments.seed)
            for member in stack.members.values():
                member.start()  # whoever is down comes back
            sending.end()
            say(f"{sending.lines:,} lines confirmed; waiting until all is folded and read")
            stack.settle(SETTLES_WITHIN)
            codes = stack.stop()
        finally:
            stack.kill_all()
        say(f"stopped: {codes}")
        found = account_of(stack.directory, stack.signals())
    say("the same through an embedded engine that nobody disturbs")
    expected = account_of(embedded(folder / "embedded", history, sending.confirmed))
    say(f"expected {expected.sums()}")
    say(f"found    {found.sums()}")
    result = compare(expected, found, late_too=False)
    for line in result.others:
        say(line)
    print(result.last_line())  # noqa: T201  # the line other programs read
    return 0 if result.equal else 1


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=400, help="lines a second")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder to work in, kept afterwards")
    arguments = parser.parse_args()
    stamina.instrumentation.set_on_retry_hooks([])  # what has to be sent again is no news here
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        return run(arguments, arguments.keep)
    folder = Path(tempfile.mkdtemp(prefix="crisis-monitor-chaos-"))
    try:
        return run(arguments, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
