"""[[brands]]: names and words that are there, are one's own, and can be found."""

import unicodedata

from pipeline.judging.vader import VaderScorer
from pipeline.settings.checks.report import Report
from pipeline.settings.languages import CODES, nearest_code
from pipeline.settings.positions import KeyPath
from pipeline.settings.sections.brand import BrandSection
from pipeline.settings.text import is_plain, visible


def check_brands(report: Report) -> None:
    """Check every brand, and that no two share a name, an alias or a handle."""
    names: dict[str, KeyPath] = {}
    words: dict[str, tuple[int, str]] = {}
    handles: dict[str, tuple[int, str]] = {}
    for number, brand in enumerate(report.document.brands):
        path: KeyPath = ("brands", number)
        report.check_name((*path, "name"), brand.name, names)
        if brand.name.casefold().startswith("source:"):
            report.mistake(
                (*path, "name"), 'begins with "source:", which means a silent source', "rename it"
            )
        _check_words(report, path, brand)
        _check_accounts(report, path, brand)
        _check_exclusions(report, path, brand)
        _check_languages(report, path, brand)
        report.check_zone((*path, "zone"), brand.zone)
        if brand.watch_reach is not None:
            report.warning(
                (*path, "watch_reach"),
                "is not used by this version",
                "set reach in [detection.severity]: it holds for every brand",
            )
        _check_shared(report, path, "aliases", [brand.name, *brand.aliases], words)
        _check_shared(report, path, "handles", list(brand.handles), handles)


def folded(word: str) -> str:
    """Fold a word as brand matching does: case, composition, runs of spaces, a handle's `@`."""
    plain = " ".join(unicodedata.normalize("NFC", word).split())
    return plain.removeprefix("@").casefold()


def _check_words(report: Report, path: KeyPath, brand: BrandSection) -> None:
    for number, alias in enumerate(brand.aliases):
        here = (*path, "aliases", number)
        word = folded(alias)
        if not word:
            report.mistake(here, "is empty", "remove it, or write a word")
        elif not any(character.isalnum() or ord(character) > 0x2000 for character in word):
            report.mistake(here, f'"{visible(alias)}" has no letter or digit', "write a word")
        elif len(word) == 1 and word.isascii():
            report.mistake(
                here,
                f'"{visible(alias)}" is one letter: it would be found everywhere',
                "write a longer word, or use a handle",
            )
        elif not is_plain(alias):
            report.mistake(here, "holds control characters", "write plain text")
    if len(folded(brand.name)) == 1:
        report.warning((*path, "name"), "is one letter, and is found wherever it stands alone", "")
    if brand.name.strip() and not brand.aliases and not brand.handles:
        report.warning(
            path,
            f'"{visible(brand.name)}" is found by its name alone',
            "add the aliases and handles people use",
        )


def _check_accounts(report: Report, path: KeyPath, brand: BrandSection) -> None:
    for key, accounts in (("handles", brand.handles), ("own_accounts", brand.own_accounts)):
        for number, account in enumerate(accounts):
            here = (*path, key, number)
            if not folded(account):
                report.mistake(here, "is empty", "remove it, or write an account")
            elif key == "handles" and any(each.isspace() for each in account.strip()):
                report.mistake(
                    here, f'"{visible(account)}" holds a space', "a handle is one word; use aliases"
                )


def _check_exclusions(report: Report, path: KeyPath, brand: BrandSection) -> None:
    known = {folded(word): word for word in (brand.name, *brand.aliases) if folded(word)}
    for number, exclusion in enumerate(brand.exclusions):
        here = (*path, "exclusions", number)
        word = folded(exclusion)
        if not word:
            report.mistake(here, "is empty", "remove it, or write a phrase")
        elif word in known:
            report.mistake(
                here,
                f'"{visible(exclusion)}" hides the alias "{visible(known[word])}": '
                "it would never count",
                "write the longer phrase that means something else",
            )
        elif known and not any(alias in word for alias in known):
            report.warning(
                here,
                f'"{visible(exclusion)}" holds no alias, so it excludes nothing',
                'write the alias with the words around it, such as "river delta"',
            )


def _check_languages(report: Report, path: KeyPath, brand: BrandSection) -> None:
    for number, code in enumerate(brand.languages):
        here = (*path, "languages", number)
        check_language(report, here, code)
        if code in CODES and code not in VaderScorer.languages:
            report.warning(
                here,
                f'nothing judges "{code}" yet: its mentions are counted and shown as unscored',
                "keep it: they are never taken for neutral",
            )
    if not brand.languages:
        report.mistake((*path, "languages"), "is empty", 'write at least one, such as ["en"]')


def check_language(report: Report, path: KeyPath, code: str) -> None:
    """Check that a language is a two-letter code that exists."""
    if code in CODES:
        return
    near = nearest_code(code)
    mend = f'did you mean "{near}"?' if near else 'write two letters, such as "en"'
    report.mistake(path, f'"{visible(code)}" is no language code', mend, near)


def _check_shared(
    report: Report, path: KeyPath, key: str, words: list[str], owners: dict[str, tuple[int, str]]
) -> None:
    """Check that no word stands for two brands, or twice for one; `words[0]` may be the name."""
    number = path[1]
    assert isinstance(number, int)  # a path of [[brands]] holds its number  # noqa: S101  # a path of [[brands]] holds its number
    offset = 1 if key == "aliases" else 0
    for place, word in enumerate(words):
        key_folded = folded(word)
        is_name = key == "aliases" and place == 0
        here = (*path, "name") if is_name else (*path, key, place - offset)
        owner = owners.get(key_folded)
        if not key_folded:
            continue
        if owner is None:
            owners[key_folded] = (number, report.document.brands[number].name)
        elif owner[0] == number:
            if not (key == "aliases" and key_folded == folded(words[0])):
                report.warning(here, f'"{visible(word)}" stands here twice', "remove one")
        elif not is_name or folded(owner[1]) != key_folded:
            report.mistake(
                here,
                f'"{visible(word)}" already means the brand "{visible(owner[1])}"',
                "give it to one of the two",
            )
