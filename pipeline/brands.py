"""Which brands a mention concerns, and where their names stand in its text."""

import bisect
import itertools
import unicodedata
from collections.abc import Iterable, Sequence

import ahocorasick_rs
import msgspec

from pipeline.mention import Author, Mention


class Brand(msgspec.Struct, frozen=True):
    """A brand as it is configured.

    `name` and `aliases` are found anywhere in a text as whole words; `handles` (with or without
    `@`) only as `@handle`. `own_accounts` are handles or ids of authors who speak for the brand.
    An alias inside one of the `exclusions` ("river delta") does not count. `languages` are
    two-letter codes, the usual one first; `zone` is an IANA name; `watch_reach` the reach above
    which a mention is worth a look by itself (None: no such rule).
    """

    name: str
    aliases: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    own_accounts: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    zone: str = "UTC"
    watch_reach: int | None = None


class Concern(msgspec.Struct, frozen=True, array_like=True):
    """One brand a mention concerns.

    `masks` are the flat, sorted, non-overlapping character spans (start, end, start, end, ...) of
    every matched alias of any brand in `mention.text`; `own` says that the brand itself speaks.
    """

    brand: str
    masks: tuple[int, ...] = ()
    own: bool = False


class _Target(msgspec.Struct, frozen=True):
    """What a pattern stands for: an alias, a handle or an exclusion of one brand."""

    brand: int
    handle: bool = False
    exclusion: bool = False


class _Pattern(msgspec.Struct, frozen=True):
    """A folded pattern: which of its edges ask for a word boundary, and what it stands for.

    `sole` holds the brand of a pattern that is nothing but an alias of one brand, else it is empty.
    """

    opens: bool
    closes: bool
    targets: tuple[_Target, ...]
    sole: tuple[int, ...]


_ASCII_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
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
_MOST_NAMED = 4096
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


def _bare(account: str) -> str:
    return account.strip().removeprefix("@").casefold()


