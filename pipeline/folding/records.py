"""What the fold is told, what it keeps apart from its brands, and what it says."""

import msgspec

from detectors.settings import Detection
from pipeline.folding.listening import ListeningState
from pipeline.folding.partition import Span, Writer
from pipeline.wire import JudgedEntry, SignalsRecord

PARTITION_ROW_VERSION = 1


class FoldSettings(msgspec.Struct, frozen=True):
    """What the fold is to know; durations in ms.

    `brands` maps each configured brand to its zone; others take `zone`. `max_delay` is by source,
    `usual_delay` for the rest; in event mode both are 0. Partition 0 alone speaks of sources.
    """

    detection: Detection
    event_mode: bool
    brands: dict[str, str] = {}
    zone: str = "UTC"
    max_delay: dict[str, int] = {}
    usual_delay: int = 60 * 60_000
    partition: int = 0


class PartitionRow(msgspec.Struct, frozen=True, array_like=True):
    """What a partition knows apart from its brands; written last."""

    version: int
    time: int | None
    greatest: int | None
    next_close: int | None
    writers: dict[str, Writer]
    unknown: list[Span]
    listening: ListeningState


class Outputs(msgspec.Struct):
    """What the fold said since it was last asked."""

    signals: list[SignalsRecord] = []
    judged: list[JudgedEntry] = []
