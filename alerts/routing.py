"""Who is told: names of receivers, each once, in the policy's order."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerts.incident import Incident
    from alerts.policy import Policy

Names = tuple[str, ...]


def owners(incident: "Incident", policy: "Policy") -> Names:
    """Return who is reminded: the owner where it is a receiver, else the first step.

    The person who acknowledged stands in for an owner that is no receiver.
    """
    for person in (incident.owner, incident.acknowledged_by):
        if person and policy.receiver(person) is not None:
            return (person,)
    return step(0, policy)


def step(number: int, policy: "Policy") -> Names:
    """Return the receivers of the ladder's step, counted from 0 and starting again at its end."""
    return known(policy.steps[number % len(policy.steps)], policy) if policy.steps else ()


def reminded(incident: "Incident", stage: int, policy: "Policy") -> Names:
    """Return who hears of an unmet update at this stage.

    From the second overdue stage on the lead is told and the escalation resumes, a step each.
    """
    names = owners(incident, policy)
    if stage >= 2:
        names += policy.lead + step(stage - 1, policy)
    return known(names, policy)


def everybody(policy: "Policy") -> Names:
    """Return all who could act when nobody answered."""
    steps = tuple(name for names in policy.steps for name in names)
    return known(steps + policy.lead + policy.ops, policy)


def known(names: Names, policy: "Policy") -> Names:
    """Return the names that are receivers, each once.

    >>> from alerts.policy import Policy, Receiver
    >>> known(("ann", "nobody", "ann"), Policy(receivers=(Receiver("ann"),)))
    ('ann',)
    """
    there = {receiver.name for receiver in policy.receivers}
    return tuple(dict.fromkeys(name for name in names if name in there))
