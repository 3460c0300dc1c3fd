"""Plain words for what pydantic finds; a secret's value is never repeated."""

import json
from enum import Enum
from typing import Any, Final, NamedTuple

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from pipeline.settings.positions import KeyPath
from pipeline.settings.shape import is_list, keys_at, model_at, table_in, tables
from pipeline.settings.text import nearest, visible

_UNSHOWN: Final = frozenset({"secret", "token", "url"})


class Wording(NamedTuple):
    """What is wrong, how to mend it, the nearest valid word, and the path that was meant."""

    wrong: str
    mend: str = ""
    nearest: str = ""
    meant: KeyPath = ()


def words_for(model: type[BaseModel], path: KeyPath, error: ErrorDetails) -> Wording:
    """Say what is wrong at `path` and how to mend it."""
    kind = error["type"]
    if kind == "extra_forbidden":
        return _unknown(model, path)
    shown = _shown(path, error["input"])
    context = error.get("ctx", {})
    if kind == "value_error":
        wrong, _, mend = str(context.get("error", error["msg"])).partition(": ")
        return Wording(f"{shown} {wrong}", mend)
    if kind in ("enum", "literal_error"):
        return _choice(shown, error)
    if kind in _PLAIN:
        return Wording(f"{shown} {_PLAIN[kind]}", _table_mend(model, path, kind))
    if kind in _BOUNDS:
        bound = next(iter(context.values()), "")
        return Wording(f"{shown} {_BOUNDS[kind]} {bound}")
    return Wording(f"{shown} cannot be used ({visible(error['msg'])})")


_PLAIN: Final = {
    "string_type": 'must be text in quotes, such as "word"',
    "path_type": "must be a path in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dict_type": "must be a table",
}
_BOUNDS: Final = {
    "greater_than_equal": "must be at least",
    "greater_than": "must be more than",
    "less_than_equal": "must be at most",
    "less_than": "must be less than",
}


def _unknown(model: type[BaseModel], path: KeyPath) -> Wording:
    valid = keys_at(model, path[:-1])
    key = str(path[-1])
    table = ".".join(part for part in path[:-1] if isinstance(part, str))
    what = f"is no key of [{table}]" if table else "is no section"
    near = nearest(key, valid)
    if near:
        return Wording(what, f'did you mean "{near}"?', near, (*path[:-1], near))
    homes = [
        f"[[{name}]]" if many else f"[{name}]"
        for name, many, inner in tables(model)
        if key in inner.model_fields
    ]
    if homes:
        return Wording(what, f"it belongs in {' or '.join(homes[:3])}")
    return Wording(what, f"valid here: {', '.join(valid)}")


def _choice(shown: str, error: ErrorDetails) -> Wording:
    expected = str(error.get("ctx", {}).get("expected", "")).replace(" or ", ", ")
    words = [word.strip("'\"") for word in expected.split(", ")]
    value = error["input"].value if isinstance(error["input"], Enum) else error["input"]
    near = nearest(str(value), words)
    quoted = ", ".join(f'"{word}"' for word in words)
    return Wording(f"{shown} is none of {quoted}", f'did you mean "{near}"?' if near else "", near)


def _table_mend(model: type[BaseModel], path: KeyPath, kind: str) -> str:
    holder = model_at(model, path[:-1])
    field = holder.model_fields.get(str(path[-1])) if holder and path else None
    name = ".".join(part for part in path if isinstance(part, str))
    if field is None or table_in(field.annotation) is None:
        return ""
    if kind == "tuple_type" and is_list(field.annotation):
        return f"write [[{name}]] with two brackets"
    return f"write [{name}] with one bracket"


def _shown(path: KeyPath, value: Any) -> str:  # whatever the file held  # noqa: ANN401  # whatever the file held
    """How a wrong value is named: itself if it is short and no secret."""
    if isinstance(value, BaseModel | dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if path and path[-1] in _UNSHOWN:
        return "the value"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(visible(value, 60), ensure_ascii=False)
    return visible(value, 60)
