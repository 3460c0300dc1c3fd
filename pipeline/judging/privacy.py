"""What a scorer must not see, and what a page must not show."""

import re

MASK = "somebrand"
"""Stands for every name, handle and link: one plain word that no scorer knows."""

_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
)
_HANDLE = re.compile(  # the search is fast because it begins with a plain "@"
    rf"@(?<![\w.]@)[^\W{_UNSPACED}]+(?:@\w[\w.-]*\w|\.[a-z0-9_][\w-]*)*"
)
_LINK = re.compile(r"https?://\S+")
_ODD_LINK = re.compile(r"(?:\bhttps?://|\bwww\.)\S+", re.IGNORECASE)


def mask(text: str, spans: tuple[int, ...] = ()) -> str:
    """Replace every matched alias, handle and link by a word that carries no sentiment.

    `spans` are flat, sorted character spans as `Concern.masks` holds them. Guarantees: what
    stands there has no influence on the result, however many words it has, so no name changes a
    score. The word is written in capitals exactly when all the rest is, so that it neither makes
    nor hides a contrast of case.

    >>> mask("@united I love United Airlines, not", (1, 7, 15, 30))
    'somebrand I love somebrand, not'
    >>> mask("UNITED IS LATE", (0, 6))
    'SOMEBRAND IS LATE'
    """
    if spans:
        parts = []
        at = 0
        for start, end in zip(spans[::2], spans[1::2], strict=True):
            parts.append(text[at:start])
            at = end
        parts.append(text[at:])
        masked = MASK.join(parts)
    else:
        masked = text
    if "\uff20" in masked:
        masked = masked.replace("\uff20", "@")
    if "@" in masked:
        masked = _HANDLE.sub(MASK, masked)
    if "/" in masked:
        masked = _LINK.sub(MASK, masked)
    if "://" in masked or "www." in masked or "WWW." in masked:
        masked = _ODD_LINK.sub(MASK, masked)
    if masked is text or not masked.replace(MASK, "").isupper():
        return masked
    return masked.replace(MASK, MASK.upper())


_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_TELEPHONE = re.compile(
    r"(?<![\w/#.-])(?:\+|\(?\d)[\d ()./\-\u00a0\u2007\u2009\u202f\u2010-\u2013]{5,20}\d(?!\w)"
)
_TELEPHONE_DIGITS, _NUMBER_DIGITS = range(7, 16), range(16, 23)
_CHAT_LINK = re.compile(r"\b(wa\.me/)\+?\d{7,15}", re.IGNORECASE)
_UNSEEN = re.compile(  # what no screen shows would hide an address from us and from nobody else
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
    "|(?<=[!-~])[\u200c\u200d]|[\u200c\u200d](?=[!-~])"
)


def redact(text: str, *, handles: bool = False) -> str:
    """Hide e-mail addresses and telephone numbers, and with `handles` every @handle too.

    For samples shown to people. A date is no telephone number; another number of seven to fifteen
    digits is hidden even if it is an order's: better so than the other way. So is a longer one,
    as a card's. Signs that cannot be seen are taken out first.

    >>> redact("call me on +31 6 1234 5678 or mail ann@example.org, @united")
    'call me on [telephone] or mail [e-mail], @united'
    """
    if not text.isascii():
        text = _UNSEEN.sub("", text).replace("\uff20", "@")
    if "@" in text:
        text = _EMAIL.sub("[e-mail]", text)
        if handles:
            text = _HANDLE.sub("@[handle]", text)
    if "/" in text:
        text = _CHAT_LINK.sub(r"\1[telephone]", text)
    return _TELEPHONE.sub(_hidden_number, text)


def _hidden_number(found: re.Match[str]) -> str:
    number = found[0]
    digits = sum(map(str.isdigit, number))
    if digits in _NUMBER_DIGITS:
        return "[number]"
    if digits not in _TELEPHONE_DIGITS or _DATE.fullmatch(number.strip()):
        return number
    return "[telephone]"


_DATE = re.compile(r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(?: \d{1,2})?")
