"""Text of unknown origin, made safe to show on a terminal and in a log."""

import difflib
import unicodedata
from collections.abc import Iterable

_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")
"""Parts of Persian and Indic words and of emoji; they move nothing on a terminal."""


def visible(value: object, limit: int = 80) -> str:
    r"""Return `value` as one line without control, formatting or direction characters.

    These are written as escapes; what is longer than `limit` characters is cut and ends in "...".

    >>> print(visible("a\x1b[31m\u202eb"))
    a\x1b[31m\u202eb
    """
    try:
        text = str(value)
    except ValueError:  # an integer of more digits than Python writes
        text = "a number of thousands of digits"
    cut = text[: limit - 3] + "..." if len(text) > limit else text
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if character not in _JOINERS and unicodedata.category(character) in _UNSHOWN
        else character
        for character in cut
    )


def is_plain(text: str) -> bool:
    """Whether `text` is one line without control, formatting or direction characters."""
    return visible(text, len(text) + 1) == text


def nearest(word: str, valid: Iterable[str], likeness: float = 0.6) -> str:
    """Return the valid word most like `word`, or "" when none has that much likeness (0 to 1).

    >>> nearest("alises", ["aliases", "handles"]), nearest("x", ["aliases"])
    ('aliases', '')
    """
    by_folded = {each.casefold(): each for each in valid}
    folded = word[:200].casefold().replace("-", "_")
    if folded in by_folded:
        return by_folded[folded]
    found = difflib.get_close_matches(folded, by_folded, n=1, cutoff=likeness)
    return by_folded[found[0]] if found else ""
