"""The progress people see while a file is read."""

import sys
from pathlib import Path

import pytest
from rich.progress import Progress

from pipeline.commands.files import progress_of
from pipeline.sources.files import FileSource


def test_the_bar_moves_from_the_first_pass_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "week.csv"
    row = "2026-03-02T00:00:00Z," + "calm " * 20
    path.write_text("event_time,text\n" + f"{row}\n" * 9_000, encoding="utf-8")
    drawn: list[int] = []

    def update(_: Progress, __: int, *, completed: int, **___: object) -> None:
        drawn.append(completed)

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(Progress, "update", update)
    source = FileSource([str(path)])
    source.prepare()
    assert source.total_bytes is not None
    with progress_of(source, "reading"):
        next(source.read())
    assert len([each for each in drawn if 0 < each <= source.total_bytes // 2]) >= 3
