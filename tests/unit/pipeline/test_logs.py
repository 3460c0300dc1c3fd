import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from pipeline.logs import LEFT_OUT, configure, guard
from pipeline.mention import Mention, Rejected, RejectedReason
from pipeline.settings.secrets import Secret
from pipeline.settings.sections.logs import Form, Level

MENTION = Mention("7", "reviews", 0, 0, "my private text")


class Still:
    def now(self) -> int:
        return 1_424_613_600_000


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Full(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")


def fails(hidden: str) -> None:
    raise ValueError("broken" if hidden else "")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def ready(level: Level = Level.INFO, form: Form = Form.AUTO) -> io.StringIO:
    stream = io.StringIO()
    configure(level, form, stream, Still())
    return stream


def test_off_a_terminal_a_line_is_json() -> None:
    stream = ready()
    structlog.get_logger("pipeline.x").warning("log is behind", behind=3)
    assert lines(stream) == [
        {
            "behind": 3,
            "event": "log is behind",
            "level": "warning",
            "logger": "pipeline.x",
            "at": "2015-02-22T14:00:00Z",
        }
    ]


def test_on_a_terminal_it_is_for_people_unless_asked_otherwise() -> None:
    for form, is_json in ((Form.AUTO, False), (Form.CONSOLE, False), (Form.JSON, True)):
        stream = Terminal()
        configure(Level.INFO, form, stream, Still())
        structlog.get_logger("x").info("started", port=8080)
        assert stream.getvalue().startswith("{") is is_json
        assert "started" in stream.getvalue()
        assert "8080" in stream.getvalue()


def test_no_text_and_no_secret_is_written() -> None:
    stream = ready()
    structlog.get_logger("x").info(
        "odd",
        text="my private text",
        Token="hunter2",
        url="https://hooks.example.com/hunter2",
        body=b"my private text",
        found=MENTION,
        several=[MENTION, {"text": "my private text", "secret": "hunter2"}],
        key=Secret("hunter2"),
        refused=Rejected(RejectedReason.INVALID, "a.csv:3", "no text", b"my private text"),
        blob=b"my private text",
        odd=Exception("x\x1b[2J"),
    )
    (line,) = lines(stream)
    assert "private" not in stream.getvalue()
    assert "hunter2" not in stream.getvalue()
    assert line["text"] == line["Token"] == line["url"] == line["body"] == LEFT_OUT
    assert line["found"] == "mention 7"
    assert line["several"] == ["mention 7", {"text": LEFT_OUT, "secret": LEFT_OUT}]
    assert line["refused"] == "rejected a.csv:3: invalid"
    assert line["blob"] == "(15 bytes)"
    assert line["odd"] == "x\\x1b[2J"


def test_the_standard_library_takes_the_same_road() -> None:
    stream = ready()
    logging.getLogger("uvicorn.error").info("listening on %s", "\x1b[31m")
    logging.getLogger("httpx").info("HTTP Request: POST https://hooks.example.com/hunter2")
    (line,) = lines(stream)
    assert (line["event"], line["logger"]) == ("listening on \\x1b[31m", "uvicorn.error")


def test_an_exception_is_written_without_the_values_of_its_variables() -> None:
    for form in (Form.JSON, Form.CONSOLE):
        stream = ready(form=form)
        try:
            fails("hunter" + "2")
        except ValueError:
            structlog.get_logger("x").exception("failed")
        assert "ValueError: broken" in stream.getvalue()
        assert "hunter2" not in stream.getvalue()


def test_levels_and_a_second_set_up() -> None:
    first = ready(Level.WARNING)
    structlog.get_logger("x").info("quiet")
    second = ready(Level.DEBUG)
    structlog.get_logger("x").debug("loud")
    logging.getLogger("x").debug("loud, too")
    assert first.getvalue() == ""
    assert [line["event"] for line in lines(second)] == ["loud", "loud, too"]


def test_what_cannot_be_written_stops_nothing() -> None:
    configure(Level.INFO, Form.JSON, Full(), Still())
    structlog.get_logger("x").error("disk full")
    logging.getLogger("x").error("disk full")


def test_long_and_hostile_fields_are_cut_and_shown() -> None:
    line = guard(None, "", {"a\u202e": "x" * 10_000, "deep": {"b": ["\x07"] * 2}})
    assert len(str(line["a\\u202e"])) == 500
    assert line["deep"] == {"b": ["\\x07", "\\x07"]}
