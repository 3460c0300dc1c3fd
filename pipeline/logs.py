"""What the program writes about itself: one line an event, JSON off a terminal.

No line holds a mention's text or a secret: fields of such names are left out, mentions are named
by their id, bytes by their number, and every text is cut and freed of what a terminal would obey.
Lines of the standard library's logging take the same road.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from alerts.times import rfc3339
from pipeline.clock import Clock, SystemClock
from pipeline.mention import Mention, Rejected
from pipeline.settings.secrets import Secret
from pipeline.settings.sections.logs import Form, Level
from pipeline.settings.text import visible

LEFT_OUT: Final = "(left out)"
MAX_CHARACTERS: Final = 500
_NEVER_WRITTEN: Final = frozenset(
    {
        "authorization",
        "body",
        "headers",
        "mention",
        "mentions",
        "password",
        "payload",
        "raw",
        "secret",
        "secrets",
        "text",
        "token",
        "tokens",
        "url",
    }
)
_TALKATIVE: Final = (
    "httpx",
    "httpcore",
    "uvicorn.access",
    "alembic",
    "sqlalchemy",
    "stamina",
    "kafka",
)
"""They write addresses or a line for every request below WARNING."""


def configure(
    level: Level = Level.INFO,
    form: Form = Form.AUTO,
    stream: TextIO | None = None,
    clock: Clock | None = None,
) -> None:
    """Send every line of structlog and logging to `stream` (standard error).

    A second call replaces the first. A stream that cannot be written never stops the program.
    """
    target = stream or sys.stderr
    console = form is Form.CONSOLE or (form is Form.AUTO and target.isatty())
    shared = _shared(clock or SystemClock())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _Handler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                guard,
                _renderer(console=console),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, so that it can be told apart; what it cannot write it drops."""

    def handleError(self, record: logging.LogRecord) -> None:  # logging's name  # noqa: N802  # logging's name
        """Drop the line: a full disk or a closed pipe must not stop a page."""
        del record


def _shared(clock: Clock) -> list[Processor]:
    def add_at(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        del logger, method
        event["at"] = rfc3339(clock.now())
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        add_at,
    ]


def _renderer(*, console: bool) -> Processor:
    if console:
        return structlog.dev.ConsoleRenderer(
            timestamp_key="at",
            exception_formatter=structlog.dev.plain_traceback,
        )
    return structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=True)


def guard(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Leave out what must never be written and make the rest safe to show."""
    del logger, method
    return {
        visible(key): LEFT_OUT if key.casefold() in _NEVER_WRITTEN else _safe(key, value)
        for key, value in event.items()
    }


def _safe(key: str, value: object) -> object:  # noqa: PLR0911  # one kind of value each
    match value:
        case None | bool() | int() | float():
            return value
        case Mention():
            return f"mention {visible(value.id)}"
        case Rejected():
            return f"rejected {visible(value.origin)}: {value.reason}"
        case Secret():
            return str(value)
        case bytes() | bytearray() | memoryview():
            return f"({len(value)} bytes)"
        case str() if key == "exception":
            return "\n".join(visible(line, MAX_CHARACTERS) for line in value.splitlines())
        case Mapping():
            return guard(None, "", {str(inner): each for inner, each in value.items()})
        case list() | tuple() | set() | frozenset():
            return [_safe("", each) for each in value]
        case _:
            return visible(value, MAX_CHARACTERS)
