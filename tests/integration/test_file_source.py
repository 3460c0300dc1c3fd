import csv
import gzip
import io
import json
import os
import random
import tracemalloc
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.mention import Mention, Rejected, RejectedReason
from pipeline.sources.files import FileSource

HEADER = "id,event_time,text\n"
MINUTE = 60_000


def write(path: Path, content: str | bytes) -> str:
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return str(path)


def read(
    *paths: str, said: Callable[[str], None] = lambda _: None, **options: object
) -> tuple[list[Mention], list[Rejected]]:
    source = FileSource(paths, tell=said, **options)  # type: ignore[arg-type]  # each test's own
    mentions: list[Mention] = []
    rejected: list[Rejected] = []
    for chunk in source.read():
        assert 0 < len(chunk) <= 1000
        mentions += [one for one in chunk if isinstance(one, Mention)]
        rejected += [one for one in chunk if isinstance(one, Rejected)]
    times = [mention.event_time for mention in mentions]
    assert times == sorted(times)
    assert source.bytes_read == source.total_bytes
    return mentions, rejected


def at(minute: int) -> str:
    return f"2026-03-{2 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:00Z"


def rows(minutes: Sequence[int], first: int = 0) -> str:
    return "".join(f"{first + n},{at(minute)},said {n}\n" for n, minute in enumerate(minutes))


def objects(minutes: Sequence[int]) -> str:
    return "".join(
        json.dumps({"id": n, "event_time": at(minute), "text": "a"}) + "\n"
        for n, minute in enumerate(minutes)
    )


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.txt", "a.gz", "a"])
@pytest.mark.parametrize("memory_rows", [1, 3, 1000])
def test_rows_come_in_the_order_of_their_times(tmp_path: Path, name: str, memory_rows: int) -> None:
    path = write(tmp_path / name, HEADER + rows([5, 3, 3, 9, 0, 3]))
    mentions, rejected = read(path, memory_rows=memory_rows)
    assert [mention.id for mention in mentions] == ["4", "1", "2", "5", "0", "3"]
    assert rejected == []
    assert {mention.source for mention in mentions} == {"file"}


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson.gz", "a.json", "a.txt", "a"])
def test_lines_come_in_the_order_of_their_times(tmp_path: Path, name: str) -> None:
    mentions, _ = read(write(tmp_path / name, objects([5, 3, 3, 9, 0, 3])), memory_rows=2)
    assert [mention.id for mention in mentions] == ["4", "1", "2", "5", "0", "3"]


def test_the_standard_input_is_read_like_a_file(tmp_path: Path) -> None:
    for content in (HEADER + rows([2, 1]), objects([2, 1])):
        for raw in (content.encode(), gzip.compress(content.encode())):
            mentions, _ = read("-", stdin=io.BytesIO(raw), tmp_dir=tmp_path)
            assert [mention.id for mention in mentions] == ["1", "0"]
    _, rejected = read("-", stdin=io.BytesIO(HEADER.encode() + b"1,,a\n"))
    assert [one.origin for one in rejected] == ["stdin:2"]


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    content = HEADER + rows([2, 1])
    with ThreadPoolExecutor(1) as writer:
        writer.submit(pipe.write_text, content)
        mentions, _ = read(str(pipe))
    assert [mention.id for mention in mentions] == ["1", "0"]


