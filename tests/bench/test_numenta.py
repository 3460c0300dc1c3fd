"""The scoring: against its definition taken literally, one threshold at a time."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.settings import Detection
from tests.bench import nab
from tests.bench.numenta import PROFILES, Profile, Series, evaluate, probation, read_series, worth


def literally(scored: list[tuple[Series, list[float]]], profile: Profile) -> float:
    """The best threshold's score, file by file and window by window."""
    thresholds = [math.inf, *{score for _, scores in scored for score in scores}]
    best, windows = -math.inf, 0
    for threshold in thresholds:
        total, windows = 0.0, 0
        for series, scores in scored:
            start = probation(len(scores))
            spoken = [at for at in range(start, len(scores)) if scores[at] >= threshold]
            for first, last in series.windows:
                if last < start:
                    continue
                windows += 1
                hits = [at for at in spoken if first <= at <= last]
                if hits:
                    position = -(last - hits[0] + 1) / (last - first + 1)
                    total += profile.hit * worth(position) / worth(-1.0)
                else:
                    total -= profile.miss
            for at in spoken:
                if any(first <= at <= last for first, last in series.windows):
                    continue
                ended = [window for window in series.windows if window[1] < at]
                if ended and ended[-1][1] > ended[-1][0]:
                    first, last = ended[-1]
                    total += profile.false_alert * worth((at - last) / (last - first))
                else:
                    total -= profile.false_alert
        best = max(best, total)
    silent = -profile.miss * windows
    return 100 * (best - silent) / (profile.hit * windows - silent)


@st.composite
def cases(draw: st.DrawFn) -> list[tuple[Series, list[float]]]:
    scored = []
    for name in "abc"[: draw(st.integers(1, 3))]:
        rows = draw(st.integers(60, 120))
        edges = draw(st.lists(st.integers(20, rows - 1), min_size=2, max_size=6, unique=True))
        edges = sorted(edges[: len(edges) // 2 * 2])
        windows = tuple(zip(edges[::2], edges[1::2], strict=True))
        spikes = draw(st.dictionaries(st.integers(0, rows - 1), st.sampled_from([1.0, 2.0, 3.5])))
        scores = [spikes.get(at, 0.0) for at in range(rows)]
        scored.append((Series(name, tuple(range(rows)), (0.0,) * rows, windows), scores))
    return scored


@settings(deadline=None, max_examples=60)
@given(cases())
def test_agrees_with_the_definition(scored: list[tuple[Series, list[float]]]) -> None:
    for profile, outcome in zip(PROFILES, evaluate(scored), strict=True):
        assert outcome.score == pytest.approx(literally(scored, profile), abs=1e-9)


def one_window(rows: int = 1000) -> Series:
    return Series("one", tuple(range(rows)), (0.0,) * rows, ((500, 599),))


def test_silence_is_0_and_a_spike_at_the_left_edge_100() -> None:
    silence = evaluate([(one_window(), [0.0] * 1000)])
    assert {one.score for one in silence} == {0.0}
    perfect = evaluate([(one_window(), [float(at == 500) for at in range(1000)])])
    assert [one.score for one in perfect] == pytest.approx([100.0] * 3)
    assert [(one.found, one.false_alerts) for one in perfect] == [(1, 0)] * 3


def test_late_is_worth_less_and_a_false_alert_costs_its_profile() -> None:
    late = evaluate([(one_window(), [float(at == 550) for at in range(1000)])])
    middle = 100 * (worth(-0.5) / worth(-1.0) + 1) / 2
    assert late[0].score == pytest.approx(middle)
    false = evaluate([(one_window(), [float(at in {300, 500}) for at in range(1000)])])
    assert [one.score for one in false] == pytest.approx(
        [100 * (2 - 0.11) / 2, 100 * (2 - 0.22) / 2, 100 * (3 - 0.11) / 3]
    )


def test_the_probation_counts_for_nothing() -> None:
    assert (probation(1000), probation(100_000)) == (150, 750)
    early = evaluate([(one_window(), [float(at < 150 or at == 500) for at in range(1000)])])
    assert early[0].score == pytest.approx(100.0)


def test_files_with_gaps_repeats_and_odd_seconds_are_read_in_their_order(tmp_path: Path) -> None:
    rows = ["2015-02-26 21:42:53,3", "2015-02-26 21:42:53,4", "2015-02-26 23:02:53,5"]
    (tmp_path / "a.csv").write_text("timestamp,value\n" + "\n".join(rows) + "\n", "utf-8")
    windows = {"a.csv": [["2015-02-26 21:45:00.000000", "2015-02-26 23:02:53.000000"]]}
    (tmp_path / "windows.json").write_text(json.dumps(windows), "utf-8")
    (series,) = read_series(tmp_path)
    assert series.values == (3.0, 4.0, 5.0)
    assert series.windows == ((2, 2),)
    assert nab.anomaly_scores(series, Detection(bucket=nab.STEP)) == [0.0] * 3


def test_the_bench_prints_the_three_profiles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        f"2015-03-{1 + at // 288:02} {at % 288 // 12:02}:{at % 12 * 5:02}:53" for at in range(2592)
    ]
    values = [100 if 2000 <= at < 2030 else 10 for at in range(2592)]
    text = "".join(f"{row},{value}\n" for row, value in zip(rows, values, strict=True))
    (tmp_path / "a.csv").write_text("timestamp,value\n" + text, "utf-8")
    (tmp_path / "windows.json").write_text(json.dumps({"a.csv": [[rows[1900], rows[2100]]]}))
    assert nab.main(["--data", str(tmp_path), "--format", "json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert set(scores) == {"standard", "reward_low_fp", "reward_low_fn"}
    assert all(90 < score <= 100 for score in scores.values())
    assert nab.main(["--data", str(tmp_path)]) == 0
    assert "reward_low_fp" in capsys.readouterr().out


def test_a_folder_without_windows_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nab.main(["--data", str(tmp_path)]) == 3
    assert "windows.json" in capsys.readouterr().err
