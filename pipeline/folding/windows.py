"""Open buckets of one brand, and what was seen in the last 60 minutes.

Both are accumulators: they change in place, one mention at a time, and give frozen values out.
"""

from array import array
from collections import deque

import msgspec

from detectors.observation import NOTHING_SAID, Observation
from pipeline.judging.scorer import Judgement, Label
from pipeline.mention import Mention

SEEN_FOR = 60 * 60_000
"""How long an id, an author or a text stays known after it was last met."""

_NEGATIVE = Label.NEGATIVE
_UNSCORED = Label.UNSCORED


class Tally:
    """The sums of one open bucket; `observation()` freezes them."""

    __slots__ = (
        "by_channel",
        "by_kind",
        "by_language",
        "delayed",
        "mentions",
        "negative",
        "negative_unique",
        "negative_voices",
        "negative_voices_by_source",
        "own",
        "reach",
        "scored_voices",
        "unique",
        "unscored",
        "voices",
    )

    def __init__(self, start: Observation = NOTHING_SAID) -> None:
        self.mentions = start.mentions
        self.unique = start.unique
        self.voices = start.voices
        self.negative = start.negative
        self.negative_unique = start.negative_unique
        self.negative_voices = start.negative_voices
        self.scored_voices = start.scored_voices
        self.unscored = start.unscored
        self.own = start.own
        self.delayed = start.delayed
        self.reach = start.reach
        self.by_channel = dict(start.by_channel)
        self.by_language = dict(start.by_language)
        self.by_kind: dict[str, int] = dict(start.by_kind)
        self.negative_voices_by_source = dict(start.negative_voices_by_source)

    def add(self, mention: Mention, judgement: Judgement, *, voice: bool, unique: bool) -> None:
        """Count one mention that is neither a repeat, nor late, nor the brand's own."""
        self.mentions += 1
        self.reach += mention.reach
        channel = mention.channel
        self.by_channel[channel] = self.by_channel.get(channel, 0) + 1
        language = judgement.language
        self.by_language[language] = self.by_language.get(language, 0) + 1
        kind = mention.kind
        self.by_kind[kind] = self.by_kind.get(kind, 0) + 1
        if unique:
            self.unique += 1
        if voice:
            self.voices += 1
        label = judgement.label
        if label is _UNSCORED:
            self.unscored += 1
            return
        if voice:
            self.scored_voices += 1
        if label is _NEGATIVE:
            self.negative += 1
            if unique:
                self.negative_unique += 1
            if voice:
                self.negative_voices += 1
                sources = self.negative_voices_by_source
                sources[mention.source] = sources.get(mention.source, 0) + 1

    def observation(self) -> Observation:
        """The sums so far."""
        return Observation(
            self.mentions,
            self.unique,
            self.voices,
            self.negative,
            self.negative_unique,
            self.negative_voices,
            self.scored_voices,
            self.unscored,
            self.own,
            self.delayed,
            self.reach,
            self.by_channel,
            self.by_language,
            self.by_kind,
            self.negative_voices_by_source,
        )


class Chunk(msgspec.Struct, frozen=True):
    """Digests first met or met again in one bucket: 8 bytes each, in the order of the log."""

    bucket: int
    digests: bytes


class Seen:
    """Digests of ids, authors and texts met in the last 60 minutes; meeting one renews it.

    Guarantees: a digest is known in the bucket it was met in and in every bucket that starts less
    than 60 minutes after it; memory is bounded by what was met in that time. `new_chunks()` gives
    what is to be written since it was last called: chunks are appended to and dropped, never
    rewritten.
    """

    __slots__ = ("_at", "_buckets", "_chunk", "_digests", "_fresh", "_last")

    def __init__(self) -> None:
        self._at: int | None = None
        self._chunk = array("Q")
        self._last: dict[int, int] = {}
        self._digests: dict[int, array[int]] = {}
        self._buckets: deque[int] = deque()
        self._fresh: dict[int, int] = {}

    def meet(self, digest: int, bucket: int) -> bool:
        """Note the digest; true when it was not known."""
        last = self._last.get(digest)
        if last is not None and last >= bucket:
            return False
        self._last[digest] = bucket
        if bucket != self._at:
            self._turn_to(bucket)
        self._chunk.append(digest)
        return last is None or last <= bucket - SEEN_FOR

    def _turn_to(self, bucket: int) -> None:
        """Let digests be appended to this bucket's chunk: most come for one and the same."""
        chunk = self._digests.get(bucket)
        if chunk is None:
            chunk = self._digests[bucket] = array("Q")
            self._keep_order(bucket)
        if bucket not in self._fresh:
            self._fresh[bucket] = len(chunk)
        self._at = bucket
        self._chunk = chunk

    def __contains__(self, digest: int) -> bool:
        return digest in self._last

    def __len__(self) -> int:
        return len(self._last)

    def forget_before(self, bucket: int) -> bool:
        """Drop what was last met in buckets that start before this one; true if any was."""
        buckets = self._buckets
        if not buckets or buckets[0] >= bucket:
            return False
        self._at = None
        last = self._last
        while buckets and buckets[0] < bucket:
            leaving = buckets.popleft()
            self._fresh.pop(leaving, None)
            for digest in self._digests.pop(leaving):
                if last[digest] == leaving:
                    del last[digest]
        return True

    def new_chunks(self) -> list[Chunk]:
        """What was met since the last call, as chunks to append."""
        if not self._fresh:
            return []
        chunks = [
            Chunk(bucket, self._digests[bucket][start:].tobytes())
            for bucket, start in self._fresh.items()
        ]
        self._fresh = {}
        self._at = None
        return chunks

    def whole(self, bucket: int) -> Chunk:
        """All that was met in one bucket; none of it twice."""
        return Chunk(bucket, self._digests.get(bucket, array("Q")).tobytes())

    def restore(self, chunks: list[Chunk]) -> None:
        """Take back chunks in the order in which they were written."""
        for chunk in chunks:
            if chunk.bucket not in self._digests:
                self._digests[chunk.bucket] = array("Q")
                self._keep_order(chunk.bucket)
            digests = array("Q")
            digests.frombytes(chunk.digests)
            self._digests[chunk.bucket].extend(digests)
            for digest in digests:
                if self._last.get(digest, chunk.bucket) <= chunk.bucket:
                    self._last[digest] = chunk.bucket
        self._fresh = {}
        self._at = None

    def _keep_order(self, bucket: int) -> None:
        if self._buckets and bucket < self._buckets[-1]:
            self._buckets = deque(sorted((*self._buckets, bucket)))
        else:
            self._buckets.append(bucket)
