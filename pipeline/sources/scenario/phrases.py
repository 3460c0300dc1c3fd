"""How people of one language talk about a brand: parts of sentences to be put together."""

from enum import StrEnum

import msgspec


class Mood(StrEnum):
    """What a sentence is about, and how the writer feels."""

    CALM_NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    FAILURE = "failure"
    """The product fails; everybody is angry about the same thing."""
    OUTAGE = "outage"
    """The smaller second crisis: people cannot get at their money."""
    OWN = "own"
    """The brand itself speaks."""


class Phrasebook(msgspec.Struct, frozen=True):
    """Sentences of one language by mood, and what may stand before and after them.

    Slots: `{b}` the brand, `{n}` 2 to 9, `{m}` minutes or amounts, `{c}` a city, `{w}` a weekday,
    `{f}` a flight or order number, `{p}` a person.
    """

    code: str
    openers: tuple[str, ...]
    tails: tuple[str, ...]
    weekdays: tuple[str, ...]
    sentences: dict[Mood, tuple[str, ...]]


CITIES = (
    "Rotterdam", "Hamburg", "Jakarta", "Leeds", "Utrecht", "Surabaya", "Cologne", "Bristol",
    "Ghent", "Bandung", "Vienna", "Dublin", "Lyon", "Porto", "Malmo", "Turin",
)  # fmt: skip
PEOPLE = (
    "Mira", "Jonas", "Dewi", "Sanne", "Tom", "Aisha", "Budi", "Lotte", "Erik", "Nina", "Rafi",
    "Greta", "Joost", "Putri", "Owen", "Klara",
)  # fmt: skip
