"""What aiokafka's clients are made with, from the same settings as the Faust app's."""

from typing import Any

from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from pipeline.kafka.connection import Connection

REQUEST_TIME = 20_000
"""Milliseconds a broker may take for a request before it is given up."""


def aiokafka_clients(connection: Connection) -> dict[str, Any]:
    """Return what every client of aiokafka is made with; raises SettingsError."""
    given = connection.faust()
    return {
        "bootstrap_servers": list(connection.bootstrap),
        "client_id": "crisis-monitor-worker",
        "request_timeout_ms": REQUEST_TIME,
        **credentials_to_aiokafka_auth(given.get("broker_credentials")),
    }
