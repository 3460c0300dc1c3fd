"""`why`: every number that decided for or against a page at one moment."""

from typing import Annotated

import typer

from detectors.observation import BucketState
from detectors.reading import Reading, Rule
from pipeline.commands.config_option import ConfigOption
from pipeline.commands.output import (
    FINDING,
    Format,
    FormatOption,
    console,
    errors_told,
    plain,
    print_json,
    rfc3339,
)
from pipeline.commands.storage import DataOption, Stores, stores_at
from pipeline.commands.times import instant_argument
from pipeline.errors import SettingsError
from pipeline.log import SqliteLog
from pipeline.settings import load
from pipeline.stores import BucketTable
from pipeline.why import Explanation, Gate, explain, gates, meaning


def why(  # noqa: PLR0913  # each is an option of the command line
    brand: Annotated[str, typer.Option(help="The brand's name as configured.")],
    at: Annotated[str, typer.Option(help="When: RFC 3339, or with --zone without an offset.")],
    zone: Annotated[str | None, typer.Option(help="Zone of a time without an offset.")] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Print every number that decided for or against a page then.

    Those of the last bucket that had closed: at an incident's own time, the one that opened it.

    Example: crisis-monitor why --brand "US Airways" --at 2015-02-22T09:30:00-05:00
    """
    with errors_told():
        settings = load(config)
        asked = gates(settings.detection())
        stores = stores_at(data, settings)
        instant = instant_argument(at, zone)
        table = BucketTable(stores.place, read_only=True)
        try:
            before = _within(_time(stores, table, brand), instant) - 1
            known = table.brands()
            if brand not in known:
                raise SettingsError(
                    f"nothing was ever heard of {brand!r} here; known: {', '.join(known) or 'none'}"
                )
            found = explain(
                brand, before, table.at(brand, before), table.last_before(brand, before)
            )
        finally:
            table.close()
    if output is Format.JSON:
        print_json(_document(found) | {"gates": asked})
    else:
        _print(found, asked)
    if found.state is BucketState.UNKNOWN:
        raise typer.Exit(FINDING)


def _time(stores: Stores, table: BucketTable, brand: str) -> int | None:
    """How far detection has come for a brand; None before the first tick."""
    if not stores.embedded:
        return table.position(stores.partition_of(brand)).time
    log = SqliteLog.read(stores.directory)
    try:
        return log.time
    finally:
        log.close()


def _within(time: int | None, instant: int) -> int:
    if time is None or instant > time:
        raise SettingsError(
            f"detection has not come so far: the log ends at {rfc3339(time) or 'no time yet'}"
        )
    return instant


def _document(found: Explanation) -> dict[str, object]:
    return {
        "brand": found.brand,
        "bucket": rfc3339(found.start),
        "bucket_seconds": found.length // 1000,
        "state": found.state,
        "written": found.written,
        "as_of": rfc3339(found.as_of),
        "observation": {
            name: getattr(found.observation, name) for name in found.observation.__struct_fields__
        },
        "readings": [
            {name: getattr(reading, name) for name in reading.__struct_fields__}
            | {"meaning": meaning(reading.reason)}
            for reading in found.readings
        ],
    }


def _of(reading: Reading) -> str:
    if reading.rule is Rule.VOLUME:
        return "voices"
    return f"of {reading.sample} voices negative"


def _print(found: Explanation, asked: list[Gate]) -> None:
    out = console()
    out.print(
        f"[bold]{plain(found.brand)}[/] in the bucket of {rfc3339(found.start)} ({found.state})"
    )
    seen = found.observation
    if found.written:
        out.print(
            f"{seen.mentions} mentions, {seen.unique} texts, {seen.voices} voices; negative: "
            f"{seen.negative} mentions, {seen.negative_voices} of the {seen.scored_voices} "
            "voices judged"
        )
    elif found.as_of is None:
        out.print("Nothing is known of this time: no bucket was closed before it.")
        return
    else:
        out.print(
            "Nothing was said in it and nothing was open, so no bucket was written; "
            f"the numbers are those of the bucket that ended at {rfc3339(found.as_of)}."
        )
    for reading in found.readings:
        out.print(
            f"[bold]{reading.lane}[/]: {reading.observed:.1f} {_of(reading)}, usually "
            f"{reading.expected:.2f}; z {reading.z:.2f}, tail {reading.tail:.2f}, "
            f"share {reading.evidence:.2f}; score {reading.score:.2f} of {reading.threshold:.2f}: "
            f"{meaning(reading.reason)}"
        )
    out.print(
        "[dim]tail: how rarely this brand exceeds such a value (powers of ten); share: how "
        "unlikely the negative share is (powers of ten); score: what was held against the need[/]"
    )
    for gate in asked:
        out.print(
            f"[dim]{gate.lane} asks for {gate.at_least:g} negative voices, {gate.times_usual:g} "
            f"times the usual, z {gate.z:g}, tail {gate.tail:g}, a share of p {gate.share_p:g}"
            f"{f', tail and share together {gate.score:g}' if gate.score else ''}, "
            f"for {gate.hold_seconds // 60} min[/]"
        )
