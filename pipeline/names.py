"""Finding names in a text: as whole words, in the ways people spell them, in one pass."""

import bisect
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import ahocorasick_rs
import msgspec


class Called(msgspec.Struct, frozen=True):
    """How one brand is called: `names` anywhere, `handles` behind an `@`, and what is not it."""

    names: tuple[str, ...]
    handles: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()


class _Target(msgspec.Struct, frozen=True):
    """What a pattern stands for: an alias, a handle or an exclusion of one brand."""

    brand: int
    handle: bool = False
    exclusion: bool = False


_ASCII_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_GAP = frozenset(" @#.,!?:;'\"()/\n")
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1100, 0x11FF),  # Hangul: particles follow a name without a space
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x9FFF),  # radicals, kana, Han
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFFDC),
    (0x20000, 0x3FFFF),
)
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which cannot be encoded
_DFA_UP_TO = 1_000_000


def _is_word(char: str) -> bool:
    """Whether this character continues a word: a letter, digit, mark or underscore.

    Scripts written without spaces never do: there a name ends where it ends.

    >>> _is_word("é"), _is_word("_"), _is_word("'"), _is_word("航")
    (True, True, False, False)
    """
    if char <= "\x7f":
        return char in _ASCII_WORD
    if not char.isalnum() and not unicodedata.category(char).startswith("M"):
        return False
    if "\ufe00" <= char <= "\ufe0f":  # variation selectors dress the emoji before them
        return False
    code = ord(char)
    return not any(first <= code <= last for first, last in _UNSPACED)


def _spellings(alias: str) -> set[str]:
    r"""Return the folded ways in which people write a name of several words.

    >>> sorted(_spellings("US Airways"))[:4]
    ['us\nairways', 'us  airways', 'us airways', 'us-airways']
    """
    words = unicodedata.normalize("NFC", alias).split()
    if not words:
        return set()
    gaps = [" "] if len(words) == 1 else [" ", "", "-", "_", "\n", "  ", "\u00a0"]
    spelled = {gap.join(words) for gap in gaps}
    for one, other in (("'", "\u2019"), ("\u2019", "'"), ("&", "&amp;")):
        spelled |= {each.replace(one, other) for each in spelled}
    folded = {each.casefold() for each in spelled}
    return folded | {unicodedata.normalize("NFD", each) for each in folded}


def bare(account: str) -> str:
    """Return a handle or id as it is compared: without `@`, whatever its case."""
    return account.strip().removeprefix("@").casefold()


