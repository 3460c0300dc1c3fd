"""From a file, the environment and the command line to settings, or to every mistake at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.settings.check import findings_of
from pipeline.settings.draft import Draft, draft
from pipeline.settings.findings import MistakesFound, Weight
from pipeline.settings.settings import Settings


def load(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings of `path`, else of CRISIS_MONITOR_CONFIG, else of crisis-monitor.toml.

    The environment (CRISIS_MONITOR__SECTION__KEY) outranks the file, `overrides` (nested like the
    file: `{"storage": {"directory": "x"}}`) outrank both. Without any file everything has its
    default. Raises `MistakesFound`, a `SettingsError` that lists every mistake, and
    `FileUnreadable`, an `EnvironmentProblem`. Secrets are not read.
    """
    return settings_of(draft(path, overrides))


def settings_of(found: Draft) -> Settings:
    """Return the settings of a draft, or raise its mistakes."""
    findings = findings_of(found)
    mistakes = tuple(each for each in findings if each.weight is Weight.MISTAKE)
    if mistakes:
        raise MistakesFound(mistakes)
    return Settings(found.document, found.place, tuple(findings))
