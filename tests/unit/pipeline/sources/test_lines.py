import gzip
from pathlib import Path

import pytest

from pipeline.mention import RejectedReason
from pipeline.sources.lines import Lines


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.sources.lines.BLOCK_BYTES", 7)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_lines_come_whole_whatever_the_blocks(tmp_path: Path, end: bytes, *, packed: bool) -> None:
    raw = b"one\n\ntwo \xe2\x82\xac\r\nthree three three\n\xc2\x85\x0b\x1c four" + end
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(raw) if packed else raw)
    moved: list[int] = []
    lines = Lines(path, moved=moved.append)
    expected = raw.decode().split("\n")
    read = list(lines)
    assert "".join(read) == raw.decode()
    assert [line.rstrip("\n") for line in read] == (expected[:-1] if end else expected)
    assert lines.raw(3, 4) == b"two \xe2\x82\xac\r\nthree three three"
    assert moved == sorted(moved)
    assert moved[-1] == path.stat().st_size


@pytest.mark.usefixtures("small_blocks")
def test_what_was_read_is_kept_from_a_line_on(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"".join(b"line %d\n" % number for number in range(1, 101)))
    lines = Lines(path)
    for number, _ in enumerate(lines, 1):
        lines.keep_from = number
        assert lines.raw(number, number) == b"line %d" % number
        assert len(lines._blocks) < 5


@pytest.mark.usefixtures("small_blocks")
def test_bad_bytes_are_marked_on_their_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one\ntw\xff\nthree\n")
    lines = Lines(path)
    assert list(lines) == ["one\n", "tw\ufffd\n", "three\n"]
    assert lines.flaw(1, 1) is None
    flaw = lines.flaw(1, 2)
    assert flaw is not None
    assert flaw.reason is RejectedReason.NOT_UTF8
    assert "byte 2" in flaw.detail
    assert lines.raw(2, 2) == b"tw\xff"


@pytest.mark.usefixtures("small_blocks")
def test_a_line_beyond_the_limit_is_cut_and_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.sources.lines.MAX_LINE_BYTES", 20)
    path = tmp_path / "a"
    for end in (b"", b"\nafter\n"):
        path.write_bytes(b"before\n" + b"x" * 1000 + end)
        lines = Lines(path)
        read = list(lines)
        assert len(read[1]) < 50
        assert [lines.flaw(number, number) is None for number in (1, 2, 3)] == [True, False, True]
        assert read[2:] == (["after\n"] if end else [])
