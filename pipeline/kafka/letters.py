"""Dead letters of the door: input that is no mention, on its way to the rejected topic."""

from typing import Final

import msgspec

from pipeline.kafka.producer import Record
from pipeline.kafka.topics import Topics
from pipeline.log.rejections import rejected_id
from pipeline.mention import Rejected
from pipeline.wire import VERSION, DeadLetter, encode

LONGEST: Final = 1024 * 1024
"""Bytes of an input that are kept: a record has to stay below what the topic takes."""


def dead_letter(rejected: Rejected, at: int, topics: Topics, partitions: int) -> Record:
    """Make the record of a rejected input; a repeat goes to the same partition."""
    if len(rejected.raw) > LONGEST:
        rejected = msgspec.structs.replace(
            rejected,
            detail=f"{rejected.detail} (the first {LONGEST} of {len(rejected.raw)} bytes are kept)",
            raw=rejected.raw[:LONGEST],
        )
    partition = int(rejected_id(rejected), 16) % partitions
    return Record(topics.rejected, partition, encode(DeadLetter(VERSION, rejected, at)))
