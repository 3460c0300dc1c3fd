"""How clients are made: login and TLS from one place, errors in our words, no password shown."""

import logging
import pickle
import ssl
import subprocess
import sys
from pathlib import Path

import faust
import kafka.errors
import pytest
from aiokafka import codec as aiokafka_codec
from aiokafka import errors as aiokafka_errors
from kafka import KafkaAdminClient, codec

from pipeline.errors import (
    BrokerUnavailable,
    EnvironmentProblem,
    PipelineError,
    SettingsError,
    TopicProblem,
)
from pipeline.kafka import require_kafka
from pipeline.kafka.connection import Connection, translated
from pipeline.kafka.problems import problem_of
from pipeline.settings.secrets import Secret
from pipeline.settings.sections.kafka import Compression, KafkaSection, Mechanism, Protocol
from tests.broker import certificate

LOGIN = Connection(
    ("k-1:9092", "k-2:9092"),
    Protocol.SASL_PLAINTEXT,
    Mechanism.SCRAM_SHA_256,
    "monitor",
    Secret("hunter2"),
)


def test_what_is_not_installed_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    require_kafka()
    monkeypatch.setitem(sys.modules, "kafka", None)
    with pytest.raises(EnvironmentProblem, match=r"pip install 'crisis-monitor\[kafka\]'") as told:
        require_kafka()
    assert told.value.exit_code == 3


def test_without_the_clients_the_commands_help_and_say_what_to_install(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['kafka'] = sys.modules['aiokafka'] = sys.modules['faust'] = None\n"
        "from pipeline.__main__ import main; main()\n"
    )
    configuration = tmp_path / "crisis-monitor.toml"
    configuration.write_text('[kafka]\nbootstrap = ["127.0.0.1:1"]\n')

    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            (sys.executable, "-c", script, *words),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    code, said = run("kafka", "check")
    assert (code, "pip install 'crisis-monitor[kafka]'" in said) == (3, True), said
    assert run("kafka", "setup", "--help")[0] == 0


def test_a_section_without_brokers_is_a_mistake() -> None:
    with pytest.raises(SettingsError, match=r'kafka\.bootstrap = \["host:9092"\]'):
        Connection.of(KafkaSection())


def test_the_password_comes_from_where_the_section_says(monkeypatch: pytest.MonkeyPatch) -> None:
    section = KafkaSection(
        bootstrap=("k:9092",), security="SASL_SSL", username="monitor", password_env="WORD_HERE"
    )
    with pytest.raises(SettingsError, match="WORD_HERE is not set"):
        Connection.of(section)
    monkeypatch.setenv("WORD_HERE", "hunter2")
    assert Connection.of(section).password == Secret("hunter2")


def test_every_client_gets_brokers_and_login() -> None:
    given = LOGIN.clients("lag")
    assert given["bootstrap_servers"] == ["k-1:9092", "k-2:9092"]
    assert given["client_id"] == "lag"
    assert given["security_protocol"] == "SASL_PLAINTEXT"
    assert given["sasl_mechanism"] == "SCRAM-SHA-256"
    assert (given["sasl_plain_username"], given["sasl_plain_password"]) == ("monitor", "hunter2")
    assert not set(given) - set(KafkaAdminClient.DEFAULT_CONFIG)


def test_faust_gets_the_same() -> None:
    given = LOGIN.faust()
    assert [str(each) for each in given["broker"]] == ["kafka://k-1:9092", "kafka://k-2:9092"]
    credentials = given["broker_credentials"]
    assert isinstance(credentials, faust.SASLCredentials)
    assert (credentials.username, credentials.password) == ("monitor", "hunter2")
    assert credentials.mechanism.value == "SCRAM-SHA-256"
    assert credentials.protocol.value == "SASL_PLAINTEXT"
    assert set(Connection(("k:1",)).faust()) == {"broker"}


def test_no_client_shows_the_password_in_its_log(caplog: pytest.LogCaptureFixture) -> None:
    connection = Connection(
        ("127.0.0.1:1",), LOGIN.security, LOGIN.mechanism, "monitor", Secret("hunter2"), patience=10
    )
    with (
        caplog.at_level(logging.DEBUG),
        caplog.at_level(logging.DEBUG, logger="kafka"),
        pytest.raises(kafka.errors.KafkaTimeoutError),
    ):
        KafkaAdminClient(**connection.clients())
    assert "monitor" in caplog.text
    assert "hunter2" not in caplog.text
    assert "hunter2" not in repr(connection) + repr(connection.clients()) + repr(connection.faust())
    with pytest.raises(TypeError):
        pickle.dumps(connection)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("certificate"))


