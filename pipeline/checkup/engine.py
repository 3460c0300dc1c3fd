"""Whether an engine runs here, and whether it says it is well."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx

from pipeline.checkup.line import Line, fail, ok, warn
from pipeline.log.lock import EngineLock
from pipeline.settings.sections.ingest import IngestSection
from pipeline.settings.text import visible

_PATIENCE = 3.0


def is_running(directory: Path) -> bool:
    """Whether an engine holds the lock of the data folder."""
    return EngineLock(directory).holder() is not None


def check_engine(directory: Path, ingest: IngestSection) -> Iterator[Line]:
    """Look for an engine on this data folder; without one, whether its port is free."""
    holder = EngineLock(directory).holder()
    if holder is None:
        yield warn(
            "engine",
            "none works on this data folder: nothing is noticed",
            "start one: crisis-monitor run",
        )
        yield _port(ingest)
    elif not holder.url:
        yield ok("engine", f"process {holder.pid} works on this data folder")
    else:
        yield _readiness(holder.pid, holder.url)


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


def _port(ingest: IngestSection) -> Line:
    """Whether the HTTP door could be opened."""
    host = ingest.host.strip("[]")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, ingest.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, socket.SOCK_STREAM) as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
    except OSError as problem:
        return fail(
            "port",
            f"{visible(host)}:{ingest.port} cannot be had: {(problem.strerror or '').lower()}",
            "stop what listens there, or choose another ([ingest] port)",
        )
    return ok("port", f"{visible(host)}:{ingest.port} is free")
