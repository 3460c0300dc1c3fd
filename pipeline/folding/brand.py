"""One brand's running state inside the fold, and the row it is kept as."""

import msgspec

from detectors.brand import BrandDetectors, BrandState, Closing
from detectors.observation import NOTHING_SAID, Bucket, Observation, SourceHearing
from detectors.settings import Detection
from pipeline.folding.windows import Seen, Tally
from pipeline.judging.copies import digest
from pipeline.judging.scorer import Judgement, Label
from pipeline.wire import Entry

ROW_VERSION = 1
STAGGER = 30 * 60_000
"""Silent brands' rows are written spread over this time, not all at once."""
MOST_SOURCES = 16
"""Sources whose share of a brand's voices is remembered."""

_NEGATIVE = Label.NEGATIVE
_UNSCORED = Label.UNSCORED


class Totals(msgspec.Struct, array_like=True):
    """Sums since the log began. `distinct` counts a mention of several brands in one of them."""

    mentions: int = 0
    unique: int = 0
    voices: int = 0
    negative: int = 0
    own: int = 0
    unscored: int = 0
    delayed: int = 0
    late: int = 0
    repeated: int = 0
    distinct: int = 0


class BrandRow(msgspec.Struct, frozen=True, array_like=True):
    """A brand's core row; the digests of the last 60 minutes are kept apart, as chunks.

    `closed_up_to` is the end of the last bucket it was folded through: a silent brand's row may
    be up to an hour old, and is brought up to the partition's time when it is read.
    """

    version: int
    brand: str
    closed_up_to: int
    totals: Totals
    open: dict[int, Observation]
    heard: dict[str, int]
    detectors: BrandState


class BrandFold:
    """Folds one brand's mentions into open buckets and closes them through the detectors."""

    __slots__ = (
        "_stagger",
        "closed_up_to",
        "detectors",
        "heard",
        "languages",
        "name",
        "open",
        "seen",
        "surge_open",
        "totals",
        "written_up_to",
        "zone",
    )

    def __init__(
        self,
        name: str,
        zone: str,
        detection: Detection,
        closed_up_to: int,
        languages: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.zone = zone
        self.languages = languages
        self.detectors = BrandDetectors(name, detection)
        self.open: dict[int, Tally] = {}
        self.seen = Seen()
        self.totals = Totals()
        self.heard: dict[str, int] = {}
        self.closed_up_to = closed_up_to
        self.written_up_to = 0
        self.surge_open = False
        self._stagger = digest(name) % STAGGER

    @classmethod
    def from_row(
        cls,
        row: BrandRow,
        zone: str,
        detection: Detection,
        seen: Seen,
        languages: tuple[str, ...] = (),
    ) -> "BrandFold":
        """Take a row and its digests back; the next close goes on as if nothing had happened."""
        brand = cls(row.brand, zone, detection, row.closed_up_to, languages)
        brand.detectors = BrandDetectors(row.brand, detection, row.detectors)
        brand.open = {start: Tally(observation) for start, observation in row.open.items()}
        brand.seen = seen
        brand.totals = row.totals
        brand.heard = dict(row.heard)
        brand.written_up_to = row.closed_up_to - brand._stagger
        return brand

    def row(self) -> BrandRow:
        """The state to be written; `written_up_to` follows."""
        self.written_up_to = self.closed_up_to - self._stagger
        return BrandRow(
            ROW_VERSION,
            self.name,
            self.closed_up_to,
            self.totals,
            {start: tally.observation() for start, tally in self.open.items()},
            self.heard,
            self.detectors.state(),
        )

    def count(
        self, entry: Entry, judgement: Judgement, bucket: int, *, voice: bool, unique: bool
    ) -> None:
        """Add a mention that counts to the open bucket that starts at `bucket`."""
        tally = self.open.get(bucket)
        if tally is None:
            tally = self.open[bucket] = Tally()
        mention = entry.mention
        tally.add(mention, judgement, voice=voice, unique=unique)
        totals = self.totals
        totals.mentions += 1
        if entry.first:
            totals.distinct += 1
        if unique:
            totals.unique += 1
        if voice:
            totals.voices += 1
            heard = self.heard
            source = mention.source
            if source in heard or len(heard) < MOST_SOURCES:
                heard[source] = heard.get(source, 0) + 1
        label = judgement.label
        if label is _NEGATIVE:
            totals.negative += 1
        elif label is _UNSCORED:
            totals.unscored += 1

    def count_own(self, bucket: int) -> None:
        """Note a post by the brand itself: kept, never counted as a mention."""
        tally = self.open.get(bucket)
        if tally is None:
            tally = self.open[bucket] = Tally()
        tally.own += 1
        self.totals.own += 1

    def hears(self, source: str) -> bool:
        """Whether a source gave at least a tenth of this brand's voices."""
        return self.heard.get(source, 0) * 10 >= max(1, self.totals.voices)

    def take(self, start: int) -> Observation:
        """Remove the open bucket that starts here and freeze it."""
        tally = self.open.pop(start, None)
        return NOTHING_SAID if tally is None else tally.observation()

    def close(self, bucket: Bucket, sources: "dict[str, SourceHearing]") -> Closing:
        """Hand a closed bucket to the detectors."""
        closing = self.detectors.close(bucket, sources)
        self.closed_up_to = bucket.end
        self.surge_open = closing.open
        return closing
