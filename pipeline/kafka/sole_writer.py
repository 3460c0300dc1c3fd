"""Makes sure that an event log has one writer: the only member of a consumer group of its own.

Brokers know within seconds who lives, so that a writer that was killed can be followed at once and
one that still writes cannot be written into.
"""

import threading
import time
from collections.abc import Mapping
from typing import Any, Final

import structlog

from pipeline.clock import stopwatch
from pipeline.errors import LogInUse, PipelineError
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
        self._change = threading.Condition()
        self._held = False
        self._heard = 0.0
        self._closing = threading.Event()
        self._consumer: Any = None
        self._thread: threading.Thread | None = None
        self._failure: PipelineError | None = None

    def take(self) -> None:
        """Take the place; waits for one that was killed to be forgotten.

        Raises LogInUse, naming from where, when another writer lives; BrokerUnavailable.
        """
        until = stopwatch() + SESSION + 2.0
        while others := self._members():
            if stopwatch() > until:
                raise LogInUse(
                    f"an event log has one writer, and {_named(others)} writes {self._topic}: "
                    "stop that one, hand mentions to its door (replay --to URL), or begin anew "
                    "with another kafka.prefix"
                )
            time.sleep(_AGAIN)
        self._join()
        mine = self._consumer.group_metadata().member_id
        others = {name: host for name, host in self._members().items() if name != mine}
        if others and min(others) < mine:
            self.close()
            raise LogInUse(
                f"an event log has one writer, and {_named(others)} began to write {self._topic} "
                "at the same moment: leave it to that one"
            )

    def check(self, ends: Mapping[tuple[str, int], int]) -> None:
        """Make sure that the place is still ours before anything is written.

        `ends`: what our own writing made the partitions' ends. When we were not heard of for a
        while (stopped, no broker) it waits until the place is taken anew, and raises LogInUse when
        something was written meanwhile. Call it with nothing under way.
        """
        with self._change:
            if self._sure():
                return
            _log.warning("place_of_the_writer_unsure")
            lost = stopwatch()
            while not (self._held and self._heard > lost):
                if self._closing.is_set():
                    raise LogInUse("the writer is stopping; send this again")
                if self._failure is not None:
                    raise self._failure
                self._change.wait(_AGAIN)
        with Looker(self._connection) as looker:
            bounds = looker.bounds(self._topic)
        for (topic, partition), end in ends.items():
            if topic == self._topic and bounds[partition].end != end:
                raise LogInUse(
                    f"another process wrote to {topic} while this one was stopped: start again, "
                    "once the other has ended"
                )

    def close(self) -> None:
        """Leave the place to others, at once."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(10)

    def _sure(self) -> bool:
        return self._held and stopwatch() - self._heard < _SURE

    def _members(self) -> dict[str, str]:
        with self._connection.admin() as admin:
            described = admin.describe_groups([self._group])
        return {
            each["member_id"]: str(each.get("client_host", "")).lstrip("/")
            for each in described.get(self._group, {}).get("members", ())
        }

    def _join(self) -> None:
        from kafka import KafkaConsumer  # noqa: PLC0415  # not in every install

        with translated(f"Kafka at {self._connection.where}"):
            self._consumer = KafkaConsumer(
                **self._connection.clients("crisis-monitor-writer"),
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
            while not self._held and stopwatch() < until and self._failure is None:
                self._change.wait(_AGAIN)
        if self._failure is not None or not self._held:
            self.close()
            raise self._failure or LogInUse(
                f"the place of the writer of {self._topic} could not be taken within {_JOINS:g} s"
            )

    def _stay(self) -> None:
        try:
            while not self._closing.is_set():
                began = stopwatch()
                with translated(f"the group {self._group}"):
                    self._consumer.poll(timeout_ms=_TURN)
                with self._change:
                    self._heard = began
                    self._change.notify_all()
        except PipelineError as error:
            with self._change:
                self._failure = error
                self._change.notify_all()
        finally:
            self._consumer.close(timeout_ms=2_000)

    def assigned(self, partitions: Any) -> None:  # noqa: ANN401  # the client has no types
        """Take note that the brokers gave us the place (the client's thread, in its poll)."""
        self._consumer.pause(*partitions)
        with self._change:
            self._held = bool(partitions)
            self._change.notify_all()

    def revoked(self) -> None:
        """Take note that the place is being given anew."""
        with self._change:
            self._held = False


def _listener(place: SoleWriter) -> Any:  # noqa: ANN401  # a class of the client's
    from kafka import ConsumerRebalanceListener  # noqa: PLC0415  # not in every install

    class Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the client has no types
        def on_partitions_revoked(self, revoked: object) -> None:
            del revoked
            place.revoked()

        def on_partitions_assigned(self, assigned: object) -> None:
            place.assigned(assigned)

    return Listener()


def _named(members: Mapping[str, str]) -> str:
    hosts = ", ".join(sorted({visible(host, 100) for host in members.values() if host}))
    return f"another process at {hosts}" if hosts else "another process"
