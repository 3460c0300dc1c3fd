"""A worker that stops itself at the worst moment: its outputs are out, its rows are not.

    python -m tests.chaos.worker worker --config monitor.toml

At the signal `TEAR` it waits for its next checkpoint, and sends itself SIGSTOP there, once.
"""

import os
import signal
from collections.abc import Iterable

from pipeline.__main__ import main
from pipeline.worker.sender import Record, Sender

TEAR = signal.SIGRTMIN

_wanted: list[bool] = []
_send = Sender.send


async def _send_or_stop(
    self: Sender, topic: str, partition: int, records: Iterable[Record]
) -> None:
    records = list(records)
    rows = topic.endswith("changelog") and any(value is not None for _, value in records)
    if _wanted and rows:
        _wanted.clear()
        os.kill(os.getpid(), signal.SIGSTOP)
    await _send(self, topic, partition, records)


if __name__ == "__main__":
    Sender.send = _send_or_stop  # type: ignore[method-assign]  # what this program is for
    signal.signal(TEAR, lambda *_: _wanted.append(True))
    main()
