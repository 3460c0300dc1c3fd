"""What is said of one brand in a range: sums by kind, what drives the negatives, samples."""

import msgspec

from alerts.samples import Driver, Sample
from dashboards.views.books import Books
from pipeline.judging.scorer import Label
from pipeline.stores.drivers import read_drivers
from pipeline.stores.masked import sample_of
from pipeline.stores.mentions import MentionFilter
from pipeline.stores.samples import READ, telling

SAMPLES = 8
NAMED = 8
"""Channels, languages and kinds named; the rest stands together as `other`."""
OTHER = "other"


class BrandTalk(msgspec.Struct, frozen=True):
    """The talk of a brand in a range.

    `channels`, `languages` and `kinds` count mentions, the most first. All counts are of known
    time; `late` mentions, `own` posts and repeats are in none of the others. `drivers` and
    `samples` are of the negatives and already masked; escape them when they are shown.
    """

    channels: tuple[tuple[str, int], ...]
    languages: tuple[tuple[str, int], ...]
    kinds: tuple[tuple[str, int], ...]
    mentions: int
    unique: int
    voices: int
    negatives: int
    scored: int
    unscored: int
    own: int
    delayed: int
    late: int
    drivers: tuple[Driver, ...]
    samples: tuple[Sample, ...]


def read_talk(books: Books, brand: str, start: int, end: int) -> BrandTalk:
    """Sum what was said of a brand in `[start, end)`; `negatives` and `scored` are voices."""
    channels: dict[str, int] = {}
    languages: dict[str, int] = {}
    kinds: dict[str, int] = {}
    mentions = unique = voices = negatives = scored = unscored = own = delayed = 0
    for seen in books.buckets.observed(brand, start, end):
        _add(channels, seen.by_channel)
        _add(languages, seen.by_language)
        _add(kinds, seen.by_kind)
        mentions += seen.mentions
        unique += seen.unique
        voices += seen.voices
        negatives += seen.negative_voices
        scored += seen.scored_voices
        unscored += seen.unscored
        own += seen.own
        delayed += seen.delayed
    wanted = MentionFilter(brand, start, end, Label.NEGATIVE, own=False, late=False)
    found = books.mentions.find(wanted, limit=READ)
    late = books.mentions.late_by(brand, start, end, max(1, end - start))
    return BrandTalk(
        _most(channels, "unnamed"),
        _most(languages, "unknown"),
        _most(kinds, "unnamed"),
        mentions,
        unique,
        voices,
        negatives,
        scored,
        unscored,
        own,
        delayed,
        sum(late.values()),
        read_drivers(books.mentions, brand, start, end),
        tuple(sample_of(each) for each in telling(found, SAMPLES)),
    )


def _add(sums: dict[str, int], counts: dict[str, int]) -> None:
    for name, count in counts.items():
        sums[name] = sums.get(name, 0) + count


def _most(counts: dict[str, int], nameless: str) -> tuple[tuple[str, int], ...]:
    """The most frequent, by count and name; what is left over in one."""
    named = sorted(
        ((name or nameless, count) for name, count in counts.items()),
        key=lambda each: (-each[1], each[0]),
    )
    rest = sum(count for _, count in named[NAMED:])
    return (*named[:NAMED], (OTHER, rest)) if rest else tuple(named)
