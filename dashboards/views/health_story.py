"""How the monitor itself is, as values: sources, stages, messages, files, and what is wrong."""

from typing import TYPE_CHECKING

import msgspec

from alerts.incident import Incident

if TYPE_CHECKING:
    from pipeline.stores.changes import SettingsChange


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong: `critical` where pages may be missed.

    `runbook` is a page of docs/runbooks without its ending, empty where there is none.
    """

    critical: bool
    what: str
    do: str
    runbook: str = ""
    since: int | None = None
    incident: str = ""


class SourceHealth(msgspec.Struct, frozen=True):
    """One source: `delivered_up_to` is None where nothing ever came through it.

    `accepted` in the last hour; `silent_since` while it is silent against its own rhythm.
    """

    name: str
    configured: bool
    delivered_up_to: int | None
    accepted: int
    last_accepted: int | None
    silent_since: int | None


class Stage(msgspec.Struct, frozen=True):
    """How far a reader of the log is behind: in records, and by how much time where it is known."""

    name: str
    what: str
    records: int
    more: bool
    behind: int | None
    detail: str = ""


class Engine(msgspec.Struct, frozen=True):
    """Where detection is; `stands_since` while it does not move though the clock does."""

    event_mode: bool
    time: int | None
    stands_since: int | None
    ahead_by: int
    catching_up: tuple[str, ...]


class PartitionHealth(msgspec.Struct, frozen=True):
    """One partition where workers are apart, as the stores know it.

    `time` is how far detection is in it, `behind` how far that is behind the clock (None: not
    known, or time is the mentions' own), `closed_up_to` the end of its last closed bucket.
    `folded` is the offset of mentions it had come to, the next three are the offsets last read of
    its signals, judged mentions and dead letters, `people` that of the signals applied to
    incidents, `people_late` by how much time; -1: none yet. `brands` are some of its brands,
    `more_brands` how many more there are.
    """

    number: int
    time: int | None
    behind: int | None
    stands: bool
    closed_up_to: int | None
    folded: int
    signals: int
    judged: int
    rejected: int
    people: int
    people_late: int | None
    brands: tuple[str, ...]
    more_brands: int


class Detected(msgspec.Struct, frozen=True):
    """What is known of detection itself; `partitions` where it works apart from here."""

    engine: Engine
    sources: tuple[SourceHealth, ...]
    stages: tuple[Stage, ...]
    partitions: tuple[PartitionHealth, ...] = ()


class RejectedInput(msgspec.Struct, frozen=True):
    """One input that is no mention, its bytes as one harmless line.

    `place` is where it stood in a topic, empty where it came to the door.
    """

    id: str
    at: int
    reason: str
    source: str
    origin: str
    detail: str
    raw: str
    replayed: str
    place: str = ""


class ReceiverHealth(msgspec.Struct, frozen=True):
    """What became of one receiver's messages."""

    name: str
    kind: str
    delivered: int
    waiting: int
    refused: int


class Failure(msgspec.Struct, frozen=True):
    """One attempt that did not deliver."""

    receiver: str
    at: int
    result: str
    detail: str


class WaitingMessage(msgspec.Struct, frozen=True):
    """A message that is still to be delivered, or was refused; `pages` somebody, or reminds."""

    incident: str
    receiver: str
    reason: str
    since: int
    next_attempt_at: int | None
    attempts: int
    detail: str
    pages: bool = False


class FileSize(msgspec.Struct, frozen=True):
    """One database with what it has not folded in yet, in bytes."""

    name: str
    size: int


class Disk(msgspec.Struct, frozen=True):
    """Room where the databases lie, in bytes."""

    free: int
    total: int


class HealthStory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything ops need to know, as of `now`; `problems` are the most urgent first."""

    now: int
    problems: tuple[Problem, ...]
    engine: Engine
    sources: tuple[SourceHealth, ...]
    stages: tuple[Stage, ...]
    rejected: tuple[tuple[str, int], ...]
    rejected_last: tuple[RejectedInput, ...]
    receivers: tuple[ReceiverHealth, ...]
    waiting: tuple[WaitingMessage, ...]
    refused: tuple[WaitingMessage, ...]
    failures: tuple[Failure, ...]
    silent: tuple[Incident, ...]
    files: tuple[FileSize, ...]
    disk: Disk | None
    retention: tuple[tuple[str, int], ...]
    version: str
    settings_version: str
    settings_place: str
    changes: "tuple[SettingsChange, ...]"
    apart: bool = False
    """Whether workers and readers are elsewhere, and this is what the stores know of them."""
    place: str = ""
    """Where the stores are, without a password; told where they are apart."""
    partitions: tuple[PartitionHealth, ...] = ()
    unread: tuple[str, ...] = ()
    """Stores that cannot be read, each with what is wrong and how to mend it."""
