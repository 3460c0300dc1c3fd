"""`rejected show|drop` with one engine: hostile bytes are harmless, nothing is forgotten."""

import base64
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.__main__ import app
from pipeline.log import SqliteLog
from pipeline.mention import Rejected, RejectedReason
from tests.nasties import TEXTS

AT = 1_700_000_000_000


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["rejected", *[str(each) for each in arguments]])


def keep(directory: Path, *raws: bytes, reason: RejectedReason = RejectedReason.INVALID) -> None:
    log = SqliteLog.open(directory)
    with log.transaction():
        log.rejections.keep(
            [
                Rejected(reason, f"http:9:{number}", "it is none", raw, "forum")
                for number, raw in enumerate(raws)
            ],
            AT,
        )
    log.close()


def listed(directory: Path, *more: str) -> list[dict[str, str | None]]:
    result = run("list", "--data", directory, "--format", "json", *more)
    assert result.exit_code == 0, result.output
    found: list[dict[str, str | None]] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("raw", [*(text.encode() for text in TEXTS), bytes(range(256)) * 9])
def test_hostile_bytes_are_shown_whole_and_harmless(raw: bytes, tmp_path: Path) -> None:
    keep(tmp_path, raw)
    (one,) = listed(tmp_path)
    text = run("show", one["id"], "--data", tmp_path)
    assert text.exit_code == 0, text.output
    assert all(each.isprintable() or each in "\n\u200c\u200d" for each in text.stdout)
    whole = run("show", one["id"], "--data", tmp_path, "--format", "json")
    told = json.loads(whole.stdout)
    assert base64.b64decode(told["raw_base64"]) == raw
    assert told["size"] == len(raw)
    assert told["topic"] is None


def test_what_is_dropped_is_kept_and_listed_when_asked_for(tmp_path: Path) -> None:
    keep(tmp_path, b"{", b"[")
    first, second = (str(each["id"]) for each in listed(tmp_path))
    assert run("drop", first, "--data", tmp_path).exit_code == 2
    assert len(listed(tmp_path)) == 2
    assert run("drop", first, "--yes", "--data", tmp_path).exit_code == 0
    assert [each["id"] for each in listed(tmp_path)] == [second]
    everything = {each["id"]: each["replayed"] for each in listed(tmp_path, "--all")}
    assert str(everything[first]).startswith("dropped 20")
    assert everything[second] is None
    again = run("replay", "--data", tmp_path, "--format", "json")
    assert [each["id"] for each in json.loads(again.stdout)] == [second]


def test_ids_nobody_knows_are_said_to_be_so(tmp_path: Path) -> None:
    keep(tmp_path, b"{")
    for words in (["show", "zzz"], ["drop", "zzz"], ["drop", "zzz", "--yes"]):
        result = run(*words, "--data", tmp_path)
        assert result.exit_code == 2
        assert "rejected list" in " ".join(result.output.split())


def test_an_address_to_send_to_is_for_kafka(tmp_path: Path) -> None:
    keep(tmp_path, b"{")
    result = run("replay", "--to", "http://127.0.0.1:1", "--data", tmp_path)
    assert result.exit_code == 2
