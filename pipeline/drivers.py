"""What drives a crisis: what its negatives say and do that usual negatives do not.

Guarantees: a pure function of the mentions, whatever their order; independent voices are counted
(an author once, a pasted text once; a repost for whoever passes it on); at most five drivers, none
that is another in other words. Ties go by the phrase.

The measure is the log-odds ratio with an informative Dirichlet prior and its z-score (Monroe,
Colaresi & Quinn 2008, "Fightin' Words", Political Analysis 16(4), formulas 15, 16, 22), over voices
instead of words: a voice has a term or has it not.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import log, sqrt

import msgspec

from alerts.plain import one_line
from pipeline.judging.privacy import MASK
from pipeline.judging.scorer import Label
from pipeline.mention import Kind
from pipeline.terms import Term, TermKind, masked_names, names_of, plain, terms_of
from pipeline.wire import JudgedEntry

LIMIT = 5
"""Drivers at most."""
PHRASE = 60
"""Characters of a phrase."""
_LEAST = 3
"""Voices that make something more than a coincidence."""
_LEAST_SHARE = 0.05
_LEAST_Z = 1.96
_PRIOR = 100.0
"""How many voices the prior weighs."""
_FLOOR = 1.0
"""Least prior of one term, so that what was never said before does not divide by nothing."""
_SAME = 0.8
"""Two drivers of which one has this share of its voices in the other are one."""
_COMPARED = 200
"""Candidates that are compared with each other."""
_PLACES = {kind: place for place, kind in enumerate(TermKind)}


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


class _Candidate(msgspec.Struct):
    term: Term
    voices: set[str]
    z: float


def find_drivers(
    window: Sequence[JudgedEntry],
    background: Iterable[JudgedEntry],
    *,
    names: Iterable[str] = (),
    limit: int = LIMIT,
) -> tuple[FoundDriver, ...]:
    """Return what drives the negatives of `window`, strongest first.

    `background` is what was said before: its negatives are compared, all of it tells how usual a
    term is. Own posts, and mentions of `window` that are not negative, do not count. `names` are
    names to keep out of the phrases, beside those that the mentions' masks tell.
    """
    said = sorted(
        (e for e in window if e.judgement.label is Label.NEGATIVE and not e.own),
        key=lambda entry: (entry.mention.event_time, entry.mention.id),
    )
    hidden = names_of({*names, *(n for e in said for n in masked_names(e.mention.text, e.masks))})
    having = _voices(said, hidden)
    total = len({_voice(entry) for entry in said})
    least = max(_LEAST, _LEAST_SHARE * total)
    having = {term: voices for term, voices in having.items() if len(voices) >= least}
    if not having:
        return ()
    usual, size, ever, all_of_it = _background(background, having, hidden)
    candidates = []
    for term, voices in having.items():
        prior = max(_FLOOR, _PRIOR * ever[term] / max(all_of_it, 1))
        z = _z(len(voices), max(total, len(voices)), usual[term], size, prior)
        if z >= _LEAST_Z:
            candidates.append(_Candidate(term, voices, z))
    candidates.sort(key=_rank)
    return tuple(
        _found(candidate, said, hidden) for candidate in _different(candidates[:_COMPARED], limit)
    )


def _rank(candidate: _Candidate) -> tuple[float, int, int, str]:
    kind = _PLACES[candidate.term.kind]
    return (-round(candidate.z, 6), -len(candidate.voices), kind, candidate.term.value)


def _voice(entry: JudgedEntry) -> str:
    mention = entry.mention
    name = mention.author.id or mention.author.handle
    return f"{mention.channel}\0{name}" if name else f"\0\0{mention.id}"


def _voices(said: Sequence[JudgedEntry], hidden: frozenset[str]) -> dict[Term, set[str]]:
    """Return who has each term; a text that was pasted by others counts for its first author."""
    having: dict[Term, set[str]] = {}
    first: dict[int, str] = {}
    authors = {entry.mention.id: _voice(entry) for entry in said}
    for entry in said:
        mention, voice = entry.mention, _voice(entry)
        if first.setdefault(entry.copy, voice) != voice and mention.kind is not Kind.REPOST:
            continue
        for term in _terms(entry, hidden):
            having.setdefault(term, set()).add(voice)
        answered = authors.get(mention.in_reply_to)
        if answered is not None and answered != voice:
            having.setdefault(Term(TermKind.AUTHOR, answered), set()).add(voice)
    return having


def _terms(entry: JudgedEntry, hidden: frozenset[str]) -> set[Term]:
    mention = entry.mention
    found = terms_of(mention.text, entry.masks, hidden)
    if mention.conversation_id:
        found.add(Term(TermKind.CONVERSATION, mention.conversation_id))
    return found


def _background(
    background: Iterable[JudgedEntry], asked: Mapping[Term, set[str]], hidden: frozenset[str]
) -> tuple[Counter[Term], int, Counter[Term], int]:
    """Count the terms asked for, among negatives and among all."""
    negatives: Counter[Term] = Counter()
    everything: Counter[Term] = Counter()
    size = total = 0
    for entry in background:
        if entry.own:
            continue
        terms = [term for term in _terms(entry, hidden) if term in asked]
        everything.update(terms)
        total += 1
        if entry.judgement.label is Label.NEGATIVE:
            negatives.update(terms)
            size += 1
    return negatives, size, everything, total


def _z(count: int, total: int, usual: int, size: int, prior: float) -> float:
    """Return the z-score of the log-odds ratio with an informative Dirichlet prior.

    >>> _z(15, 25, 0, 2000, 1.0) > _z(15, 25, 400, 2000, 20.0) > 1.96
    True
    >>> _z(5, 25, 400, 2000, 20.0) < 1
    True
    """
    weight = max(_PRIOR, 2 * prior)
    here = log((count + prior) / (total + weight - count - prior))
    there = log((usual + prior) / (size + weight - usual - prior))
    return (here - there) / sqrt(1 / (count + prior) + 1 / (usual + prior))


def _different(candidates: list[_Candidate], limit: int) -> list[_Candidate]:
    """Choose, strongest first, those that are not another one in other words."""
    chosen: list[_Candidate] = []
    for candidate in candidates:
        if len(chosen) == limit:
            break
        if any(
            len(candidate.voices & other.voices) >= _SAME * len(candidate.voices)
            for other in chosen
        ):
            continue
        chosen.append(_best_name(candidate, candidates))
    return chosen


def _best_name(candidate: _Candidate, candidates: list[_Candidate]) -> _Candidate:
    """Return what names the same voices best: a pair rather than its words."""
    same = [
        other
        for other in candidates
        if len(other.voices & candidate.voices) >= _SAME * len(other.voices | candidate.voices)
    ]
    return min(same, key=lambda other: (_PLACES[other.term.kind], *_rank(other)))


def _found(
    candidate: _Candidate, said: Sequence[JudgedEntry], hidden: frozenset[str]
) -> FoundDriver:
    term = candidate.term
    mentions = [e for e in said if _voice(e) in candidate.voices and _has(e, term, hidden)]
    mentions.sort(key=lambda e: -(e.mention.reach + e.mention.engagement))
    shown = mentions
    phrase = term.value
    if term.kind in {TermKind.AUTHOR, TermKind.CONVERSATION}:
        roots = [
            e
            for e in said
            if (term.kind is TermKind.AUTHOR and _voice(e) == term.value)
            or e.mention.id == term.value
        ] or mentions
        shown = list(dict.fromkeys((*roots, *mentions)))
        phrase = _opening(shown[0]) if term.kind is TermKind.CONVERSATION else _account(shown[0])
    return FoundDriver(
        str(term.kind),
        one_line(phrase, PHRASE),
        len(candidate.voices),
        candidate.z,
        tuple(dict.fromkeys(entry.mention.id for entry in shown)),
    )


def _has(entry: JudgedEntry, term: Term, hidden: frozenset[str]) -> bool:
    if term.kind is TermKind.CONVERSATION:
        return entry.mention.conversation_id == term.value
    if term.kind is TermKind.AUTHOR:
        return bool(entry.mention.in_reply_to)
    return term in terms_of(entry.mention.text, entry.masks, hidden)


def _opening(entry: JudgedEntry) -> str:
    text = " ".join(plain(entry.mention.text, entry.masks).replace(MASK, "…").split())
    return text or "a conversation"


def _account(entry: JudgedEntry) -> str:
    followers = entry.mention.author.followers
    return "one account" if not followers else f"one account with {followers:,} followers"
