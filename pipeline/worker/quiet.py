"""Keeps what the clients say about a broker that is away from filling the log."""

import logging

from pipeline.clock import stopwatch

AGAIN = 60.0
"""Seconds after which a client may say the same again."""
_LOGGERS = (
    "aiokafka",
    "aiokafka.conn",
    "aiokafka.consumer.consumer",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
)


class OnceInAWhile(logging.Filter):
    """Lets each message through once a minute, whatever it names."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it has not been said lately."""
        key = (record.name, str(record.msg)[:80])
        now = stopwatch()
        if now - self._said.get(key, -AGAIN) < AGAIN:
            return False
        self._said[key] = now
        return True


def quieten() -> None:
    """Leave out what is no news to an operator, and what was said a moment ago."""
    once = OnceInAWhile()
    for name in ("faust", "mode", "kafka", *_LOGGERS):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(once)
    logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)  # that a machine is slow
    logging.getLogger("mode.timers").setLevel(logging.ERROR)  # as above
    logging.getLogger("pipeline.worker.faust_app").setLevel(logging.WARNING)  # Faust's, by our name
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
