"""The two-letter codes of languages (ISO 639-1), and the words people write for the usual ones."""

from typing import Final

from pipeline.settings.text import nearest

CODES: Final = frozenset(
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da "  # noqa: SIM905  # 184 quotes would hide them
    "de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy "
    "hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg "
    "li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or "
    "os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta "
    "te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu".split()
)
_WORDS: Final = {
    "arabic": "ar", "bahasa": "id", "chinese": "zh", "czech": "cs", "danish": "da",
    "deutsch": "de", "dutch": "nl", "english": "en", "finnish": "fi", "french": "fr",
    "german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "indonesian": "id",
    "italian": "it", "japanese": "ja", "korean": "ko", "malay": "ms", "nederlands": "nl",
    "norwegian": "no", "polish": "pl", "portuguese": "pt", "russian": "ru", "spanish": "es",
    "swedish": "sv", "thai": "th", "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
    "deu": "de", "eng": "en", "fra": "fr", "ger": "de", "ind": "id", "ita": "it", "nld": "nl",
    "por": "pt", "spa": "es", "gb": "en", "us": "en", "uk": "uk", "jp": "ja", "cn": "zh",
    "cz": "cs", "dk": "da", "gr": "el", "ua": "uk",
}  # fmt: skip


def nearest_code(written: str) -> str:
    """Return the code meant by a name, a longer code or a tag, or "".

    >>> nearest_code("German"), nearest_code("en-GB"), nearest_code("qqqq")
    ('de', 'en', '')
    """
    folded = written.strip().casefold().replace("_", "-")
    head = folded.partition("-")[0]
    for candidate in (folded, head):
        if candidate in CODES:
            return candidate
        if candidate in _WORDS:
            return _WORDS[candidate]
    found = nearest(folded, _WORDS) if len(folded) > 3 else ""
    return _WORDS.get(found, "")
