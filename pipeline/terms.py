"""What a mention says, as terms that can be counted: words, word pairs, hashtags, links.

Names of brands, handles, addresses and numbers are masked first and never become part of a term;
what is read of one mention is bounded, so that a hostile text costs no more than a long one.
"""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from enum import StrEnum

import msgspec

from pipeline.judging.privacy import MASK, mask, redact
from pipeline.stop_words import STOP

READ = 1_000
"""Characters of a text that are read."""
LONGEST_WORD = 28
"""Longer words are none; two of them fit into a phrase."""
_SHORTEST_WORD = 3
_MOST_TERMS = 150
_LINKS = 5
_NEAR = 3
"""Small words that may stand between the two of a pair."""


class TermKind(StrEnum):
    """What kind of thing mentions have in common; the first is shown where two tell the same."""

    CONVERSATION = "conversation"
    LINK = "link"
    HASHTAG = "hashtag"
    PHRASE = "phrase"
    WORD = "word"
    AUTHOR = "author"


_WORD, _PHRASE, _HASHTAG = TermKind.WORD, TermKind.PHRASE, TermKind.HASHTAG
"""By the shorter way: an enum's members are looked up slowly, and these often."""


class Term(msgspec.Struct, frozen=True, order=True, gc=False):
    """One thing a mention says or does; equal where two mentions have it in common."""

    kind: TermKind
    value: str


_UNSPACED = "\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua960-\ua97f\uf900-\ufaff"
_INDIC = "\u0900-\u0963\u0966-\u0dff"
_LETTER = rf"(?:[^\W_{_UNSPACED}]|[{_INDIC}])"
_TOKEN = re.compile(
    rf"(?P<word>{_LETTER}+(?:['\u2019-]{_LETTER}+)*)"
    rf"|(?P<end>[^\w\s#{_INDIC}{_UNSPACED}]|\n)"
    rf"|(?P<unspaced>[{_UNSPACED}]+)"
    rf"|(?P<hashtag>\#(?:[^\W{_UNSPACED}]|[{_UNSPACED}{_INDIC}])+)"
)
_ASCII_TOKEN = re.compile(
    r"(?P<word>[^\W_]+(?:['-][^\W_]+)*)|(?P<end>[^\w\s#]|\n)|(?P<hashtag>#\w+)", re.ASCII
)
"""The same for most texts, three times as fast."""
_PIECE = re.compile(rf"[^\W_{_UNSPACED}{_INDIC}]+")
_RUN = re.compile(rf"[{_UNSPACED}{_INDIC}]")
_JOINT = re.compile("['\u2019-]")
_GAPS = frozenset("'\"-_*~\u2018\u2019\u201a\u201c\u201d\u201e\u2013\u2014")
"""Signs that do not end a thought."""
_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"\d[\d\W]{5}")
"""Where a telephone number may be."""
_CODE = re.compile(r"[a-z]{1,3}-?\d{2,5}[a-z]?")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"]{3,400}", re.IGNORECASE)
_TRACKING = re.compile(
    r"(?:utm_|mc_|pk_|_hs|at_).*|fbclid|gclid|dclid|igshid?|msclkid|si|s|t|ref|ref_src|source|amp"
)
_UNSAFE = re.compile(r"[^\x21-\x7e]+")


def names_of(texts: AbstractSet[str]) -> frozenset[str]:
    """Return the words that names of brands are made of, and the names written as one word.

    >>> sorted(names_of({"Veloria Air", "@veloria_air"}))
    ['air', 'veloria', 'veloria air', 'veloria_air', 'veloriaair']
    """
    names = set()
    for text in texts:
        low = text.lower().lstrip("@#")
        words = re.findall(r"[^\W_]+", low)
        names |= {low, "".join(words), *words}
    return frozenset(name for name in names if name)


def masked_names(text: str, spans: tuple[int, ...]) -> Iterator[str]:
    """Give what stands at the masked spans of a text."""
    for start, end in zip(spans[::2], spans[1::2], strict=False):
        yield text[start:end]


def terms_of(
    text: str, spans: tuple[int, ...] = (), names: AbstractSet[str] = frozenset()
) -> set[Term]:
    """Return what a text says; at most 150 terms of its first 1,000 characters.

    `spans` are the flat character spans of brands' names, `names` further words to leave out
    (see `names_of`).

    >>> sorted(term.value for term in terms_of("Acme check-in is broken! #NoBags", (0, 4)))
    ['#nobags', 'broken', 'check-in', 'check-in broken']
    """
    found = {Term(TermKind.LINK, link) for link in links(text)}
    last, apart = "", 0
    for kind, token in _tokens(plain(text, spans), names):
        if kind is _WORD:
            found.add(Term(_WORD, token))
            if last and apart <= _NEAR and last != token:
                found.add(Term(_PHRASE, f"{last} {token}"))
            last, apart = token, 0
        elif kind is None and token:
            apart += 1
        else:
            last = ""
            if kind is not None:
                found.add(Term(kind, token))
        if len(found) >= _MOST_TERMS:
            break
    return found