def test_tls_is_the_same_for_every_client(own: tuple[Path, Path]) -> None:
    pem, key = own
    connection = Connection(
        ("k:9093",), Protocol.SSL, ca_file=pem, certificate_file=pem, key_file=key
    )
    context = connection.clients()["ssl_context"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1
    assert isinstance(connection.faust()["broker_credentials"], faust.SSLCredentials)
    lax = Connection(("k:9093",), Protocol.SASL_SSL, ca_file=pem, check_hostname=False)
    assert not lax.clients()["ssl_context"].check_hostname
    assert lax.clients()["ssl_context"].verify_mode is ssl.CERT_REQUIRED
    assert lax.faust()["broker_credentials"].protocol.value == "SASL_SSL"


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path, own: tuple[Path, Path]) -> None:
    pem, key = own
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    with pytest.raises(SettingsError, match=r"kafka\.ca_file: .*wrong\.pem cannot be used"):
        Connection(("k:1",), Protocol.SSL, ca_file=wrong).clients()
    with pytest.raises(SettingsError, match=r"kafka\.ca_file: .*gone\.pem .*no such file"):
        Connection(("k:1",), Protocol.SSL, ca_file=tmp_path / "gone.pem").clients()
    locked = tmp_path / "locked.key"
    subprocess.run(
        ("openssl", "ec", "-aes128", "-passout", "pass:word", "-in", str(key), "-out", str(locked)),
        check=True,
        capture_output=True,
    )
    with pytest.raises(SettingsError, match=r"kafka\.key_file"):
        Connection(("k:1",), Protocol.SSL, certificate_file=pem, key_file=locked).clients()


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (kafka.errors.SaslAuthenticationFailedError("no"), SettingsError, "kafka.username"),
        (kafka.errors.UnsupportedSaslMechanismError(), SettingsError, "kafka.mechanism"),
        (kafka.errors.TopicAuthorizationFailedError("t"), TopicProblem, "kafka-acls.sh"),
        (kafka.errors.GroupAuthorizationFailedError("g"), TopicProblem, "kafka-acls.sh"),
        (
            kafka.errors.UnknownTopicOrPartitionError(),
            TopicProblem,
            "crisis-monitor kafka setup",
        ),
        (kafka.errors.MessageSizeTooLargeError(), TopicProblem, "max.message.bytes"),
        (kafka.errors.NotEnoughReplicasError(), BrokerUnavailable, "min.insync.replicas"),
        (kafka.errors.KafkaStorageError(), BrokerUnavailable, "disk"),
        (kafka.errors.KafkaTimeoutError("late"), BrokerUnavailable, "kafka.bootstrap"),
        (kafka.errors.NotLeaderForPartitionError(), BrokerUnavailable, "no broker"),
        (kafka.errors.UnsupportedVersionError(), EnvironmentProblem, "too old"),
        (kafka.errors.CorruptRecordError(), EnvironmentProblem, "refuses"),
        (aiokafka_errors.SaslAuthenticationFailed("no"), SettingsError, "kafka.username"),
        (aiokafka_errors.TopicAuthorizationFailedError("t"), TopicProblem, "kafka-acls.sh"),
        (aiokafka_errors.KafkaConnectionError("gone"), BrokerUnavailable, "kafka.bootstrap"),
        (aiokafka_errors.UnknownTopicOrPartitionError(), TopicProblem, "kafka setup"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else None,
)
def test_errors_of_both_clients_are_told_in_our_words(
    error: Exception, kind: type[PipelineError], said: str
) -> None:
    with (
        pytest.raises(PipelineError, match=r"^reading p\.mentions: ") as told,
        translated("reading p.mentions"),
    ):
        raise error
    assert type(told.value) is kind
    assert said in str(told.value)
    assert told.value.retryable is (kind is BrokerUnavailable)
    assert told.value.__cause__ is error


def test_other_errors_pass_as_they_are() -> None:
    assert problem_of(OSError("x"), "y") is None
    with pytest.raises(ZeroDivisionError), translated("counting"):
        raise ZeroDivisionError


def test_what_a_broker_says_is_harmless_on_a_terminal() -> None:
    error = kafka.errors.PolicyViolationError("\x1b[31mred\n" + "x" * 5000)
    told = str(problem_of(error, "the topic t"))
    assert told.isprintable()
    assert len(told) < 800


@pytest.mark.parametrize("packing", [each.value for each in Compression if each.value != "none"])
def test_each_client_opens_what_the_other_packed(packing: str) -> None:
    raw = bytes(range(256)) * 8000 + b"a mention " * 10_000
    for packs, opens in ((codec, aiokafka_codec), (aiokafka_codec, codec)):
        packed = getattr(packs, f"{packing}_encode")(raw)
        assert len(packed) < len(raw) / 2
        assert getattr(opens, f"{packing}_decode")(packed) == raw
