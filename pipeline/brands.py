"""Which brands a mention concerns, and where their names stand in its text."""

from collections.abc import Sequence

import msgspec

from pipeline.mention import Author, Mention
from pipeline.names import Called, Finder, bare, merged, pairs


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


_MOST_NAMED = 4_096
"""Names given by sources that are remembered at once."""


class _Named(msgspec.Struct, frozen=True):
    """A brand named by its source: whose posts are its own, and who finds the names to mask."""

    name: str
    accounts: frozenset[str]
    finder: Finder
    more: Finder | None = None


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
        self._finder = Finder(
            [
                Called((each.name, *each.aliases), each.handles, each.exclusions)
                for each in self._brands
            ]
        )
        self._own = [frozenset(filter(None, map(bare, each.own_accounts))) for each in brands]
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
                    self._known.setdefault(bare(text), index)
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
        own = accounts.get(bare(author.id), ()) + accounts.get(bare(author.handle), ())
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
        _, masks = named.finder.find(mention.text)
        if named.more is not None:
            _, others = named.more.find(mention.text)
            if others:
                masks = merged([*pairs(masks), *pairs(others)])
        if not named.accounts:
            return (Concern(named.name, masks),)
        author = mention.author
        own = bare(author.id) in named.accounts or bare(author.handle) in named.accounts
        return (Concern(named.name, masks, own),)

    def _resolve(self, name: str) -> _Named | None:
        """Find out once what a source means by a name; what is kept is bounded."""
        index = self._known.get(bare(name))
        named = None
        if index is not None:
            named = _Named(self._brands[index].name, self._own[index], self._finder)
        elif self._accept_unknown:
            own_name = name.strip()
            named = _Named(
                own_name,
                frozenset(),
                Finder([Called((own_name,))]),
                self._finder if self._brands else None,
            )
        if len(self._named) >= _MOST_NAMED:
            self._named.clear()
        self._named[name] = named
        return named
