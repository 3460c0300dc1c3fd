"""Microseconds of CPU a mention: matching, normalising, masking, scoring, beside plainer ways.

`python -m tests.bench.judging [--data mentions.csv] [--format json]`. Each way and its plain
counterpart run in turn in the same process, the best of several rounds counts, so the ratios hold
on a busy machine too. Without a file it makes up short posts of its own.
"""

import argparse
import csv
import hashlib
import json
import random
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from pipeline.brands import Brand, BrandMatcher
from pipeline.judging.copies import digest, normalise
from pipeline.judging.judge import Judge
from pipeline.judging.privacy import mask
from pipeline.judging.vader import VaderScorer
from pipeline.mention import Author, Mention

SIX = [
    Brand("United", ("United Airlines",), ("united",), exclusions=("united nations",)),
    Brand("US Airways", (), ("USAirways",)),
    Brand("JetBlue", ("Jet Blue",), ("JetBlue",)),
    Brand("Southwest", ("Southwest Airlines",), ("SouthwestAir",)),
    Brand("American", ("American Airlines",), ("AmericanAir",)),
    Brand("Virgin America", (), ("VirginAmerica",)),
]
Ways = dict[str, Callable[[Mention], object]]


def made_up(rng: random.Random, count: int) -> list[Mention]:
    """Posts of some hundred characters about the six brands."""
    words = """flight late again crew was great thanks lost my bag never not happy waiting at the
        gate for two hours and nobody knows anything why is it so hard to call you please help
        terrible service but good seats best worst love hate cancelled refund""".split()  # noqa: SIM905  # words read better in a row
    posts = []
    for number in range(count):
        brand = rng.choice(SIX)
        said = " ".join(rng.choices(words, k=rng.randint(6, 24)))
        tail = rng.choice(["", "", "!", " 😡", " http://t.co/abc", " #fail"])
        text = f"@{brand.handles[0]} {said}{tail}"
        posts.append(mention(str(number), text, brand.name, f"a{number % 997}"))
    return posts


def mention(number: str, text: str, brand: str, author: str) -> Mention:
    """A post as a file's row gives it."""
    return Mention(number, "bench", 0, 0, text, brand=brand, author=Author(author))


def read(path: Path) -> list[Mention]:
    """The posts of a CSV file with the columns id, text, brand and author."""
    with path.open(newline="", encoding="utf-8") as rows:
        return [
            mention(row["id"], row["text"], row["brand"], row["author"])
            for row in csv.DictReader(rows)
        ]


def many(rng: random.Random) -> list[Brand]:
    """Two thousand brands: the six and made-up ones."""

    def word() -> str:
        syllables = ["ba", "re", "ti", "on", "mo", "la", "su", "ne", "vi", "ka", "st", "er"]
        return "".join(rng.choices(syllables, k=rng.randint(2, 4)))

    more = [
        Brand(f"{word()} {word()}".title(), (word() + word(),), (word() + word(),))
        for _ in range(2_000 - len(SIX))
    ]
    return SIX + more


def measure(ways: Ways, mentions: Sequence[Mention], rounds: int) -> dict[str, float]:
    """Microseconds a mention of each way, without those of the loop itself."""
    best = dict.fromkeys(["", *ways], float("inf"))
    for _ in range(rounds):
        for name, way in {"": id, **ways}.items():
            start = time.process_time()
            for each in mentions:
                way(each)
            best[name] = min(best[name], time.process_time() - start)
    loop = best.pop("")
    return {name: (seconds - loop) / len(mentions) * 1e6 for name, seconds in best.items()}


def plain_match(brands: Sequence[Brand]) -> Callable[[str], list[str]]:
    """Ask one compiled pattern after the other."""
    patterns = [
        (brand.name, re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE))
        for brand in brands
        for name in (brand.name, *brand.aliases, *(f"@{each}" for each in brand.handles))
    ]
    return lambda text: [name for name, pattern in patterns if pattern.search(text)]


def plain_normalise(text: str) -> str:
    """Say the same in the obvious way."""
    text = re.sub(r"^rt @\w+|@\w+|https?://\S+", "", text.casefold())
    return re.sub(r"[\W_]+", "", text)


def plain_digest(value: str) -> int:
    """Eight bytes of blake2b."""
    return int.from_bytes(hashlib.blake2b(value.encode(), digest_size=8).digest(), "big")


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, help="a CSV file: id, text, brand, author")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--format", choices=["text", "json"], default="text")
    given = arguments.parse_args()
    rng = random.Random(1)
    named = read(given.data) if given.data else made_up(rng, 10_000)
    plain = [mention(each.id, each.text, "", each.author.id) for each in named]
    analyser = SentimentIntensityAnalyzer()
    scorer, judge, unjudging = VaderScorer(analyser), Judge([VaderScorer(analyser)]), Judge([])
    by_source, six, two_thousand = BrandMatcher([]), BrandMatcher(SIX), BrandMatcher(many(rng))
    masks = {id(each): by_source.match(each)[0].masks for each in named}
    masked = {id(each): mask(each.text, masks[id(each)]) for each in named}
    one_by_one = plain_match(SIX)
    english = [("en",)]
    figures = measure(
        {
            "match, named by the source": by_source.match,
            "digest, one id": lambda each: digest(each.id),
            "  blake2b": lambda each: plain_digest(each.id),
            "normalise": lambda each: normalise(each.text),
            "  re": lambda each: plain_normalise(each.text),
            "mask": lambda each: mask(each.text, masks[id(each)]),
            "VADER": lambda each: scorer.score([masked[id(each)]], ["en"]),
            "  vaderSentiment": lambda each: analyser.polarity_scores(masked[id(each)]),
            "judge, one by one": lambda each: judge.judge([(each, masks[id(each)])], english),
            "judge, no scorer": lambda each: unjudging.judge([(each, ())], english),
        },
        named,
        given.rounds,
    )
    figures |= measure(
        {
            "match, 6 brands": six.match,
            "match, 2,000 brands": two_thousand.match,
            "  re, 6 brands one by one": lambda each: one_by_one(each.text),
        },
        plain,
        given.rounds,
    )
    if given.format == "json":
        print(json.dumps({name.strip(): round(value, 3) for name, value in figures.items()}))
        return
    letters = sum(len(each.text) for each in named) / len(named)
    print(f"{len(named):,} mentions of {letters:.0f} characters; microseconds a mention")
    for name, value in figures.items():
        print(f"{name:<28}{value:8.2f}")


if __name__ == "__main__":
    main()
