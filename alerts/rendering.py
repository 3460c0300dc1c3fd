"""A notification as plain text for one receiver, and as fields for programs.

The title makes sense alone on a lock screen: at most 110 characters. Nothing a stranger wrote can
break a line, turn the reading direction or hide text; markup is left to each channel to escape.
Times are in the receiver's zone. The text speaks of the incident as it is when it is sent.
"""

from typing import TYPE_CHECKING

import msgspec

from alerts import claims, routing
from alerts.facts import PHRASE, SAMPLE, SAMPLES, address, differences, facts, has_mentions
from alerts.incident import Audience, Incident, State
from alerts.notification import Part, Reason
from alerts.plain import link, one_line
from alerts.timers import true_parts
from alerts.times import local
from alerts.wording import (
    COMMAND,
    SENTENCE,
    Telling,
    counted,
    headline,
    how_to_update,
    name,
    next_reminder,
    next_update,
    percent,
    resolver,
    why,
)
from detectors.reading import Rule

if TYPE_CHECKING:
    from alerts.notification import Notification
    from alerts.policy import Policy
    from alerts.samples import Driver, Sample, Samples

TITLE = 110
"""Characters of a title: what a lock screen shows."""
DRIVERS = 3
"""Drivers in the text; the fields have all of them."""
EXAMPLE = 100
"""Characters of what is quoted for a driver."""
LATE = 5 * 60_000
"""A page this much later than the opening says so."""
TELLS_ALL = frozenset(
    {
        Reason.PAGE,
        Reason.PAGE_RAISED,
        Reason.PAGE_REOPENED,
        Reason.ESCALATION,
        Reason.NOBODY_ANSWERED,
        Reason.RETURNED,
        Reason.ATTENTION,
    }
)
"""Reasons whose receiver may know nothing yet: they get the whole story."""


class Rendered(msgspec.Struct, frozen=True):
    """A message: `title` of at most 110 characters, `lines` of the body, `fields` for JSON."""

    title: str
    lines: tuple[str, ...]
    fields: dict[str, object]

    @property
    def text(self) -> str:
        """Title and body, a line each."""
        return "\n".join((self.title, *self.lines))


def render(  # noqa: PLR0913, PLR0917  # what is said, of what, when, to whom, with what
    notification: "Notification",
    incident: Incident,
    now: int,
    policy: "Policy",
    samples: "Samples | None" = None,
    public_url: str = "",
) -> Rendered:
    """Return what one receiver is told of the incident as it is now (milliseconds).

    `samples` None: the first mentions were not yet there, and the message says so. What the
    notification says and no longer holds is left out. `public_url` is where people reach the
    monitor; empty: no links to it.
    """
    receiver = policy.receiver(notification.receiver)
    telling = Telling(incident, now, receiver.zone if receiver else "UTC", policy)
    parts = true_parts(notification, incident, now, policy) or notification.parts
    title = one_line("; ".join(_titles(telling, parts)).replace("?; ", "? "), TITLE)
    whole = any(part.reason in TELLS_ALL for part in parts)
    lines = [
        *_course(telling, parts),
        *(_story(telling) if whole else _brief(telling)),
        *_changed(telling, notification),
        *(_said(telling, samples) if whole and has_mentions(incident) else ()),
        *_asked_for(telling, parts, public_url),
        *_next(telling, parts, notification.receiver),
    ]
    fields = facts(telling, notification, parts, samples)
    fields["title"] = title
    fields["url"] = address(incident, public_url)
    return Rendered(title, tuple(line for line in lines if line), fields)


def _titles(telling: Telling, parts: tuple[Part, ...]) -> list[str]:
    """Return each part's title, an audience's once."""
    prefix = f"{telling.brand} ({telling.incident.severity}): "
    firsts = {part.reason.audience or part.reason: part for part in reversed(parts)}
    ordered = sorted(firsts.values(), key=parts.index)
    titles = [headline(telling, part) for part in ordered]
    return [titles[0], *(title.removeprefix(prefix) for title in titles[1:])]


