"""Where checks put what they find, and the questions several of them ask."""

from collections.abc import Iterable
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from pipeline.settings.document import Document
from pipeline.settings.draft import Draft
from pipeline.settings.findings import Finding, Weight
from pipeline.settings.positions import KeyPath
from pipeline.settings.secrets import Secret, SecretUnavailable, read_secrets
from pipeline.settings.sections.section import Section
from pipeline.settings.text import is_plain, nearest, visible

_LIKENESS = 0.8
"""Of zones: Bonn is not London."""


class Report:
    """Collects findings; a key already reported as not understood is left alone."""

    def __init__(self, draft: Draft, *, surroundings: bool = False) -> None:
        self._draft = draft
        self.surroundings = surroundings
        self.findings: list[Finding] = []

    @property
    def document(self) -> Document:
        """What could be understood of the configuration."""
        return self._draft.document

    def mistake(self, path: KeyPath, wrong: str, mend: str = "", near: str = "") -> None:
        """Note what keeps the program from starting."""
        self._note(Weight.MISTAKE, path, wrong, mend, near)

    def warning(self, path: KeyPath, wrong: str, mend: str = "", near: str = "") -> None:
        """Note what the program can live with."""
        self._note(Weight.WARNING, path, wrong, mend, near)

    def _note(self, weight: Weight, path: KeyPath, wrong: str, mend: str, near: str) -> None:
        if not self._draft.is_mistaken(path):
            self.findings.append(self._draft.finding(weight, path, wrong, mend, near))

    def check_name(self, path: KeyPath, name: str, taken: dict[str, KeyPath]) -> None:
        """Check that a name is there, is one line, and is nobody else's; `taken` gathers them."""
        if not name.strip():
            what = path[0] if isinstance(path[0], str) else ""
            self.mistake(path, "is missing", f"give each of [[{what}]] a name")
            return
        if not is_plain(name):
            self.mistake(path, "holds control characters", "write it on one line, in plain text")
        if len(name) > 100:
            self.mistake(path, "is longer than 100 characters", "shorten it")
        folded = name.strip().casefold()
        if folded in taken:
            first = self._draft.line(taken[folded])
            where = f" on line {first}" if first else ""
            self.mistake(path, f'"{visible(name)}" is taken{where}', "choose another name")
        else:
            taken[folded] = path

    def check_zone(self, path: KeyPath, zone: str) -> None:
        """Check that a zone is one of the IANA names."""
        if is_zone(zone):
            return
        near = nearest_zone(zone)
        mend = f'did you mean "{near}"?' if near else 'write an IANA name such as "Europe/Berlin"'
        self.mistake(path, f'"{visible(zone)}" is no time zone', mend, near)

    def check_known(self, path: KeyPath, name: str, known: Iterable[str], what: str) -> None:
        """Check that a name refers to something that is configured."""
        names = list(known)
        if name in names:
            return
        near = nearest(name, names)
        mend = f'did you mean "{near}"?' if near else f"configured: {', '.join(names) or 'none'}"
        self.mistake(path, f'"{visible(name)}" is no configured {what}', mend, near)

    def check_places(self, path: KeyPath, section: Section, kind: str) -> tuple[Secret, ...]:
        """Check a secret (`kind`) of a section: one place at most, and it can be read.

        Returns what is there, which is nothing unless surroundings are looked at.
        """
        inline: Secret | None = getattr(section, kind)
        env: str = getattr(section, f"{kind}_env")
        file = getattr(section, f"{kind}_file")
        given = [
            key
            for key, value in ((kind, inline), (f"{kind}_env", env), (f"{kind}_file", file))
            if value
        ]
        if len(given) > 1:
            self.mistake(
                (*path, given[0]), f"stands beside {' and '.join(given[1:])}", "keep one of them"
            )
            return ()
        if inline is not None and kind != "url":
            self.warning(
                (*path, kind),
                "is written in the configuration, where backups and colleagues see it",
                f"move it to an environment variable ({kind}_env) or a file ({kind}_file)",
            )
        if not given or not (self.surroundings or inline is not None):
            return ()
        try:
            return read_secrets(inline, env, file)
        except SecretUnavailable as problem:
            wrong, _, mend = str(problem).partition(": ")
            self.mistake((*path, given[0]), wrong, mend)
            return ()


def is_zone(zone: str) -> bool:
    """Whether this machine knows the zone."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return bool(zone)


@cache
def nearest_zone(zone: str) -> str:
    """Return the zone meant by a misspelt name or by a city alone, or ""."""
    zones = _zones()
    asked = zone.strip().replace(" ", "_")
    cities = {name.rpartition("/")[2]: name for name in zones}
    whole = nearest(asked, zones, _LIKENESS)
    if whole:
        return whole
    city = nearest(asked.rpartition("/")[2], cities, _LIKENESS)
    return cities[city] if city else ""


@cache
def _zones() -> tuple[str, ...]:
    """Every zone of a place; Etc/GMT+1 is left out, since it means what few expect (UTC-1)."""
    places = (name for name in available_timezones() if "/" in name and name[:4] != "Etc/")
    return ("UTC", *sorted(places))
