"""Free ports for processes that must be told one before they start, or keep it over a restart."""

import random
import socket
from contextlib import suppress

_RANGE = (20_000, 32_000)
"""Below those that the system gives to clients and to whoever asks for any port."""


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, outside those that clients are given."""
    found: list[int] = []
    chance = random.SystemRandom()
    while len(found) < count:
        port = chance.randrange(*_RANGE)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found


def free_port() -> int:
    """One of them."""
    (port,) = free_ports(1)
    return port