def _course(telling: Telling, parts: tuple[Part, ...]) -> list[str]:
    """Say what the reasons mean, where the title alone does not."""
    incident, lines = telling.incident, []
    reasons = {part.reason for part in parts}
    if Reason.PAGE_REOPENED in reasons:
        lines.append(
            f"Reopened {telling.when(incident.live_since)}: "
            f"{one_line(incident.reopened_reason, SENTENCE)}; {resolver(incident)}"
        )
    if Reason.NOBODY_ANSWERED in reasons:
        lines.append("Everybody on the ladder was paged and nobody answered: somebody must act.")
    if Reason.CALM in reasons:
        lines.append("It resolves itself when it stays calm.")
    if Reason.CANNOT_TELL in reasons:
        lines.append(_doubt(telling))
    return lines


def _doubt(telling: Telling) -> str:
    incident = telling.incident
    if incident.unheard_since is not None and incident.unheard:
        names = ", ".join(name(source) for source in incident.unheard[:5])
        why = f"nothing from {names} since {telling.when(incident.unheard_since)}"
    else:
        why = f"detection has said nothing since {telling.when(incident.level.event_time)}"
    return f"Calm cannot be recognised: {why}. Look yourself, then resolve it or keep it open."


def _story(telling: Telling) -> list[str]:
    """Tell how bad and why, since when, how much, what share."""
    incident = telling.incident
    level = incident.level
    lines = [f"{incident.severity.capitalize()}: {why(level) or 'no reason given'}"]
    began = _began(telling)
    if incident.late_by >= LATE:
        began += f"; noticed {incident.late_by // 60_000} min late"
    lines.append(began)
    if incident.opened_by:
        lines.append(f"Opened by hand by {name(incident.opened_by)}")
    if level.lane is not None and incident.rule is not Rule.BLINDNESS:
        known = not level.still_learning
        fold = f" ({level.fold:.1f} times)" if known and level.fold >= 1 else ""
        lines.append(f"Observed {counted(level)}{fold}")
        usual = f", usually {percent(level.usual_share)}" if known else ""
        lines.append(
            f"Negative share {percent(level.share)}{usual} "
            f"(of {level.voices} voices; {level.mentions} mentions)"
        )
    if incident.still_learning:
        lines.append("Still learning: this brand has less than a day of history, so judge yourself")
    if incident.acknowledged_by:
        lines.append(f"Acknowledged by {name(incident.acknowledged_by)}")
    return lines


def _began(telling: Telling) -> str:
    """Say since when, and, where it rose later, since when it is so severe."""
    incident = telling.incident
    began = telling.when(incident.opened_at)
    if not incident.rises:
        return f"Since {began}"
    rose = telling.when(incident.rises[-1].at)
    return f"Open since {began}, {incident.severity} since {rose}"


def _brief(telling: Telling) -> list[str]:
    incident = telling.incident
    if incident.rule is Rule.BLINDNESS:
        return [f"Silent since {telling.when(incident.opened_at)}"]
    began = _began(telling)
    if not incident.rises:
        began = f"{incident.severity.capitalize()} since {telling.when(incident.opened_at)}"
    lines = [f"{began}: {counted(incident.level)}"]
    if incident.owner:
        lines.append(f"Owner: {name(incident.owner)}")
    return lines


def _changed(telling: Telling, notification: "Notification") -> list[str]:
    if notification.before is None or notification.before_at is None:
        return []
    what = ", ".join(differences(telling, notification)) or "nothing"
    return [f"Changed since your last message, {telling.when(notification.before_at)}: {what}"]


