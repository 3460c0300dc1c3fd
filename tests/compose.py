"""docker-compose.yml as the tests look at it."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"
SCHEMA = ROOT / "tests" / "vendor" / "compose"
OURS = ("kafka-setup", "ingest", "worker", "alerter", "web")
"""The services that are this program."""


def document() -> dict[str, Any]:
    """The file, anchors followed."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def services() -> dict[str, dict[str, Any]]:
    """The services by name."""
    found: dict[str, dict[str, Any]] = document()["services"]
    return found


def health_check(service: dict[str, Any]) -> list[str]:
    """The command that says whether a service is well, without Compose's first word."""
    first, *command = service["healthcheck"]["test"]
    assert first == "CMD"
    return list(map(str, command))


def replaced(text: str, places: dict[str, str]) -> str:
    """A text with the places of the stack replaced by those of this machine, longest first.

    Each is replaced once, wherever it stands by itself: `kafka:9092` in `my-kafka:9092` stays.
    """
    wanted = sorted(places, key=len, reverse=True)
    pattern = "|".join(rf"(?<![\w.-]){re.escape(each)}(?![\w-])" for each in wanted)
    return re.sub(pattern, lambda found: places[found[0]], text)
