"""[page]: a page that asks who comes when others can reach it."""

from pipeline.settings.checks.ingest import is_host
from pipeline.settings.checks.keys import check_tokens
from pipeline.settings.checks.report import Report
from pipeline.settings.text import visible

_HOW = "set token_env or token_file, or listen on 127.0.0.1"


def check_page(report: Report) -> None:
    """Check the address, the names and the token of the live page."""
    page = report.document.page
    if not is_host(page.host):
        report.mistake(
            ("page", "host"),
            f'"{visible(page.host)}" is no address',
            "write an address such as 127.0.0.1 or 0.0.0.0, without scheme and port",
        )
    check_tokens(report, ("page",), page)
    for number, name in enumerate(page.allowed_hosts):
        if not is_host(name):
            report.mistake(
                ("page", "allowed_hosts", number),
                f'"{visible(name)}" is no name of a machine',
                "write it without scheme, port and path, such as crisis.example.com",
            )
    if page.enabled:
        _check_listening(report)


def _check_listening(report: Report) -> None:
    page, ingest = report.document.page, report.document.ingest
    if page.port and page.port == ingest.port:
        report.mistake(("page", "port"), "is the port of [ingest], too", "choose another")
    if not is_host(page.host) or page.loopback:
        return
    if not page.has_token:
        report.mistake(
            ("page", "host"),
            f"{visible(page.host)} can be reached by others, and the page asks nobody for a token",
            _HOW,
        )
    elif not report.document.policy.public_url.startswith("https://"):
        report.warning(
            ("page", "host"),
            "can be reached by others, and the token travels as it is written",
            "put a proxy that speaks https before it, and its address into policy.public_url",
        )