class _Finder:
    """Finds names in folded text; every offset it gives out is one of the original text."""

    __slots__ = ("_find", "_patterns")

    def __init__(self, brands: Sequence[Brand]) -> None:
        targets: dict[str, dict[_Target, None]] = {}
        for index, brand in enumerate(brands):
            for texts, target in (
                ((brand.name, *brand.aliases), _Target(index)),
                (brand.exclusions, _Target(index, exclusion=True)),
            ):
                for spelled in itertools.chain.from_iterable(map(_spellings, texts)):
                    targets.setdefault(spelled, {})[target] = None
            for handle in filter(None, map(_bare, brand.handles)):
                targets.setdefault(handle, {})[_Target(index, handle=True)] = None
        self._patterns = [
            _Pattern(
                opens=_is_word(text[0]),
                closes=_is_word(text[-1]),
                targets=tuple(each),
                sole=_sole(each),
            )
            for text, each in targets.items()
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

    def find(self, text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the indexes of the brands concerned, rising, and the masks.

        A handle without its `@` is masked but concerns nobody by itself.
        """
        folded = text.casefold()
        hits = self._find(folded, True)  # noqa: FBT003  # the library's second argument: overlapping
        if not hits:
            return _NOTHING
        found: tuple[int, ...]
        masks: tuple[int, ...]
        if len(hits) == 1:
            number, start, end = hits[0]
            pattern = self._patterns[number]
            if pattern.sole:
                if (start and pattern.opens and _is_word(folded[start - 1])) or (
                    pattern.closes and end < len(folded) and _is_word(folded[end])
                ):
                    return _NOTHING
                found, masks = pattern.sole, (start, end)
            else:
                found, masks = self._weigh(folded, hits)
        else:
            found, masks = self._weigh(folded, hits)
        if masks and len(folded) != len(text):
            masks = _original(text, masks)
        return found, masks

    def _weigh(  # noqa: C901, PLR0912  # one pass over the hits; cut up it costs twice as much
        self, folded: str, hits: list[tuple[int, int, int]]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Tell names from what only looks like one."""
        patterns = self._patterns
        length = len(folded)
        names: list[tuple[int, int, int]] = []
        bare: list[tuple[int, int]] = []
        excluded: list[tuple[int, int, int]] = []
        for number, start, end in hits:
            pattern = patterns[number]
            if start and pattern.opens and _is_word(folded[start - 1]):
                continue
            inside = pattern.closes and end < length and _is_word(folded[end])
            if pattern.sole:
                if not inside:
                    names.append((start, end, pattern.sole[0]))
                continue
            for target in pattern.targets:
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
                    bare.append((start, end))
        if excluded:
            names = [
                (start, end, brand)
                for start, end, brand in names
                if not any(
                    first <= start and end <= last and brand == whose
                    for first, last, whose in excluded
                )
            ]
        masks = _merged([(start, end) for start, end, _ in names] + bare)
        if len(names) > 1:
            names = [
                (start, end, brand)
                for start, end, brand in names
                if not any(
                    first <= start and end <= last and last - first > end - start and brand != whose
                    for first, last, whose in names
                )
            ]
        return tuple(sorted({brand for _, _, brand in names})), masks


_NOTHING: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())


def _sole(targets: Iterable[_Target]) -> tuple[int, ...]:
    match list(targets):
        case [_Target(brand=brand, handle=False, exclusion=False)]:
            return (brand,)
        case _:
            return ()


def _plural(folded: str, end: int) -> bool:
    return folded[end] == "s" and (end + 1 == len(folded) or not _is_word(folded[end + 1]))


def _starts(folded: str, at: int) -> bool:
    """Whether the `@` here begins a handle, rather than standing inside an e-mail address."""
    return not at or not _is_word(folded[at - 1])


def _merged(spans: list[tuple[int, int]]) -> tuple[int, ...]:
    """Flatten spans: sorted, overlapping ones made one.

    >>> _merged([(7, 9), (0, 3), (2, 5)])
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
    return _merged(
        [
            (bisect.bisect_right(ends, start), bisect.bisect_left(ends, end) + 1)
            for start, end in _pairs(masks)
        ]
    )


class _Named(msgspec.Struct, frozen=True):
    """A brand named by its source: whose posts are its own, and who finds the names to mask."""

    name: str
    accounts: frozenset[str]
    finders: tuple[_Finder, ...]


class BrandMatcher:
    """Tells which brands a mention concerns; pure, the same answer for the same mention.

    A mention whose source names its brand concerns that one alone: the configured brand of that
    name, alias or handle, else, with `accept_unknown`, a brand of that very name with default
    settings; without it, nobody. Any other mention concerns every configured brand that its text
    names, and those whose own account wrote it. A name inside a longer name of another brand
    ("Delta" in "Delta Dental") belongs to the longer one.

    >>> from pipeline.mention import Mention
    >>> matcher = BrandMatcher([Brand("Delta", exclusions=("river delta",))])
    >>> matcher.match(Mention("1", "x", 0, 0, "Delta's late, see #delta"))
    (Concern(brand='Delta', masks=(0, 5, 19, 24), own=False),)
    >>> matcher.match(Mention("2", "x", 0, 0, "down in the river delta"))
    ()
    """

    def __init__(self, brands: Sequence[Brand], *, accept_unknown: bool = True) -> None:
        self._brands = tuple(brands)
        self._by_name = {brand.name: brand for brand in reversed(self._brands)}
        self._accept_unknown = accept_unknown
        self._finder = _Finder(self._brands)
        self._own = [frozenset(filter(None, map(_bare, each.own_accounts))) for each in brands]
        self._accounts: dict[str, tuple[int, ...]] = {}
        for index, accounts in enumerate(self._own):
            for account in accounts:
                self._accounts[account] = (*self._accounts.get(account, ()), index)
        self._known: dict[str, int] = {}
        for texts in (
            lambda brand: (brand.name,),
            lambda brand: brand.aliases,
            lambda brand: brand.handles,
        ):
            for index, brand in enumerate(self._brands):
                for text in texts(brand):
                    self._known.setdefault(_bare(text), index)
        self._named: dict[str, _Named | None] = {}

    def match(self, mention: Mention) -> tuple[Concern, ...]:
        """Return one concern for each brand concerned, in the order of configuration."""
        if mention.brand and not mention.brand.isspace():
            return self._match_named(mention)
        found, masks = self._finder.find(mention.text)
        if self._accounts:
            return self._match_author(mention.author, found, masks)
        if not found:
            return ()
        if len(found) == 1:
            return (Concern(self._brands[found[0]].name, masks),)
        return tuple([Concern(self._brands[index].name, masks) for index in found])

    def brand(self, name: str) -> Brand:
        """Return the configured brand, or the default settings of one named only by a source."""
        return self._by_name.get(name) or Brand(name)

    def _match_author(
        self, author: Author, found: tuple[int, ...], masks: tuple[int, ...]
    ) -> tuple[Concern, ...]:
        accounts = self._accounts
        own = accounts.get(_bare(author.id), ()) + accounts.get(_bare(author.handle), ())
        if own:
            found = tuple(sorted({*found, *own}))
        return tuple([Concern(self._brands[each].name, masks, each in own) for each in found])

    def _match_named(self, mention: Mention) -> tuple[Concern, ...]:
        try:
            named = self._named[mention.brand]
        except KeyError:
            named = self._resolve(mention.brand)
        if named is None:
            return ()
        masks: tuple[int, ...] = ()
        for finder in named.finders:
            _, more = finder.find(mention.text)
            masks = _merged([*_pairs(masks), *_pairs(more)]) if masks and more else masks or more
        accounts = named.accounts
        own = bool(accounts) and (
            _bare(mention.author.id) in accounts or _bare(mention.author.handle) in accounts
        )
        return (Concern(named.name, masks, own),)

    def _resolve(self, name: str) -> _Named | None:
        """Find out once what a source means by a name; what is kept is bounded."""
        index = self._known.get(_bare(name))
        named = None
        if index is not None:
            named = _Named(self._brands[index].name, self._own[index], (self._finder,))
        elif self._accept_unknown:
            by_name = _Finder([Brand(name.strip())])
            finders = (self._finder, by_name) if self._brands else (by_name,)
            named = _Named(name.strip(), frozenset(), finders)
        if len(self._named) >= _MOST_NAMED:
            self._named.clear()
        self._named[name] = named
        return named


def _pairs(masks: tuple[int, ...]) -> Iterable[tuple[int, int]]:
    return zip(masks[::2], masks[1::2], strict=True)
