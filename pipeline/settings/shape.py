"""Which keys the configuration has at which place, read from the model itself."""

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from pipeline.settings.positions import KeyPath


def keys_at(model: type[BaseModel], path: KeyPath) -> tuple[str, ...]:
    """Return the keys that may stand in the table at `path`; nothing where any key may."""
    found = model_at(model, path)
    return tuple(found.model_fields) if found else ()


def model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Return the model of the table at `path`, or None where there is no table of known keys."""
    here: type[BaseModel] | None = model
    for part in path:
        if here is None:
            return None
        if isinstance(part, int):
            continue
        field = here.model_fields.get(part)
        here = table_in(field.annotation) if field else None
    return here


def table_in(annotation: Any) -> type[BaseModel] | None:  # any annotation at all  # noqa: ANN401  # whatever the file held
    """Return the model inside `X`, `X | None`, `tuple[X, ...]` or `Annotated[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (tuple, Annotated, Union, UnionType):
        for inner in get_args(annotation):
            found = table_in(inner)
            if found:
                return found
    return None


def is_list(annotation: Any) -> bool:  # any annotation at all  # noqa: ANN401  # whatever the file held
    """Whether the annotation is a tuple, so that the file holds a list (of tables)."""
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return any(is_list(inner) for inner in get_args(annotation))
    return get_origin(annotation) is tuple


def tables(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, bool, type[BaseModel]]]:
    """Yield every table below `model`: dotted name, whether it is a list of tables, its model."""
    for name, field in model.model_fields.items():
        inner = table_in(field.annotation)
        if inner is not None:
            full = f"{above}{name}"
            yield full, is_list(field.annotation), inner
            yield from tables(inner, f"{full}.")
