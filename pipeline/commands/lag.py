"""`lag`: how far each reader of the road on Kafka is behind."""

from dataclasses import replace
from typing import Annotated

import typer

from alerts.times import span
from pipeline.clock import SystemClock
from pipeline.commands.config_option import ConfigOption
from pipeline.commands.output import (
    FINDING,
    Format,
    FormatOption,
    errors_told,
    print_json,
    print_table,
    rfc3339,
)
from pipeline.errors import SettingsError
from pipeline.log.kind import LogKind
from pipeline.settings import load
from pipeline.settings.text import visible
from pipeline.standing import BrandLag, Lag, PartitionLag, Step, StepLag

MOST_BRANDS = 20
PATIENCE = 4_000
"""Milliseconds in which a broker has to answer: somebody waits at a terminal."""


def lag(
    limit: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Mentions (records, of signals and dead letters) behind that are too many. Left "
            "out: kafka.lag_limit.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Say how far each reader is behind, by partition and by brand, and who works on what.

    Works with nothing of ours running. Exit code 1 when more than the limit waits anywhere, 3
    when the brokers are away.

    Example: crisis-monitor lag --limit 10000
    """
    with errors_told():
        settings = load(config)
        if not settings.kafka.configured:
            raise SettingsError(
                "no Kafka is configured (kafka.bootstrap), so there is no lag: one engine folds "
                "what it takes; `crisis-monitor status` says how far it is"
            )
        from pipeline.kafka.connection import Connection  # noqa: PLC0415  # --help stays quick
        from pipeline.kafka.lag import Gauge  # noqa: PLC0415  # as above
        from pipeline.kafka.topics import Topics  # noqa: PLC0415  # as above

        connection = replace(Connection.of(settings.kafka), patience=PATIENCE)
        clock = settings.kafka.time is LogKind.CLOCK
        gauge = Gauge(connection, Topics(settings.kafka.prefix), event_mode=not clock)
        found = gauge.measure(SystemClock().now())
    most = settings.kafka.lag_limit if limit is None else limit
    if output is Format.JSON:
        print_json(document(found, most, clock=clock))
    else:
        _print(found, most, clock=clock)
    if found.above(most):
        raise typer.Exit(FINDING)


def document(found: Lag, limit: int, *, clock: bool) -> dict[str, object]:
    """All of it, for programs; `clock`: the partitions' time is that of the wall clock."""
    return {
        "at": rfc3339(found.now),
        "limit": limit,
        "above": [step.step for step in found.above(limit)],
        "stages": [_step(step, found.now, clock=clock) for step in found.steps],
        "brands": [_brand(brand) for brand in found.brands],
    }


def _step(step: StepLag, now: int, *, clock: bool) -> dict[str, object]:
    return {
        "stage": step.step,
        "topic": step.topic,
        "group": step.group,
        "members": step.members,
        "records": step.records,
        "mentions": step.mentions,
        "estimated": step.estimated,
        "seconds": step.waited(now) / 1000,
        "unowned": step.unowned,
        "partitions": [_partition(each, now, clock=clock) for each in step.partitions],
    }


def _partition(each: PartitionLag, now: int, *, clock: bool) -> dict[str, object]:
    return {
        "partition": each.partition,
        "position": each.position,
        "end": each.end,
        "records": each.records,
        "mentions": each.mentions,
        "estimated": each.estimated,
        "seconds": each.waited(now) / 1000,
        "expired": each.expired,
        "time": rfc3339(each.time),
        "time_behind_seconds": _behind(each, now, clock=clock),
        "owner": each.owner and {"member": each.owner.member, "host": each.owner.host},
    }


def _brand(brand: BrandLag) -> dict[str, object]:
    return {
        "brand": brand.brand,
        "partition": brand.partition,
        "mentions": brand.mentions,
        "estimated": brand.estimated,
    }


def _behind(each: PartitionLag, now: int, *, clock: bool) -> float | None:
    return None if each.time is None or not clock else (now - each.time) / 1000


def _print(found: Lag, limit: int, *, clock: bool) -> None:
    for step in found.steps:
        print_table(_title(step, found.now), *_table(step, found.now, clock=clock))
    brands = [brand for brand in found.brands if brand.mentions][:MOST_BRANDS]
    if brands:
        about = ", reckoned from a sample" if any(brand.estimated for brand in brands) else ""
        print_table(
            f"waiting to be folded, by brand (at most {MOST_BRANDS}{about})",
            ("brand", "partition", "mentions"),
            [(brand.brand, brand.partition, _counted(brand)) for brand in brands],
        )
    for step in found.steps:
        if step.unowned and step.records:
            typer.echo(
                f"{step.step}: nobody works on partition "
                f"{', '.join(str(each) for each in step.unowned)}; {_start(step)}"
            )
        expired = sum(each.expired for each in step.partitions)
        if expired:
            typer.echo(
                f"{step.step}: {expired} records were deleted by retention before they were read"
            )
    above = found.above(limit)
    if above:
        typer.echo(
            f"more than {limit} behind: {', '.join(f'{step.step} ({step.size})' for step in above)}"
        )


def _start(step: StepLag) -> str:
    if step.step is Step.FOLD:
        return "start `crisis-monitor worker`" if not step.members else "a rebalance is under way"
    return "start `crisis-monitor alerter`" if not step.members else "a rebalance is under way"


def _title(step: StepLag, now: int) -> str:
    mentions = "" if step.mentions is None else f", {_about(step)}{step.mentions} mentions"
    waited = f", the oldest for {_spoken(step.waited(now))}" if step.records else ""
    return (
        f"{step.step} ({step.topic}, {step.members} in the group {step.group}): "
        f"{step.records} records{mentions} behind{waited}"
    )


def _about(step: StepLag | PartitionLag | BrandLag) -> str:
    return "about " if step.estimated else ""


def _counted(found: PartitionLag | BrandLag) -> str:
    return "" if found.mentions is None else f"{_about(found)}{found.mentions}"


def _table(
    step: StepLag, now: int, *, clock: bool
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    mentions, time = step.mentions is not None, step.step is Step.FOLD and clock
    columns = (
        "partition",
        "records",
        *(("mentions",) if mentions else ()),
        "oldest waits",
        *(("time behind now",) if time else ()),
        "who",
    )
    rows: list[tuple[object, ...]] = []
    for each in step.partitions:
        behind = _behind(each, now, clock=clock)
        rows.append(
            (
                each.partition,
                each.records,
                *((_counted(each),) if mentions else ()),
                _spoken(each.waited(now)) if each.records else "",
                *(("" if behind is None else _spoken(round(behind * 1000)),) if time else ()),
                _who(step, each),
            )
        )
    return columns, rows


def _who(step: StepLag, each: PartitionLag) -> str:
    if each.owner is not None:
        return visible(each.owner.member, 80)
    return "whoever leads" if step.alone and step.members else "nobody"


def _spoken(milliseconds: int) -> str:
    """A wait in words: to the tenth of a second below a minute."""
    if abs(milliseconds) < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    return span(milliseconds)
