"""The road on Kafka as one machine sees it: topics, stores, and how far detection has come."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from alerts.times import rfc3339, span
from pipeline.checkup.databases import CLOCK_TOLERANCE, SILENT_FOR, check_file, told
from pipeline.checkup.line import Line, fail, ok, warn
from pipeline.checkup.outbox import check_outbox
from pipeline.errors import PipelineError
from pipeline.log import LogKind
from pipeline.log.database import connect
from pipeline.settings import Settings
from pipeline.settings.sections.kafka import KafkaSection
from pipeline.stores.feeds import SIGNALS, Feeds, Position
from pipeline.stores.place import Place
from pipeline.stores.sql import Sql, open_sql

PATIENCE = 5_000
"""Milliseconds that brokers are waited for."""
FILES = ("incidents.db", "mentions.db")


def check_apart(settings: Settings, place: Place, now: int) -> Iterator[Line]:
    """Look at everything that is not of one engine; nothing is made or changed."""
    if settings.kafka.configured:
        yield _topics(settings.kafka)
    if place.is_sqlite:
        for name in FILES:
            if (place.directory / name).exists():
                yield check_file(place.directory / name, running=True)
    try:
        with closing(open_sql(place, read_only=True)) as db:
            yield from _stores(db, settings.kafka, place, now)
    except PipelineError as problem:
        yield told("stores", problem)


def _topics(section: KafkaSection) -> Line:
    try:
        from pipeline.kafka import require_kafka  # noqa: PLC0415  # an extra

        require_kafka()
        from pipeline.kafka.connection import Connection  # noqa: PLC0415  # as above
        from pipeline.kafka.setup import setup  # noqa: PLC0415  # as above
        from pipeline.kafka.topics import wanted  # noqa: PLC0415  # as above

        connection = replace(Connection.of(section), patience=PATIENCE)
        report = setup(connection, wanted(section), create=False)
    except PipelineError as problem:
        return told("kafka", problem)
    if not report.ready:
        count = len(report.differences)
        return fail(
            "kafka",
            f"{connection.where}: {count} {'things differ' if count > 1 else 'thing differs'} "
            f"among the topics of {section.prefix}",
            "`crisis-monitor kafka check` names them; `crisis-monitor kafka setup` mends what may "
            "be mended by itself",
        )
    return ok("kafka", f"{connection.where}: the topics of {section.prefix} are as they have to be")


def _stores(db: Sql, section: KafkaSection, place: Place, now: int) -> Iterator[Line]:
    if not place.is_sqlite:
        (version, size) = db.execute(
            "SELECT current_setting('server_version'), pg_database_size(current_database())"
        ).fetchone()
        yield ok("database", f"{place.where}: PostgreSQL {version}, {size / 1024**2:.1f} MiB")
    if not db.has_table("feeds"):
        yield warn(
            "stores",
            f"{place.where} has no tables yet",
            "start what makes and fills them: crisis-monitor alerter",
        )
        return
    yield _progress(Feeds(db).positions(SIGNALS), section, now)
    if not place.is_sqlite and db.has_table("outbox"):
        yield from check_outbox(db.execute, now)
    elif place.is_sqlite and (place.directory / "incidents.db").exists():
        with closing(connect(place.directory / "incidents.db", read_only=True)) as incidents:
            yield from check_outbox(incidents.execute, now)


def _progress(positions: dict[int, Position], section: KafkaSection, now: int) -> Line:
    partitions = {number: Position() for number in range(section.partitions)} | positions
    times = {number: each.time for number, each in partitions.items() if each.time is not None}
    silent = sorted(set(partitions) - set(times))
    if not times:
        return warn(
            "detection",
            "nothing has been heard of any partition yet",
            "start `crisis-monitor ingest`, `worker` and `alerter`; `crisis-monitor lag` shows "
            "where records wait",
        )
    if section.time is LogKind.EVENT:
        return ok("detection", f"at {rfc3339(min(times.values()))} (an event log)")
    slowest = min(times, key=lambda number: times[number])
    behind = now - times[slowest]
    if max(times.values()) > now + CLOCK_TOLERANCE:
        return fail(
            "detection",
            f"the log is at {rfc3339(max(times.values()))}, ahead of this machine's clock",
            "set the clocks (NTP) here and where `crisis-monitor ingest` runs",
        )
    if silent or behind > SILENT_FOR:
        where = f"partition {silent[0]}" if silent else f"partition {slowest}"
        since = "was never heard of" if silent else f"stands still since {span(behind)}"
        return fail(
            "detection",
            f"{where} {since}",
            "see that ingest, worker and alerter run: `crisis-monitor lag` shows which of them is "
            "behind",
        )
    return ok("detection", f"every partition is at {rfc3339(times[slowest])} or later")
