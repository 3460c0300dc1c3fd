"""[ingest]: a door that is locked when others can reach it."""

import ipaddress
import re

from pipeline.settings.checks.keys import check_keys
from pipeline.settings.checks.report import Report
from pipeline.settings.sections.keyed import Keyed
from pipeline.settings.sections.source import SourceKind
from pipeline.settings.text import visible

_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*\.?")


def check_ingest(report: Report) -> None:
    """Check the address and the keys of the HTTP door."""
    ingest = report.document.ingest
    if not is_host(ingest.host):
        report.mistake(
            ("ingest", "host"),
            f'"{visible(ingest.host)}" is no address',
            "write an address such as 127.0.0.1 or 0.0.0.0, without scheme and port",
        )
    check_keys(report, ("ingest",), ingest)
    doors = [each for each in report.document.sources if each.kind is SourceKind.HTTP]
    locked = _locked(ingest) or (bool(doors) and all(_locked(door) for door in doors))
    if is_host(ingest.host) and not ingest.loopback and not locked:
        report.mistake(
            ("ingest", "host"),
            f"{visible(ingest.host)} can be reached by others, and not every source asks for a key",
            "set secret_env, secret_file, token_env or token_file, or listen on 127.0.0.1",
        )


def _locked(door: Keyed) -> bool:
    return door.has_secret or door.has_token


def is_host(host: str) -> bool:
    """Whether this is an address, or a name that one may belong to."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return bool(_HOST.fullmatch(host)) and not host.replace(".", "").isdigit()
    return True
