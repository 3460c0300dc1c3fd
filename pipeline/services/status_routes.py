"""What every program of the road says of itself over HTTP: alive, ready, and its metrics."""

from collections.abc import Awaitable, Callable

import msgspec
from fastapi import Request, Response

from pipeline.health import Health, Reason
from pipeline.metrics.registry import Metrics

JSON = "application/json"
READ = ("GET", "HEAD")

Handler = Callable[[Request], Awaitable[Response]]

_ENCODER = msgspec.json.Encoder()


def status_routes(metrics: Metrics, health: Health) -> dict[str, Handler]:
    """Return `/metrics`, `/healthz` and `/readyz`; from now on `metrics` says whether all is well.

    `/healthz` is 503 where something stalled, so that a restart is worth it; `/readyz` is 503 as
    long as there is any reason. Both name their reasons as JSON.
    """
    metrics.ready_when(lambda: not health.reasons())

    async def show_metrics(request: Request) -> Response:
        text, content_type = metrics.exposition(request.headers.get("accept", ""))
        return Response(text, headers={"content-type": content_type})

    async def show_life(_: Request) -> Response:
        return _well("alive", health.stalled())

    async def show_readiness(_: Request) -> Response:
        return _well("ready", health.reasons())

    return {"/metrics": show_metrics, "/healthz": show_life, "/readyz": show_readiness}


def _well(word: str, reasons: tuple[Reason, ...]) -> Response:
    content = _ENCODER.encode({"status": f"not {word}" if reasons else word, "reasons": reasons})
    return Response(content, 503 if reasons else 200, media_type=JSON)
