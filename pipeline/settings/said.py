"""The configuration in force as flat lines of text, to be held against the one before."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.settings.document import Document
from pipeline.settings.durations import SECOND, format_duration
from pipeline.settings.secrets import HIDDEN, Secret
from pipeline.settings.sections.section import Unit

_PASSWORD = re.compile(r"://[^/@\s]*@")
"""What an address says of a user before its host."""


def said(document: Document) -> dict[str, str]:
    """Tell every setting by its key: `detection.sensitivity`, `brands[Acme].zone`.

    Guarantees: no secret is in it, nor a changed one visible as a change; durations are written as
    people write them; keys and order are the model's. The data directory is left out: it says
    nothing of what is watched, or how.
    """
    return {key: value for key, value in _lines("", document) if key != "storage.directory"}


def _lines(prefix: str, model: BaseModel) -> Iterator[tuple[str, str]]:
    for name, field in type(model).model_fields.items():
        key = f"{prefix}{name}"
        value = getattr(model, name)
        match value:
            case BaseModel():
                yield from _lines(f"{key}.", value)
            case tuple() if value and all(isinstance(each, BaseModel) for each in value):
                for number, each in enumerate(value, start=1):
                    entry = getattr(each, "name", "") or str(number)
                    yield from _lines(f"{key}[{entry}].", each)
            case _:
                yield key, _text(value, field)


def _text(value: object, field: FieldInfo) -> str:  # noqa: PLR0911  # one line a kind
    match value:
        case None:
            return ""
        case Secret():
            return HIDDEN
        case bool():
            return "true" if value else "false"
        case int() if _is_duration(field) and value >= 0 and not value % SECOND:
            return format_duration(value)
        case str():
            return _PASSWORD.sub("://", value)
        case int() | float() | Path():
            return str(value)
        case tuple() | list() | Mapping():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)


def _is_duration(field: FieldInfo) -> bool:
    return any(isinstance(each, Unit) for each in field.metadata)
