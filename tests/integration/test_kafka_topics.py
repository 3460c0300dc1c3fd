"""The topics on a real broker: made, looked at, changed where that is safe, and never harmed."""

import asyncio
import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource
from typer.testing import CliRunner

from pipeline.commands.kafka import app
from pipeline.errors import BrokerUnavailable, PipelineError, SettingsError, TopicProblem
from pipeline.kafka.connection import Connection, translated
from pipeline.kafka.differences import Mending, What
from pipeline.kafka.setup import check_ready, setup
from pipeline.kafka.topics import Topics, wanted
from pipeline.settings.sections.kafka import KafkaSection, Protocol
from tests.broker import Broker, OwnBroker, SetUp, certificate
from tests.ports import free_ports

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]
RUNNER = CliRunner()
LONG_AGO = 1_424_000_000_000


@pytest.fixture
def fresh(broker: Broker) -> Iterator[KafkaSection]:
    """A section whose topics are not there yet."""
    section = KafkaSection(
        bootstrap=(broker.bootstrap,), prefix=f"t-{uuid.uuid4().hex[:10]}", partitions=2
    )
    yield section
    with Connection.of(section).admin() as client:
        mine = [name for name in client.list_topics() if name.startswith(section.prefix)]
        if mine:
            client.delete_topics(mine, raise_errors=False)


def changed(section: KafkaSection, **settings: object) -> KafkaSection:
    return section.model_copy(update=settings)


def alter(section: KafkaSection, name: str, config: dict[str, str]) -> None:
    """Change a topic as somebody else would, and wait until it shows."""
    asked = ConfigResource("topic", name, config)
    with Connection.of(section).admin() as client:
        assert client.alter_configs([asked]) == {"topic": {name: "OK"}}
        for _ in range(200):
            there = client.describe_configs([ConfigResource("topic", name)])["topic"][name]
            if all(there.get(key, {}).get("value") == value for key, value in config.items()):
                return
            time.sleep(0.05)
    pytest.fail(f"{name} does not change")