class Sieve:
    """Tells quickly that a text has none of some terms, so that most texts need not be read.

    >>> sieve = Sieve([Term(TermKind.PHRASE, "check-in broken"), Term(TermKind.HASHTAG, "#no")])
    >>> [sieve.lets_pass(text) for text in ("All fine", "Check-in is BROKEN", "hm, #yes")]
    [False, True, True]
    """

    def __init__(self, terms: Iterable[Term]) -> None:
        self._words: set[str] = set()
        signs: set[str] = set()
        for term in terms:
            if term.kind is TermKind.HASHTAG:
                signs.add("#")
            elif term.kind is TermKind.LINK:
                signs |= {"://", "www."}
            elif term.kind in {TermKind.WORD, TermKind.PHRASE}:
                pieces = _PIECE.findall(term.value)
                if pieces and not _RUN.search(term.value):
                    self._words.add(max(pieces, key=len))
                else:
                    signs.add("")
        self._signs = tuple(signs)

    def lets_pass(self, text: str) -> bool:
        """Whether a text may have one of the terms."""
        low = text[:READ].lower()
        return not self._words.isdisjoint(_PIECE.findall(low)) or any(
            sign in low for sign in self._signs
        )


def _tokens(text: str, names: AbstractSet[str]) -> Iterator[tuple[TermKind | None, str]]:
    """Give words and hashtags; no kind: a small word, or, if empty, the end of a thought."""
    pattern = _ASCII_TOKEN if text.isascii() else _TOKEN
    for match in pattern.finditer(text):
        kind, token = match.lastgroup, match[0].lower()
        if kind == "word":
            if token in STOP or len(token) < _SHORTEST_WORD:
                yield None, token
            elif token != MASK and _is_word(token, names):
                yield _WORD, token
            else:
                yield None, ""
        elif kind == "end":
            if token not in _GAPS:
                yield None, ""
        elif kind == "hashtag":
            if _is_tag(token, names):
                yield _HASHTAG, token
        else:
            for piece in _pieces(token):
                yield None, ""
                yield _WORD, piece
            yield None, ""


def plain(text: str, spans: tuple[int, ...] = ()) -> str:
    """Return the beginning of a text with names, handles, links and addresses masked."""
    end, kept = READ, []
    for start, stop in zip(spans[::2], spans[1::2], strict=False):
        if stop > READ:
            end = min(end, max(start, 0))
            break
        kept += [start, stop]
    masked = mask(text[:end], tuple(kept))
    if "@" in masked or _NUMBER.search(masked):
        masked = redact(masked, handles=True)
        for hidden in ("@[handle]", "[e-mail]", "[telephone]", "[number]"):
            masked = masked.replace(hidden, MASK)
    return masked


def links(text: str) -> Iterator[str]:
    """Give host and path of the links in a text, without what only tracks who followed them.

    >>> list(links("see https://www.News.example/a/b?utm_source=x&id=7#top."))
    ['news.example/a/b?id=7']
    """
    low = text[:READ].lower()
    if "://" not in low and "www." not in low:
        return
    for count, match in enumerate(_URL.finditer(text[:READ])):
        if count >= _LINKS:
            return
        address = match[0].rstrip(".,;:!?)]}'…").partition("#")[0]
        path, _, query = address.partition("?")
        host, slash, rest = path.partition("://")[2 * ("://" in path)].partition("/")
        host = host.rpartition("@")[2].lower().removeprefix("www.")
        kept = "&".join(
            part
            for part in query.split("&")
            if part and not _TRACKING.fullmatch(part.split("=")[0].lower())
        )
        whole = host + (slash + rest).rstrip("/") + ("?" + kept if kept else "")
        if "." in host and not _UNSAFE.search(host):
            yield redact(whole.replace("%40", "@"), handles=True)


def _is_word(token: str, names: AbstractSet[str]) -> bool:
    if len(token) > LONGEST_WORD or token in names:
        return False
    if _DIGIT.search(token):
        return _CODE.fullmatch(token) is not None
    return token.isalpha() or names.isdisjoint(_JOINT.split(token))


def _is_tag(token: str, names: AbstractSet[str]) -> bool:
    body = token[1:]
    return (
        2 <= len(body) <= 2 * LONGEST_WORD
        and body not in names
        and body.replace("_", "") not in names
        and body not in STOP
        and any(char.isalpha() for char in body)
        and body != MASK
    )


def _pieces(run: str) -> Iterator[str]:
    """Give the pieces of a run of letters that are written without spaces."""
    run = run[:100]
    if 2 <= len(run) <= 4:
        yield run
        return
    for at in range(len(run) - 1):
        yield run[at : at + 2]
