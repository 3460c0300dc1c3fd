"""Whether an engine runs here, and whether it says it is well."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx

from pipeline.checkup.line import Line, fail, ok, warn
from pipeline.log.lock import EngineLock
from pipeline.settings.sections.ingest import IngestSection
from pipeline.settings.sections.page import PageSection
from pipeline.settings.text import visible

_PATIENCE = 3.0
_LOOK = "look at its log; restart it"


def is_running(directory: Path) -> bool:
    """Whether an engine holds the lock of the data folder."""
    return EngineLock(directory).holder() is not None


def check_engine(directory: Path, ingest: IngestSection, page: PageSection) -> Iterator[Line]:
    """Look for an engine on this data folder; without one, whether its ports are free."""
    holder = EngineLock(directory).holder()
    if holder is None:
        yield warn(
            "engine",
            "none works on this data folder: nothing is noticed",
            "start one: crisis-monitor run",
        )
        yield _port("port", ingest, "[ingest] port")
        if page.enabled:
            yield _port("page", page, "[page] port")
    elif not holder.url:
        yield ok("engine", f"process {holder.pid} works on this data folder")
    else:
        yield _readiness(holder.pid, holder.url)
        if holder.page:
            yield _page(holder.page)


def _readiness(pid: int, url: str) -> Line:
    shown = f"process {pid} at {visible(url)}"
    try:
        answer = httpx.get(f"{url}/readyz", timeout=_PATIENCE, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        return fail(
            "engine",
            f"{shown} does not answer ({type(problem).__name__})",
            "look at its log; restart it",
        )
    if answer.is_success:
        return ok("engine", f"{shown} is ready")
    return fail("engine", f"{shown} is not ready: {visible(answer.text, 300)}", "look at its log")


def _page(url: str) -> Line:
    """Whether the live page answers; asking for a sign-in is an answer."""
    shown = f"is at {visible(url)}"
    address = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    try:
        answer = httpx.get(f"{address}/", timeout=_PATIENCE, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        return warn("page", f"{shown} and does not answer ({type(problem).__name__})", _LOOK)
    if answer.is_server_error:
        return warn("page", f"{shown} and answers {answer.status_code}", _LOOK)
    return ok("page", shown)


def _port(subject: str, section: IngestSection | PageSection, key: str) -> Line:
    """Whether a server could listen where it is told to."""
    host = section.host.strip("[]")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, section.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, socket.SOCK_STREAM) as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
    except OSError as problem:
        return fail(
            subject,
            f"{visible(host)}:{section.port} cannot be had: {(problem.strerror or '').lower()}",
            f"stop what listens there, or choose another ({key})",
        )
    return ok(subject, f"{visible(host)}:{section.port} is free")
