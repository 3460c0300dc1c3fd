"""The page of all settings, written from the model.

`python -m pipeline.settings.catalogue` writes the page docs/configuration.md.
"""

import json
import sys
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.settings.document import Document
from pipeline.settings.durations import format_duration
from pipeline.settings.examples import EXAMPLES
from pipeline.settings.secrets import Secret
from pipeline.settings.sections.section import Unit
from pipeline.settings.shape import table_in, tables

_HEAD: Final = """\
# Configuration

One TOML file; every setting has a default, and without any file the program runs with all of them.
Written by `python -m pipeline.settings.catalogue`; a test holds page and program against each
other.

- **Which file.** `--config FILE`, else the file named by `CRISIS_MONITOR_CONFIG`, else
  `crisis-monitor.toml` in the working directory (the only one that may be absent).
  `crisis-monitor config init NAME` writes one to begin with.
- **Check it.** `crisis-monitor config check` reports every mistake at once with its line and key;
  `crisis-monitor doctor` also looks at what stands around it.
- **Environment.** `CRISIS_MONITOR__SECTION__KEY=value` outranks the file, for example
  `CRISIS_MONITOR__INGEST__PORT=9000` or `CRISIS_MONITOR__POLICY__LIFECYCLE__OUTLASTS=1h`; options
  of the command line outrank both. A list or a table is written as JSON; a list replaces the
  file's: `CRISIS_MONITOR__POLICY__OPS='["desk"]'`. A variable that names no setting is a mistake.
- **Durations** are text with units down to seconds: `"45s"`, `"20m"`, `"1h30m"`, `"7d"`, `"2w"`.
- **Secrets** come from an environment variable (`..._env`) or a file (`..._file`); written in the
  file itself they work, and `config check` warns. A variable or file may hold several, one a line:
  senders may use any of them, messages are signed with the first. They appear in no message, log
  or error.
- **Paths** in the file are relative to the file's folder, those from elsewhere to the working
  directory.
"""
_MISSING: Final = "left out"


def page() -> str:
    """Return docs/configuration.md."""
    parts = [_HEAD]
    for name, field in Document.model_fields.items():
        inner = table_in(field.annotation)
        if inner is not None:
            parts.append(_section(name, field, inner))
    return "\n".join(parts)


def _section(name: str, field: FieldInfo, model: type[BaseModel]) -> str:
    written = [f"## {name}\n", f"{_sentence(field.description)}\n"]
    many = get_origin(field.annotation) is tuple
    written.append(_table(name, model, many=many))
    for inner_name, inner_many, inner in tables(model, f"{name}."):
        written.append(_table(inner_name, inner, many=inner_many))
    written.append("For example:\n")
    written += [f"```toml\n{example}```\n" for example in EXAMPLES[name]]
    return "\n".join(written)


def _table(name: str, model: type[BaseModel], *, many: bool) -> str:
    own = model.__annotations__
    rows = [
        f"| `{key}` | {_kind(field)} | {_default(field)} | {_cell(field.description)} |"
        for key, field in sorted(model.model_fields.items(), key=lambda each: each[0] not in own)
        if table_in(field.annotation) is None
    ]
    if not rows:
        return ""
    title = f"### `[[{name}]]`" if many else f"### `[{name}]`"
    return "\n".join([title, "", "| key | kind | default | what |", "|---|---|---|---|", *rows, ""])


def _kind(field: FieldInfo) -> str:
    annotation = field.annotation
    if any(isinstance(each, Unit) for each in field.metadata):
        return "duration"
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(each for each in get_args(annotation) if each is not type(None))
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is Literal:
        return " or ".join(f'`"{word}"`' for word in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " or ".join(f'`"{word.value}"`' for word in annotation)
    return _KINDS[get_origin(annotation) or annotation]


_KINDS: Final[dict[Any, str]] = {
    str: "text",
    bool: "`true` or `false`",
    int: "whole number",
    float: "number",
    Path: "path",
    Secret: "secret text",
    tuple: "list of texts",
    dict: "table of texts",
}


def _default(field: FieldInfo) -> str:
    value = field.default
    if any(isinstance(each, Unit) for each in field.metadata):
        return '`"never"`' if value is None else f'`"{format_duration(value)}"`'
    if value is None or value == "":
        return _MISSING
    if isinstance(value, tuple | bool):
        return f"`{json.dumps(value)}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    if isinstance(value, str | Path):
        return f'`"{value}"`'
    return f"`{value}`"


def _sentence(text: str | None) -> str:
    words = text or ""
    return f"{words[:1].upper()}{words[1:]}."


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
