"""In what topics differ from their plans, and how each difference is mended."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from pipeline.kafka.topics import TopicPlan
from pipeline.settings.durations import SECOND, format_duration

SETUP_COMMAND: Final = "crisis-monitor kafka setup"
"""What makes and changes what may be made and changed by a program."""


class FoundTopic(msgspec.Struct, frozen=True):
    """What one topic is like; `config` is empty where it may not be read."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str]


class What(StrEnum):
    """In what a topic differs."""

    MISSING = "missing"
    PARTITIONS = "partitions"
    REPLICATION = "replication"
    SETTING = "setting"


class Mending(StrEnum):
    """Who can mend a difference."""

    SETUP = "setup"
    SHORTEN = "shorten"
    PERSON = "person"


class Difference(msgspec.Struct, frozen=True):
    """One thing in which a topic is not as wanted; `mend` is what to do."""

    topic: str
    what: What
    key: str
    wanted: str
    found: str
    mending: Mending
    mend: str

    def shown(self, value: str) -> str:
        """A value of this setting as people read it: a duration beside its milliseconds."""
        if self.key.endswith(".ms") and value.isdecimal() and not int(value) % SECOND:
            return f"{format_duration(int(value))} ({value})"
        return value

    @property
    def stops(self) -> bool:
        """Whether nothing may be started like this: the result would be wrong or lost."""
        return self.what in {What.MISSING, What.PARTITIONS} or self.key == "cleanup.policy"


def compare(plans: Iterable[TopicPlan], found: Mapping[str, FoundTopic]) -> list[Difference]:
    """Return in what topics are not as planned; nothing when all is well."""
    numbers = {each.partitions for each in found.values()}
    differences = []
    for plan in plans:
        there = found.get(plan.name)
        if there is None:
            misfit = numbers - {plan.partitions}
            differences.append(_missing(plan, first=_another_number(numbers) if misfit else ""))
        else:
            differences += [*_shape(plan, there, numbers), *_settings(plan, there)]
    return differences


def _missing(plan: TopicPlan, first: str) -> Difference:
    """A topic that is not there; beside others of another size it must not be made yet."""
    return Difference(
        plan.name,
        What.MISSING,
        "",
        f"{plan.partitions} partitions",
        "no such topic",
        Mending.PERSON if first else Mending.SETUP,
        first or SETUP_COMMAND,
    )


def _another_number(numbers: set[int]) -> str:
    """What a person does about partitions: a keyed topic must neither grow nor shrink."""
    anew = (
        "begin anew: another kafka.prefix and fresh stores (positions in them carry no prefix), "
        "then crisis-monitor kafka setup, then replay what is to be kept"
    )
    if len(numbers) > 1:
        counts = ", ".join(str(each) for each in sorted(numbers))
        return f"the topics disagree among themselves ({counts} partitions): {anew}"
    return (
        f"set kafka.partitions = {min(numbers)}, as the topics have them: with another number "
        f"brands would lose their history. To have another number {anew}"
    )


def _shape(plan: TopicPlan, found: FoundTopic, numbers: set[int]) -> list[Difference]:
    differences = []
    if found.partitions != plan.partitions:
        differences.append(
            Difference(
                plan.name,
                What.PARTITIONS,
                "",
                str(plan.partitions),
                str(found.partitions),
                Mending.PERSON,
                _another_number(numbers),
            )
        )
    if found.replication != plan.replication:
        differences.append(
            Difference(
                plan.name,
                What.REPLICATION,
                "",
                str(plan.replication),
                str(found.replication),
                Mending.PERSON,
                f"set kafka.replication = {found.replication}, or move the copies with Kafka's "
                "kafka-reassign-partitions.sh",
            )
        )
    return differences


def _settings(plan: TopicPlan, found: FoundTopic) -> list[Difference]:
    differences = []
    for key, value in plan.config.items():
        there = found.config.get(key)
        if there is None or _same(value, there):
            continue
        mending, mend = Mending.SETUP, SETUP_COMMAND
        if key == "min.insync.replicas" and int(value) > found.replication:
            mending = Mending.PERSON
            mend = (
                f"set kafka.min_insync to at most {found.replication}, the copies there are: "
                "with more nothing could be written"
            )
        elif key in {"retention.ms", "retention.bytes"} and _shorter(value, there):
            mending = Mending.SHORTEN
            mend = (
                "crisis-monitor kafka setup --shorten, which lets the broker delete what is older;"
                " or set kafka.retention as it is there"
            )
        differences.append(
            Difference(
                plan.name,
                What.SETTING,
                key,
                value,
                there,
                mending,
                mend,
            )
        )
    return differences


def _same(one: str, other: str) -> bool:
    """Whether two values of a setting mean the same; lists in any order."""
    try:
        return float(one) == float(other)
    except ValueError:
        return set(one.split(",")) == set(other.split(","))


def _shorter(value: str, there: str) -> bool:
    """Whether a retention is less than the one there; -1 is for ever."""
    return value != "-1" and (there == "-1" or int(value) < int(there))
