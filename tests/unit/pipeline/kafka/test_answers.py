"""Answers kept for requests that come again."""

from concurrent.futures import Future

import pytest

from pipeline.kafka import answers as module
from pipeline.kafka.answers import KEPT_FOR, Answers


def test_a_request_under_way_is_shared_and_its_answer_kept_for_a_day() -> None:
    answers = Answers()
    outcome: Future[bytes] = Future()
    assert answers.find("a") is None
    answers.begin("a", outcome)
    assert answers.find("a") is outcome
    answers.keep("a", b"first", 10.0)
    found = answers.find("a")
    assert found is not None
    assert found.result(0) == b"first"
    answers.keep("b", b"second", 9.0 + KEPT_FOR)
    assert answers.find("a") is not None
    answers.keep("c", b"third", 11.0 + KEPT_FOR)
    assert answers.find("a") is None
    assert answers.find("b") is not None


def test_a_request_that_failed_is_tried_anew() -> None:
    answers = Answers()
    answers.begin("a", Future())
    answers.forget("a")
    assert answers.find("a") is None


def test_the_oldest_go_when_there_are_too_many_or_they_are_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    answers = Answers()
    for number in range(5):
        answers.keep(str(number), b"x", float(number))
    assert [answers.find(str(number)) is not None for number in range(5)] == [
        False, False, True, True, True,
    ]  # fmt: skip
    monkeypatch.setattr(module, "MOST_BYTES", 1)
    answers.keep("large", b"y", 9.0)
    assert answers.find("large") is None
    answers.keep("2", b"again", 10.0)
    assert answers.find("2") is None
