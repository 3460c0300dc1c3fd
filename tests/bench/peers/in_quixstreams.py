"""The plain job in quixstreams: decode, VADER, counts by brand and minute. A program of its own.

python in_quixstreams.py BOOTSTRAP TOPIC RECORDS
"""

import json
import sys
import tempfile

from quixstreams import Application, __version__
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

MINUTE = 60_000


def main() -> None:
    """Count until all have come."""
    bootstrap, topic_name, records = sys.argv[1:]
    polarity = SentimentIntensityAnalyzer().polarity_scores
    app = Application(
        broker_address=bootstrap,
        consumer_group=f"quix-{topic_name}",
        auto_offset_reset="earliest",
        auto_create_topics=True,
        loglevel="ERROR",
        state_dir=tempfile.mkdtemp(prefix="quix-"),
        use_changelog_topics=False,
    )
    topic = app.topic(topic_name, value_deserializer="bytes", key_deserializer="bytes")
    frame = app.dataframe(topic)

    def judge(raw: bytes) -> dict[str, int]:
        mention = json.loads(raw)
        negative = polarity(mention["text"])["compound"] <= -0.05
        return {"minute": mention["event_time"] // MINUTE, "negative": int(negative)}

    def count(value: dict[str, int], state: object) -> dict[str, int]:
        key = f"{value['minute']}"
        mentions, negatives = state.get(key, (0, 0))  # type: ignore[attr-defined]
        state.set(key, (mentions + 1, negatives + value["negative"]))  # type: ignore[attr-defined]
        return value

    frame.apply(judge).apply(count, stateful=True)
    print(__version__, flush=True)
    app.run(count=int(records), timeout=60)
    print("done", flush=True)


if __name__ == "__main__":
    main()
