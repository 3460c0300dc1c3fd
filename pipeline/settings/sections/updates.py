"""[policy.updates.*]: how often each audience is owed an update."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from alerts.policy import Cadence, UpdateClocks
from pipeline.settings.sections.section import UNIT, Section, Span, _span

NEVER: Final = "never"
_SHIPPED: Final = UpdateClocks()


def _span_or_never(value: Any) -> int | None:  # whatever the file held  # noqa: ANN401  # whatever the file held
    return None if value is None or value == NEVER else _span(value)


SpanOrNever = Annotated[int | None, BeforeValidator(_span_or_never), UNIT]
"""A duration of at least a second, or "never" (None)."""


def _first(shipped: Cadence) -> Any:  # pydantic's field, typed where it stands  # noqa: ANN401  # whatever the file held
    return Field(
        default=shipped.first,
        description="when the first is due (internal: after acknowledgement, public: after "
        'it opened with, or rose to, this severity), or "never"',
    )


def _every(shipped: Cadence) -> Any:  # as above  # noqa: ANN401  # whatever the file held
    return Field(
        default=shipped.every if shipped.repeats else None,
        description='how long after an update the next is due, or "never"',
    )


def _settles_after(shipped: Cadence) -> Any:  # as above  # noqa: ANN401  # whatever the file held
    return Field(
        default=shipped.settles_after,
        description='how long until updates are owed less often, or "never"',
    )


def _settled(shipped: Cadence) -> Any:  # as above  # noqa: ANN401  # whatever the file held
    return Field(
        default=shipped.settled, description="how long after an update the next is due from then on"
    )


class CriticalInternalSection(Section):
    """[policy.updates.critical_internal]: the team's updates in a critical incident."""

    first: SpanOrNever = _first(_SHIPPED.critical_internal)
    every: SpanOrNever = _every(_SHIPPED.critical_internal)
    settles_after: SpanOrNever = _settles_after(_SHIPPED.critical_internal)
    settled: Span = _settled(_SHIPPED.critical_internal)


class CriticalPublicSection(Section):
    """[policy.updates.critical_public]: public statements in a critical incident."""

    first: SpanOrNever = _first(_SHIPPED.critical_public)
    every: SpanOrNever = _every(_SHIPPED.critical_public)
    settles_after: SpanOrNever = _settles_after(_SHIPPED.critical_public)
    settled: Span = _settled(_SHIPPED.critical_public)


class WarningInternalSection(Section):
    """[policy.updates.warning_internal]: the team's updates at a warning."""

    first: SpanOrNever = _first(_SHIPPED.warning_internal)
    every: SpanOrNever = _every(_SHIPPED.warning_internal)
    settles_after: SpanOrNever = _settles_after(_SHIPPED.warning_internal)
    settled: Span = _settled(_SHIPPED.warning_internal)


class WarningPublicSection(Section):
    """[policy.updates.warning_public]: public statements at a warning."""

    first: SpanOrNever = _first(_SHIPPED.warning_public)
    every: SpanOrNever = _every(_SHIPPED.warning_public)
    settles_after: SpanOrNever = _settles_after(_SHIPPED.warning_public)
    settled: Span = _settled(_SHIPPED.warning_public)


AnyCadenceSection = (
    CriticalInternalSection | CriticalPublicSection | WarningInternalSection | WarningPublicSection
)


class UpdatesSection(Section):
    """[policy.updates]: one clock for each severity and audience."""

    critical_internal: CriticalInternalSection = Field(
        default=CriticalInternalSection(), description="the team's, critical"
    )
    critical_public: CriticalPublicSection = Field(
        default=CriticalPublicSection(), description="the public's, critical"
    )
    warning_internal: WarningInternalSection = Field(
        default=WarningInternalSection(), description="the team's, warning"
    )
    warning_public: WarningPublicSection = Field(
        default=WarningPublicSection(), description="the public's, warning"
    )

    def clocks(self) -> UpdateClocks:
        """Return the policy's clocks."""
        return UpdateClocks(
            critical_internal=_cadence(self.critical_internal),
            warning_internal=_cadence(self.warning_internal),
            critical_public=_cadence(self.critical_public),
            warning_public=_cadence(self.warning_public),
        )


def _cadence(section: AnyCadenceSection) -> Cadence:
    usual = Cadence(first=None)
    return Cadence(
        first=section.first,
        every=usual.every if section.every is None else section.every,
        settles_after=section.settles_after,
        settled=section.settled,
        repeats=section.every is not None,
    )
