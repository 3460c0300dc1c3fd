"""The door of a program that takes no mentions: `/healthz`, `/readyz`, `/metrics` and no more."""

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from pipeline.errors import EnvironmentProblem
from pipeline.health import Health
from pipeline.metrics.registry import Metrics
from pipeline.services.server import HttpServer
from pipeline.services.status_routes import JSON, READ, Handler, status_routes
from pipeline.sources.http.admission import from_foreign_page
from pipeline.sources.http.answers import Refused, problem
from pipeline.sources.http.settings import is_loopback

_PATIENCE = 2.0


class StatusDoor:
    """Says how a program is, in a thread of its own, from `start` to `stop`.

    `port` 0 takes a free one, and so does a taken one where `or_free` says that another will do:
    then `instead` says of which. What is shown holds no text and no secret, but names brands: on an
    address of this machine alone no web page of another origin is answered, on any other address
    everyone who reaches it is.

    >>> from pipeline.clock import SystemClock
    >>> door = StatusDoor(Metrics(SystemClock()), Health(), "127.0.0.1", 0)
    >>> door.start()
    >>> door.url.startswith("http://127.0.0.1:")
    True
    >>> door.stop()
    """

    def __init__(
        self, metrics: Metrics, health: Health, host: str, port: int, *, or_free: bool = False
    ) -> None:
        self._app = _app(metrics, health, guarded=is_loopback(host))
        self._host, self._port, self._or_free = host, port, or_free
        self._server = HttpServer(self._app, host, port)
        self._moved = False

    @property
    def instead(self) -> str:
        """For people, behind the address: that the usual port was taken; empty when it was not."""
        return f", since port {self._port} is taken" if self._moved else ""

    @property
    def url(self) -> str:
        """Where it is found, without a slash at the end."""
        return self._server.url

    def start(self) -> None:
        """Listen, and return once requests are answered.

        Raises EnvironmentProblem, which names the option, when the address cannot be had.
        """
        try:
            self._listen()
            self._server.start()
        except EnvironmentProblem as error:
            raise EnvironmentProblem(f"the status door {error} (--status-port)") from None

    def _listen(self) -> None:
        try:
            self._server.listen()
        except EnvironmentProblem:
            if not self._or_free or not self._port:
                raise
            self._server = HttpServer(self._app, self._host, 0)
            self._server.listen()
            self._moved = True

    def stop(self) -> None:
        """End; harmless twice."""
        self._server.stop(_PATIENCE)


def _app(metrics: Metrics, health: Health, *, guarded: bool) -> FastAPI:
    def answering(route: str, handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            if guarded and from_foreign_page(request.headers):
                response = Response(
                    problem(Refused.FOREIGN_PAGE, "only programs of this machine are answered"),
                    403,
                    media_type=JSON,
                )
            else:
                response = await handler(request)
            metrics.http_answered(route, response.status_code)
            return response

        return answer

    async def misled(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        headers = error.headers if isinstance(error, HTTPException) else None
        metrics.http_answered("other", status)
        content = problem(Refused.NOT_FOUND, "here are /healthz, /readyz and /metrics, to be read")
        return Response(content, status, headers=headers, media_type=JSON)

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_exception_handler(HTTPException, misled)
    for route, handler in status_routes(metrics, health).items():
        app.add_api_route(route, answering(route, handler), methods=[*READ], response_model=None)
    return app
