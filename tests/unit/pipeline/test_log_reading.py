"""A log that is to be read and is not there, is empty, or repeats itself."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.errors import LogUnavailable
from pipeline.log import SqliteLog
from pipeline.mention import Rejected, RejectedReason
from pipeline.stores import BucketTable, MentionStore


def _log(directory: Path) -> None:
    SqliteLog.read(directory).close()


def _mentions(directory: Path) -> None:
    MentionStore(directory, read_only=True).close()


def _buckets(directory: Path) -> None:
    BucketTable(directory, read_only=True).close()


@pytest.mark.parametrize("read", [_log, _mentions, _buckets])
def test_what_is_not_there_is_named_with_how_to_mend(
    read: Callable[[Path], None], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(LogUnavailable) as caught:
            read(folder)
        said = str(caught.value)
        assert f"in the folder {folder}" in said
        assert "--data DIR" in said
        assert "crisis-monitor run" in said
        assert "read and written" not in said


@pytest.mark.parametrize(
    ("read", "name"), [(_log, "log.db"), (_mentions, "mentions.db"), (_buckets, "mentions.db")]
)
def test_a_file_without_tables_is_said_to_be_empty(
    read: Callable[[Path], None], name: str, tmp_path: Path
) -> None:
    (tmp_path / name).touch()
    with pytest.raises(
        LogUnavailable, match=f"is empty, or was copied without the file {name}-wal"
    ):
        read(tmp_path)


def test_a_log_copied_without_its_wal_is_told(tmp_path: Path) -> None:
    with closing(SqliteLog.open(tmp_path / "here", durable=False)):
        (tmp_path / "there").mkdir()
        shutil.copy(tmp_path / "here" / "log.db", tmp_path / "there")
    with pytest.raises(LogUnavailable, match="-wal"):
        _log(tmp_path / "there")


def test_the_same_bad_line_of_two_sources_is_kept_twice(tmp_path: Path) -> None:
    bad = [
        Rejected(RejectedReason.UNDECODABLE, "request r1:1", "no JSON", b"{", source)
        for source in ("reviews", "helpdesk", "reviews")
    ]
    with closing(SqliteLog.open(tmp_path, durable=False)) as log:
        with log.transaction():
            assert log.rejections.keep(bad, 0) == 2
        assert {each.rejected.source for each in log.rejections.find()} == {"reviews", "helpdesk"}
