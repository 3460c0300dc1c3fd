"""What the clients of Kafka raise, told in our words: what is wrong and how to mend it.

Both clients (kafka-python and aiokafka) give their errors the same names, so that they are known
by name and neither has to be imported.
"""

from typing import Final

from pipeline.errors import (
    BrokerUnavailable,
    EnvironmentProblem,
    PipelineError,
    SettingsError,
    TopicProblem,
)
from pipeline.settings.text import visible

_LONGEST: Final = 300

_KNOWN: Final[tuple[tuple[tuple[str, ...], type[PipelineError], str], ...]] = (
    (
        ("SaslAuthenticationFailedError", "SaslAuthenticationFailed", "AuthenticationFailedError"),
        SettingsError,
        (
            "the broker does not accept these credentials: correct kafka.username, its password "
            "and kafka.mechanism"
        ),
    ),
    (
        ("UnsupportedSaslMechanismError", "IllegalSaslStateError"),
        SettingsError,
        "the broker does not offer this way to log in: correct kafka.mechanism and kafka.security",
    ),
    (
        ("KafkaConfigurationError", "ConfigurationError"),
        SettingsError,
        "the client cannot be used as [kafka] says: correct that section",
    ),
    (
        (
            "AuthorizationError",
            "TopicAuthorizationFailedError",
            "GroupAuthorizationFailedError",
            "ClusterAuthorizationFailedError",
        ),
        TopicProblem,
        (
            "kafka.username may not do this: allow it to read, write and describe the topics and "
            "groups that begin with kafka.prefix (kafka-acls.sh), or name another user"
        ),
    ),
    (
        ("UnknownTopicOrPartitionError", "UnknownTopicIdError", "InvalidTopicError"),
        TopicProblem,
        "the topic is not there: crisis-monitor kafka setup",
    ),
    (
        ("MessageSizeTooLargeError", "RecordListTooLargeError"),
        TopicProblem,
        (
            "the record is larger than the topic takes: crisis-monitor kafka setup sets "
            "max.message.bytes"
        ),
    ),
    (
        ("InvalidReplicationFactorError",),
        TopicProblem,
        (
            "there are not as many brokers as copies are asked for: lower kafka.replication, or "
            "add brokers"
        ),
    ),
    (
        ("PolicyViolationError", "InvalidConfigurationError"),
        TopicProblem,
        (
            "the broker does not take a topic like this: ask who runs it, or make the topics by "
            "hand as `crisis-monitor kafka check` wants them"
        ),
    ),
    (
        ("NotEnoughReplicasError", "NotEnoughReplicasAfterAppendError"),
        BrokerUnavailable,
        "fewer copies are in step than min.insync.replicas asks for: bring the other brokers back",
    ),
    (
        ("KafkaStorageError", "LogDirNotFoundError"),
        BrokerUnavailable,
        "the broker cannot write to its disk: make room there",
    ),
    (
        ("IncompatibleBrokerVersion", "UnsupportedVersionError", "UnrecognizedBrokerVersion"),
        EnvironmentProblem,
        "the broker is too old for this: Kafka 2.8 or newer is needed",
    ),
    (
        ("RetriableError", "KafkaConnectionError", "BrokerNotAvailableError"),
        BrokerUnavailable,
        "no broker did it in time: check that Kafka runs, kafka.bootstrap and kafka.security",
    ),
)


def problem_of(error: BaseException, what: str) -> PipelineError | None:
    """Return the problem that an error of a Kafka client means; None where it is none of these.

    `what` is what was being done, as a text to be followed by a colon; retryable problems are
    `BrokerUnavailable`.
    """
    names = {base.__name__ for base in type(error).__mro__}
    if "KafkaError" not in names:
        return None
    for known, kind, mend in _KNOWN:
        if names & set(known):
            return kind(f"{what}: {mend} ({_said(error)})")
    if getattr(error, "retriable", False):
        return BrokerUnavailable(f"{what}: the broker cannot do it now ({_said(error)})")
    return EnvironmentProblem(f"{what}: the broker refuses it ({_said(error)})")


def _said(error: BaseException) -> str:
    name, text = type(error).__name__, visible(str(error), _LONGEST).strip()
    if not text or text == name:
        return name
    return text if name in text else f"{name}: {text}"
