"""[[sources]]: what each kind needs, and what does nothing for it."""

from pathlib import Path

from pipeline.fields import FIELDS
from pipeline.settings.checks.brands import check_language
from pipeline.settings.checks.keys import check_keys
from pipeline.settings.checks.report import Report
from pipeline.settings.positions import KeyPath
from pipeline.settings.sections.source import SourceKind, SourceSection
from pipeline.settings.text import nearest, visible

_KEYS = ("secret", "secret_env", "secret_file", "token", "token_env", "token_file")
_ONLY = {
    SourceKind.HTTP: _KEYS,
    SourceKind.FILE: ("path", "zone", "map"),
    SourceKind.SCENARIO: ("seed",),
}
_SEED = 1


def check_sources(report: Report) -> None:
    """Check every source."""
    names: dict[str, KeyPath] = {}
    for number, source in enumerate(report.document.sources):
        path: KeyPath = ("sources", number)
        report.check_name((*path, "name"), source.name, names)
        if source.language:
            check_language(report, (*path, "language"), source.language)
        if source.zone:
            report.check_zone((*path, "zone"), source.zone)
        _check_idle(report, path, source)
        if source.kind is SourceKind.FILE:
            _check_file(report, path, source)
        if source.kind is SourceKind.HTTP:
            check_keys(report, path, source)


def _check_idle(report: Report, path: KeyPath, source: SourceSection) -> None:
    for kind, keys in _ONLY.items():
        for key in keys:
            value = getattr(source, key)
            if kind is not source.kind and value and not (key == "seed" and value == _SEED):
                report.warning((*path, key), f"does nothing for kind {source.kind}", "remove it")


def _check_file(report: Report, path: KeyPath, source: SourceSection) -> None:
    for field, column in source.map.items():
        here = (*path, "map", field)
        if field not in FIELDS:
            near = nearest(field, FIELDS)
            mend = f'did you mean "{near}"?' if near else f"fields: {', '.join(FIELDS)}"
            if not near and column in FIELDS:
                near, mend = column, f'the field comes first: write {column} = "{visible(field)}"'
            report.mistake(here, f'"{visible(field)}" is no field of a mention', mend, near)
        elif not column.strip():
            report.mistake(here, "names no column", "write the column's name")
    if source.path is None:
        report.mistake((*path, "path"), "is missing", "write the file to read")
    elif report.surroundings and source.path != Path("-"):
        try:
            with source.path.open("rb"):
                pass
        except (OSError, ValueError) as problem:
            reason = str(getattr(problem, "strerror", None) or "its name is not valid").lower()
            report.mistake(
                (*path, "path"), f"{visible(source.path)} cannot be read: {reason}", "correct it"
            )
