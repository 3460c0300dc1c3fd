"""What the page and its engine say to each other: one JSON object a line, over two pipes."""

import msgspec

from pipeline.demo.outcome import DemoResult
from pipeline.demo.story import Caption

# -- from the page to the engine -------------------------------------------------------------


class Silenced(msgspec.Struct, frozen=True, tag="silenced"):
    """A source the visitor silenced: it delivers nothing in `[start, end)` (ms)."""

    source: str
    start: int
    end: int


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """The first line: take this directory up, or begin in it.

    `hurry` multiplies the speed, 0 stands still. `page` is where the page is found.
    """

    directory: str
    seed: int
    hurry: float
    page: str
    answers: bool = True
    silences: tuple[Silenced, ...] = ()


class Hurry(msgspec.Struct, frozen=True, tag="hurry"):
    """Multiply the story's speed from now on; 0 stands still."""

    by: float


class Skip(msgspec.Struct, frozen=True, tag="skip"):
    """Go to the next crisis, or to the end, as fast as it goes."""


class Answers(msgspec.Struct, frozen=True, tag="answers"):
    """Whether Ann answers."""

    on: bool


class Posted(msgspec.Struct, frozen=True):
    """Something the visitor lets somebody say."""

    id: str
    author: str
    text: str
    brand: str = ""


class Post(msgspec.Struct, frozen=True, tag="post"):
    """Say these things now; said again with the same `id`s they are the same things."""

    trial: str
    posts: tuple[Posted, ...]


class Silence(msgspec.Struct, frozen=True, tag="silence"):
    """Let a source fall silent for so long (ms)."""

    trial: str
    source: str
    lasts: int


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """End."""


Command = Begin | Hurry | Skip | Answers | Post | Silence | Stop


# -- from the engine to the page -------------------------------------------------------------


class Learnt(msgspec.Struct, frozen=True, tag="learnt"):
    """How much of the week before is learnt, 0 to 1."""

    share: float


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """At work from `at` (ms); with `took_up` it found a log and went on from it."""

    at: int
    mentions: int
    repeated: int
    took_up: bool


class Moved(msgspec.Struct, frozen=True, tag="moved"):
    """A step was done, or how things stand has changed; `speed` in story time a time."""

    at: int
    speed: float
    mentions: int
    waiting: bool
    skipping: bool


class Told(msgspec.Struct, frozen=True, tag="told"):
    """A caption."""

    caption: Caption


class Sent(msgspec.Struct, frozen=True, tag="sent"):
    """A message to the person on call."""

    key: str
    incident: str
    reason: str
    at: int
    title: str
    text: str


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    """What a `Post` or `Silence` asked for is said, or begins, at this instant (ms)."""

    trial: str
    at: int
    until: int = 0


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The days are over."""

    at: int
    result: DemoResult


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """It cannot go on, and why."""

    detail: str


Report = Learnt | Opened | Moved | Told | Sent | Heard | Finished | Trouble

commands = msgspec.json.Decoder(Command)
reports = msgspec.json.Decoder(Report)


def line(said: Command | Report) -> bytes:
    r"""One line of the protocol.

    >>> line(Hurry(2.0))
    b'{"type":"hurry","by":2.0}\n'
    """
    return msgspec.json.encode(said) + b"\n"
