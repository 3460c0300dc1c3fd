import pytest

from pipeline.errors import SettingsError
from pipeline.fields import FIELDS
from pipeline.sources.mapping import SYNONYMS, parse_mapping, plain, resolve


def test_columns_called_as_fields_map_themselves_and_synonyms_are_guessed() -> None:
    header = ["Id", "created at", "brand", "author", "TEXT", "reposts"]
    resolved = resolve(header, {}, where="f.csv")
    assert resolved.columns == {
        "id": "Id", "event_time": "created at", "brand": "brand", "author": "author",
        "text": "TEXT",
    }  # fmt: skip
    assert resolved.guessed == (("event_time", "created at"),)


def test_what_is_told_wins() -> None:
    header = ["text", "body", "date", "event_time"]
    resolved = resolve(header, {"text": "body", "event_time": "DATE"}, where="f.csv")
    assert resolved.columns == {"text": "body", "event_time": "date"}
    assert resolved.guessed == ()


def test_a_column_taken_is_not_guessed_again() -> None:
    resolved = resolve(["date", "body", "user"], {"author_name": "user"}, where="f.csv")
    assert resolved.columns == {"author_name": "user", "event_time": "date", "text": "body"}


def test_the_likeliest_synonym_is_taken() -> None:
    resolved = resolve(["time", "text", "created_at"], {}, where="f.csv")
    assert resolved.columns["event_time"] == "created_at"


@pytest.mark.parametrize(
    ("header", "explicit", "said"),
    [
        (["text"], {}, "no column holds event_time"),
        (["date"], {}, "--map text=COLUMN"),
        (["text", "date"], {"rating": "stras"}, "no column 'stras'"),
        (["text", "date", "stars"], {"rating": "stras"}, "the nearest is 'stars'"),
        (["text", "date"], {"txet": "text"}, "the nearest is 'text'"),
        (["text", "date", "x", "x"], {"id": "x"}, "2 columns are called 'x'"),
        (["text", "text", "date"], {}, "no column holds text"),
        (["\x1b[31m", "b" * 500], {}, "\\x1b[31m"),
    ],
)
def test_errors_say_what_where_and_how(
    header: list[str], explicit: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError) as error:
        resolve(header, explicit, where="f.csv")
    assert said in str(error.value)
    assert "\x1b" not in str(error.value)
    assert len(str(error.value)) < 600


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["text"], "FIELD=COLUMN"),
        (["=body"], "FIELD=COLUMN"),
        (["text="], "FIELD=COLUMN"),
        (["evnt_time=when"], "'event_time'"),
        (["text=a", "text=b"], "already mapped to a"),
    ],
)
def test_arguments_that_cannot_be_used(arguments: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse_mapping(arguments)


def test_a_column_may_hold_an_equals_sign() -> None:
    assert parse_mapping(["text = a=b", "text=a=b"]) == {"text": "a=b"}


def test_synonyms_are_written_as_they_are_compared_and_belong_to_one_field() -> None:
    every = [synonym for synonyms in SYNONYMS.values() for synonym in synonyms]
    assert sorted(every) == sorted(set(every))
    assert [plain(synonym) for synonym in every] == every
    assert set(SYNONYMS) <= set(FIELDS)
    assert not set(every) & set(FIELDS)
