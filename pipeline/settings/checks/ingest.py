"""[ingest]: a door that is locked when others can reach it."""

import ipaddress
import re

from pipeline.settings.checks.receivers import check_signing
from pipeline.settings.checks.report import Report
from pipeline.settings.positions import KeyPath
from pipeline.settings.sections.keyed import Keyed
from pipeline.settings.sections.source import SourceKind
from pipeline.settings.text import visible

_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*\.?")
_SHORTEST_TOKEN = 16


def check_ingest(report: Report) -> None:
    """Check the address and the keys of the HTTP door."""
    ingest = report.document.ingest
    if not _is_host(ingest.host):
        report.mistake(
            ("ingest", "host"),
            f'"{visible(ingest.host)}" is no address',
            "write an address such as 127.0.0.1 or 0.0.0.0, without scheme and port",
        )
    check_keys(report, ("ingest",), ingest)
    locked = any(
        door.has_secret or door.has_token
        for door in (ingest, *report.document.sources)
        if door is ingest or getattr(door, "kind", None) is SourceKind.HTTP
    )
    if not ingest.loopback and not locked:
        report.mistake(
            ("ingest", "host"),
            f"{visible(ingest.host)} can be reached by others, and there is no secret or token",
            "set secret_env, secret_file, token_env or token_file, or listen on 127.0.0.1",
        )


def check_keys(report: Report, path: KeyPath, section: Keyed) -> None:
    """Check signing secrets and bearer tokens."""
    for secret in report.check_places(path, section, "secret"):
        check_signing(report, (*path, _given(section, "secret")), secret)
    for token in report.check_places(path, section, "token"):
        here = (*path, _given(section, "token"))
        if any(each.isspace() or not each.isascii() for each in token.reveal()):
            report.mistake(here, "the token holds spaces or non-ASCII characters", "choose another")
        elif len(token.reveal()) < _SHORTEST_TOKEN:
            report.warning(
                here,
                f"the token has fewer than {_SHORTEST_TOKEN} characters and can be guessed",
                "choose a longer one",
            )


def _given(section: Keyed, kind: str) -> str:
    return next(key for key in (kind, f"{kind}_env", f"{kind}_file") if getattr(section, key))


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return bool(_HOST.fullmatch(host)) and not host.replace(".", "").isdigit()
    return True
