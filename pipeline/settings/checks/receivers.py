"""[[receivers]]: a name, an address that can be posted to, a secret that can sign."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from pipeline.settings.checks.keys import check_signing, given
from pipeline.settings.checks.report import Report
from pipeline.settings.positions import KeyPath
from pipeline.settings.sections.receiver import ReceiverKind, ReceiverSection
from pipeline.settings.text import visible

_WEBHOOK_ONLY = ("url", "url_env", "url_file", "secret", "secret_env", "secret_file")


def check_receivers(report: Report) -> None:
    """Check every receiver."""
    names: dict[str, KeyPath] = {}
    for number, receiver in enumerate(report.document.receivers):
        path: KeyPath = ("receivers", number)
        report.check_name((*path, "name"), receiver.name, names)
        report.check_zone((*path, "zone"), receiver.zone)
        if receiver.kind is ReceiverKind.WEBHOOK:
            _check_webhook(report, path, receiver)
        else:
            for key in _WEBHOOK_ONLY:
                if getattr(receiver, key):
                    report.warning(
                        (*path, key), "does nothing for a console", 'write kind = "webhook"'
                    )
    if not report.document.receivers:
        report.mistake(("receivers",), "is empty: nobody could be told anything", "add a receiver")


def _check_webhook(report: Report, path: KeyPath, receiver: ReceiverSection) -> None:
    if not receiver.has_address:
        report.mistake((*path, "url"), "is missing", "write the address to post to")
    for address in report.check_places(path, receiver, "url"):
        check_url(report, (*path, given(receiver, "url")), address.reveal(), shown=False)
    if not receiver.has_secret:
        report.warning(
            path,
            f'what "{visible(receiver.name)}" receives is not signed',
            "set secret_env or secret_file, so that it can tell a page from a forgery",
        )
    check_signing(report, path, receiver)


def check_url(report: Report, path: KeyPath, url: str, *, shown: bool) -> None:
    """Check an http(s) address; one that is not `shown` may be a secret and is never repeated."""
    named = f'"{visible(url)}"' if shown else "the address"
    try:
        parts = urlsplit(url.strip())
        host, _port = parts.hostname, parts.port
    except ValueError:
        report.mistake(path, f"{named} is no address", "write https://HOST/PATH")
        return
    if "://" not in url:
        report.mistake(path, f"{named} has no scheme", "write https:// before it")
    elif parts.scheme not in ("http", "https"):
        report.mistake(path, f'{named} has the scheme "{visible(parts.scheme)}"', "use https")
    elif not host or any(each.isspace() for each in url.strip()) or not url.isprintable():
        report.mistake(path, f"{named} names no host", "write https://HOST/PATH")
    elif parts.scheme == "http" and not _is_near(parts):
        report.warning(path, f"{named} is not encrypted", "use https")


def _is_near(parts: SplitResult) -> bool:
    """Whether the host is this machine or its private network."""
    host = parts.hostname or ""
    if host == "localhost" or "." not in host.strip("."):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private
