"""A made-up week of talk about made-up brands, the same for the same seed on every machine."""

import heapq
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo

import msgspec

from pipeline.brands import Brand
from pipeline.mention import Mention, Rejected
from pipeline.sources.scenario.brands import BRANDS, WEIGHTS, invented_brands
from pipeline.sources.scenario.crowd import BOARDS, Crowd
from pipeline.sources.scenario.episodes import DAY, HOUR, MINUTE, Episode, EpisodeKind, usual_plan
from pipeline.sources.sorting import ExternalSort

START = 1_772_409_600_000
"""Monday, 2 March 2026, 00:00 UTC."""

_CHUNK = 1000
_OTHER_WEIGHT = 0.4
_HOURS = (
    0.28, 0.18, 0.14, 0.12, 0.16, 0.3, 0.6, 1.0, 1.3, 1.4, 1.4, 1.35,
    1.35, 1.3, 1.25, 1.2, 1.25, 1.4, 1.55, 1.65, 1.6, 1.35, 0.95, 0.55,
)  # fmt: skip
_WEEKEND = 0.8


class Scenario:
    """Iterates over mentions in the order of their arrival; every iteration gives the same.

    `rate` is what is said of the first brand, in mentions a minute over an average day; of the
    others less. Without `brands` there are four; their configuration is `brands`, what happens
    to them is `truth`. `name_brands` lets every mention name its brand, so that none need be
    searched for. `ingested_at` is the arrival, seconds to hours after `event_time`; a few
    mentions come twice, a few very late. Times are milliseconds since 1970-01-01 UTC.

    >>> first = next(iter(Scenario(7)))
    >>> first == next(iter(Scenario(7))), first.ingested_at > first.event_time
    (True, True)
    """

    name = "scenario"

    def __init__(  # noqa: PLR0913  # each is one thing a test or a demonstration turns
        self,
        seed: int = 7,
        *,
        days: int = 7,
        rate: float = 1.5,
        brands: Sequence[Brand] | None = None,
        start: int = START,
        plan: Sequence[Episode] | None = None,
        name_brands: bool = False,
    ) -> None:
        if days < 1 or rate <= 0:
            raise ValueError("a scenario lasts at least one day, and something is said in it")
        self.brands = tuple(BRANDS if brands is None else brands)
        self.start = start
        self.end = start + days * DAY
        self._seed = seed
        self._name_brands = name_brands
        self._rates = tuple(
            rate * (WEIGHTS[number] if number < len(WEIGHTS) else _OTHER_WEIGHT)
            for number in range(len(self.brands))
        )
        self.truth = (
            usual_plan(self.brands, self._rates, start=start, days=days, silent=BOARDS.name)
            if plan is None
            else tuple(plan)
        )

    @classmethod
    def load(cls, seed: int, *, mentions: int, brands: int = 40, days: int = 7) -> "Scenario":
        """Make a scenario of about so many mentions over so many brands, each naming its brand."""
        weights = sum(
            WEIGHTS[number] if number < len(WEIGHTS) else _OTHER_WEIGHT for number in range(brands)
        )
        return cls(
            seed,
            days=days,
            rate=mentions / (weights * days * 1440 * _AVERAGE),
            brands=invented_brands(brands),
            name_brands=True,
        )

    def __iter__(self) -> Iterator[Mention]:
        """Give the mentions in the order of their arrival."""
        silences = [
            (episode.brand.removeprefix("source:"), episode.start, episode.end)
            for episode in self.truth
            if episode.kind is EpisodeKind.SILENT_SOURCE
        ]
        arriving: list[tuple[int, int, Mention]] = []
        count = 0
        for minute, said in self._said():
            for mention in said:
                count += 1
                heard = _after_silence(mention, silences)
                heapq.heappush(arriving, (heard.ingested_at, count, heard))
            while arriving and arriving[0][0] < minute + MINUTE:
                yield heapq.heappop(arriving)[2]
        while arriving:
            yield heapq.heappop(arriving)[2]

    def by_minute(self) -> Iterator[tuple[int, list[Mention]]]:
        """Give each minute's start and what was said in it, by event time, as it is made up.

        Nobody is silent here, and nothing comes late: that is for whoever reads it to play.
        """
        for minute, said in self._said():
            said.sort(key=lambda mention: mention.event_time)
            yield minute, said

    def _said(self) -> Iterator[tuple[int, list[Mention]]]:
        """Make up what is said, minute by minute."""
        crowds = [
            Crowd(
                brand,
                number,
                Random(f"{self._seed}:{brand.name}"),  # noqa: S311  # made-up talk, no secret
                [episode for episode in self.truth if episode.brand == brand.name],
                names_brand=self._name_brands,
            )
            for number, brand in enumerate(self.brands)
        ]
        for minute in range(self.start, self.end, MINUTE):
            if (minute - self.start) % HOUR == 0:
                rhythm = [_rhythm(brand.zone, minute) for brand in self.brands]
            said: list[Mention] = []
            for crowd, rate, swing in zip(crowds, self._rates, rhythm, strict=True):
                said += crowd.minute(minute, rate * swing)
            yield minute, said

    def read(self) -> Iterator[list[Mention | Rejected]]:
        """Yield all of it in chunks, in event-time order (as a file of it would be read)."""
        sort = ExternalSort(memory_rows=200_000)
        try:
            chunk: list[Mention | Rejected] = []
            for mention in self:
                sort.add((mention,))
            for mention in sort.ordered():
                chunk.append(mention)
                if len(chunk) >= _CHUNK:
                    yield chunk
                    chunk = []
            if chunk:
                yield chunk
        finally:
            sort.close()


_AVERAGE = (sum(_HOURS) / len(_HOURS)) * (5 + 2 * _WEEKEND) / 7


def _rhythm(zone: str, time: int) -> float:
    """Tell how much more is said at this hour, in the brand's zone, than on average."""
    local = datetime.fromtimestamp(time // 1000, UTC).astimezone(ZoneInfo(zone))
    return _HOURS[local.hour] * (_WEEKEND if local.weekday() >= 5 else 1.0)


def _after_silence(mention: Mention, silences: Sequence[tuple[str, int, int]]) -> Mention:
    """Delay what a silent source would have delivered to the end of its silence."""
    for source, start, end in silences:
        if mention.source == source and start <= mention.ingested_at < end:
            waited = (mention.ingested_at - start) % 20_000
            return msgspec.structs.replace(mention, ingested_at=end + waited)
    return mention
