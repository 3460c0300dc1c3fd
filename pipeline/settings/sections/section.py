"""What every section shares: it is frozen, knows its keys, and reads durations and numbers."""

import ipaddress
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pipeline.settings.durations import SECOND, format_duration, parse_duration


class Section(BaseModel):
    """A table of the configuration: frozen, and a key it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.9", "[::1]", "0.0.0.0", "")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Unit:
    """Marks a number of milliseconds that people write as a duration."""


UNIT: Final = Unit()


def _duration(value: Any) -> int:  # whatever the file held  # noqa: ANN401  # whatever the file held
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(  # noqa: TRY004  # pydantic wants it
            'must be a duration in quotes, such as "45s" or "20m"'
        )  # pydantic wants it
    return parse_duration(str(value))


def _span(value: Any) -> int:  # whatever the file held  # noqa: ANN401  # whatever the file held
    milliseconds = _duration(value)
    if milliseconds < SECOND:
        raise ValueError(f"must be at least {format_duration(SECOND)}")
    return milliseconds


def _whole(value: Any) -> Any:  # whatever the file held  # noqa: ANN401  # whatever the file held
    if isinstance(value, bool | float):
        raise ValueError("must be a whole number")  # pydantic wants it  # noqa: TRY004  # pydantic wants it
    return value


def _number(value: Any) -> Any:  # whatever the file held  # noqa: ANN401  # whatever the file held
    if isinstance(value, bool):
        raise ValueError("must be a number")  # pydantic wants it  # noqa: TRY004  # pydantic wants it
    return value


def _listed(value: Any) -> Any:  # whatever the file held  # noqa: ANN401  # whatever the file held
    if isinstance(value, str):
        raise ValueError(f'must be a list: write ["{value[:40]}"]')  # pydantic wants it  # noqa: TRY004  # pydantic wants it
    return value


Duration = Annotated[int, BeforeValidator(_duration), UNIT]
"""Milliseconds >= 0, written "45s", "20m", "1h30m", "7d"."""
Span = Annotated[int, BeforeValidator(_span), UNIT]
"""A duration of at least a second."""
Count = Annotated[int, BeforeValidator(_whole), Field(ge=1)]
"""A whole number of at least 1."""
Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
"""A number."""
Whole = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
"""A whole number of at least 0."""
Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""A list of texts."""