class Finder:
    """Finds the names of brands, which it calls by their place in `brands`.

    Case makes no difference. A name is found as a whole word (letters, digits, marks and
    underscores of scripts that put spaces between words continue one; `@`, `#`, `'` do not), with
    its words apart or run together (#UnitedAirlines). A name inside an exclusion of its brand
    does not count; one inside a longer name of another brand is that other's. Every offset is one
    of the text as it was given, also where folding its case changes its length.
    """

    __slots__ = ("_find", "_longest", "_simple", "_targets")

    def __init__(self, brands: Sequence[Called]) -> None:
        targets: dict[str, dict[_Target, None]] = {}
        for index, brand in enumerate(brands):
            for texts, target in (
                (brand.names, _Target(index)),
                (brand.exclusions, _Target(index, exclusion=True)),
            ):
                for spelled in itertools.chain.from_iterable(map(_spellings, texts)):
                    targets.setdefault(spelled, {})[target] = None
            for handle in filter(None, map(bare, brand.handles)):
                targets.setdefault(handle, {})[_Target(index, handle=True)] = None
        for each in targets.values():
            _drop_needless(each)
        self._targets = [
            (_is_word(text[0]), _is_word(text[-1]), tuple(each)) for text, each in targets.items()
        ]
        self._longest = 1 + max(map(len, targets), default=0)
        alone = [(index,) for index in range(len(brands))]
        # Most hits are of names that stand for one brand and need a boundary on both sides.
        self._simple = [
            (alone[targets[0].brand], targets[0].handle)
            if opens and closes and len(targets) == 1 and not targets[0].exclusion
            else None
            for opens, closes, targets in self._targets
        ]
        self._find = ahocorasick_rs.AhoCorasick(
            list(targets),
            store_patterns=False,
            implementation=(
                ahocorasick_rs.Implementation.DFA
                if sum(map(len, targets)) <= _DFA_UP_TO
                else ahocorasick_rs.Implementation.ContiguousNFA
            ),
        ).find_matches_as_indexes

    def find(self, text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:  # noqa: C901, PLR0912  # the hot loop: calls would cost more than what they do
        """Return the indexes of the brands concerned, rising, and the masks.

        A handle without its `@` is masked but concerns nobody by itself.
        """
        folded = text.casefold()
        try:
            hits = self._find(folded, True)  # noqa: FBT003  # the second argument: overlapping
        except UnicodeEncodeError:
            hits = self._find(_SURROGATE.sub("\ufffd", folded), True)  # noqa: FBT003  # as above
        if not hits:
            return _NOTHING
        simple = self._simple
        length = len(folded)
        found: tuple[int, ...] = ()
        spans: list[int] = []
        for number, start, end in hits:  # they come by rising end
            known = simple[number]
            if known is None:
                break
            if end < length:
                char = folded[end]
                if char not in _GAP and _is_word(char):
                    continue
            brand, handle = known
            if start:
                char = folded[start - 1]
                if char not in _GAP and _is_word(char):
                    continue
                if handle:
                    if char != "@" or not _starts(folded, start - 1):
                        break
                    start -= 1  # noqa: PLW2901  # the mask of a handle holds its @
            elif handle:
                break
            if not found:
                found = brand
            elif found is not brand:
                break
            while spans and start < spans[-1]:
                spans.pop()
                start = min(start, spans.pop())  # noqa: PLW2901  # overlapping spans become one
            spans += (start, end)
        else:
            if not found:
                return _NOTHING
            masks = tuple(spans)
            return found, masks if length == len(text) else _original(text, masks)
        found, masks = self._weigh(folded, hits)
        return found, masks if length == len(text) else _original(text, masks)

    def _weigh(  # noqa: C901  # one case for each kind of target
        self, folded: str, hits: list[tuple[int, int, int]]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Tell names from what only looks like one, whatever the hits stand for."""
        length = len(folded)
        names: list[_Hit] = []
        handles: list[tuple[int, int]] = []
        excluded: list[_Hit] = []
        for number, start, end in hits:
            opens, closes, targets = self._targets[number]
            if start and opens and _is_word(folded[start - 1]):
                continue
            inside = closes and end < length and _is_word(folded[end])
            for target in targets:
                if target.exclusion:
                    if not inside or _plural(folded, end):
                        excluded.append((start, end, target.brand))
                elif inside:
                    continue
                elif not target.handle:
                    names.append((start, end, target.brand))
                elif start and folded[start - 1] in "@\uff20" and _starts(folded, start - 1):
                    names.append((start - 1, end, target.brand))
                else:
                    handles.append((start, end))
        if excluded:
            names = list(_outside(names, excluded, self._longest, same_brand=True))
        masks = merged([(start, end) for start, end, _ in names] + handles)
        if len(names) > 1:
            names = list(_outside(names, names, self._longest, same_brand=False))
        return tuple(sorted({brand for _, _, brand in names})), masks


_Hit = tuple[int, int, int]
_NOTHING: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())


def _outside(
    names: list[_Hit], spans: list[_Hit], longest: int, *, same_brand: bool
) -> Iterator[_Hit]:
    """Yield the names that stand inside no span of the same brand, or in no longer one of another.

    No span is longer than `longest` characters: the work grows with the text, not its square.
    """
    spans = sorted(spans)
    for name in names:
        start, end, brand = name
        for at in range(bisect.bisect_left(spans, (start + 1, 0, 0)) - 1, -1, -1):
            first, last, whose = spans[at]
            if first < start - longest:
                yield name
                break
            if last >= end and (
                brand == whose if same_brand else brand != whose and last - first > end - start
            ):
                break
        else:
            yield name


def _drop_needless(targets: dict[_Target, None]) -> None:
    """Drop a brand's handle where the same letters are its alias and mean nobody else."""
    if len({target.brand for target in targets}) == 1:
        (brand,) = {target.brand for target in targets}
        if _Target(brand) in targets:
            targets.pop(_Target(brand, handle=True), None)


def _plural(folded: str, end: int) -> bool:
    return folded[end] == "s" and (end + 1 == len(folded) or not _is_word(folded[end + 1]))


def _starts(folded: str, at: int) -> bool:
    """Whether the `@` here begins a handle, rather than standing inside an e-mail address."""
    return not at or not _is_word(folded[at - 1])


def merged(spans: list[tuple[int, int]]) -> tuple[int, ...]:
    """Flatten spans: sorted, overlapping ones made one.

    >>> merged([(7, 9), (0, 3), (2, 5)])
    (0, 5, 7, 9)
    """
    spans.sort()
    flat: list[int] = []
    for start, end in spans:
        if flat and start < flat[-1]:
            flat[-1] = max(flat[-1], end)
        else:
            flat += (start, end)
    return tuple(flat)


def _original(text: str, masks: tuple[int, ...]) -> tuple[int, ...]:
    """Turn offsets of the folded text into offsets of the text; a character is never split.

    >>> "Straße".casefold(), _original("Straße", (5, 7))
    ('strasse', (4, 6))
    """
    ends = list(itertools.accumulate(len(char.casefold()) for char in text))
    return merged(
        [
            (bisect.bisect_right(ends, start), bisect.bisect_left(ends, end) + 1)
            for start, end in pairs(masks)
        ]
    )


def pairs(masks: tuple[int, ...]) -> Iterable[tuple[int, int]]:
    """Return flat spans as pairs of start and end."""
    return zip(masks[::2], masks[1::2], strict=True)
