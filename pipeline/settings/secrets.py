"""Secrets: a value that never shows itself, and the places one may be read from."""

import hmac
import os
from pathlib import Path
from typing import Any, Final, NoReturn

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from pipeline.errors import SettingsError
from pipeline.settings.text import visible

HIDDEN: Final = "********"
MAX_SECRET_FILE_BYTES: Final = 64 * 1024


class SecretUnavailable(SettingsError):  # named as the tree in pipeline.errors  # noqa: N818  # named as the tree in pipeline.errors
    """A secret's environment variable is not set, or its file cannot be read or is empty."""


class Secret:
    """A text that is never shown: `repr`, `str`, `format` and every encoder see stars.

    Compared in constant time. Only `reveal()` gives the text, so a search for that word finds
    every place where a secret leaves its cover. Pickling and copying are refused.

    >>> Secret("hunter2")
    Secret('********')
    >>> f"{Secret('hunter2')}", Secret("a") == Secret("a")
    ('********', True)
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret('{HIDDEN}')"

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, format_spec: str) -> str:
        return format(HIDDEN, format_spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"),
            other._value.encode("utf-8", "surrogatepass"),
        )

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is neither pickled nor copied")

    @classmethod
    def __get_pydantic_core_schema__(
        cls,
        source: Any,  # the signature pydantic asks for  # noqa: ANN401  # whatever the file held
        handler: GetCoreSchemaHandler,
    ) -> CoreSchema:
        """Read from text; written as stars."""
        del source, handler
        return core_schema.no_info_plain_validator_function(
            cls._from_document,
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def _from_document(cls, value: object) -> "Secret":
        if isinstance(value, Secret):
            return value
        if not isinstance(value, str):
            raise ValueError("must be text in quotes")  # pydantic wants it  # noqa: TRY004  # pydantic wants it
        return cls(value)


def read_secrets(inline: Secret | None, env: str, file: Path | None) -> tuple[Secret, ...]:
    """Return what the one place given holds, newest first; nothing when no place is given.

    A variable or file may hold several secrets, one a line: each is accepted, so that one can be
    replaced by the next without a gap. Raises `SecretUnavailable`; its text
    names the place and never what is in it.
    """
    if inline is not None:
        text, where = inline.reveal(), "the secret written in the configuration"
    elif env:
        found = os.environ.get(env)
        if found is None:
            raise SecretUnavailable(
                f"environment variable {visible(env)} is not set: export it where the program runs"
            )
        text, where = found, f"environment variable {visible(env)}"
    elif file is not None:
        text, where = _read_file(file), f"file {visible(file)}"
    else:
        return ()
    values = tuple(Secret(line.strip()) for line in text.splitlines() if line.strip())
    if not values:
        raise SecretUnavailable(f"{where} is empty: put the secret there")
    return values


def _read_file(path: Path) -> str:
    where = f"file {visible(path)}"
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_SECRET_FILE_BYTES + 1)
    except FileNotFoundError:
        raise SecretUnavailable(f"{where} does not exist: create it, or correct the path") from None
    except PermissionError:
        raise SecretUnavailable(
            f"{where} may not be read by this user: change its owner or mode"
        ) from None
    except (OSError, ValueError) as problem:
        raise SecretUnavailable(f"{where} cannot be read: {_reason(problem)}") from None
    if len(raw) > MAX_SECRET_FILE_BYTES:
        raise SecretUnavailable(f"{where} is larger than 64 KiB: that is no secret")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise SecretUnavailable(
            f"{where} is not UTF-8 text: write the secret there as plain text"
        ) from None


def _reason(problem: Exception) -> str:
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror.lower()
    return "its name is not valid"
