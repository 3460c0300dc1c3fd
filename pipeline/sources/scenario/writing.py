"""A scenario as a file of public JSON objects."""

from collections.abc import Iterable
from typing import IO

from pipeline.encoding import encode_json
from pipeline.mention import Mention


def write_jsonl(mentions: Iterable[Mention], stream: IO[bytes]) -> int:
    """Write one object a line, in the order given; returns how many.

    The arrival is not written: whoever reads a file sets it anew.
    """
    count = 0
    for mention in mentions:
        stream.write(encode_json(mention) + b"\n")
        count += 1
    return count
