"""A seeded history of everything a road must take: late, repeated, invalid, own, for two brands."""

import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec

from pipeline.brands import Brand
from pipeline.encoding import encode_json
from pipeline.mention import Mention
from pipeline.sources.scenario.brands import invented_brands
from pipeline.sources.scenario.scenario import Scenario

HOUR = 3_600_000
MENTIONS_A_REQUEST = 400
MOST_ONCE = 400
"""Brands that speak only once; each is closed every minute from then on."""
_AVERAGE_RATE = 0.93
"""Mentions a minute of a brand of rate 1, over the week's rhythm (measured on the scenario)."""


class Body(msgspec.Struct, frozen=True):
    """One request: its id, its lines, and how many of them there are."""

    request_id: str
    lines: bytes
    count: int


def brands_toml(brands: tuple[Brand, ...]) -> str:
    """Write brands as the configuration has them."""
    return "\n".join(
        f"[[brands]]\nname = {json.dumps(brand.name)}\naliases = {json.dumps(brand.aliases)}\n"
        f"handles = {json.dumps(brand.handles)}\nown_accounts = {json.dumps(brand.own_accounts)}\n"
        f'languages = {json.dumps(brand.languages)}\nzone = "{brand.zone}"\n'
        for brand in brands
    )


class History:
    """Some `mentions` over `brands`, in event order but for the late; the same for a seed.

    Of a hundred mentions one comes twice, one comes twice hours later (too late), one in two
    hundred is late by hours, one in two hundred is no mention at all, one in fifty names a second
    brand, one in fifty names one of many brands that speak only once; own posts come hourly.
    """

    def __init__(self, seed: int, *, mentions: int, brands: int = 40, days: int = 3) -> None:
        self.brands = invented_brands(brands)
        self._seed = seed
        weights = 2.35 + 0.4 * max(0, brands - 4)
        self._scenario = Scenario(
            seed,
            days=days,
            rate=mentions / (weights * days * 1440 * _AVERAGE_RATE),
            brands=self.brands,
        )

    def lines(self) -> Iterator[bytes]:
        """Give the lines of all requests."""
        chance = Random(self._seed)
        handles = [brand.handles[0] for brand in self.brands if brand.handles]
        earlier: deque[Mention] = deque(maxlen=20_000)
        number = once = 0
        for chunk in self._scenario.read():
            for mention in chunk:
                if not isinstance(mention, Mention):
                    continue
                number += 1
                draw = chance.random()
                said = mention
                if draw < 0.02:
                    said = msgspec.structs.replace(
                        mention, text=f"{mention.text} and @{chance.choice(handles)}"
                    )
                elif draw < 0.04 and once < MOST_ONCE:
                    once += 1
                    said = msgspec.structs.replace(
                        mention, id=f"once-{number}", brand=f"Once {number}"
                    )
                earlier.append(said)
                yield encode_json(said)
                if draw > 0.99:
                    yield encode_json(said)
                elif draw > 0.98:
                    yield encode_json(chance.choice(earlier))
                elif draw > 0.975:
                    late = msgspec.structs.replace(
                        mention, id=f"late-{number}", event_time=mention.event_time - 5 * HOUR
                    )
                    yield encode_json(late)
                elif draw > 0.97:
                    yield b'{"id": "none-%d", "text": 7}' % number

    def bodies(self) -> Iterator[Body]:
        """Give the requests."""
        lines: list[bytes] = []
        number = 0
        for line in self.lines():
            lines.append(line)
            if len(lines) == MENTIONS_A_REQUEST:
                yield Body(f"history-{self._seed}-{number}", b"\n".join(lines), len(lines))
                number += 1
                lines = []
        if lines:
            yield Body(f"history-{self._seed}-{number}", b"\n".join(lines), len(lines))

    def configuration(self) -> str:
        """Give the brands' part of a configuration; brands it does not name are taken, too."""
        return '[ingest]\nunknown_brands = "accept"\n\n' + brands_toml(self.brands)


def write(path: Path, history: History) -> int:
    """Write a history as a file of JSON lines; how many lines."""
    count = 0
    with path.open("wb") as file:
        for line in history.lines():
            file.write(line + b"\n")
            count += 1
    return count
