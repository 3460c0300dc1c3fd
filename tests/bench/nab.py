"""The volume detector on labelled Twitter volumes, by Numenta's published scoring.

`python -m tests.bench.nab --data DIR [--format json]`: DIR holds CSV files (timestamp, value per
five minutes, UTC) and `windows.json`. Settings are the shipped ones but for the bucket's length;
each value is fed as that many voices; a row's anomaly score is the reading's where it starts an
attention and 0 elsewhere.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from detectors.observation import Bucket, Observation
from detectors.settings import MINUTE, Detection
from detectors.volume import VolumeDetector
from tests.bench.numenta import Outcome, Series, evaluate, read_series

STEP = 5 * MINUTE


def cell_of(at: int) -> int:
    """The season's cell in UTC."""
    day = datetime.fromtimestamp(at / 1000, UTC)
    return day.hour + (24 if day.weekday() >= 5 else 0)


def anomaly_scores(series: Series, settings: Detection) -> list[float]:
    """One score a row, in the file's order: rows are taken as following each other."""
    detector = VolumeDetector(settings)
    scores = []
    for at, value in zip(series.instants, series.values, strict=True):
        voices = max(0, round(value))
        bucket = Bucket(at, STEP, cell_of(at), observation=Observation(voices, voices, voices))
        reading, started, _ = detector.close(bucket)
        scores.append(reading.score if started else 0.0)
    return scores


def outcomes(folder: Path) -> list[Outcome]:
    """Numenta's three profiles over the folder's series, with the settings as shipped."""
    settings = Detection(bucket=STEP)
    return evaluate((one, anomaly_scores(one, settings)) for one in read_series(folder))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.nab", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with windows.json")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args(arguments)
    try:
        found = outcomes(options.data)
    except (OSError, ValueError, KeyError) as error:
        print(f"nab: {options.data}: {error}", file=sys.stderr)
        return 3
    if options.format == "json":
        print(json.dumps({outcome.profile: round(outcome.score, 2) for outcome in found}))
        return 0
    print(f"{'profile':<15}{'score':>7}{'windows':>9}{'found':>7}{'false':>7}{'threshold':>11}")
    for one in found:
        print(
            f"{one.profile:<15}{one.score:>7.1f}{one.windows:>9}{one.found:>7}"
            f"{one.false_alerts:>7}{one.threshold:>11.2f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
