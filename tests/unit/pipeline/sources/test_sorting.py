from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import EnvironmentProblem
from pipeline.mention import Author, Kind, Mention
from pipeline.sources.sorting import ExternalSort


def mention(number: int, time: int) -> Mention:
    return Mention(str(number), "file", time, 0, "a", kind=Kind.QUOTE, author=Author("b"))


@settings(deadline=None, max_examples=100)
@given(
    times=st.lists(st.integers(0, 20), max_size=400),
    memory_rows=st.integers(1, 50),
    chunk=st.integers(1, 40),
)
def test_order_by_time_then_as_they_came(times: list[int], memory_rows: int, chunk: int) -> None:
    mentions = [mention(number, time) for number, time in enumerate(times)]
    sort = ExternalSort(memory_rows=memory_rows)
    for start in range(0, len(mentions), chunk):
        sort.add(mentions[start : start + chunk])
    assert list(sort.ordered()) == sorted(mentions, key=lambda said: said.event_time)
    sort.close()


def test_more_runs_than_may_be_open_are_merged_on_the_way() -> None:
    times = [number * 7919 % 1000 for number in range(1000)]
    sort = ExternalSort(memory_rows=3)
    for number, time in enumerate(times):
        sort.add([mention(number, time)])
        assert len(sort._runs) <= 64
    assert [said.event_time for said in sort.ordered()] == sorted(times)
    sort.close()


def test_the_temporary_files_have_no_name(tmp_path: Path) -> None:
    sort = ExternalSort(memory_rows=2, directory=tmp_path)
    sort.add([mention(1, 2), mention(2, 1), mention(3, 0)])
    assert len(sort._runs) == 1
    assert list(tmp_path.iterdir()) == []
    sort.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    sort = ExternalSort(memory_rows=1, directory=tmp_path / "none")
    with pytest.raises(EnvironmentProblem, match="make room"):
        sort.add([mention(1, 2)])


def test_at_least_one_is_held() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ExternalSort(memory_rows=0)


def test_long_texts_go_to_disk_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.sources.sorting._HELD_CHARACTERS", 1000)
    monkeypatch.setattr("pipeline.sources.sorting._FRAME_CHARACTERS", 300)
    sort = ExternalSort(memory_rows=10_000)
    texts = [f"{number:050}" for number in range(100)]
    mentions = [Mention(text, "file", 100 - at, 0, text) for at, text in enumerate(texts)]
    for said in mentions:
        sort.add([said])
    assert len(sort._runs) == 5
    assert list(sort.ordered()) == mentions[::-1]
    sort.close()
