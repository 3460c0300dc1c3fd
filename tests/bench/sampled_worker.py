"""A worker that notes every few milliseconds of CPU time what it is at. Run as a program.

    python -m tests.bench.sampled_worker OUT worker --config monitor.toml

Samples the innermost frame that belongs to one of the parts below, by SIGPROF (1 ms of CPU time);
writes {part: samples} to OUT as JSON when the program ends.
"""

import atexit
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

PARTS = (
    ("/aiokafka/", "Kafka clients"),
    ("/kafka/", "Kafka clients"),
    ("/faust/", "Faust"),
    ("/mode/", "Faust"),
    ("/pipeline/judging/", "judging"),
    ("vaderSentiment", "judging"),
    ("/pipeline/checkpoint", "checkpoint"),
    ("/pipeline/worker/", "checkpoint"),
    ("/pipeline/", "folding"),
    ("/detectors/", "folding"),
)
EVERY = 0.001

samples: Counter[str] = Counter()
_known: dict[str, str] = {}


def part_of(filename: str) -> str:
    """The part a file belongs to, empty for none."""
    found = _known.get(filename)
    if found is None:
        found = next((part for piece, part in PARTS if piece in filename), "")
        _known[filename] = found
    return found


def sample(_: int, frame: FrameType | None) -> None:
    """Note what is going on."""
    while frame is not None:
        part = part_of(frame.f_code.co_filename)
        if part:
            samples[part] += 1
            return
        frame = frame.f_back
    samples["the rest"] += 1


def main() -> None:
    """Run the program with the sampler on."""
    out = Path(sys.argv[1])
    atexit.register(lambda: out.write_text(json.dumps(samples), encoding="utf-8"))
    sys.argv = ["crisis-monitor", *sys.argv[2:]]
    from pipeline.__main__ import main as run  # noqa: PLC0415  # its imports are not sampled

    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    run()


if __name__ == "__main__":
    main()
