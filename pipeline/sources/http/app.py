"""The HTTP door as an application: mentions in, and out whether all is well."""

import asyncio
import math
import secrets
import traceback
from functools import partial
from typing import TYPE_CHECKING

import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from pipeline.clock import Clock
from pipeline.errors import LogUnavailable, PipelineError
from pipeline.health import Health
from pipeline.intake import Intake
from pipeline.metrics.registry import Metrics
from pipeline.services.status_routes import READ, Handler, status_routes
from pipeline.sources.http.admission import Admission, Admitted, Unsigned
from pipeline.sources.http.answers import JSON, Refused, RequestError, problem
from pipeline.sources.http.body import BodyReader
from pipeline.sources.http.reading import Sent, read_request
from pipeline.sources.http.settings import HttpSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

REQUEST_ID = "x-request-id"
"""The answer's header that says which request it answers: the id given, else one made up."""

_COME_AGAIN = 5.0
_COME_LATER = 60.0
_LOG = structlog.get_logger("pipeline.sources.http")


class _Door:
    """Takes one request at a time through: admit, read, hand over, wait for the disk."""

    def __init__(self, intake: Intake, clock: Clock, settings: HttpSettings) -> None:
        self._intake = intake
        self._clock = clock
        self._settings = settings
        self._bodies = BodyReader(settings.limits)
        self._readers = CapacityLimiter(settings.limits.readers)
        self.admission = Admission(settings)

    async def mentions(self, request: Request) -> Response:
        """Take mentions; 200 means that they are on disk."""
        wait = self._intake.retry_after()
        if wait is not None:
            raise RequestError(
                429, Refused.BEHIND, "the log is behind: repeat this later", retry_after=wait
            )

        def submit(admitted: Admitted, name: str, body: bytes) -> "Future[bytes]":
            sent = Sent(
                body,
                request.headers.get("content-type", ""),
                request.headers.get("content-encoding", ""),
            )
            batch, compose = read_request(
                sent, admitted, f"http:{name}", self._settings, self._clock.now()
            )
            return self._intake.submit(batch, compose)

        return await self._through(request, submit)

    async def end(self, request: Request) -> Response:
        """End the input of an event log."""
        if not self._settings.event_time:
            raise RequestError(
                409,
                Refused.NO_EVENT_LOG,
                "input ends only where time is the mentions' own (run --time event)",
            )

        def end(admitted: Admitted, _name: str, _body: bytes) -> "Future[bytes]":
            return self._intake.end_of_input(admitted.source.name)

        return await self._through(request, end)

    async def _through(
        self, request: Request, hand_over: "Callable[[Admitted, str, bytes], Future[bytes]]"
    ) -> Response:
        claim = self.admission.before_body(
            request.headers, request.query_params.get("source"), self._clock.now()
        )
        name = claim.request_id or secrets.token_hex(8)

        def work(body: bytes) -> "Future[bytes]":
            admitted = (
                self.admission.after_body(claim, body) if isinstance(claim, Unsigned) else claim
            )
            return hand_over(admitted, name, body)

        async with self._bodies.body(request) as body:
            written = await to_thread.run_sync(work, body, limiter=self._readers)
            answer = await self._confirmed(written)
        return Response(answer, media_type=JSON, headers={REQUEST_ID: name})

    async def _confirmed(self, written: "Future[bytes]") -> bytes:
        """Wait for the log; a sender that goes away, or a stop, takes nothing back."""
        waiting = asyncio.wrap_future(written)
        try:
            async with asyncio.timeout(self._settings.limits.commit_time / 1000):
                return await asyncio.shield(waiting)
        except TimeoutError:
            waiting.add_done_callback(_consumed)
            raise RequestError(
                503,
                Refused.UNAVAILABLE,
                "the log has not confirmed in time: repeat this request with the same id",
                retry_after=_COME_AGAIN,
            ) from None


def _consumed(waiting: "asyncio.Future[bytes]") -> None:
    """Take note of an outcome nobody waits for, so that it is not reported as forgotten."""
    if not waiting.cancelled():
        waiting.exception()


def build_app(
    intake: Intake, *, clock: Clock, settings: HttpSettings, metrics: Metrics, health: Health
) -> FastAPI:
    """Return the application: `POST /v1/mentions`, `POST /v1/end`, `GET /metrics|healthz|readyz`.

    Whatever is sent, the answer is JSON (or Prometheus' text) with a reason; 5xx means that the
    program or its disk is at fault. Where a source asks for no secret, every route is for
    programs of this machine alone. For one event loop, so for one server.
    """
    door = _Door(intake, clock, settings)

    def answering(route: str, handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            try:
                door.admission.check_page(request.headers)
                response = await handler(request)
            except Exception as error:  # noqa: BLE001  # a fault of ours is answered as one
                response = _refusal(error)
            metrics.http_answered(route, response.status_code)
            return response

        return answer

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_exception_handler(HTTPException, partial(_misled, metrics))
    for route, handler, methods in (
        ("/v1/mentions", door.mentions, ["POST"]),
        ("/v1/end", door.end, ["POST"]),
        *((route, handler, [*READ]) for route, handler in status_routes(metrics, health).items()),
    ):
        app.add_api_route(route, answering(route, handler), methods=methods, response_model=None)
    return app


async def _misled(metrics: Metrics, _: Request, error: Exception) -> Response:
    """Answer who asks for what there is not: starlette's own refusals, as JSON."""
    status, headers = 404, None
    if isinstance(error, HTTPException):
        status, headers = error.status_code, error.headers
    if status == 405:
        content = problem(Refused.METHOD, "this address takes another method")
    else:
        content = problem(Refused.NOT_FOUND, "nothing here; mentions go to POST /v1/mentions")
    metrics.http_answered("other", status)
    return Response(content, status, headers=headers, media_type=JSON)


def _refusal(error: Exception) -> Response:
    """Turn what went wrong into an answer; what is wrong on our side is logged, without texts."""
    match error:
        case RequestError():
            refusal = error
        case ClientDisconnect():
            refusal = RequestError(400, Refused.MALFORMED, "the body ended early", close=True)
        case PipelineError():
            _LOG.warning("a request could not be kept", error=type(error).__name__)
            refusal = RequestError(
                503,
                Refused.UNAVAILABLE,
                "the log cannot be written now and has not confirmed this request; some of it may "
                "be on its way: repeat it with the same id",
                retry_after=_COME_AGAIN if isinstance(error, LogUnavailable) else _COME_LATER,
            )
        case _:
            place = traceback.extract_tb(error.__traceback__)[-1]
            _LOG.error(
                "a request failed: a fault of this program",
                error=type(error).__name__,
                place=f"{place.filename}:{place.lineno}",
            )
            refusal = RequestError(
                500, Refused.FAULT, "a fault of the monitor's own; see its log", close=True
            )
    headers = {}
    if refusal.retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(refusal.retry_after)))
    if refusal.status == 401:
        headers["www-authenticate"] = "Bearer"
    if refusal.close:
        headers["connection"] = "close"
    content = problem(refusal.reason, refusal.detail)
    return Response(content, refusal.status, headers=headers, media_type=JSON)
