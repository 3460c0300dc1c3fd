"""A plain Faust agent: one mention a record, a table written for each. Run as a program of its own.

    python plain_faust.py BOOTSTRAP TOPIC RECORDS [vader]

Prints `done` when so many records are counted, and goes on until it is stopped.
"""

import json
import sys
from collections.abc import AsyncIterator

import faust
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

PARTITIONS = 4


def main() -> None:
    """Count by brand until all have come."""
    bootstrap, topic, records, *scoring = sys.argv[1:]
    polarity = SentimentIntensityAnalyzer().polarity_scores if scoring else None
    app = faust.App(
        f"plain-{topic}",
        broker=f"kafka://{bootstrap}",
        store="memory://",
        topic_partitions=PARTITIONS,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
    )
    counts = app.Table("counts", default=int, partitions=PARTITIONS)
    wanted = int(records)
    seen = 0

    async def count(stream: AsyncIterator[bytes]) -> None:
        nonlocal seen
        async for raw in stream:
            mention = json.loads(raw)
            if polarity is not None:
                polarity(mention["text"])
            counts[mention["brand"]] += 1
            seen += 1
            if seen == wanted:
                print("done", flush=True)

    app.agent(app.topic(topic, value_type=bytes, value_serializer="raw"))(count)
    worker = faust.Worker(app, loglevel="error", quiet=True, redirect_stdouts=False)
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()
