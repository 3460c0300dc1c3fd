"""What people type, read into commands; what is wrong stands at its field and loses nothing."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.command import Acknowledge, Assign, Note, Open, Resolve, Update
from alerts.incident import Audience, Verdict
from alerts.policy import MINUTE
from dashboards import console
from dashboards.console.forms import (
    LONGEST_TEXT,
    Action,
    Form,
    command_of,
    next_wall_time,
    read_form,
    seen,
)
from detectors.severity import Severity

NOW = 1_772_887_500_000  # Saturday 7 March 2026, 12:45 UTC


def read(action: Action, **typed: str) -> object:
    return command_of(read_form(action, typed), NOW)


def errors(action: Action, **typed: str) -> dict[str, str]:
    found = read(action, **typed)
    assert isinstance(found, Form), found
    assert found.values == typed
    return found.errors


def test_each_form_is_its_command() -> None:
    assert read(Action.ACKNOWLEDGE, by=" ann ") == Acknowledge(by="ann")
    assert read(Action.NOTE, by="ann", text="one\r\ntwo") == Note(by="ann", text="one\ntwo")
    assert read(Action.ASSIGN, by="ann", to="bob") == Assign(by="ann", to="bob")
    resolve = Resolve(by="ann", verdict=Verdict.REAL)
    assert read(Action.RESOLVE, by="ann", verdict="real") == resolve
    opened = Open(by="ann", brand="Acme", reason="recall", severity=Severity.CRITICAL)
    typed = {"by": "ann", "brand": "Acme", "text": "recall", "severity": "critical"}
    assert read(Action.OPEN, **typed) == opened


def test_an_update_with_its_promise() -> None:
    typed = {"by": "ann", "audience": "public", "text": "x", "link": "https://a.example/1"}
    update = Update(by="ann", audience=Audience.PUBLIC, text="x", link="https://a.example/1")
    assert read(Action.UPDATE, **typed) == update
    found = read(Action.UPDATE, **typed, next="30", language="NL")
    assert isinstance(found, Update)
    assert (found.promised, found.language) == (NOW + 30 * MINUTE, "nl")
    found = read(Action.UPDATE, **typed, next="at", next_at="14:00", zone="Europe/Amsterdam")
    assert isinstance(found, Update)
    assert found.promised == NOW + 15 * MINUTE


@pytest.mark.parametrize(
    ("action", "typed", "field"),
    [
        (Action.UPDATE, {"audience": "everybody"}, "audience"),
        (Action.UPDATE, {"audience": "internal", "next": "at", "next_at": "7"}, "next_at"),
        (Action.UPDATE, {"audience": "internal", "next": "at", "next_at": "12:44"}, "next_at"),
        (Action.UPDATE, {"audience": "internal", "next": "at", "next_at": "12:45"}, "next_at"),
        (Action.UPDATE, {"audience": "internal", "next": "soon"}, "next"),
        (Action.UPDATE, {"audience": "internal", "language": "<b>"}, "language"),
        (Action.UPDATE, {"audience": "internal", "link": "https://e/" + "a" * 3_000}, "link"),
        (Action.RESOLVE, {"verdict": "maybe"}, "verdict"),
        (Action.ACKNOWLEDGE, {"by": "a" * 101}, "by"),
        (Action.ACKNOWLEDGE, {"by": "ann\u202e"}, "by"),
        (Action.ASSIGN, {"to": "b\x1bob"}, "to"),
        (Action.OPEN, {"brand": "a\x00"}, "brand"),
        (Action.OPEN, {"brand": "a" * 101}, "brand"),
        (Action.OPEN, {"brand": "a", "severity": "awful"}, "severity"),
        (Action.OPEN, {"brand": "a", "severity": "info"}, "severity"),
        (Action.OPEN, {"brand": "a", "text": "x" * (LONGEST_TEXT + 1)}, "text"),
        (Action.NOTE, {"text": "x" * (LONGEST_TEXT + 1)}, "text"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(
    action: Action, typed: dict[str, str], field: str
) -> None:
    assert set(errors(action, **typed)) == {field}


def test_a_field_takes_as_much_as_is_read() -> None:
    macros = Path(console.__file__).parent / "templates" / "incident_macros.html"
    assert f'name="text" rows="{{{{ rows }}}}" maxlength="{LONGEST_TEXT}"' in macros.read_text()
    text = "x" * LONGEST_TEXT
    assert read(Action.NOTE, by="ann", text=text) == Note(by="ann", text=text)


@given(
    st.sampled_from(Action),
    st.dictionaries(
        st.sampled_from(
            [
                "by",
                "to",
                "text",
                "link",
                "next",
                "next_at",
                "zone",
                "audience",
                "verdict",
                "brand",
                "severity",
                "language",
                "seen",
            ]
        ),
        st.text(max_size=40),
    ),
)
@settings(deadline=None, max_examples=200)
def test_whatever_is_typed_is_a_command_or_is_given_back(
    action: Action, typed: dict[str, str]
) -> None:
    form = read_form(action, typed)
    found = command_of(form, NOW)
    if isinstance(found, Form):
        assert found.values == typed
        assert found.errors
        assert all(message.endswith(".") for message in found.errors.values())
    assert seen(form) >= 0


@given(
    st.integers(1_600_000_000_000, 1_900_000_000_000),
    st.times(),
    st.sampled_from(
        ["UTC", "Europe/Amsterdam", "America/New_York", "Asia/Jakarta", "no/where", ""]
    ),
)
@settings(deadline=None, max_examples=300)
def test_a_time_is_the_next_that_a_clock_on_the_wall_shows(
    now: int, wanted: object, zone: str
) -> None:
    typed = f"{wanted:%H:%M}"
    found = next_wall_time(typed, zone, now)
    assert found is not None
    assert now < found <= now + 26 * 60 * MINUTE
    try:
        tz = ZoneInfo(zone or "UTC")
    except Exception:  # noqa: BLE001  # any unknown zone is read as UTC
        tz = ZoneInfo("UTC")
    shown = datetime.fromtimestamp(found / 1000, UTC).astimezone(tz)
    skipped = f"{shown:%H:%M}" != typed  # a time that does not exist on the day clocks go forward
    assert not skipped or shown.utcoffset() != (
        datetime.fromtimestamp(found / 1000 - 7_200, UTC).astimezone(tz).utcoffset()
    )
