"""Which language a mention is in, as far as can be told cheaply."""

import re
from collections import Counter
from collections.abc import Sequence

_SCRIPTS = (
    (0x0370, 0x03FF, "el"),
    (0x0400, 0x052F, "ru"),
    (0x0590, 0x05FF, "he"),
    (0x0600, 0x06FF, "ar"),
    (0x0900, 0x097F, "hi"),
    (0x0E00, 0x0E7F, "th"),
    (0x3040, 0x30FF, "ja"),
    (0x4E00, 0x9FFF, "zh"),
    (0xAC00, 0xD7A3, "ko"),
)
_FOREIGN = re.compile(
    "[\u0370-\u1dff\u2c80-\ua71f\ua800-\ud7ff\uf900-\ufdff\ufe70-\ufeff\uff66-\uffdc"
    "\U00010000-\U0001cfff\U00020000-\U0003ffff]"
)
"""Letters of other scripts than Latin, and some signs of theirs; no emoji."""
_READ = 500


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


_COMMON: dict[str, frozenset[str]] = {
    "de": _words(
        "der die das und ist nicht ich ein eine einen mit für auf von zu den dem des es sie wir "
        "ihr auch aber bei wird sind noch nur nach wie schon kein keine mich mir dich dir euch uns "
        "dass sehr was bin bist habe haben hat hast wenn dann doch mal jetzt hier ja nein gut so "
        "oder um zum zur im vom als war warum wo wer mehr immer nichts kann werden er ihn ihm du"
    ),
    "en": _words(
        "the and is not i you to of a in it that for on my with was have this are your but at be "
        "so me we they what just from no how can when will an been why do has he she his her him "
        "there here as or if by all out up about get got don don't i'm it's you're did"
    ),
    "id": _words(
        "yang dan di ini itu tidak saya dengan untuk dari ada akan ke pada bisa sudah aku kamu "
        "juga tapi karena lagi kalau nya gak ga banget apa mau sama jadi lebih sangat barang "
        "bagus cepat sesuai kirim kurang belum sekali terima kasih tolong kami kita dia mereka "
        "atau oleh saat hanya dalam seperti enak tak nggak udah aja sih dong deh yg dgn utk tdk"
    ),
    "nl": _words(
        "de het een en is niet ik van dat te op met voor zijn je maar ook er aan als bij wat nog "
        "wel naar geen dit deze heb was mijn jullie om uit ze we die door zo hij hem haar u jij "
        "mij ons heeft hebben ben bent kan moet gaat ga weet nu dan hier daar waar wie hoe ja nee "
        "goed meer niets iets alles kom laat doe doen toch maar hoor even"
    ),
}
_WORD = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")


def language_of(text: str, stated: str, usual: Sequence[str]) -> str:
    """Return a two-letter code, or nothing when nothing tells.

    The one that is stated (by the mention, or for its source) counts. Else a text mostly in
    another script than Latin is in that script's most frequent language. Else it is the brand's:
    of several `usual` ones that whose common words the text holds most of, the first of them
    when none leads.

    >>> language_of("De trein is niet op tijd", "", ("en", "nl"))
    'nl'
    >>> language_of("ok", "de-AT", ("en",)), language_of("電車が遅れた", "", ("en",))
    ('de', 'ja')
    """
    if stated:
        return stated if len(stated) == 2 and stated.islower() else _code(stated)
    if not text.isascii():
        script = _script_of(text[:_READ])
        if script is not None:
            return script
    if len(usual) < 2:
        return usual[0] if usual else ""
    return _by_common_words(text[:_READ], usual)


def _code(stated: str) -> str:
    """Reduce a tag such as `en-US`, `pt_BR` to its first part, in small letters."""
    return stated.strip().lower().replace("_", "-").partition("-")[0]


def _script_of(text: str) -> str | None:
    """Return the language of the script most of the letters are in, None for Latin.

    Handles, hashtags and links do not count; a script not known here gives an empty answer.
    """
    if not _FOREIGN.search(text):
        return None
    said = "".join(word for word in text.split() if not word.startswith(("@", "#", "http")))
    foreign = [char for char in _FOREIGN.findall(said) if char.isalpha()]
    if not foreign or 2 * len(foreign) <= sum(map(str.isalpha, said)):
        return None
    counts = Counter(
        next((code for first, last, code in _SCRIPTS if first <= ord(char) <= last), "")
        for char in foreign
    )
    if counts["ja"]:
        return "ja"  # Japanese mixes kana with Han
    code, _ = counts.most_common(1)[0]
    return code


def _by_common_words(text: str, usual: Sequence[str]) -> str:
    words = _WORD.findall(text.lower())
    best, most = usual[0], 0
    for language in usual:
        common = _COMMON.get(language)
        if common is None:
            continue
        count = sum(word in common for word in words)
        if count > most:
            best, most = language, count
    return best
