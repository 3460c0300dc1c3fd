"""[policy]: who is told what, and when. The defaults are the policy's own."""

from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import Field

from alerts.policy import LifecycleSettings, Policy, Receiver
from pipeline.settings.sections.receiver import ReceiverSection
from pipeline.settings.sections.section import Count, Duration, Number, Section, Span, Words
from pipeline.settings.sections.updates import UpdatesSection

_SHIPPED: Final = Policy()


class StepSection(Section):
    """[[policy.steps]]: whom a page goes to when nobody answered before."""

    receivers: Words = Field(default=(), description="names of [[receivers]]")


class LifecycleSection(Section):
    """[policy.lifecycle]: when signals open an incident, or reopen one."""

    max_signal_age: Span = Field(
        default=_SHIPPED.lifecycle.max_signal_age,
        description="a surge noticed later than this after it was heard opens nothing",
    )
    reopen_window: Duration = Field(
        default=_SHIPPED.lifecycle.reopen_window,
        description="a surge this soon after a resolution reopens the same incident",
    )
    excess: Annotated[Number, Field(ge=0)] = Field(
        default=_SHIPPED.lifecycle.excess,
        description="resolved while it lasts: reopened at this much above that level",
    )
    outlasts: Span = Field(
        default=_SHIPPED.lifecycle.outlasts,
        description="resolved while it lasts: reopened when it lasts this much longer",
    )


class PolicySection(Section):
    """Who is told what, and when."""

    acknowledge_within: Span = Field(
        default=_SHIPPED.acknowledge_within,
        description="a page not acknowledged for this long goes to the next step",
    )
    rounds: Count = Field(
        default=_SHIPPED.rounds, description="how often all steps are gone through at most"
    )
    steps: tuple[StepSection, ...] = Field(
        default=(), description="whom pages go to, in order; left out: one step, every receiver"
    )
    lead: Words = Field(
        default=(),
        description="receivers told of updates long overdue; left out: the last step's",
    )
    ops: Words = Field(
        default=(),
        description="receivers told when the monitor itself is blind; left out: the first step's",
    )
    info: Words = Field(
        default=(), description="receivers told of attention (volume alone); left out: nobody"
    )
    merge_within: Duration = Field(
        default=_SHIPPED.merge_within,
        description="what is due to one receiver within this time is said in one message",
    )
    doubt_after: Span = Field(
        default=_SHIPPED.doubt_after,
        description="the owner decides when calm could not be told for this long",
    )
    public_url: str = Field(
        default="", description="address people reach the monitor at, for links in messages"
    )
    updates: UpdatesSection = Field(
        default=UpdatesSection(), description="how often each audience is owed an update"
    )
    lifecycle: LifecycleSection = Field(
        default=LifecycleSection(), description="when signals open an incident, or reopen one"
    )

    def policy(self, receivers: Iterable[ReceiverSection]) -> Policy:
        """Return the policy, with every receiver left out put in its place."""
        known = tuple(Receiver(each.name, each.kind.value, each.zone) for each in receivers)
        everyone = tuple(each.name for each in known)
        steps = tuple(step.receivers for step in self.steps) or ((everyone,) if everyone else ())
        return Policy(
            receivers=known,
            steps=steps,
            lead=self.lead or (steps[-1] if steps else ()),
            ops=self.ops or (steps[0] if steps else ()),
            info=self.info,
            acknowledge_within=self.acknowledge_within,
            rounds=self.rounds,
            clocks=self.updates.clocks(),
            merge_within=self.merge_within,
            doubt_after=self.doubt_after,
            lifecycle=LifecycleSettings(**self.lifecycle.model_dump()),
        )