def _said(telling: Telling, samples: "Samples | None") -> list[str]:
    if samples is None:
        return ["Samples: the first mentions were not yet there"]
    lines = _driven(samples)
    for label, counts in (("Channels", samples.channels), ("Languages", samples.languages)):
        if counts:
            said = ", ".join(f"{name(what) or 'unknown'} {count}" for what, count in counts[:5])
            lines.append(f"{label}: {said}")
    if not samples.samples:
        return [*lines, "Samples: none are kept"]
    return [*lines, *(_sample(telling, sample) for sample in samples.samples[:SAMPLES])]


def _driven(samples: "Samples") -> list[str]:
    """Say what the negatives have in common and usual ones have not, strongest first."""
    shown = {sample.id for sample in samples.samples[:SAMPLES]}
    lines = [_driver(driver, shown) for driver in samples.drivers[:DRIVERS]]
    return ["Driven by:", *lines] if lines else []


def _driver(driver: "Driver", shown: set[str]) -> str:
    """Say what drives it, how many say so, and quote one whom the samples do not quote anyway."""
    phrase = one_line(driver.phrase, PHRASE)
    says = {
        "author": f"answers to {phrase}",
        "conversation": f'one conversation, "{phrase}"',
        "link": f"the link {phrase}",
    }.get(driver.kind, f'"{phrase}"')
    line = f"- {says}: {driver.count} voices"
    sample = driver.sample
    if sample is None or sample.id in shown:
        return line
    if driver.kind == "conversation":
        return f"{line} {link(sample.url)}".rstrip()
    return f'{line}, e.g. "{one_line(sample.text, EXAMPLE)}" {link(sample.url)}'.rstrip()


def _sample(telling: Telling, sample: "Sample") -> str:
    where = name(sample.channel)
    at = local(sample.event_time, telling.zone, telling.now) if sample.event_time else ""
    head = ", ".join(part for part in (where, at) if part)
    head = f" ({head})" if head else ""
    return f'- "{one_line(sample.text, SAMPLE)}"{head} {link(sample.url)}'.rstrip()


def _asked_for(telling: Telling, parts: tuple[Part, ...], public_url: str) -> list[str]:
    """Say what to do: acknowledge, update, resolve."""
    incident, lines = telling.incident, []
    page = address(incident, public_url)
    if incident.state is State.OPEN and incident.severity.rank > 0:
        lines.append(f"Acknowledge: {COMMAND} acknowledge {telling.word}")
    audiences = {part.reason.audience: None for part in parts if part.reason.audience}
    lines += [how_to_update(telling, audience) for audience in audiences if audience]
    if incident.is_open and {part.reason for part in parts} & {Reason.CALM, Reason.CANNOT_TELL}:
        lines.append(f"Resolve: {COMMAND} resolve {telling.word}")
    if page:
        lines.append(f"See: {page}")
    return lines


def _next(telling: Telling, parts: tuple[Part, ...], receiver: str) -> list[str]:
    """Say when the next update of which audience is due, and when the ladder goes on."""
    incident = telling.incident
    lines: list[str] = []
    if not incident.is_open:
        return lines
    for audience in Audience:
        sentence = next_update(telling, audience)
        at = next_reminder(telling, audience)
        asked = any(part.reason.audience is audience for part in parts)
        if sentence and asked and at is not None:
            sentence += f"; next reminder {telling.when(at)}"
        lines.append(sentence)
    lines.append(_escalates(telling, receiver))
    return lines


def _escalates(telling: Telling, receiver: str) -> str:
    """Say when the ladder goes on, and whether it pages the reader again or somebody else."""
    incident, policy = telling.incident, telling.policy
    rungs = claims.ladder(incident, policy)
    coming = next((rung for rung, at in enumerate(rungs) if at > telling.now), None)
    if not coming or incident.severity.rank == 0 or incident.rule is Rule.BLINDNESS:
        return ""
    last = coming == len(rungs) - 1
    names = routing.everybody(policy) if last else routing.step(coming, policy)
    same = set(names) == set(routing.step(coming - 1, policy)) and receiver in names
    who = "you are paged again" if same else "the next step is paged"
    return f"If nobody acknowledges, {who} {telling.when(rungs[coming])}"
