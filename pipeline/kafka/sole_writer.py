"""Makes sure that an event log has one writer: the only member of a consumer group of its own.

Brokers know within seconds who lives, so that one that still writes is never written into, and one
that was killed can be followed: at once on its own machine, elsewhere when its session has ended.
"""

import os
import threading
import time
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import structlog

from pipeline.clock import stopwatch
from pipeline.errors import BrokerUnavailable, LogInUse, PipelineError
from pipeline.kafka.connection import Connection, translated
from pipeline.kafka.looking import Looker
from pipeline.kafka.topics import Topics
from pipeline.settings.text import visible

_log = structlog.get_logger(__name__)

SESSION: Final = 10.0
"""Seconds after which the brokers take a silent writer for dead."""
_SURE: Final = 7.0
"""Seconds for which a sign of life vouches that nobody took our place."""
_TURN: Final = 500
_JOINS: Final = 30.0
_AGAIN: Final = 0.5


class SoleWriter:
    """Holds the place of the one writer from `take` to `close`."""

    def __init__(self, connection: Connection, topics: Topics) -> None:
        self._connection = connection
        self._topic = topics.mentions
        self._group = f"{topics.prefix}.writer"
        self._name = f"crisis-monitor-writer.{_processes()}.{os.getpid()}"
        self._change = threading.Condition()
        self._closing = threading.Event()
        self._held = False
        self._heard = stopwatch()
        self._had = False
        self._was_away = False
        self._given: int | None = None
        self._consumer: Any = None
        self._thread: threading.Thread | None = None
        self.failure: PipelineError | None = None
        """Why the place is lost for good, None while it is not."""

    def take(self) -> None:
        """Take the place; waits for a writer that was killed elsewhere to be forgotten.

        Raises LogInUse, naming from where, when another writer lives; BrokerUnavailable.
        """
        until = stopwatch() + SESSION + 2.0
        while True:
            try:
                others = self._others("")
            except BrokerUnavailable:  # a young broker has no coordinator of groups yet
                if stopwatch() > until:
                    raise
                time.sleep(_AGAIN)
                continue
            if not others:
                break
            if stopwatch() > until:
                raise LogInUse(
                    f"an event log has one writer, and {_named(others)} writes {self._topic}: "
                    "stop that one, hand mentions to its door (replay --to URL), or begin anew "
                    "with another kafka.prefix and fresh stores"
                )
            time.sleep(_AGAIN)
        self._join()

    def check(self, ends: Mapping[tuple[str, int], int]) -> None:
        """Make sure that the place is still ours before anything is written.

        `ends`: what our own writing made the partitions' ends. When we were not heard of for a
        while (stopped, no broker) it waits until the place is ours anew, and raises LogInUse when
        something was written meanwhile. Call it with nothing under way.
        """
        with self._change:
            if self._is_sure() and not self._was_away:
                return
            _log.warning("place_of_the_writer_unsure")
            while not self._is_sure():
                if self.failure is not None:
                    raise self.failure
                if self._closing.is_set():
                    raise LogInUse("the writer is stopping; send this again")
                self._change.wait(_AGAIN)
        now = self._ends()
        if any(end != now.get(place, end) for place, end in ends.items()):
            raise self._taken()
        with self._change:
            self._was_away = False

    def close(self) -> None:
        """Leave the place to others, at once."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(10)

    def _ends(self) -> dict[tuple[str, int], int]:
        """Where the partitions end, once a broker answers."""
        while True:
            try:
                with Looker(self._connection) as looker:
                    bounds = looker.bounds(self._topic)
            except BrokerUnavailable:
                if self._closing.wait(_AGAIN):
                    raise
            else:
                return {(self._topic, number): each.end for number, each in bounds.items()}

    def _is_sure(self) -> bool:
        return self._held and stopwatch() - self._heard < _SURE

    def _taken(self) -> LogInUse:
        return LogInUse(
            f"another process wrote {self._topic} while this one was stopped: start again once "
            "the other has ended"
        )

    def _others(self, mine: str) -> dict[str, str]:
        """Who else is in the group, and where; whoever died on this machine is taken out of it."""
        from kafka.admin import MemberToRemove  # noqa: PLC0415  # not in every install

        with self._connection.admin() as admin:
            found = admin.describe_groups([self._group]).get(self._group, {}).get("members", ())
            others = [each for each in found if each["member_id"] != mine]
            dead = [each["member_id"] for each in others if _is_dead(str(each["client_id"]))]
            if dead:
                admin.remove_group_members(
                    self._group, [MemberToRemove(member_id=each) for each in dead]
                )
        return {
            each["member_id"]: str(each.get("client_host", "")).lstrip("/")
            for each in others
            if each["member_id"] not in dead
        }

    def _join(self) -> None:
        from kafka import KafkaConsumer  # noqa: PLC0415  # not in every install

        with translated(f"Kafka at {self._connection.where}"):
            self._consumer = KafkaConsumer(
                **self._connection.clients(self._name),
                group_id=self._group,
                enable_auto_commit=False,
                auto_offset_reset="latest",
                session_timeout_ms=int(SESSION * 1000),
                heartbeat_interval_ms=2_000,
                metrics_enabled=False,
            )
            self._consumer.partitions_for_topic(self._topic)  # else it joins for nothing, twice
            self._consumer.subscribe([self._topic], listener=_listener(self))
        self._thread = threading.Thread(target=self._stay, name="sole writer", daemon=True)
        self._thread.start()
        until = stopwatch() + _JOINS
        with self._change:
            while not self._held and self.failure is None and stopwatch() < until:
                self._change.wait(_AGAIN)
            held = self._held
        if not held:
            self.close()
            raise self.failure or LogInUse(
                f"the place of the one writer of {self._topic} could not be had within {_JOINS:g} "
                "s: another process takes it at the same moment; leave it to that one"
            )

    def _stay(self) -> None:
        try:
            while not self._closing.is_set() and self.failure is None:
                began = stopwatch()
                with self._change:
                    self._was_away |= began - self._heard > _SURE
                try:
                    with translated(f"the group {self._group}"):
                        self._consumer.poll(timeout_ms=_TURN)
                    self._weigh()
                except BrokerUnavailable:
                    self._closing.wait(_AGAIN)
                    continue
                with self._change:
                    self._heard = began
                    self._change.notify_all()
        except PipelineError as error:
            with self._change:
                self.failure = error
                self._change.notify_all()
        finally:
            self._consumer.close(timeout_ms=2_000)

    def _weigh(self) -> None:
        """Hold the place when all partitions are ours; of several who want it one stays.

        Who had it and was never away stays; of those who just came, the least by name.
        """
        given = self._given
        if given is None:
            return
        whole = len(self._consumer.partitions_for_topic(self._topic) or ())
        stays = True
        if given < whole and (self._was_away or not self._had):
            mine = self._consumer.group_metadata().member_id
            stays = not self._had and mine < min(self._others(mine), default=mine + "~")
        with self._change:
            self._given = None
            self._held = given == whole
            self._had |= self._held
            if not stays:
                self.failure = self._taken()

    def assigned(self, partitions: Any) -> None:  # noqa: ANN401  # the client has no types
        """Take note of what the brokers gave us; all of it is the place (in the client's loop)."""
        self._consumer.pause(*partitions)
        self._given = len(partitions)

    def revoked(self, *, lost: bool) -> None:
        """Take note that the place is being given anew; `lost`: it was taken from us."""
        with self._change:
            self._held = False
            self._was_away |= lost


def _listener(place: SoleWriter) -> Any:  # noqa: ANN401  # a class of the client's
    from kafka import ConsumerRebalanceListener  # noqa: PLC0415  # not in every install

    class Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the client has no types
        def on_partitions_revoked(self, revoked: object) -> None:
            del revoked
            place.revoked(lost=False)

        def on_partitions_lost(self, lost: object) -> None:
            del lost
            place.revoked(lost=True)

        def on_partitions_assigned(self, assigned: object) -> None:
            place.assigned(assigned)

    return Listener()


def _processes() -> str:
    """Name the machine, or container, whose process ids mean something to us."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return "unknown"
    return blake2b(f"{boot} {space}".encode(), digest_size=8).hexdigest()


def _is_dead(client_id: str) -> bool:
    """Whether this is a writer of this machine whose process is gone."""
    _, _, rest = client_id.partition(".")
    processes, _, number = rest.partition(".")
    if processes in {"", "unknown"} or processes != _processes() or not number.isdecimal():
        return False
    return int(number) != os.getpid() and not Path(f"/proc/{int(number)}").exists()


def _named(members: Mapping[str, str]) -> str:
    hosts = ", ".join(sorted({visible(host, 100) for host in members.values() if host}))
    return f"another process at {hosts}" if hosts else "another process"
