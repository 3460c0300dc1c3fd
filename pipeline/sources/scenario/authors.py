"""Invented people: the same number always gives the same person."""

from pipeline.mention import Author

CROWD = 30_000
"""So many different people speak of a brand in a scenario."""

_FIRST = (
    "ari", "bel", "cor", "dun", "eli", "fen", "gus", "hul", "iva", "jor", "kes", "lum", "mav",
    "nor", "oli", "pem", "quo", "rik", "sol", "tam", "uma", "vik", "wes", "xan", "yol", "zed",
)  # fmt: skip
_SECOND = (
    "ander", "beck", "dale", "field", "gard", "horn", "ingen", "kamp", "land", "mann", "nuri",
    "oord", "putra", "quist", "rath", "sari", "tono", "under", "veld", "wati", "yama", "zijl",
)  # fmt: skip
_MIX = 2_654_435_761
_SPAN = 2**32


def author(number: int, realm: int = 0) -> Author:
    """Make the person of a number; realms (brands, say) share nobody.

    Most have some dozens of followers, a few some hundred thousand.

    >>> author(1) == author(1), author(1) == author(2)
    (True, False)
    """
    mixed = (number + 1) * _MIX % _SPAN
    mixed = (mixed ^ (mixed >> 15)) * 0x2C1B3C6D % _SPAN
    handle = f"{_FIRST[mixed % len(_FIRST)]}{_SECOND[mixed // 32 % len(_SECOND)]}{realm}_{number:x}"
    return Author(f"u{realm}-{number}", handle, "", 30 * _SPAN // (mixed + _SPAN // 10_000))
