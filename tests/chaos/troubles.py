"""What can happen to a road: deaths, stops, restarts, comings and goings."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from tests.broker import OwnBroker
from tests.chaos.worker import TEAR
from tests.stack import Member, Stack, eventually

Trouble = Callable[[Stack, OwnBroker, Random], str]
STOPPED_FOR = 14.0
TORN_FOR = 30.0
TAKEN_OVER = 9.0
"""Seconds after which a dead worker's share is on its way to somebody else."""
MOST_WORKERS = 4
FEWEST_WORKERS = 2


def _worker(stack: Stack, chance: Random) -> Member:
    return chance.choice([each for each in stack.workers() if each.runs])


def kill_worker(stack: Stack, _: OwnBroker, chance: Random) -> str:
    """kill -9 of a worker, which comes back at once."""
    victim = _worker(stack, chance)
    victim.kill()
    victim.start()
    return f"{victim.name}: kill -9 and start"


def kill_ingest(stack: Stack, _: OwnBroker, __: Random) -> str:
    """kill -9 of the door, which comes back at once."""
    victim = stack.member("ingest")
    victim.kill()
    victim.start()
    return "ingest: kill -9 and start"


def kill_alerter(stack: Stack, _: OwnBroker, __: Random) -> str:
    """kill -9 of the alerter, which comes back at once."""
    victim = stack.member("alerter")
    victim.kill()
    victim.start()
    return "alerter: kill -9 and start"


def _stop(victim: Member, seconds: float) -> str:
    victim.send(signal.SIGSTOP)
    time.sleep(seconds)
    victim.send(signal.SIGCONT)
    return f"{victim.name}: stopped for {seconds:g} s"


def stop_worker(stack: Stack, _: OwnBroker, chance: Random) -> str:
    """SIGSTOP of a worker, long enough to lose its partitions, and SIGCONT."""
    return _stop(_worker(stack, chance), STOPPED_FOR)


def stop_ingest(stack: Stack, _: OwnBroker, __: Random) -> str:
    """SIGSTOP of the door, and SIGCONT."""
    return _stop(stack.member("ingest"), STOPPED_FOR)


def stop_alerter(stack: Stack, _: OwnBroker, __: Random) -> str:
    """SIGSTOP of the alerter, and SIGCONT."""
    return _stop(stack.member("alerter"), STOPPED_FOR)


def _restart(victim: Member) -> str:
    code = victim.stop()
    victim.start()
    return f"{victim.name}: SIGTERM, exit code {code}, start"


def restart_worker(stack: Stack, _: OwnBroker, chance: Random) -> str:
    """SIGTERM of a worker, and a start."""
    return _restart(_worker(stack, chance))


def restart_ingest(stack: Stack, _: OwnBroker, __: Random) -> str:
    """SIGTERM of the door, and a start."""
    return _restart(stack.member("ingest"))


def restart_alerter(stack: Stack, _: OwnBroker, __: Random) -> str:
    """SIGTERM of the alerter, and a start."""
    return _restart(stack.member("alerter"))


def join(stack: Stack, broker: OwnBroker, chance: Random) -> str:
    """One worker more, as long as there are not too many."""
    running = [each for each in stack.workers() if each.runs]
    if len(running) >= MOST_WORKERS:
        return leave(stack, broker, chance)
    gone = [each for each in stack.workers() if not each.runs]
    member = gone[0] if gone else stack.member(f"worker-{len(stack.workers()) + 1}")
    member.start()
    return f"{member.name}: joins"


def leave(stack: Stack, broker: OwnBroker, chance: Random) -> str:
    """One worker less, as long as there are enough."""
    running = [each for each in stack.workers() if each.runs]
    if len(running) <= FEWEST_WORKERS:
        return join(stack, broker, chance)
    victim = _worker(stack, chance)
    return f"{victim.name}: leaves, exit code {victim.stop()}"


def kill_two(stack: Stack, _: OwnBroker, chance: Random) -> str:
    """kill -9 of a worker, and of another while it takes the first one's share over."""
    first = _worker(stack, chance)
    first.kill()
    time.sleep(TAKEN_OVER)
    second = _worker(stack, chance)
    second.kill()
    first.start()
    second.start()
    return f"{first.name}, then {second.name} while it takes over: kill -9 and start"


def kill_broker(_: Stack, broker: OwnBroker, __: Random) -> str:
    """kill -9 of the broker, which comes back."""
    broker.kill()
    broker.start()
    return "broker: kill -9 and start"


def tear(stack: Stack, _: OwnBroker, chance: Random) -> str:
    """Stop a worker between its outputs and its rows; kill who took over; let it go on."""
    torn = _worker(stack, chance)
    torn.send(TEAR)
    began = time.monotonic()
    eventually(lambda: not torn.runs or _is_stopped(torn), within=20, what=f"{torn.name} stops")
    time.sleep(TAKEN_OVER)
    others = [each for each in stack.workers() if each.runs and each is not torn]
    successor = chance.choice(others) if others else None
    if successor is not None:
        successor.kill()
    time.sleep(max(0.0, began + TORN_FOR - time.monotonic()))
    torn.send(signal.SIGCONT)
    if successor is None:
        return f"{torn.name}: stopped between outputs and rows"
    successor.start()
    return (
        f"{torn.name}: stopped between outputs and rows for {TORN_FOR:g} s, "
        f"{successor.name} killed meanwhile"
    )


def _is_stopped(member: Member) -> bool:
    if member.process is None:
        return False
    try:
        stat = Path(f"/proc/{member.process.pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "T"


_FIRST: tuple[Trouble, ...] = (kill_worker, kill_ingest, tear, kill_broker)
_ALL: tuple[Trouble, ...] = (
    kill_worker,
    kill_ingest,
    kill_alerter,
    stop_worker,
    stop_ingest,
    stop_alerter,
    restart_worker,
    restart_ingest,
    restart_alerter,
    join,
    leave,
    kill_two,
    tear,
)


def troubles(chance: Random) -> Iterator[Trouble]:
    """One trouble after the other: the gravest first, then all in changing order."""
    yield from _FIRST
    while True:
        yield from chance.sample(_ALL, len(_ALL))
