"""What invented people say: a sentence of a language, its slots filled."""

from random import Random

from pipeline.brands import Brand
from pipeline.sources.scenario.dutch import DUTCH
from pipeline.sources.scenario.english import ENGLISH
from pipeline.sources.scenario.german import GERMAN
from pipeline.sources.scenario.indonesian import INDONESIAN
from pipeline.sources.scenario.phrases import CITIES, PEOPLE, Mood

PHRASEBOOKS = {book.code: book for book in (ENGLISH, GERMAN, DUTCH, INDONESIAN)}

PASTED = (
    "{b} is a scam, a horrible fraud, they steal from people. Everybody must leave {b} now, "
    "the worst company of all!"
)
"""What the six spam accounts paste."""

PASSED_ON = (
    "{b} threw my disabled father off the plane in tears because his wheelchair was too much work. "
    "He is 81. Cruel, shameful, disgusting. Please share."
)
"""The post of the repost wave."""

UNRELATED = "the garden of Villa Veloria in {c} is open on {w}, {n} roses so far."
"""Says an alias of the first brand, and does not mean it."""


def named(brand: Brand, chance: Random) -> str:
    """Name a brand as people do: its name, an alias, a handle."""
    ways = (brand.name, *brand.aliases, *(f"@{handle}" for handle in brand.handles))
    return ways[int(chance.random() * len(ways))]


def languages(brand: Brand) -> tuple[str, ...]:
    """Tell which of a brand's languages can be spoken here; English where none can."""
    return tuple(code for code in brand.languages if code in PHRASEBOOKS) or ("en",)


def language(brand: Brand, chance: Random) -> str:
    """Choose a language: seven of ten speak the brand's first."""
    first, *others = languages(brand)
    if not others or chance.random() < 0.7:
        return first
    return others[int(chance.random() * len(others))]


def sentence(brand: Brand, mood: Mood, code: str, chance: Random) -> str:
    """Say something of a mood in a language; hardly ever the same twice."""
    book = PHRASEBOOKS[code]
    parts = [_one(book.openers, chance), _one(book.sentences[mood], chance)]
    if mood is Mood.OWN:
        parts = parts[1:]
    else:
        parts.append(_one(book.tails, chance))
    return fill(" ".join(part for part in parts if part), brand, code, chance)


def fill(pattern: str, brand: Brand, code: str, chance: Random) -> str:
    """Fill the slots of a pattern."""
    return pattern.format(
        b=named(brand, chance),
        n=2 + int(chance.random() * 8),
        m=11 + int(chance.random() * 85),
        c=_one(CITIES, chance),
        w=_one(PHRASEBOOKS[code].weekdays, chance),
        f=f"{'VKLT'[int(chance.random() * 4)]}{100 + int(chance.random() * 9900)}",
        p=_one(PEOPLE, chance),
    )


def _one(choices: tuple[str, ...], chance: Random) -> str:
    return choices[int(chance.random() * len(choices))]
