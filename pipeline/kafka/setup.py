"""Making the topics, and seeing whether they are as they have to be."""

from collections.abc import Iterable, Sequence
from time import sleep
from typing import TYPE_CHECKING, Any, Final

import msgspec

from pipeline.clock import stopwatch
from pipeline.errors import TopicProblem
from pipeline.kafka.connection import Connection
from pipeline.kafka.differences import (
    Difference,
    FoundTopic,
    Mending,
    What,
    compare,
)
from pipeline.kafka.problems import problem_of
from pipeline.kafka.topics import TopicPlan
from pipeline.settings.text import visible

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

_SEEN_WITHIN: Final = 10.0
_PAUSE: Final = 0.05
"""Seconds."""
_UNKNOWN: Final = 3
_EXISTS: Final = 36
"""Codes of Kafka's protocol: no such topic; somebody else has just made it."""


class Report(msgspec.Struct, frozen=True):
    """What was made and changed, and what still differs."""

    created: list[str]
    changed: list[Difference]
    differences: list[Difference]

    @property
    def ready(self) -> bool:
        """Whether everything is as wanted now."""
        return not self.differences


def setup(
    connection: Connection, plans: Sequence[TopicPlan], *, create: bool, shorten: bool = False
) -> Report:
    """Compare the topics with their plans; with `create` make and change what may be.

    What is missing is made; settings are set as planned. Nothing is deleted, no number of
    partitions or copies changes, and no retention is shortened unless `shorten` says so. It may
    be run again, also while everything works. Raises `BrokerUnavailable`, `TopicProblem` (the
    broker refuses a topic or a setting) or `SettingsError` (credentials).
    """
    with connection.admin() as client:
        found = _found(client, [plan.name for plan in plans])
        differences = compare(plans, found)
        if not create:
            return Report([], [], differences)
        missing = {
            each.topic
            for each in differences
            if each.what is What.MISSING and each.mending is Mending.SETUP
        }
        created = _create(client, [plan for plan in plans if plan.name in missing])
        may = {Mending.SETUP, Mending.SHORTEN} if shorten else {Mending.SETUP}
        changed = [
            each for each in differences if each.what is What.SETTING and each.mending in may
        ]
        _change(client, plans, changed)
        _await(client, plans, changed)
    done = {(each.topic, each.key) for each in changed} | {(name, "") for name in created}
    return Report(
        created, changed, [each for each in differences if (each.topic, each.key) not in done]
    )


def check_ready(connection: Connection, plans: Sequence[TopicPlan]) -> None:
    """Make sure that nothing will be lost or misplaced: what every process does at its start.

    Every topic is there, with as many partitions as configured, kept the way it has to be. Raises
    `TopicProblem` naming each that is not and the command that mends it; `BrokerUnavailable`
    (retryable) and `SettingsError` as `Connection.admin`.
    """
    with connection.admin() as client:
        found = _found(client, [plan.name for plan in plans])
    wrong = [each for each in compare(plans, found) if each.stops]
    if wrong:
        raise TopicProblem(told(connection, wrong))


def told(connection: Connection, wrong: Sequence[Difference]) -> str:
    """Say what stands in the way of a start, topics with the same trouble in one sentence."""
    alike: dict[tuple[str, str], list[str]] = {}
    for each in wrong:
        match each.what:
            case What.MISSING:
                said = "missing"
            case What.PARTITIONS:
                said = f"of {each.found} partitions where kafka.partitions says {each.wanted}"
            case _:
                said = f"kept with {each.key}={each.found} instead of {each.wanted}"
        alike.setdefault((said, each.mend), []).append(each.topic)
    sentences = [
        f"the topic{'s' if len(names) > 1 else ''} {', '.join(names)} "
        f"{'are' if len(names) > 1 else 'is'} {said}: {mend}"
        for (said, mend), names in alike.items()
    ]
    return f"Kafka at {connection.where}: {'; '.join(sentences)}"


def _found(client: "KafkaAdminClient", names: Sequence[str]) -> dict[str, FoundTopic]:
    from kafka.admin import ConfigResource  # noqa: PLC0415  # the base install starts without it

    described = [
        each for each in client.describe_topics(list(names)) if each["error_code"] != _UNKNOWN
    ]
    for each in described:
        _refused(each["name"], each["error_code"], None)
    if not described:
        return {}
    resources = [ConfigResource("topic", each["name"]) for each in described]
    configs = client.describe_configs(resources, config_filter="all").get("topic", {})
    return {each["name"]: _topic(each, configs.get(each["name"], {})) for each in described}


def _topic(described: dict[str, Any], config: dict[str, dict[str, Any]]) -> FoundTopic:
    partitions = described["partitions"]
    return FoundTopic(
        described["name"],
        len(partitions),
        min((len(each["replica_nodes"]) for each in partitions), default=0),
        {key: each["value"] for key, each in config.items() if each["value"] is not None},
    )


def _create(client: "KafkaAdminClient", plans: Sequence[TopicPlan]) -> list[str]:
    """Make topics and wait until they can be used; one made by somebody else is left as it is."""
    if not plans:
        return []
    asked = {
        plan.name: {
            "num_partitions": plan.partitions,
            "replication_factor": plan.replication,
            "configs": plan.config,
        }
        for plan in plans
    }
    answers = client.create_topics(asked, raise_errors=False)["topics"]
    for each in answers:
        if each["error_code"] != _EXISTS:
            _refused(each["name"], each["error_code"], each["error_message"])
    client.wait_for_topics(list(asked))
    return [each["name"] for each in answers if not each["error_code"]]


def _change(
    client: "KafkaAdminClient", plans: Iterable[TopicPlan], changed: Sequence[Difference]
) -> None:
    from kafka.admin import ConfigResource  # noqa: PLC0415  # the base install starts without it

    resources = []
    for plan in plans:
        keys = {each.key for each in changed if each.topic == plan.name}
        if keys:
            config = {key: plan.config[key] for key in plan.config if key in keys}
            resources.append(ConfigResource("topic", plan.name, config))
    if not resources:
        return
    for name, result in client.alter_configs(resources).get("topic", {}).items():
        if result != "OK":
            raise TopicProblem(
                f"the topic {name}: the broker does not change its settings "
                f"({visible(result, 200)}): ask who runs it"
            )


def _await(
    client: "KafkaAdminClient", plans: Sequence[TopicPlan], changed: Sequence[Difference]
) -> None:
    """Wait until the broker shows what was changed, which it does a moment after it agreed."""
    names = [plan.name for plan in plans]
    until = stopwatch() + _SEEN_WITHIN
    while changed and stopwatch() < until:
        found = _found(client, names)
        if all(found[each.topic].config.get(each.key) != each.found for each in changed):
            return
        sleep(_PAUSE)


def _refused(name: str, code: int, message: str | None) -> None:
    """Raise what an error code of the broker means for a topic; nothing for 0."""
    from kafka.errors import for_code  # noqa: PLC0415  # the base install starts without it

    if not code:
        return
    error = for_code(code)(message) if message else for_code(code)()
    problem = problem_of(error, f"the topic {name}")
    raise problem or TopicProblem(f"the topic {name}: {visible(error, 200)}")
