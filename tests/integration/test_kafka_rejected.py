"""Dead letters sent again on a real broker: to where they stood, or where they belong."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.__main__ import app
from pipeline.kafka.looking import Kept, Looker
from pipeline.mention import Mention, Rejected, RejectedReason
from pipeline.placing import partition_of
from pipeline.stores.rejected import RejectedStore
from pipeline.wire import VERSION, DeadLetter, Entry, Envelope, decode_mentions, encode
from tests.broker import SetUp
from tests.by_hand import ByHand
from tests.door import a_door

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]

AT = 1_700_000_040_000


@pytest.fixture
def hand(topics: SetUp) -> Iterator[ByHand]:
    with ByHand(topics) as hand:
        yield hand


@pytest.fixture
def file(topics: SetUp, tmp_path: Path) -> Path:
    file = tmp_path / "crisis-monitor.toml"
    file.write_text(
        f'[storage]\ndirectory = "{tmp_path / "data"}"\n\n[[brands]]\nname = "Acme"\n\n'
        + topics.toml.replace('"clock"', '"event"')
    )
    (tmp_path / "data").mkdir()
    return file


def run(file: Path, *arguments: object) -> Result:
    words = [str(each) for each in arguments]
    return CliRunner().invoke(app, ["rejected", words[0], "--config", str(file), *words[1:]])


def told(file: Path, *arguments: object, code: int = 0):  # type: ignore[no-untyped-def]  # noqa: ANN201  # JSON
    result = run(file, *arguments, "--format", "json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def keep(file: Path, *letters: DeadLetter) -> None:
    store = RejectedStore(file.parent / "data")
    store.take(letters, store.position().offset + len(letters))
    store.close()


def of_topic(those: SetUp, partition: int, offset: int, raw: bytes) -> DeadLetter:
    rejected = Rejected(RejectedReason.NEWER_VERSION, "there", "of version 9", raw)
    return DeadLetter(VERSION, rejected, AT, those.topics.mentions, partition, offset)


def of_door(raw: bytes, reason: RejectedReason = RejectedReason.FUTURE) -> DeadLetter:
    return DeadLetter(VERSION, Rejected(reason, "http:9:1", "wrong", raw, "forum"), AT)


def mentions(those: SetUp) -> list[Kept]:
    with Looker(those.connection) as looker:
        topic = those.topics.mentions
        return list(looker.records(topic, looker.bounds(topic)))


def test_a_record_goes_back_to_its_partition_once(hand: ByHand, file: Path) -> None:
    raw = encode(Envelope(VERSION, "w", "", [Entry(Mention("1", "f", AT, AT, "hi"), "Acme")]))
    keep(file, of_topic(hand.those, 3, 17, raw), of_topic(hand.those, 1, 18, b"\xc1 no record"))
    listed = told(file, "list")
    assert {(each["partition"], each["offset"]) for each in listed} == {(3, 17), (1, 18)}
    outcomes = {each["id"]: each["outcome"] for each in told(file, "replay", code=1)}
    still, back = sorted(outcomes.values())
    assert still.startswith("rejected: still not readable")
    assert back == "sent again as offset 0 of partition 3"
    (there,) = mentions(hand.those)
    assert (there.partition, there.value, there.key) == (3, raw, None)
    assert told(file, "replay") == []
    assert len(mentions(hand.those)) == 1
    (id_,) = (each["id"] for each in told(file, "list") if each["partition"] == 3)
    assert told(file, "show", id_)["reads_as"] == "an envelope of w with 1 mentions of Acme"


def test_a_mention_refused_at_the_door_goes_where_it_belongs(hand: ByHand, file: Path) -> None:
    said = {"id": "7", "text": "Acme is awful", "event_time": "2023-11-14T22:14:00Z"}
    keep(
        file,
        of_door(json.dumps(said).encode()),
        of_door(json.dumps(said | {"text": "nothing of ours"}).encode()),
        of_door(b"{", RejectedReason.UNDECODABLE),
    )
    outcomes = sorted(each["outcome"] for each in told(file, "replay", code=1))
    partition = partition_of("Acme", 4)
    assert outcomes[0] == f"accepted, as offset 0 of partition {partition}"
    assert "brand" in outcomes[1]
    assert outcomes[2].startswith("rejected: undecodable")
    (there,) = mentions(hand.those)
    record = decode_mentions(there.value or b"")
    assert isinstance(record, Envelope)
    (entry,) = record.entries
    assert (entry.brand, entry.mention.id, entry.mention.source) == ("Acme", "7", "forum")
    assert there.partition == partition


def test_it_can_go_through_an_ingest_process(hand: ByHand, file: Path) -> None:
    said = {"id": "7", "text": "Acme is awful", "event_time": "2023-11-14T22:14:00Z"}
    keep(file, of_door(json.dumps(said).encode()))
    with a_door() as door:
        (one,) = told(file, "replay", "--to", door.url)
        (named,) = told(file, "replay", one["id"], "--to", door.url)
    assert one["outcome"] == named["outcome"] == "accepted"
    assert [each.id for each in door.intake.mentions] == ["7"]
    assert mentions(hand.those) == []


def test_a_try_that_was_interrupted_is_not_repeated_by_itself(hand: ByHand, file: Path) -> None:
    said = {"id": "7", "text": "Acme is awful", "event_time": "2023-11-14T22:14:00Z"}
    keep(file, of_door(json.dumps(said).encode()))
    (id_,) = (each["id"] for each in told(file, "list"))
    store = RejectedStore(file.parent / "data")
    store.mark_replayed(id_, "being sent")
    store.close()
    assert told(file, "replay") == []
    assert mentions(hand.those) == []
    assert told(file, "replay", id_)[0]["outcome"].startswith("accepted")
    assert len(mentions(hand.those)) == 1


def test_without_a_broker_nothing_is_marked(file: Path, topics: SetUp) -> None:
    keep(file, of_door(b'{"id": "7", "text": "Acme", "event_time": 1700000000000}'))
    away = file.read_text().replace(topics.section.bootstrap[0], "127.0.0.1:1")
    apart = file.with_name("away.toml")
    apart.write_text(away)
    result = subprocess.run(
        (sys.executable, "-m", "pipeline", "rejected", "replay", "--config", str(apart)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 3
    assert "no Kafka broker answers" in result.stderr
    assert [each["replayed"] for each in told(apart, "list")] == [None]


def test_what_is_dropped_stays_kept(file: Path, topics: SetUp) -> None:
    keep(file, of_topic(topics, 1, 18, b"\xc1"))
    (one,) = told(file, "list")
    assert run(file, "drop", one["id"], "--yes").exit_code == 0
    assert told(file, "list") == []
    assert told(file, "replay") == []
    (there,) = told(file, "list", "--all")
    assert there["replayed"].startswith("dropped")
    text = run(file, "show", one["id"])
    assert f"{topics.topics.mentions}, partition 1, offset 18" in text.stdout
