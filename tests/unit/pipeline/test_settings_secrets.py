import copy
import json
import logging
import pickle
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.settings.draft import from_bytes
from pipeline.settings.secrets import Secret, SecretUnavailable, read_secrets

_TEXTS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=6, max_size=20)


@given(_TEXTS)
@settings(deadline=None, max_examples=50)
def test_a_secret_never_shows_itself(text: str) -> None:
    secret = Secret(f"X{text}X")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!r}", repr([secret])]
    shown.append(
        logging.Formatter().format(logging.makeLogRecord({"msg": "%s", "args": (secret,)}))
    )
    assert not any(text in each for each in shown)
    assert secret.reveal() == f"X{text}X"


def test_a_secret_is_not_encoded_pickled_or_copied() -> None:
    secret = Secret("hunter2")
    for encode in (json.dumps, msgspec.json.encode, pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            encode(secret)


def test_secrets_compare_by_their_text() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("\udcff") != Secret("a")


def test_a_place_may_hold_several_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_text("new\n\n  old \n", encoding="utf-8")
    monkeypatch.setenv("THE_SECRET", "one")
    assert [each.reveal() for each in read_secrets(None, "", file)] == ["new", "old"]
    assert [each.reveal() for each in read_secrets(None, "THE_SECRET", None)] == ["one"]
    assert [each.reveal() for each in read_secrets(Secret("x"), "", None)] == ["x"]
    assert read_secrets(None, "", None) == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\xff\xfehunter2", "not UTF-8"),
        (b"hunter2" * 20_000, "larger than"),
    ],
)
def test_a_file_without_a_secret_is_named_and_not_repeated(
    tmp_path: Path, body: bytes | None, said: str
) -> None:
    file = tmp_path / "secret"
    if body is not None:
        file.write_bytes(body)
    with pytest.raises(SecretUnavailable, match=said) as caught:
        read_secrets(None, "", file)
    assert str(file) in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_folder_or_an_impossible_name_is_no_secret(tmp_path: Path) -> None:
    for place in (tmp_path, Path("a\0b")):
        with pytest.raises(SecretUnavailable, match="cannot be read"):
            read_secrets(None, "", place)


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET_HERE", raising=False)
    with pytest.raises(SecretUnavailable, match="NOT_SET_HERE is not set"):
        read_secrets(None, "NOT_SET_HERE", None)


def test_no_finding_and_no_section_repeats_a_secret() -> None:
    body = b"""
[ingest]
secret = "hunter2"
token = "hunter2 hunter2"
[[receivers]]
name = "a"
kind = "webhook"
url = "ftp://user:hunter2@example.com/hunter2"
secret = ["hunter2"]
[[receivers]]
name = "b"
kind = "webhook"
url = { hunter2 = 1 }
"""
    from pipeline.settings.check import findings_of  # noqa: PLC0415  # beside what it shows

    draft = from_bytes(body, Path("x.toml"))
    findings = findings_of(draft, surroundings=True)
    assert {finding.key for finding in findings} >= {
        "ingest.secret",
        "ingest.token",
        "receivers[0].url",
        "receivers[0].secret",
        "receivers[1].url",
    }
    assert not any("hunter2" in finding.text() for finding in findings)
    assert "hunter2" not in repr(draft.document)
    assert "hunter2" not in draft.document.model_dump_json()