def test_several_files_are_merged_and_ties_go_to_the_first_named(tmp_path: Path) -> None:
    one = write(tmp_path / "one.csv", HEADER + rows([1, 4, 6]))
    two = write(tmp_path / "two.jsonl", objects([6, 2, 4]))
    three = write(tmp_path / "three.csv", HEADER + rows([7, 8], first=30))
    mentions, _ = read(one, two, three, memory_rows=1)
    assert [(m.event_time // MINUTE % 60, m.text) for m in mentions] == [
        (1, "said 0"), (2, "a"), (4, "said 1"), (4, "a"), (6, "said 2"), (6, "a"),
        (7, "said 0"), (8, "said 1"),
    ]  # fmt: skip


def test_files_that_follow_each_other_need_no_merging(tmp_path: Path) -> None:
    paths = [
        write(tmp_path / f"{day}.csv", HEADER + rows(range(day * 1440, day * 1440 + 5), day * 10))
        for day in range(3)
    ]
    assert [m.id for m in read(*paths)[0]] == [m.id for m in read(*reversed(paths))[0]]


def test_every_bad_row_is_rejected_with_the_line_it_starts_on(tmp_path: Path) -> None:
    lines = [
        b"id,event_time,text",  # 1
        b'1,2026-03-02T10:00:00Z,"two',
        b'lines"',
        b"2,2026-03-02T10:01:00Z",
        b"3,2026-03-02T10:01:00Z,a,b",
        b"",
        b"4,,a",  # 7
        b"5,2026-03-02T10:01:00,a",
        b"6,2026-03-02T10:01:00Z,a\xff",
        b'7,2026-03-02T10:01:00Z,"three',
        b"\xfe",
        b'lines"',
        b"8,soon,a",  # 13
        b"9\0,2026-03-02T10:02:00Z,a",
        b"10,2026-03-02T10:02:00Z,\0",
        b"11,2026-03-02T10:02:00Z," + b"x" * 140_000,
        b"12,2026-03-02T10:02:00Z," + b"x" * 70_000,
        b"13,2026-03-02T10:02:00Z,a\rb",
        b"14,2026-03-02T10:03:00Z,last",
    ]
    path = write(tmp_path / "a.csv", b"\n".join(lines))
    mentions, rejected = read(path)
    assert [(m.id, m.text) for m in mentions] == [
        ("1", "two\nlines"), ("10", "\ufffd"), ("14", "last"),
    ]  # fmt: skip
    found = [(int(one.origin.rpartition(":")[2]), one.reason) for one in rejected]
    assert found == [
        (4, RejectedReason.INVALID),
        (5, RejectedReason.INVALID),
        (7, RejectedReason.UNDATED),
        (8, RejectedReason.NAIVE_TIME),
        (9, RejectedReason.NOT_UTF8),
        (10, RejectedReason.NOT_UTF8),
        (13, RejectedReason.INVALID),
        (14, RejectedReason.INVALID),
        (16, RejectedReason.OVERSIZED),
        (17, RejectedReason.OVERSIZED),
        (18, RejectedReason.UNDECODABLE),
    ]
    for (line, _), one in zip(found, rejected, strict=True):
        last = 12 if line == 10 else line
        assert one.raw == b"\n".join(lines[line - 1 : last])
        assert one.origin == f"{path}:{line}"
        assert one.source == "file"


def test_every_bad_line_is_rejected_with_its_number(tmp_path: Path) -> None:
    good = b'{"text":"a","event_time":1772445600}'
    path = write(
        tmp_path / "a.jsonl",
        b"\n".join([b"\xef\xbb\xbf" + good, b"", b"{", b"\xff", b"[" * 200_000, b"{}", good]),
    )
    mentions, rejected = read(path)
    assert len(mentions) == 2
    assert [one.origin.rpartition(":")[2] for one in rejected] == ["3", "4", "5", "6"]


def test_the_same_rows_are_bad_whatever_the_order(tmp_path: Path) -> None:
    content = "1,2026-03-02T10:00:00Z,a\nx\n2,2026-03-02T09:00:00Z,a\ny,z\n"
    mentions, rejected = read(write(tmp_path / "a.csv", HEADER + content), memory_rows=1)
    assert [m.id for m in mentions] == ["2", "1"]
    assert [(one.origin.rpartition(":")[2], one.raw) for one in rejected] == [
        ("3", b"x"), ("5", b"y,z"),
    ]  # fmt: skip


def test_an_open_quote_costs_at_most_what_a_cell_may_hold(tmp_path: Path) -> None:
    content = HEADER + '1,2026-03-02T10:00:00Z,"open\n' + rows([61 + n for n in range(9000)], 2)
    mentions, rejected = read(write(tmp_path / "a.csv", content))
    assert rejected[0].reason is RejectedReason.OVERSIZED
    assert rejected[0].origin.endswith(":2")
    assert len(mentions) > 4000
    assert mentions[-1].id == "9001"


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_misdated_row_is_rejected_and_does_not_disturb_the_order(
    tmp_path: Path, name: str
) -> None:
    minutes = [0, 1, 1 + 1440 * 20, 2, 3, 4 + 1440 * 2, 4]
    content = objects(minutes) if name.endswith("jsonl") else HEADER + rows(minutes)
    mentions, rejected = read(write(tmp_path / name, content))
    assert [m.id for m in mentions] == ["0", "1", "3", "4", "6"]
    assert [one.reason for one in rejected] == [RejectedReason.MISDATED] * 2
    assert [b"2026-03-" in one.raw for one in rejected] == [True, True]


def test_a_misdated_row_in_a_file_out_of_order(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", HEADER + rows([5, 4, 4 + 1440 * 9, 3, 2]))
    mentions, rejected = read(path, memory_rows=2)
    assert [m.id for m in mentions] == ["4", "3", "1", "0"]
    assert [one.origin for one in rejected] == [f"{path}:4"]


def test_future_dates_are_held_against_now(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", HEADER + rows([0, 10]))
    first = read(path)[0][0].event_time
    mentions, rejected = read(path, now=first, ingested_at=first)
    assert [m.ingested_at for m in mentions] == [first]
    assert [one.reason for one in rejected] == [RejectedReason.FUTURE]


def test_naive_times_are_read_in_the_stated_zone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", HEADER + "1,2026-03-02 10:00:00,a\n")
    assert read(path)[1][0].reason is RejectedReason.NAIVE_TIME
    (mention,), _ = read(path, zone="Asia/Jakarta", channel="forum", language="id", name="board")
    assert mention.event_time == 1_772_420_400_000
    assert (mention.channel, mention.language, mention.source) == ("forum", "id", "board")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_line_ends_and_a_byte_order_mark(
    tmp_path: Path, delimiter: str, end: str
) -> None:
    lines = ["Datum;Tekst;Merk".replace(";", delimiter)]
    lines.append(delimiter.join(["2026-03-02T10:00:00Z", '"a, b; c"', "Veloria"]))
    path = write(tmp_path / "a.csv", "\ufeff" + end.join(lines) + end)
    mapping = {"event_time": "datum", "text": "Tekst", "brand": "Merk"}
    (mention,), rejected = read(path, mapping=mapping)
    assert (mention.text, mention.brand) == ("a, b; c", "Veloria")
    assert rejected == []


def test_what_is_guessed_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    content = "tweet_id,created_at,tweet\n1,2026-03-02T10:00:00Z,a\n"
    paths = [write(tmp_path / name, content) for name in ("a.csv", "b.csv")]
    read(*paths, said=told.append)
    assert sorted(line.split()[0] for line in told) == ["event_time", "id", "text"]
    assert all("--map" in line for line in told)


def test_keys_of_objects_are_mapped_too(tmp_path: Path) -> None:
    lines = [{"when": 1772445660, "body": "b", "user_id": 8}, {"when": 1772445600, "body": "a"}]
    path = write(tmp_path / "a.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    mentions, _ = read(path, mapping={"event_time": "when"})
    assert [(m.text, m.author.id) for m in mentions] == [("a", ""), ("b", "8")]


def test_a_damaged_gzip_file_gives_what_can_be_read_and_says_so(tmp_path: Path) -> None:
    chance = random.Random(1)
    minutes = sorted(chance.randrange(9999) for _ in range(20_000))
    whole = gzip.compress((HEADER + rows(minutes)).encode())
    small = gzip.compress((HEADER + rows([1, 2])).encode())
    for raw, least in (
        (whole[: len(whole) // 2], 5000),
        (whole[:-9] + b"\0" * 9, 19_990),
        (whole + b"\x1f\x8b and so on", 20_000),
        (small[:-4], 2),
    ):
        path = tmp_path / "a.csv.gz"
        path.write_bytes(raw)
        mentions, rejected = read(str(path))
        assert len(mentions) >= least
        assert rejected[-1].reason is RejectedReason.UNDECODABLE
        assert "gzip" in rejected[-1].detail


@pytest.mark.parametrize("content", ["", HEADER, "\n", HEADER + "\n\n"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_nothing_in_it(tmp_path: Path, name: str, content: str) -> None:
    assert read(write(tmp_path / name, content)) == ([], [])


@pytest.mark.parametrize(
    ("name", "content", "options", "said"),
    [
        ("a.csv", b"\xff\xfei\0d\0", {}, "UTF-16"),
        ("a.csv", b"id,event_time,t\xffext\n", {}, "not UTF-8"),
        ("a.csv", b"1,2026-03-02T10:00:00Z,a\n", {}, "--map event_time=COLUMN"),
        ("a.csv", HEADER.encode(), {"zone": "Mars"}, "zone"),
        ("a.csv", HEADER.encode(), {"mapping": {"rating": "txt"}}, "nearest is 'text'"),
        ("a.jsonl", b'{"text":"a"}', {"mapping": {"rating": "txt"}}, "nearest is 'text'"),
        ("a.json", b'[\n{"text":"a"}]', {}, "one object a line"),
        ("a.csv", b"x" * 200_000, {}, "header"),
        ("a.csv", b"\x1f\x8b\x08\0 and no more of it", {}, "damaged gzip"),
        ("a.csv", b"\x1f\x8b", {}, "damaged gzip"),
    ],
)
def test_files_that_cannot_be_used(
    tmp_path: Path, name: str, content: bytes, options: dict[str, Any], said: str
) -> None:
    path = write(tmp_path / name, content)
    with pytest.raises(SettingsError) as error:
        read(path, **options)
    assert said in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.csv: cannot be read"):
        read(str(tmp_path / "none.csv"))
    with pytest.raises(SettingsError, match="cannot be read"):
        read(str(tmp_path))
    with pytest.raises(SettingsError, match="once only"):
        FileSource(["-", "-"])


def test_a_line_of_ten_megabytes_and_one_beyond_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.sources.lines.MAX_LINE_BYTES", 1 << 20)
    good = b'{"text":"a","event_time":1772445600}\n'
    long = b'{"text":"' + b"a" * 900_000 + b'","event_time":1772445600}\n'
    longer = b'{"text":"' + b"a" * 10_000_000 + b'","event_time":1772445600}\n'
    mentions, rejected = read(write(tmp_path / "a.jsonl", good + long + good + longer + good))
    assert len(mentions) == 3
    assert [one.reason for one in rejected] == [RejectedReason.OVERSIZED] * 2
    assert rejected[0].raw == long[:-1]
    assert len(rejected[1].raw) < 2 << 20
    assert rejected[1].origin.endswith(":4")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
@pytest.mark.parametrize("backwards", [False, True])
def test_memory_does_not_grow_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, backwards: bool
) -> None:
    monkeypatch.setattr("pipeline.sources.lines.BLOCK_BYTES", 16_384)
    most = []
    for number in (4_000, 16_000):
        minutes = sorted((at // 100 for at in range(number)), reverse=backwards)
        content = objects(minutes) if name == "a.jsonl" else HEADER + rows(minutes)
        path = write(tmp_path / name, content)
        tracemalloc.start()
        for _ in FileSource([path], memory_rows=500).read():
            pass
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert most[1] < 1.3 * most[0]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_long_lines_are_handed_over_few_at_a_time(tmp_path: Path, name: str) -> None:
    text = "a" * 1_000_000
    line = json.dumps({"text": text, "event_time": at(0)}) if name == "a.jsonl" else f"1,,{text}"
    start = "" if name == "a.jsonl" else HEADER
    path = write(tmp_path / name, start + f"{line}\n" * 8)
    sizes = [
        sum(len(one.raw) for one in chunk if isinstance(one, Rejected))
        for chunk in FileSource([path]).read()
    ]
    assert sum(sizes) > 8_000_000
    assert max(sizes) < 3_000_000


CELLS = st.text(
    st.one_of(st.sampled_from('",;\n\r\0\ufeff\u2028 a'), st.characters(exclude_categories=["Cs"])),
    max_size=8,
)


@settings(deadline=None, max_examples=150)
@given(
    table=st.lists(st.tuples(st.integers(0, 5000), CELLS), max_size=30),
    memory_rows=st.integers(1, 8),
)
def test_every_row_is_accounted_for_and_none_is_changed(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[int, str]], memory_rows: int
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "event_time", "text"])
    writer.writerows([str(n), at(minute), cell] for n, (minute, cell) in enumerate(table))
    path = write(tmp_path_factory.mktemp("t") / "a.csv", text.getvalue())
    mentions, rejected = read(path, memory_rows=memory_rows)
    assert len(mentions) + len(rejected) == len(table)
    for mention in mentions:
        minute, cell = table[int(mention.id)]
        assert mention.text == cell.replace("\0", "\ufffd")
        assert mention.event_time == mention.ingested_at
        assert mention.event_time // MINUTE % 1440 == minute % 1440
    assert {one.reason for one in rejected} <= {RejectedReason.INVALID, RejectedReason.MISDATED}


@settings(deadline=None, max_examples=150)
@given(raw=st.binary(max_size=200), name=st.sampled_from(["a.csv", "a.jsonl", "a", "a.csv.gz"]))
def test_any_bytes_are_read_or_refused_as_a_whole(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("t") / name
    for content in (raw, HEADER.encode() + raw, gzip.compress(HEADER.encode() + raw)):
        path.write_bytes(content)
        try:
            mentions, _ = read(str(path))
        except SettingsError as error:
            assert str(path) in str(error)  # noqa: PT017  # either outcome is right
        else:
            assert all(mention.text.strip() for mention in mentions)


def data() -> Path:
    folder = Path(os.environ.get("CRISIS_MONITOR_DATA", "../shared/data"))
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the data folder is missing; set CRISIS_MONITOR_DATA")
        pytest.skip("needs the data folder (CRISIS_MONITOR_DATA)")
    return folder


def test_a_real_week_is_read_whole() -> None:
    mentions, rejected = read(str(data() / "airline" / "mentions.csv"))
    assert len(mentions) == 14_640
    assert len({mention.id for mention in mentions}) == 14_640 - 155
    assert len({mention.brand for mention in mentions}) == 6
    assert rejected == []


def test_a_quote_that_is_never_closed_is_named_with_what_it_swallowed(tmp_path: Path) -> None:
    rows = [f"{n},{at(n)},calm {n}\n" for n in range(20)]
    short = HEADER + f'a,{at(0)},"open\n' + "".join(rows)
    mentions, (one,) = read(write(tmp_path / "short.csv", short))
    assert mentions == []
    assert one.reason is RejectedReason.UNDECODABLE
    assert one.detail == "line 2: a quote is never closed; 21 lines were taken as one row"
    rows = [f"{n},{at(n)},calm {n}\n" for n in range(9_000)]
    long = HEADER + f'a,{at(0)},"open\n' + "".join(rows)
    mentions, (one,) = read(write(tmp_path / "long.csv", long))
    swallowed = 9_001 - len(mentions)
    assert swallowed > 3_000
    assert one.reason is RejectedReason.OVERSIZED
    assert one.detail == f"line 2: a quote is never closed; {swallowed} lines were taken as one row"


def test_a_text_of_several_lines_at_the_end_is_no_open_quote(tmp_path: Path) -> None:
    for end in ("", "\n"):
        path = write(tmp_path / "end.csv", HEADER + f'a,{at(0)},"one ""two""\nthree"{end}')
        (mention,), rejected = read(path)
        assert (mention.text, rejected) == ('one "two"\nthree', [])


def test_the_first_pass_is_heard_of(tmp_path: Path) -> None:
    rows = "".join(f"{n},{at(n % 9_000)},{'calm' * 20} {n}\n" for n in range(9_000))
    source = FileSource([write(tmp_path / "week.csv", HEADER + rows)])
    heard: list[int] = []
    source.watch(lambda: heard.append(source.bytes_read))
    source.prepare()
    assert source.total_bytes is not None
    chunks = source.read()
    next(chunks)
    assert len([each for each in heard if 0 < each <= source.total_bytes // 2]) >= 3
    list(chunks)
    assert heard == sorted(heard)
    assert heard[-1] == source.total_bytes


def test_what_a_file_lost_is_said_of_the_file(tmp_path: Path) -> None:
    rows = [f"{n},{at(n)},{random.Random(n).getrandbits(512)}\n" for n in range(5_000)]
    path = tmp_path / "cut.csv.gz"
    whole = gzip.compress((HEADER + "".join(rows)).encode())
    path.write_bytes(whole[: len(whole) // 2])
    source = FileSource([str(path)])
    given = [one for chunk in source.read() for one in chunk]
    mentions = [one for one in given if isinstance(one, Mention)]
    assert {f"{one.text}\n" for one in mentions} <= {row.split(",")[2] for row in rows}
    assert source.complaints() == [
        f"{path}: damaged or cut off after line {len(mentions) + 1}; what follows was not read"
    ]
    path.write_bytes(whole)
    source = FileSource([str(path)])
    list(source.read())
    assert source.complaints() == []
    path = tmp_path / "open.csv"
    path.write_text(HEADER + rows[0] + f'a,{at(1)},"open\n' + "".join(rows[2:9]), "utf-8")
    source = FileSource([str(path)])
    list(source.read())
    assert source.complaints() == [
        f"{path}: line 3: a quote is never closed; 8 lines were taken as one row"
    ]
