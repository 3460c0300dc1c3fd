"""The Faust app: one agent over the mentions topic that hands each record to its partition."""

from collections.abc import Awaitable, Callable
from typing import Any

import faust
from faust.types import TP

from pipeline.kafka.connection import Connection
from pipeline.kafka.topics import Topics
from pipeline.settings.sections.kafka import KafkaSection

SESSION = 6.0
HEARTBEAT = 2.0
REBALANCE = 10.0
"""Seconds: a dead worker's partitions are with another one after at most SESSION."""
BUFFER = 64
"""Records between Faust and its agent: envelopes of up to 200 mentions."""
FETCH = 4 * 1024 * 1024
MAX_POLL = 600.0


class WorkerApp(faust.App):
    """A Faust app that keeps nothing on disk."""

    def _create_directories(self) -> None:
        """Make none: the changelog alone is the truth."""


def make_app(
    section: KafkaSection,
    connection: Connection,
    *,
    take: Callable[[Any], Awaitable[None]],
    revoked: Callable[[], Awaitable[None]],
    assigned: Callable[[set[int]], Awaitable[None]],
) -> WorkerApp:
    """Make the app; `take` gets each event, the others the partitions of the mentions topic."""
    topics = Topics(section.prefix)
    app = WorkerApp(
        topics.worker_group,
        **connection.faust(),
        broker_session_timeout=SESSION,
        broker_heartbeat_interval=HEARTBEAT,
        broker_rebalance_timeout=REBALANCE,
        broker_request_timeout=20.0,
        broker_max_poll_interval=MAX_POLL,
        broker_commit_interval=1.0,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=FETCH,
        stream_buffer_maxsize=BUFFER,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        topic_partitions=section.partitions,
        topic_replication_factor=section.replication,
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
        web_enabled=False,
        web_tables_enabled=False,
        autodiscover=False,
    )
    mentions = app.topic(
        topics.mentions,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        partitions=section.partitions,
    )

    @app.agent(mentions, name="fold")
    async def fold(stream: Any) -> None:  # noqa: ANN401  # Faust's stream
        async for event in stream.noack().events():
            await take(event)

    async def on_revoked(_: Any, partitions: set[TP], **__: Any) -> None:  # noqa: ANN401
        del partitions
        await revoked()

    async def on_assigned(_: Any, partitions: set[TP], **__: Any) -> None:  # noqa: ANN401
        await assigned({each.partition for each in partitions if each.topic == topics.mentions})

    app.on_partitions_revoked.connect(on_revoked)  # type: ignore[arg-type]  # as Faust's guide does
    app.on_partitions_assigned.connect(on_assigned)  # type: ignore[arg-type]  # as above
    del fold
    return app