def run(folder: Path, text: str, *words: str) -> tuple[int, str, str]:
    file = folder / "crisis-monitor.toml"
    file.write_text(text)
    result = RUNNER.invoke(app, [*words, "--config", str(file)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.stdout.split()), " ".join(result.stderr.split())


def toml(section: KafkaSection, **more: object) -> str:
    return SetUp(section).toml + "".join(f"{key} = {json.dumps(it)}\n" for key, it in more.items())


def test_setup_makes_what_check_misses_and_may_be_repeated(
    fresh: KafkaSection, tmp_path: Path
) -> None:
    code, said, _ = run(tmp_path, toml(fresh), "check")
    assert code == 1
    assert said.count("no such topic") == 5
    assert "-> crisis-monitor kafka setup" in said
    code, said, _ = run(tmp_path, toml(fresh), "setup")
    assert code == 0
    assert [name for name in Topics(fresh.prefix).all() if f"made {name}: 2" not in said] == []
    for words in ("setup", "check"):
        code, said, _ = run(tmp_path, toml(fresh), words)
        assert code == 0
        assert said.endswith("are as they have to be.")
        assert "made" not in said


def test_programs_are_told_of_every_difference(fresh: KafkaSection, tmp_path: Path) -> None:
    setup(Connection.of(fresh), wanted(fresh), create=True)
    alter(fresh, f"{fresh.prefix}.worker-rows-changelog", {"cleanup.policy": "delete"})
    alter(fresh, f"{fresh.prefix}.signals", {"retention.ms": "60000"})
    code, said, _ = run(tmp_path, toml(fresh), "check", "--format", "json")
    answer = json.loads(said)
    assert (code, answer["ready"]) == (1, False)
    found = {(each["topic"], each["key"]): each for each in answer["differences"]}
    rows = found[f"{fresh.prefix}.worker-rows-changelog", "cleanup.policy"]
    assert (rows["wanted"], rows["found"]) == ("compact", "delete")
    assert rows["mend"] == "crisis-monitor kafka setup"
    signals = found[f"{fresh.prefix}.signals", "retention.ms"]
    assert (signals["wanted"], signals["found"]) == ("604800000", "60000")
    assert len(found) == 2

    with pytest.raises(TopicProblem, match=r"cleanup\.policy=delete instead of compact: crisis-"):
        check_ready(Connection.of(fresh), wanted(fresh))
    code, said, _ = run(tmp_path, toml(fresh), "setup", "--format", "json")
    assert (code, len(json.loads(said)["changed"])) == (0, 2)
    check_ready(Connection.of(fresh), wanted(fresh))


def test_a_process_does_not_start_beside_missing_topics(fresh: KafkaSection) -> None:
    connection = Connection.of(fresh)
    with pytest.raises(TopicProblem, match="are missing: crisis-monitor kafka setup") as told:
        check_ready(connection, wanted(fresh))
    assert all(name in str(told.value) for name in Topics(fresh.prefix).all())
    assert told.value.exit_code == 3
    setup(connection, [plan for plan in wanted(fresh) if "judged" not in plan.name], create=True)
    with pytest.raises(TopicProblem, match=rf"the topic {fresh.prefix}\.judged is missing"):
        check_ready(connection, wanted(fresh))


@pytest.mark.parametrize("partitions", [1, 5])
def test_the_number_of_partitions_never_changes_by_itself(
    topics: SetUp, tmp_path: Path, partitions: int
) -> None:
    section = changed(topics.section, partitions=partitions)
    code, said, _ = run(tmp_path, toml(section), "setup")
    assert code == 1
    assert "set kafka.partitions = 4" in said
    assert f"partitions: 4, wanted {partitions}" in said
    with pytest.raises(TopicProblem, match=r"of 4 partitions where kafka\.partitions says"):
        check_ready(topics.connection, wanted(section))
    assert setup(topics.connection, wanted(topics.section), create=False).ready


def test_no_topic_is_made_beside_others_of_another_size(fresh: KafkaSection) -> None:
    connection = Connection.of(fresh)
    setup(connection, wanted(fresh)[:2], create=True)
    report = setup(connection, wanted(changed(fresh, partitions=3)), create=True)
    assert report.created == []
    assert {each.what for each in report.differences} == {What.MISSING, What.PARTITIONS}
    assert {each.mending for each in report.differences} == {Mending.PERSON}


def test_what_is_kept_is_deleted_sooner_only_on_request(topics: SetUp, tmp_path: Path) -> None:
    text = toml(topics.section, retention="1d")
    code, said, _ = run(tmp_path, text, "setup")
    assert code == 1
    assert "crisis-monitor kafka setup --shorten" in said
    assert "retention.ms: 7d (604800000), wanted 1d (86400000)" in said
    assert run(tmp_path, text, "setup", "--shorten")[0] == 0
    assert run(tmp_path, text, "check")[0] == 0
    code, said, _ = run(tmp_path, toml(topics.section), "setup")
    assert code == 0
    assert "retention.ms from 1d (86400000) to 7d (604800000)" in said


def test_more_copies_than_brokers_are_refused_with_what_to_do(
    fresh: KafkaSection, tmp_path: Path
) -> None:
    code, _, said = run(tmp_path, toml(fresh, replication=3), "setup")
    assert code == 3
    assert "lower kafka.replication, or add brokers" in said


def test_an_envelope_of_512_kb_fits_and_old_dates_do_no_harm(topics: SetUp) -> None:
    body = bytes(1_500_000)
    producer = KafkaProducer(
        **topics.connection.clients(), acks="all", max_request_size=2 * 1024 * 1024
    )
    with translated("writing"):
        written = producer.send(
            topics.topics.mentions, body, partition=3, timestamp_ms=LONG_AGO
        ).get(10)
        producer.close()
    assert written.timestamp > LONG_AGO + 1_000_000
    consumer = KafkaConsumer(**topics.connection.clients(), auto_offset_reset="earliest")
    there = TopicPartition(topics.topics.mentions, 3)
    consumer.assign([there])
    records = consumer.poll(10_000)[there]
    consumer.close()
    assert [(each.offset, each.value) for each in records] == [(0, body)]


def test_an_absent_broker_is_told_by_its_address(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    section = KafkaSection(bootstrap=(f"127.0.0.1:{port}", "nowhere.invalid:9092"))
    connection = Connection(tuple(section.bootstrap), patience=300)
    with pytest.raises(BrokerUnavailable) as told:
        check_ready(connection, wanted(section))
    assert f"127.0.0.1:{port} refuses connections" in str(told.value)
    assert "nowhere.invalid:9092 is a name nobody knows" in str(told.value)
    assert (told.value.exit_code, told.value.retryable) == (3, True)
    code, said, wrong = run(tmp_path, toml(section), "check")
    assert (code, said) == (3, "")
    assert f"127.0.0.1:{port} refuses connections: start Kafka there" in wrong


def test_something_else_that_listens_is_no_broker(broker: Broker) -> None:
    connection = Connection((broker.bootstrap,), Protocol.SSL, patience=300)
    with pytest.raises(PipelineError, match=r"kafka\.security"):
        check_ready(connection, [])


@pytest.fixture(scope="module")
def guarded(needs_jars: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnBroker]:
    """A broker that asks who is there."""
    del needs_jars
    folder = tmp_path_factory.mktemp("guarded")
    users = {"monitor": "right", "worker": "right"}
    with OwnBroker(folder / "broker", users=users, tls=certificate(folder)) as own:
        yield own


def guarded_toml(own: OwnBroker, mechanism: str, user: str) -> str:
    return (
        f'[kafka]\nbootstrap = ["{own.bootstrap}"]\nprefix = "guarded"\npartitions = 2\n'
        f'security = "SASL_PLAINTEXT"\nmechanism = "{mechanism}"\nusername = "{user}"\n'
        'password_env = "WORD_OF_THE_MONITOR"\n'
    )


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_right_credentials_open_and_wrong_ones_are_told_at_once(
    guarded: OwnBroker, mechanism: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = guarded_toml(guarded, mechanism, "monitor")
    monkeypatch.setenv("WORD_OF_THE_MONITOR", "right")
    assert run(tmp_path, text, "setup")[0] == 0
    assert run(tmp_path, text, "check")[0] == 0
    monkeypatch.setenv("WORD_OF_THE_MONITOR", "hunter2")
    code, said, wrong = run(tmp_path, text, "check")
    assert (code, said) == (2, "")
    assert "the broker does not accept these credentials: correct kafka.username" in wrong
    assert "hunter2" not in wrong
    monkeypatch.delenv("WORD_OF_THE_MONITOR")
    code, _, wrong = run(tmp_path, text, "check")
    assert (code, "WORD_OF_THE_MONITOR is not set" in wrong) == (2, True)


def test_a_stranger_and_a_way_to_log_in_that_is_not_offered(guarded: OwnBroker) -> None:
    plans = wanted(KafkaSection(prefix="guarded"))
    with pytest.raises(SettingsError, match=r"kafka\.username") as told:
        check_ready(guarded.connection("stranger", "right"), plans)
    assert told.value.exit_code == 2
    other = KafkaSection(
        bootstrap=(guarded.bootstrap,),
        security="SASL_PLAINTEXT",
        mechanism="SCRAM-SHA-256",
        username="monitor",
        password="right",
    )
    with pytest.raises(SettingsError, match=r"correct kafka\.mechanism"):
        check_ready(Connection.of(other), plans)


def test_who_does_not_log_in_is_told_to(guarded: OwnBroker) -> None:
    with pytest.raises(BrokerUnavailable, match=r"kafka\.security"):
        check_ready(Connection((guarded.bootstrap,), patience=500), [])


def test_a_broker_of_ones_own_comes_back_with_what_it_held(guarded: OwnBroker) -> None:
    connection = guarded.connection("monitor", "right")
    section = KafkaSection(bootstrap=(guarded.bootstrap,), prefix="kept", partitions=1)
    setup(connection, wanted(section), create=True)
    producer = KafkaProducer(**connection.clients(), acks="all")
    producer.send("kept.mentions", b"before", partition=0).get(10)
    producer.close()
    guarded.kill()
    with pytest.raises(BrokerUnavailable, match="refuses connections"):
        check_ready(Connection((guarded.bootstrap,), patience=100), [])
    guarded.start()
    consumer = KafkaConsumer(**connection.clients(), auto_offset_reset="earliest")
    there = TopicPartition("kept.mentions", 0)
    consumer.assign([there])
    assert [each.value for each in consumer.poll(10_000)[there]] == [b"before"]
    consumer.close()


def encrypted(own: OwnBroker, **settings: object) -> Connection:
    assert own.tls
    section = KafkaSection(
        bootstrap=(own.secure,),
        security="SASL_SSL",
        username="monitor",
        password="right",
        ca_file=own.tls[0],
    )
    return Connection.of(section.model_copy(update=settings))


def test_every_client_logs_in_where_all_is_encrypted(guarded: OwnBroker) -> None:
    connection = encrypted(guarded)
    plans = wanted(KafkaSection(prefix="encrypted", partitions=1))
    setup(connection, plans, create=True)
    check_ready(connection, plans)
    given = connection.faust()
    login = credentials_to_aiokafka_auth(given["broker_credentials"])

    async def names() -> list[str]:
        client = AIOKafkaAdminClient(bootstrap_servers=guarded.secure, **login)
        await client.start()
        try:
            return list(await client.list_topics())
        finally:
            await client.close()

    assert "encrypted.mentions" in asyncio.run(names())


def test_a_broker_that_is_not_trusted_is_told_at_once(guarded: OwnBroker, tmp_path: Path) -> None:
    stranger, _ = certificate(tmp_path)
    with pytest.raises(SettingsError, match=r"not trusted .*correct kafka\.ca_file"):
        check_ready(encrypted(guarded, ca_file=stranger), [])
    plain = {"security": Protocol.SASL_PLAINTEXT, "ca_file": None}
    with pytest.raises(PipelineError, match=r"kafka\.security"):
        check_ready(replace(encrypted(guarded, **plain), patience=100), [])
    with pytest.raises(PipelineError, match=r"kafka\.security"):
        check_ready(replace(encrypted(guarded), bootstrap=(guarded.bootstrap,), patience=100), [])
