"""Texts that PostgreSQL would refuse: a NUL in a name, half of a surrogate pair.

They are kept under an escape and come back as they were; every other text stands as it is.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection

ESCAPE = "\ue000"
"""A character of private use; where it stands in a text itself it is escaped as well."""

_REFUSED = re.compile(f"[\x00\ud800-\udfff{ESCAPE}]")
_ESCAPED = re.compile(ESCAPE + "([0-9a-f]{4})")


def escaped(text: str) -> str:
    r"""Return the text as PostgreSQL takes it.

    >>> escaped("Acme"), escaped("A\x00B") == "A\ue0000000B", original(escaped("A\x00\ud800B"))
    ('Acme', True, 'A\x00\ud800B')
    """
    return _REFUSED.sub(lambda found: f"{ESCAPE}{ord(found[0]):04x}", text)


def original(text: str) -> str:
    """Return the text that was escaped."""
    if ESCAPE not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def take_any_text(connection: "Connection[tuple[object, ...]]") -> None:
    """Have a connection of psycopg escape every text it is given, and give back the original."""
    from psycopg.types.string import (  # noqa: PLC0415  # only where PostgreSQL is used
        StrBinaryDumper,
        StrDumper,
        TextBinaryLoader,
        TextLoader,
    )

    class Plain(StrDumper):
        def dump(self, obj: str) -> bytes:
            return escaped(obj).encode()

    class Binary(StrBinaryDumper):
        def dump(self, obj: str) -> bytes:
            return escaped(obj).encode()

    class FromPlain(TextLoader):
        def load(self, data: bytes | bytearray | memoryview) -> str:
            return original(bytes(data).decode())

    class FromBinary(TextBinaryLoader):
        def load(self, data: bytes | bytearray | memoryview) -> str:
            return original(bytes(data).decode())

    adapters = connection.adapters
    adapters.register_dumper(str, Plain)
    adapters.register_dumper(str, Binary)
    for name in ("text", "varchar"):
        adapters.register_loader(name, FromPlain)
        adapters.register_loader(name, FromBinary)
