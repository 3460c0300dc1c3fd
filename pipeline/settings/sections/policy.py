"""[policy]: who is told what, and when."""

from pydantic import Field

from pipeline.settings.durations import MINUTE
from pipeline.settings.sections.section import Count, Section, Span, Words


class StepSection(Section):
    """[[policy.steps]]: whom a page goes to when nobody answered before."""

    receivers: Words = Field(default=(), description="names of [[receivers]]")


class PolicySection(Section):
    """Who is told what, and when."""

    acknowledge_within: Span = Field(
        default=5 * MINUTE,
        description="a page not acknowledged for this long goes to the next step",
    )
    rounds: Count = Field(default=5, description="how often all steps are gone through")
    steps: tuple[StepSection, ...] = Field(
        default=(), description="whom pages go to, in order; left out: one step with every receiver"
    )
    ops: Words = Field(
        default=(),
        description="receivers of what concerns the monitor itself; left out: the last step's",
    )
    public_url: str = Field(
        default="", description="address people reach the monitor's pages at, for links in messages"
    )
