"""What viewers are told, and that none of them can make the server remember without end."""

import asyncio
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.console.events import MOST_VIEWERS, UNSENT, Seen, Viewer, frame, parts_of, rest
from dashboards.views.books import Marks

MARKS = Marks(1, 2, 3, 4, 5)


def test_parts_name_what_has_changed() -> None:
    assert parts_of(MARKS, MARKS) == []
    assert parts_of(MARKS, Marks(9, 2, 3, 4, 5)) == ["buckets"]
    assert parts_of(MARKS, Marks(1, 9, 9, 9, 5)) == ["mentions", "incidents", "notifications"]
    assert parts_of(MARKS, Marks(1, 2, 3, 4, 9)) == ["time"]


def test_the_more_look_on_the_rarer_they_are_told() -> None:
    assert [rest(viewers, event_mode=False) for viewers in (0, 1, 25, 50)] == [1.0, 1.0, 1.0, 2.0]
    assert rest(1, event_mode=True) < 1 < rest(50, event_mode=True) == 2.0
    assert rest(MOST_VIEWERS, event_mode=True) <= 10


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=80))
def test_no_text_breaks_out_of_an_event(text: str) -> None:
    sent = frame("trouble", {"detail": text.encode("utf-8", "replace").decode()})
    assert sent.count(b"\n") == 3
    assert b"\r" not in sent
    event, data = sent.removesuffix(b"\n\n").split(b"\n")
    assert event == b"event: trouble"
    assert isinstance(json.loads(data.removeprefix(b"data: "))["detail"], str)


def test_a_state_says_how_far_everything_is() -> None:
    sent = frame("state", Seen(20, 10, MARKS))
    assert json.loads(sent.split(b"data: ")[1]) == {
        "now": 20,
        "as_of": 10,
        "marks": {"buckets": 1, "mentions": 2, "events": 3, "outbox": 4, "folded": 5},
        "stands_since": None,
        "stands_in": "",
        "event_mode": False,
        "unread": [],
    }


def test_a_viewer_gets_what_was_sent_in_order_and_then_the_end() -> None:
    async def watch() -> list[bytes | None]:
        viewer = Viewer()
        for sent in (b"a", b"b", None):
            viewer.tell(sent)
        return [await viewer.next() for _ in range(3)]

    assert asyncio.run(watch()) == [b"a", b"b", None]


def test_a_viewer_that_does_not_read_is_cut_off_at_the_first_event_too_many() -> None:
    async def watch() -> tuple[list[int], bytes | None]:
        viewer = Viewer()
        cuts: list[int] = []
        viewer.cut_by(lambda: cuts.append(number))
        for number in range(UNSENT + 3):  # noqa: B007  # read by the lambda
            viewer.tell(b"x")
        return cuts, await viewer.next()

    cuts, then = asyncio.run(watch())
    assert cuts[0] == UNSENT
    assert then is None
