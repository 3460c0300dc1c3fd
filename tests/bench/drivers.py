"""What finding drivers costs: `python -m tests.bench.drivers [--mentions 1000000] [--format json]`.

A mention store is filled with so many mentions of one brand over a week (made-up talk; every
sentence by somebody else) and 3,000 angry ones in the hour after it. Then the drivers are read: of
that hour, of a calm one, of a whole day, and once with texts of a thousand characters. Each is the
slowest of five readings after a first one (the file is in the machine's memory then).
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from pipeline.brands import BrandMatcher
from pipeline.judging.copies import digest, normalise
from pipeline.judging.scorer import Judgement, Label
from pipeline.mention import Mention
from pipeline.sources.scenario import START, speech
from pipeline.sources.scenario.authors import author
from pipeline.sources.scenario.brands import AIRLINE
from pipeline.sources.scenario.phrases import Mood
from pipeline.stores.drivers import read_drivers
from pipeline.stores.mentions import MentionStore
from pipeline.wire import VERSION, JudgedEntry, JudgedEnvelope
from tests.bench.figure import Figure, Watch, say, show

HOUR = 3_600_000
END = START + 7 * 24 * HOUR
ANGRY = 3_000
SENTENCES = 3_000
READINGS = 5
LABELS = {
    Mood.CALM_NEGATIVE: Label.NEGATIVE,
    Mood.FAILURE: Label.NEGATIVE,
    Mood.NEUTRAL: Label.NEUTRAL,
    Mood.POSITIVE: Label.POSITIVE,
}
Line = tuple[str, tuple[int, ...], int]


def lines(mood: Mood, chance: Random, times: int) -> list[Line]:
    """Some sentences of a mood with their masks and copies; a long one says it several times."""
    matcher = BrandMatcher([AIRLINE])
    found = []
    for _ in range(SENTENCES):
        language = speech.language(AIRLINE, chance)
        text = " ".join(speech.sentence(AIRLINE, mood, language, chance) for _ in range(times))
        (concern,) = matcher.match(Mention("", "", 0, 0, text))
        found.append((text, concern.masks, digest(normalise(text))))
    return found


def talk(mentions: int, times: int) -> Iterator[JudgedEntry]:
    """A week of it, then an hour of a crisis."""
    chance = Random(1)
    said = {mood: lines(mood, chance, times) for mood in LABELS}
    judged = {
        label: Judgement(label, 1.0, 0.0, 0.0, -0.5, "en", "bench 1") for label in LABELS.values()
    }
    for number in range(mentions + ANGRY):
        if number < mentions:
            at = START + number * (END - START) // mentions
            (mood,) = chance.choices(
                (Mood.CALM_NEGATIVE, Mood.POSITIVE, Mood.NEUTRAL), (14, 16, 70)
            )
        else:
            at, mood = END + (number - mentions) * HOUR // ANGRY, Mood.FAILURE
        text, masks, copy = said[mood][chance.randrange(SENTENCES)]
        key = f"m{number}"
        each = Mention(
            key,
            "stream",
            at,
            at,
            text,
            author=author(chance.randrange(200_000)),
            conversation_id=key,
        )
        yield JudgedEntry(
            AIRLINE.name, each, judged[LABELS[mood]], copy + number, at, voice=True, masks=masks
        )


def fill(store: MentionStore, mentions: int, times: int) -> None:
    """Keep them all."""
    batch: list[JudgedEntry] = []
    for offset, entry in enumerate(talk(mentions, times), 1):
        batch.append(entry)
        if len(batch) == 5_000 or offset == mentions + ANGRY:
            store.take([JudgedEnvelope(VERSION, batch)], offset)
            batch = []


def slowest(store: MentionStore, start: int, end: int) -> tuple[float, str]:
    """Milliseconds of the slowest reading, and of what CPU time, and what was found."""
    found = read_drivers(store, AIRLINE.name, start, end)
    worst = cpu = 0.0
    for _ in range(READINGS):
        with Watch() as watch:
            read_drivers(store, AIRLINE.name, start, end)
        worst, cpu = max(worst, watch.spent.wall), max(cpu, watch.spent.cpu)
    said = ", ".join(f"{each.phrase} {each.count}" for each in found) or "nothing"
    return worst * 1_000, f"{cpu * 1_000:.0f} ms CPU; {said}"


def figures(mentions: int) -> Iterator[Figure]:
    """Fill two stores and read from them."""
    for times, size in ((1, mentions), (10, mentions // 10)):
        with tempfile.TemporaryDirectory() as directory:
            store = MentionStore(Path(directory), durable=False)
            say(f"filling a store with {size:,} mentions")
            fill(store, size, times)
            spans = {
                "the hour of a crisis": (END, END + HOUR),
                "a calm hour": (END - 5 * HOUR, END - 4 * HOUR),
                "a day and the crisis": (END - 24 * HOUR, END + HOUR),
            }
            for name, (start, end) in spans.items() if times == 1 else [*spans.items()][:1]:
                told = f"drivers, {name}" + (", long texts" if times > 1 else "")
                worst, found = slowest(store, start, end)
                yield Figure(told, worst, "ms (wall)", note=f"of {size:,}: {found}")
            store.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.drivers", description=__doc__)
    parser.add_argument("--mentions", type=int, default=1_000_000)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    show(list(figures(options.mentions)), as_json=options.format == "json")


if __name__ == "__main__":
    main()
