"""What aiokafka's clients are made with, from the same settings as the Faust app's."""

from typing import Any

from aiokafka.codec import has_gzip, has_lz4, has_zstd
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from pipeline.errors import SettingsError
from pipeline.kafka.connection import Connection
from pipeline.settings.sections.kafka import Compression, KafkaSection

REQUEST_TIME = 20_000
"""Milliseconds a broker may take for a request before it is given up."""


def compression_of(section: KafkaSection) -> str | None:
    """Return how records are packed; raises SettingsError where the codec is not installed here.

    It is needed for reading as well: who writes mentions packs them so.
    """
    wanted = section.compression
    if wanted is Compression.NONE:
        return None
    installed = {Compression.GZIP: has_gzip, Compression.LZ4: has_lz4, Compression.ZSTD: has_zstd}
    if not installed[wanted]():
        raise SettingsError(
            f"kafka.compression is {wanted}, for which the worker needs another package: "
            "pip install cramjam; or set gzip, which needs none"
        )
    return wanted.value


def aiokafka_clients(connection: Connection) -> dict[str, Any]:
    """Return what every client of aiokafka is made with; raises SettingsError."""
    given = connection.faust()
    return {
        "bootstrap_servers": list(connection.bootstrap),
        "client_id": "crisis-monitor-worker",
        "request_timeout_ms": REQUEST_TIME,
        **credentials_to_aiokafka_auth(given.get("broker_credentials")),
    }
