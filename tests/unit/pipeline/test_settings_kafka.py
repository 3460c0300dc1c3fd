"""Mistakes and warnings of [kafka] and of the stores' database."""

from pathlib import Path

import pytest

from pipeline.settings.check import findings_of
from pipeline.settings.draft import from_bytes
from pipeline.settings.findings import Finding, Weight
from pipeline.settings.sections.kafka import KafkaSection

SASL = '[kafka]\nbootstrap = ["k:9092"]\nsecurity = "SASL_SSL"\nusername = "u"\n'
TLS = '[kafka]\nbootstrap = ["k:9092"]\nsecurity = "SSL"\n'


def found(text: str, *, surroundings: bool = False) -> list[Finding]:
    return findings_of(from_bytes(text.encode(), Path("x.toml")), surroundings=surroundings)


def mistakes(text: str, *, surroundings: bool = False) -> list[Finding]:
    every = found(text, surroundings=surroundings)
    return [each for each in every if each.weight is Weight.MISTAKE]


@pytest.mark.parametrize(
    ("text", "line", "key", "said"),
    [
        ('[kafka]\nbootstrap = "k:9092"\n', 2, "kafka.bootstrap", 'write ["k:9092"]'),
        ('[kafka]\nbootstrap = ["kafka"]\n', 2, "kafka.bootstrap[0]", "host:port"),
        ('[kafka]\nbootstrap = ["a:1", "b:x"]\n', 2, "kafka.bootstrap[1]", "host:port"),
        ('[kafka]\nbootstrap = ["a:70000"]\n', 2, "kafka.bootstrap[0]", "host:port"),
        ('[kafka]\nbootstrap = ["a:0"]\n', 2, "kafka.bootstrap[0]", "host:port"),
        ('[kafka]\nbootstrap = ["::1:9092"]\n', 2, "kafka.bootstrap[0]", "host:port"),
        ('[kafka]\nbootstrap = [":9092"]\n', 2, "kafka.bootstrap[0]", "host:port"),
        ('[kafka]\nbootstrap = [""]\n', 2, "kafka.bootstrap[0]", "host:port"),
        (f'[kafka]\nbootstrap = ["a:{"9" * 5000}"]\n', 2, "kafka.bootstrap[0]", "host:port"),
        ('[kafka]\nbootstrap = ["kafka://k:9092"]\n', 2, "kafka.bootstrap[0]", "without kafka://"),
        ('[kafka]\nprefix = "a b"\n', 2, "kafka.prefix", ""),
        ('[kafka]\nsecurity = "SASL"\n', 2, "kafka.security", "none of"),
        ('[kafka]\nusername = "u"\n', 2, "kafka.username", "nobody logs in"),
        ('[kafka]\npassword_env = "P"\n', 2, "kafka.password_env", "nobody logs in"),
        (SASL, 4, "kafka.username", "has no password"),
        ('[kafka]\nsecurity = "SASL_SSL"\n', 2, "kafka.security", "username is missing"),
        (
            SASL + 'password_env = "A"\npassword_file = "b"\n',
            5,
            "kafka.password_env",
            "stands beside password_file",
        ),
        ('[kafka]\nca_file = "ca.pem"\n', 2, "kafka.ca_file", "does not encrypt"),
        (TLS + 'key_file = "k.pem"\n', 4, "kafka.key_file", "has no certificate"),
        (
            "[kafka]\nreplication = 2\nmin_insync = 3\n",
            3,
            "kafka.min_insync",
            "nothing could be written",
        ),
        ("[kafka]\npartitions = 5000\n", 2, "kafka.partitions", "more than 1000"),
        ("[kafka]\npartitions = 0\n", 2, "kafka.partitions", "at least 1"),
        ('[storage]\ndatabase = "mysql://h/d"\n', 2, "storage.database", "postgresql://"),
        ('[storage]\ndatabase = "postgresql://h"\n', 2, "storage.database", "names no database"),
        ('[storage]\ndatabase = "postgresql://h:x/d"\n', 2, "storage.database", "cannot be read"),
    ],
)
def test_one_mistake_is_one_finding(text: str, line: int, key: str, said: str) -> None:
    every = mistakes(text)
    assert [(each.line, each.key) for each in every] == [(line, key)], [e.text() for e in every]
    assert said in every[0].text()


@pytest.mark.parametrize(
    ("text", "line", "key", "said"),
    [
        ('[kafka]\nbootstrap = ["k:1", "k:1"]\n', 2, "kafka.bootstrap[1]", "twice"),
        (SASL + 'password = "hunter2"\n', 5, "kafka.password", "written in the configuration"),
        (TLS + "check_hostname = false\n", 4, "kafka.check_hostname", "any server"),
        ("[kafka]\nreplication = 3\nmin_insync = 3\n", 3, "kafka.min_insync", "write 2"),
        ('[kafka]\nretention = "1h"\n', 2, "kafka.retention", "shorter than a day"),
        (
            (
                '[kafka]\nsecurity = "SASL_PLAINTEXT"\nmechanism = "PLAIN"\nusername = "u"\n'
                'password_env = "P"\n'
            ),
            2,
            "kafka.security",
            "the password travels",
        ),
        ('[storage]\ndatabase = "postgresql://h/d"\n', 2, "storage.database", "backups"),
    ],
)
def test_a_warning_is_no_mistake(text: str, line: int, key: str, said: str) -> None:
    every = found(text)
    assert mistakes(text) == []
    assert any((each.line, each.key) == (line, key) and said in each.text() for each in every), [
        each.text() for each in every
    ]


@pytest.mark.parametrize("key", ["database_env", "database_file", "database"])
def test_a_database_that_nobody_uses_is_warned_of(key: str) -> None:
    storage = f'[storage]\n{key} = "postgresql://h/d"\n'
    (told,) = [each for each in found(storage) if "is not used by `run`" in each.text()]
    assert (told.weight, told.line, told.key) == (Weight.WARNING, 2, f"storage.{key}")
    assert "in files" in told.text()
    with_kafka = f'[kafka]\nbootstrap = ["k:9092"]\n{storage}'
    assert not [each for each in found(with_kafka) if "is not used" in each.text()]


def test_surroundings_are_looked_at_when_asked_for(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    text = f'{TLS}ca_file = "{ca}"\n[storage]\ndatabase_env = "NO_SUCH_VARIABLE_HERE"\n'
    assert mistakes(text) == []
    told = [each.key for each in mistakes(text, surroundings=True)]
    assert sorted(told) == ["kafka.ca_file", "storage.database_env"]
    ca.write_text("x")
    assert [each.key for each in mistakes(text, surroundings=True)] == ["storage.database_env"]


def test_a_secret_is_in_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_HERE", "mysql://user:hunter2@host/name")
    text = SASL + 'password = "hunter2"\n[storage]\ndatabase_env = "DATABASE_HERE"\n'
    told = " ".join(each.text() for each in found(text, surroundings=True))
    assert "does not begin with postgresql://" in told
    assert "hunter2" not in told
    assert "hunter2" not in repr(from_bytes(text.encode(), Path("x.toml")).document)


def test_without_a_broker_everything_is_embedded() -> None:
    assert not KafkaSection().configured
    assert KafkaSection().secret() is None
