from itertools import pairwise
from pathlib import Path

from pipeline.mention import Mention
from pipeline.scorers import ScorerName
from pipeline.sources.files import FileSource
from tests.bench.history import aliases_of, mentions, write_csv
from tests.bench.road import bare, travel


def test_a_history_is_sorted_and_repeatable_and_all_of_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    write_csv(path, mentions(3_000, 6))
    read = [each for chunk in FileSource([str(path)]).read() for each in chunk]
    assert len(read) == 3_000
    assert all(isinstance(each, Mention) for each in read)
    times = [each.event_time for each in read if isinstance(each, Mention)]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert list(mentions(200, 6)) == list(mentions(200, 6))


def test_the_road_and_its_peer_take_the_same_rows(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    write_csv(path, mentions(1_000, 40), name_brands=False)
    assert travel(path, tmp_path / "data", ScorerName.NONE, aliases_of(40)) == 1_000
    assert bare(path, tmp_path) == 1_000
