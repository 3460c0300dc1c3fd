"""Made-up histories in sorted files: what the benches of the road read."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any

import msgspec

from pipeline.mention import Mention
from pipeline.settings import Settings, load
from pipeline.sources.scenario import Scenario
from pipeline.sources.scenario.brands import invented_brands

COLUMNS = ("id", "event_time", "author", "text", "url", "brand")
PER_MINUTE = 600
DAY_MINUTES = 24 * 60


def mentions(
    number: int, brands: int, per_minute: int = PER_MINUTE, *, language: str = ""
) -> Iterator[Mention]:
    """Give so many mentions of so many brands in event-time order, at this mean rate.

    They are the scenario generator's: about 90 characters in four languages, a daily rhythm,
    crises, reposts, repeated ids. Dated by their arrival, which needs no sorting. With `language`
    only those written in it, so that they come more slowly.
    """
    days = ceil(number / (per_minute * DAY_MINUTES)) + 1
    scenario = Scenario.load(5, mentions=days * DAY_MINUTES * per_minute, brands=brands, days=days)
    said = (each for each in scenario if not language or each.language == language)
    return islice(said, number)


def write_csv(path: Path, said: Iterator[Mention], *, name_brands: bool = True) -> None:
    """Write a sorted CSV file; without `name_brands` only the texts tell whom they concern."""
    columns = COLUMNS if name_brands else COLUMNS[:-1]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(_row(each)[: len(columns)] for each in said)


def aliases_of(count: int) -> Settings:
    """Settings that know so many of the scenario's brands by their aliases and handles."""
    known: list[dict[str, Any]] = [
        {key: value for key, value in msgspec.structs.asdict(brand).items() if value is not None}
        for brand in invented_brands(count)
    ]
    return load(None, {"brands": known})


def _row(said: Mention) -> tuple[str, ...]:
    moment = datetime.fromtimestamp(said.ingested_at / 1000, UTC)
    at = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    return (said.id, at, said.author.handle, said.text, said.url, said.brand)
