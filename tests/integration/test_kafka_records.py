"""Records on their way: written to the partition named, read back in order, packed or not."""

import uuid
from importlib.util import find_spec

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from tests.broker import Broker

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]


@pytest.mark.parametrize("packing", [None, "gzip", "lz4", "zstd"])
def test_a_partition_gives_back_what_it_was_given_in_order(
    any_broker: Broker, packing: str | None
) -> None:
    assert find_spec("crc32c"), "kafka-python is four times slower without it"
    topic = f"t-{uuid.uuid4().hex[:10]}"
    if any_broker.real:
        with KafkaAdminClient(**any_broker.clients()) as client:
            client.create_topics({topic: {"num_partitions": 3}}, wait_for_metadata=True)
    bodies = [b"record %d " % number * 50 for number in range(100)]
    producer = KafkaProducer(**any_broker.clients(), acks="all", compression_type=packing)
    for number, body in enumerate(bodies):
        producer.send(topic, body, partition=number % 2)
    producer.flush(10)
    producer.close()
    consumer = KafkaConsumer(**any_broker.clients(), auto_offset_reset="earliest")
    for number in (0, 1):
        there = TopicPartition(topic, number)
        consumer.assign([there])
        read: list[bytes] = []
        for _ in range(20):
            if len(read) == len(bodies) // 2:
                break
            read += [each.value for each in consumer.poll(1000).get(there, [])]
        assert read == bodies[number::2]
    consumer.close()
