"""What a partition hears of its sources: how much came, how far they delivered, who is silent."""

import msgspec

from detectors.blindness import SourceWatch, SourceWatchState
from detectors.observation import SourceHearing
from detectors.settings import Detection
from detectors.signal import Signal
from pipeline.wire import SourceTick

BLIND_FOR = 24 * 60 * 60_000
"""After so long a dead source no longer makes every bucket blind: the rest is what is usual now."""


class ListeningState(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of it: accepted by source and bucket, delivered up to, each source's rhythm."""

    accepted: dict[str, dict[int, int]] = {}
    delivered: dict[str, int] = {}
    watches: dict[str, SourceWatchState] = {}


class Heard(msgspec.Struct, frozen=True):
    """What the close of a bucket said of the sources; `blind` names those that make it blind."""

    hearing: dict[str, SourceHearing]
    blind: list[str]
    signals: list[Signal]


class Listening:
    """Gathers what ticks say of the sources, and closes their buckets."""

    def __init__(self, detection: Detection, state: ListeningState | None = None) -> None:
        self._detection = detection
        kept = state or ListeningState()
        self._accepted = {name: dict(counts) for name, counts in kept.accepted.items()}
        self._delivered = dict(kept.delivered)
        self._watches = {
            name: SourceWatch(name, detection, watch) for name, watch in kept.watches.items()
        }

    def state(self) -> ListeningState:
        """The state to be kept."""
        return ListeningState(
            self._accepted,
            self._delivered,
            {name: watch.state() for name, watch in self._watches.items()},
        )

    def hearing(self) -> dict[str, SourceHearing]:
        """How far each source can be trusted, as of the last bucket closed."""
        return {name: watch.hearing for name, watch in self._watches.items()}

    def hear(self, sources: dict[str, SourceTick], bucket: int) -> None:
        """Note what a tick says; what was accepted belongs to the bucket that starts here."""
        for name, heard in sources.items():
            if heard.accepted:
                counts = self._accepted.setdefault(name, {})
                counts[bucket] = counts.get(bucket, 0) + heard.accepted
            if heard.delivered_up_to is not None:
                self._delivered[name] = max(self._delivered.get(name, 0), heard.delivered_up_to)
            if name not in self._watches:
                self._watches[name] = SourceWatch(name, self._detection)

    def close(self, start: int, length: int, cell: int, *, known: bool) -> Heard:
        """Close a bucket (or an unknown run) of every source."""
        heard = Heard({}, [], [])
        for name, watch in self._watches.items():
            counts = self._accepted.get(name)
            accepted = 0
            if counts:
                for bucket in [each for each in counts if each < start + length]:
                    accepted += counts.pop(bucket)
            _, signals = watch.close(
                start, length, cell, accepted, self._delivered.get(name), known
            )
            heard.signals.extend(signals)
            hearing = heard.hearing[name] = watch.hearing
            if hearing.blind and start - hearing.delivered_up_to < BLIND_FOR:
                heard.blind.append(name)
        return heard
