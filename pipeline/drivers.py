"""What drives a crisis: what its negatives say and do that usual negatives do not.

Guarantees: a pure function of the mentions, whatever their order; independent voices are counted
(an author once, a pasted text once; a repost for whoever passes it on); at most five drivers, none
that is another in other words. Ties go by the phrase.

The measure is the log-odds ratio with an informative Dirichlet prior and its z-score (Monroe,
Colaresi & Quinn 2008, "Fightin' Words", Political Analysis 16(4), formulas 15, 16, 22), over voices
instead of words: a voice has a term or has it not. The z-score decides what is over-represented at
all; of that the strongest is what has most voices times the lower bound of its log-odds ratio,
since by z alone a word never said before ranks behind one that doubled: little is known of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import log, sqrt

import msgspec

from alerts.plain import one_line
from pipeline.judging.copies import digest
from pipeline.judging.privacy import MASK
from pipeline.judging.scorer import Label
from pipeline.mention import Kind
from pipeline.terms import Sieve, Term, TermKind, masked_names, names_of, plain, terms_of
from pipeline.wire import JudgedEntry

LIMIT = 5
"""Drivers at most."""
PHRASE = 60
"""Characters of a phrase."""
_LEAST, _LEAST_GATHERED = 3, 5
"""Voices that make more than a coincidence; a conversation is always new, so it takes more."""
_LEAST_SHARE, _FEW_SHARE = 0.05, 0.15
"""Share of the voices that counts: of few voices more, until five are enough."""
_LEAST_Z = 1.96
_PRIOR = 100.0
"""How many voices the prior weighs."""
_FLOOR = 1.0
"""Least prior of one term, so that what was never said before does not divide by nothing."""
_SAME = 0.8
"""Two drivers of which one has this share of its voices in the other are one."""
_COMPARED = 200
"""Candidates that are compared with each other."""
_NO_TEXT = digest("t")
"""The copy of what has no letter of its own: never the same as another (see folding.fold)."""
_PLACES = {kind: place for place, kind in enumerate(TermKind)}
_GATHERED = frozenset({TermKind.CONVERSATION, TermKind.AUTHOR})


class FoundDriver(msgspec.Struct, frozen=True):
    """One driver: what kind, a phrase to show, how many independent voices, which mentions.

    `phrase` has at most 60 characters on one line, without names of brands, handles, addresses;
    it is strangers' wording, so escape it. `mentions` are ids, the one to show first.
    """

    kind: str
    phrase: str
    count: int
    z: float
    mentions: tuple[str, ...]


class _Said(msgspec.Struct, frozen=True):
    """A negative that counts, who says it, and its terms."""

    entry: JudgedEntry
    voice: str
    terms: frozenset[Term]


class _Odds(msgspec.Struct, frozen=True):
    """How much likelier a term is than usual: log-odds ratio and its standard deviation."""

    ratio: float
    deviation: float

    @property
    def z(self) -> float:
        return self.ratio / self.deviation

    @property
    def least(self) -> float:
        """Return the lower bound of the ratio."""
        return self.ratio - _LEAST_Z * self.deviation


class _Candidate(msgspec.Struct, frozen=True):
    term: Term
    voices: frozenset[str]
    odds: _Odds


def find_drivers(
    window: Iterable[JudgedEntry],
    background: Iterable[JudgedEntry],
    *,
    names: Iterable[str] = (),
    originals: Iterable[JudgedEntry] = (),
    limit: int = LIMIT,
) -> tuple[FoundDriver, ...]:
    """Return what drives the negatives of `window`, strongest first.

    `background` is what was said before: its negatives are compared, all of it tells how usual a
    term is. `originals` are mentions that those of the window answer or pass on, whatever they
    are. Own posts, and mentions of `window` that are not negative, do not count. `names` are
    names to keep out of the phrases, beside those that the mentions' masks tell.
    """
    negatives = sorted(
        (e for e in window if e.judgement.label is Label.NEGATIVE and not e.own), key=_by_time
    )
    known = {e.mention.id: e for e in sorted((*originals, *negatives), key=_by_time)}
    spoken = (name for e in negatives for name in masked_names(e.mention.text, e.masks))
    hidden = names_of({*names, *spoken})
    said = _read(negatives, known, hidden)
    total = len({each.voice for each in said})
    having = _having(said, total)
    if not having:
        return ()
    usual = _Usual(background, having, hidden)
    candidates = [
        _Candidate(term, frozenset(voices), usual.odds(term, len(voices), total))
        for term, voices in having.items()
    ]
    candidates = sorted((each for each in candidates if each.odds.least >= 0), key=_rank)
    chosen = _different(candidates[:_COMPARED], min(limit, LIMIT))
    return tuple(_found(candidate, said, known) for candidate in chosen)


def _by_time(entry: JudgedEntry) -> tuple[int, str, str]:
    return entry.mention.event_time, entry.mention.id, entry.mention.text


def _voice(entry: JudgedEntry) -> str:
    mention = entry.mention
    name = mention.author.id or mention.author.handle
    return f"{mention.channel}\0{name}" if name else f"\0\0{mention.id}"


def _read(
    negatives: Sequence[JudgedEntry], known: Mapping[str, JudgedEntry], hidden: frozenset[str]
) -> list[_Said]:
    """Read each that counts: a pasted text does for the first of those who pasted it alone."""
    first: dict[int, str] = {}
    said = []
    for entry in negatives:
        voice = _voice(entry)
        original = entry.copy == _NO_TEXT or first.setdefault(entry.copy, voice) == voice
        if original or entry.mention.kind is Kind.REPOST:
            said.append(_Said(entry, voice, frozenset(_terms(entry, known, hidden))))
    return said


def _terms(
    entry: JudgedEntry, known: Mapping[str, JudgedEntry], hidden: frozenset[str]
) -> set[Term]:
    mention = entry.mention
    terms = terms_of(mention.text, entry.masks, hidden)
    if mention.conversation_id:
        terms.add(Term(TermKind.CONVERSATION, mention.conversation_id))
    original = known.get(mention.in_reply_to)
    if original is not None and not original.own and _voice(original) != _voice(entry):
        terms.add(Term(TermKind.AUTHOR, _voice(original)))
    return terms


def _having(said: Sequence[_Said], total: int) -> dict[Term, set[str]]:
    """Return who has each term that enough voices have."""
    having: dict[Term, set[str]] = {}
    for each in said:
        for term in each.terms:
            having.setdefault(term, set()).add(each.voice)
    least = max(_LEAST_SHARE * total, min(_LEAST_GATHERED, _FEW_SHARE * total))
    return {
        term: voices
        for term, voices in having.items()
        if len(voices) >= max(least, _LEAST_GATHERED if term.kind in _GATHERED else _LEAST)
    }


class _Usual:
    """How usual some terms are in the background, among its negatives and in all of it."""

    def __init__(
        self,
        background: Iterable[JudgedEntry],
        asked: Mapping[Term, object],
        hidden: frozenset[str],
    ) -> None:
        self._negatives: Counter[Term] = Counter()
        self._all: Counter[Term] = Counter()
        self._negatives_size = self._all_size = 0
        sieve = Sieve(asked)
        for entry in background:
            if entry.own:
                continue
            negative = entry.judgement.label is Label.NEGATIVE
            self._all_size += 1
            self._negatives_size += negative
            mention = entry.mention
            terms = {Term(TermKind.CONVERSATION, mention.conversation_id)}
            if sieve.lets_pass(mention.text):
                terms |= terms_of(mention.text, entry.masks, hidden)
            terms &= asked.keys()
            self._all.update(terms)
            if negative:
                self._negatives.update(terms)

    def odds(self, term: Term, count: int, total: int) -> _Odds:
        """Return how much likelier it is that `count` of `total` voices have the term."""
        prior = max(_FLOOR, _PRIOR * self._all[term] / max(self._all_size, 1))
        return _odds(count, total, self._negatives[term], self._negatives_size, prior)


def _odds(count: int, total: int, usual: int, size: int, prior: float) -> _Odds:
    """Return the log-odds ratio with an informative Dirichlet prior.

    >>> round(_odds(15, 25, 0, 2000, 1.0).z, 1), round(_odds(15, 25, 400, 2000, 20.0).z, 1)
    (5.6, 2.5)
    >>> _odds(5, 25, 400, 2000, 20.0).z < 0
    True
    """
    rest = _PRIOR + _FLOOR - prior
    here = log((count + prior) / (total - count + rest))
    there = log((usual + prior) / (size - usual + rest))
    return _Odds(here - there, sqrt(1 / (count + prior) + 1 / (usual + prior)))


def _rank(candidate: _Candidate) -> tuple[float, int, int, str]:
    kind, voices = _PLACES[candidate.term.kind], len(candidate.voices)
    return (-round(voices * candidate.odds.least, 6), -voices, kind, candidate.term.value)


def _different(candidates: list[_Candidate], limit: int) -> list[_Candidate]:
    """Choose, strongest first, those that are not another one in other words."""
    chosen: list[_Candidate] = []
    for candidate in candidates:
        if len(chosen) == limit:
            break
        if not any(_within(candidate, other) for other in chosen):
            chosen.append(_best_name(candidate, candidates))
    return chosen


def _within(candidate: _Candidate, other: _Candidate) -> bool:
    return len(candidate.voices & other.voices) >= _SAME * len(candidate.voices)


def _best_name(candidate: _Candidate, candidates: list[_Candidate]) -> _Candidate:
    """Return what names the same voices best: a pair of words rather than each of them."""
    same = [
        other
        for other in candidates
        if len(other.voices & candidate.voices) >= _SAME * len(other.voices | candidate.voices)
    ]
    return min(same, key=lambda other: (_PLACES[other.term.kind], *_rank(other)))


def _found(
    candidate: _Candidate, said: Sequence[_Said], known: Mapping[str, JudgedEntry]
) -> FoundDriver:
    """Make a driver to keep: its mentions, the furthest heard first, after what they answer."""
    kind, value = candidate.term.kind, candidate.term.value
    mentions = [each.entry for each in said if candidate.term in each.terms]
    mentions.sort(key=lambda entry: -(entry.mention.reach + entry.mention.engagement))
    phrase = value
    if kind is TermKind.CONVERSATION:
        root = known.get(value) or min(mentions, key=_by_time)
        mentions.insert(0, root)
        phrase = _opening(root)
    elif kind is TermKind.AUTHOR:
        answered = [e for e in known.values() if _voice(e) == value]
        mentions[:0] = [
            e for e in answered if any(m.mention.in_reply_to == e.mention.id for m in mentions)
        ]
        phrase = _account(mentions[0])
    return FoundDriver(
        str(kind),
        one_line(phrase, PHRASE),
        len(candidate.voices),
        candidate.odds.z,
        tuple(dict.fromkeys(entry.mention.id for entry in mentions)),
    )


def _opening(entry: JudgedEntry) -> str:
    """Return how a text begins, cut between words."""
    text = one_line(plain(entry.mention.text, entry.masks).replace(MASK, "…"), 4 * PHRASE)
    if len(text) > PHRASE:
        head, _, _ = text[:PHRASE].rpartition(" ")
        text = (head or text[: PHRASE - 1]).rstrip(" ,;:-") + "…"
    return text or "a conversation"


def _account(entry: JudgedEntry) -> str:
    followers = entry.mention.author.followers
    return f"one account with {followers:,} followers" if followers else "one account"
