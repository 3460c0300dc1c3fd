"""The sender against a real door, with a road between them that loses things."""

import contextlib
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator

import pytest

from pipeline.encoding import encode_json
from pipeline.errors import EnvironmentProblem, LogUnavailable, SettingsError
from pipeline.intake import Disposition
from pipeline.mention import Author, Mention
from pipeline.replay_http import Patience, Sent, Target, send
from pipeline.services.server import HttpServer
from pipeline.settings.secrets import Secret
from pipeline.sources.http.settings import HttpSettings, Limits
from tests.door import Door, a_door

SOON = Patience(give_up=20.0, first_wait=0.01, longest_wait=0.05, jitter=0.0, answer=5.0)
EVENT = HttpSettings(event_time=True)


def said(number: int) -> Mention:
    return Mention(
        str(number), "http", 1_424_599_200_000 + number, 0, f"bag {number}", author=Author("a")
    )


def chunks(count: int, size: int = 70) -> list[list[Mention]]:
    return [
        [said(number) for number in range(start, min(start + size, count))]
        for start in range(0, count, size)
    ]


def ids(door: Door) -> list[str]:
    return [mention.id for mention in door.intake.mentions]


class Road:
    """Forwards one request a connection; `ways` are used up first.

    `pass`; `refuse` (hangs up before the door hears of it); `lose` (the door hears, its answer is
    lost); `half` (half the answer).
    """

    def __init__(self, port: int) -> None:
        self.ways: deque[str] = deque()
        self.seen = 0
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                self._carry(connection)

    def _carry(self, connection: socket.socket) -> None:
        self.seen += 1
        way = self.ways.popleft() if self.ways else "pass"
        if way != "refuse":
            answer = self._asked(self._request(connection))
            if way == "half":
                connection.sendall(answer[: len(answer) // 2])
            elif way == "pass":
                connection.sendall(answer)
        if way != "pass":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _request(self, connection: socket.socket) -> bytes:
        heard = b""
        while b"\r\n\r\n" not in heard:
            heard += connection.recv(65536)
        head, _, body = heard.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        while len(body) < length:
            body += connection.recv(65536)
        head = head.replace(b"keep-alive", b"close")
        return head + b"\r\n\r\n" + body

    def _asked(self, request: bytes) -> bytes:
        answer = b""
        with socket.create_connection(("127.0.0.1", self._port), timeout=10) as door:
            door.sendall(request)
            while part := door.recv(65536):
                answer += part
        return answer

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@pytest.fixture
def door() -> Iterator[Door]:
    with a_door(EVENT) as one:
        yield one


@pytest.fixture
def road(door: Door) -> Iterator[Road]:
    one = Road(door.server.port)
    yield one
    one.close()


@pytest.mark.parametrize(
    ("settings", "target"),
    [
        (EVENT, {}),
        (HttpSettings(event_time=True, tokens=(Secret("tok"),)), {"token": Secret("tok")}),
        (HttpSettings(event_time=True, secrets=(Secret("a2V5"),)), {"secret": Secret("a2V5")}),
    ],
)
def test_everything_comes_once_and_in_order(
    settings: HttpSettings, target: dict[str, Secret]
) -> None:
    with a_door(settings) as door:
        told: list[Sent] = []
        sent = send(
            chunks(500), Target(door.url, **target), batch=50, progress=told.append, patience=SOON
        )
        assert ids(door) == [str(number) for number in range(500)]
        assert (sent.mentions, sent.accepted, sent.repeats) == (500, 500, 0)
        assert [one.mentions for one in told] == sorted(one.mentions for one in told)
        assert door.intake.ended == ["http"]


def test_batches_are_bounded_and_stay_within_a_chunk(door: Door) -> None:
    send(chunks(200), Target(door.url), batch=50, patience=SOON)
    assert [len(batch.mentions) for batch in door.intake.batches] == [50, 20, 50, 20, 50, 10]


def test_large_texts_make_small_batches(door: Door) -> None:
    large = [Mention(str(n), "http", n, 0, "\u0001" * 65_000) for n in range(30)]
    send([large], Target(door.url), patience=SOON)
    assert len(door.intake.mentions) == 30
    assert len(door.intake.batches) == 3


def test_what_was_not_confirmed_is_sent_again_and_counted_once(door: Door, road: Road) -> None:
    road.ways.extend(["refuse", "lose", "half", "pass", "lose", "refuse", "refuse", "pass", "half"])
    sent = send(chunks(300), Target(road.url), batch=35, patience=SOON)
    assert ids(door) == [str(number) for number in range(300)]
    assert sent.repeats == 7
    assert road.seen == 7 + 9 + 1
    assert sent.accepted == 300


def test_a_sender_started_again_sends_the_same_requests(door: Door, road: Road) -> None:
    class Stopped(Exception):  # noqa: N818
        pass

    def broken() -> Iterator[list[Mention]]:
        yield from chunks(300)[:3]
        raise Stopped

    with pytest.raises(Stopped):
        send(broken(), Target(road.url), batch=35, patience=SOON)
    assert len(ids(door)) == 210
    send(chunks(300), Target(road.url), batch=35, patience=SOON)
    assert ids(door) == [str(number) for number in range(300)]


def test_it_waits_while_the_log_is_behind_or_away(door: Door) -> None:
    door.intake.failure = LogUnavailable("full")
    timers = [
        threading.Timer(0.3, lambda: setattr(door.intake, "failure", None)),
        threading.Timer(0.3, lambda: setattr(door.intake, "wait", 1.0)),
        threading.Timer(0.6, lambda: setattr(door.intake, "wait", None)),
    ]
    for timer in timers:
        timer.start()
    sent = send(chunks(100), Target(door.url), patience=SOON)
    for timer in timers:
        timer.join()
    assert ids(door) == [str(number) for number in range(100)]
    assert sent.repeats >= 1


def test_it_comes_again_when_it_was_told_to(door: Door) -> None:
    door.intake.wait = 1.0
    timer = threading.Timer(0.4, lambda: setattr(door.intake, "wait", None))
    timer.start()
    sent = send(chunks(10), Target(door.url), patience=SOON)
    timer.join()
    assert sent.repeats == 1


def test_equal_batches_are_still_two(door: Door) -> None:
    send([chunks(10)[0] * 2] * 2, Target(door.url), batch=10, patience=SOON)
    assert len(door.intake.batches) == 4


def test_a_door_that_comes_back_is_found_again(door: Door) -> None:
    url, port = door.url, door.server.port
    door.server.stop()
    later = HttpServer(door.app, "127.0.0.1", port)
    timer = threading.Timer(0.3, later.start)
    timer.start()
    try:
        sent = send(chunks(100), Target(url), patience=SOON)
    finally:
        timer.join()
        later.stop()
    assert sent.repeats >= 1
    assert ids(door) == [str(number) for number in range(100)]


def test_it_gives_up_after_the_stated_time(door: Door) -> None:
    door.server.stop()
    patience = Patience(give_up=0.2, first_wait=0.01, longest_wait=0.05, jitter=0.0)
    with pytest.raises(EnvironmentProblem, match=r"did not confirm for 0\.2 s") as caught:
        send(chunks(1), Target(door.url), patience=patience)
    assert caught.value.exit_code == 3


def test_a_refusal_for_good_is_not_repeated() -> None:
    with a_door(HttpSettings(tokens=(Secret("tok"),))) as guarded:
        target = Target(guarded.url, token=Secret("wrong-token"))
        with pytest.raises(
            SettingsError, match=r"refuses \(401\): this bearer token is not known"
        ) as caught:
            send(chunks(1), target, patience=SOON)
        assert "wrong-token" not in str(caught.value)
        # a monitor by the clock has no end of input, and says so: that is no trouble
        send(chunks(1), Target(guarded.url, token=Secret("tok")), patience=SOON)


def test_the_address_may_name_path_and_source(door: Door) -> None:
    send(chunks(1), Target(door.url + "/v1/mentions/?source=http"), patience=SOON)
    assert ids(door) == ["0"]
    with pytest.raises(SettingsError, match="404"):
        send(chunks(1), Target(door.url + "?source=shop"), patience=SOON)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8080",
        "ftp://a",
        "http://",
        "http://a:b:c",
        "h\0",
        "http://me:hidden@localhost",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="http://HOST:PORT") as caught:
        send(chunks(1), Target(url), patience=SOON)
    assert "hidden" not in str(caught.value)


def test_the_summary_counts_what_was_not_taken(door: Door) -> None:
    door.intake.judge = lambda mention: (
        Disposition.LATE if mention.id == "1" else Disposition.NO_BRAND
    )
    wrong = Mention("2", "http", 0, 0, " ")
    sent = send([[said(1), wrong, said(3)]], Target(door.url), patience=SOON)
    assert (sent.accepted, sent.late, sent.rejected, sent.ignored) == (1, 1, 1, 1)
    assert sent.reasons == {"late": 1, "invalid": 1, "no_brand": 1}
    assert "not taken as they came: late 1, invalid 1, no_brand 1" in sent.summary()


def test_a_stranger_that_answers_200_is_no_monitor() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(SettingsError, match="no crisis-monitor"):
            send(
                chunks(1),
                Target(f"http://127.0.0.1:{listener.getsockname()[1]}"),
                patience=SOON,
            )
        thread.join(10)


def test_a_batch_larger_than_the_door_takes_is_said_to_be() -> None:
    with (
        a_door(HttpSettings(limits=Limits(mentions=5))) as door,
        pytest.raises(SettingsError, match=r"\(413\): more than 5 mentions"),
    ):
        send(chunks(20), Target(door.url), patience=SOON)


def test_nothing_to_send_is_an_end_all_the_same(door: Door) -> None:
    assert send([[], []], Target(door.url), patience=SOON).mentions == 0
    assert door.intake.ended == ["http"]
    assert encode_json(said(1)).startswith(b"{")
