"""[detection]: when talk is a crisis. The defaults are the detectors' own."""

from typing import Annotated, Final

import msgspec
from pydantic import Field

from detectors.settings import Detection, Sensitivity
from pipeline.settings.sections.section import Count, Duration, Number, Section, Span, Whole

_SHIPPED: Final = Detection()
_Fold = Annotated[Number, Field(gt=1, le=1000)]


class SeveritySection(Section):
    """[detection.severity]: what makes a warning critical."""

    fold: _Fold = Field(
        default=_SHIPPED.severity.fold,
        description="critical from this many times the expected negatives",
    )
    minimum: Count = Field(
        default=_SHIPPED.severity.minimum, description="and from at least this many negatives"
    )
    age: Span = Field(
        default=_SHIPPED.severity.age,
        description="a warning this old and not below its opening level is critical",
    )
    reach: Whole = Field(
        default=_SHIPPED.severity.reach,
        description="critical from this reach of an hour; 0: reach never decides",
    )


class FloorSection(Section):
    """[detection.floor]: the rule that pages before anything is learnt."""

    window: Span = Field(default=_SHIPPED.floor.window, description="the time looked at")
    minimum: Count = Field(
        default=_SHIPPED.floor.minimum, description="fewest negative voices in it"
    )
    share: Annotated[Number, Field(gt=0, le=1)] = Field(
        default=_SHIPPED.floor.share, description="smallest negative share in it"
    )


class CalmSection(Section):
    """[detection.calm]: when a crisis is over."""

    fold: _Fold = Field(
        default=_SHIPPED.calm.fold,
        description="calm is at most this many times the expected negatives",
    )
    hold: Span = Field(default=_SHIPPED.calm.hold, description="for this long")
    after: Duration = Field(
        default=_SHIPPED.calm.after, description="at the earliest this long after opening"
    )
    ended_after: Span = Field(
        default=_SHIPPED.calm.ended_after,
        description="an incident resolves itself when it has been calm this long",
    )


class VolumeSection(Section):
    """[detection.volume]: attention, listed apart; it pages nobody by default."""

    fold: _Fold = Field(
        default=_SHIPPED.volume.fold,
        description="attention from this many times the expected voices",
    )
    minimum: Annotated[Number, Field(ge=1)] = Field(
        default=_SHIPPED.volume.minimum, description="and from at least this many voices"
    )


class BlindnessSection(Section):
    """[detection.blindness]: when a source's silence is a message to ops."""

    least: Span = Field(
        default=_SHIPPED.blindness.least, description="shortest silence that counts"
    )
    warm_up: Span = Field(
        default=_SHIPPED.blindness.warm_up,
        description="how long a source is heard before it is judged",
    )
    once_in: Span = Field(
        default=_SHIPPED.blindness.once_in,
        description="so rare by the source's own rhythm: expected once in this time",
    )


class DetectionSection(Section):
    """When talk is a crisis."""

    bucket: Span = Field(
        default=_SHIPPED.bucket, description="length of the buckets counted in; it divides an hour"
    )
    allowed_lateness: Duration = Field(
        default=_SHIPPED.allowed_lateness, description="how long a bucket stays open after its end"
    )
    sensitivity: Sensitivity = Field(
        default=_SHIPPED.sensitivity, description="fewer (false pages) or balanced"
    )
    warm_up: Span = Field(
        default=_SHIPPED.warm_up,
        description="how long a new brand is only learnt, the floor rule apart",
    )
    severity: SeveritySection = Field(
        default=SeveritySection(), description="what makes a warning critical"
    )
    floor: FloorSection = Field(
        default=FloorSection(), description="the rule before anything is learnt"
    )
    calm: CalmSection = Field(default=CalmSection(), description="when a crisis is over")
    volume: VolumeSection = Field(default=VolumeSection(), description="attention")
    blindness: BlindnessSection = Field(default=BlindnessSection(), description="silent sources")

    def detection(self) -> Detection:
        """Return the detectors' settings: as they ship, with what is set here."""
        replace = msgspec.structs.replace
        return replace(
            _SHIPPED,
            bucket=self.bucket,
            allowed_lateness=self.allowed_lateness,
            sensitivity=self.sensitivity,
            warm_up=self.warm_up,
            severity=replace(_SHIPPED.severity, **self.severity.model_dump()),
            floor=replace(_SHIPPED.floor, **self.floor.model_dump()),
            calm=replace(_SHIPPED.calm, **self.calm.model_dump()),
            volume=replace(_SHIPPED.volume, **self.volume.model_dump()),
            blindness=replace(_SHIPPED.blindness, **self.blindness.model_dump()),
        )
