"""The configuration: one TOML file, overridden by the environment and the command line."""

from pipeline.settings.durations import format_duration, parse_duration
from pipeline.settings.file import DEFAULT_FILE, FILE_VARIABLE, FileUnreadable
from pipeline.settings.findings import Finding, MistakesFound, Weight
from pipeline.settings.load import load
from pipeline.settings.secrets import Secret, SecretUnavailable
from pipeline.settings.sections.receiver import ReceiverKind, ReceiverSection
from pipeline.settings.sections.source import SourceKind, SourceSection
from pipeline.settings.settings import Settings

__all__ = [
    "DEFAULT_FILE",
    "FILE_VARIABLE",
    "FileUnreadable",
    "Finding",
    "MistakesFound",
    "ReceiverKind",
    "ReceiverSection",
    "Secret",
    "SecretUnavailable",
    "Settings",
    "SourceKind",
    "SourceSection",
    "Weight",
    "format_duration",
    "load",
    "parse_duration",
]
