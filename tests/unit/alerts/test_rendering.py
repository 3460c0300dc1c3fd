import json

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.command import Acknowledge, Open, Resolve
from alerts.incident import Incident
from alerts.notification import Reason
from alerts.plain import link, one_line, path_segment, shell_word
from alerts.rendering import TITLE, Rendered, render
from alerts.samples import Driver, Sample, Samples
from alerts.timers import due
from detectors.reading import Lane, Rule
from detectors.severity import Severity
from detectors.signal import SignalKind
from tests.unit.alerts.story import HOUR, MINUTE, POLICY, T0, Said, after, opened, signal

ID = "united:negative_surge:2015-02-22T14:00:00Z"
SEEN = Samples(
    samples=tuple(
        Sample(str(n), f"@user lost my bag {n}", f"https://x.example/{n}", "twitter", "en", T0)
        for n in range(5)
    ),
    languages=(("en", 40), ("nl", 2)),
    channels=(("twitter", 41), ("", 1)),
)


def page(
    incident: Incident, now: int, samples: Samples | None = SEEN, public_url: str = ""
) -> Rendered:
    first = due(incident, (), now, POLICY)[-1].notification
    return render(first, incident, now, POLICY, samples, public_url)


def test_a_page_says_all_a_woken_person_needs() -> None:
    now = T0 + 12 * MINUTE
    critical = opened(Severity.CRITICAL, now=now)
    rendered = page(critical, now, public_url="https://m.example/")
    assert rendered.title == (
        "CRITICAL united: 30 negative voices in 15 min, usually 4, since 09:00 EST (12 min ago)"
    )
    assert rendered.lines == (
        "Critical: 30 negative voices in 15 min, 7.5 times the usual 4.0",
        "Since 09:00 EST (12 min ago); noticed 12 min late",
        "Observed 30 negative voices in 15 min, usually 4 (7.5 times)",
        "Negative share 60 %, usually 20 % (of 50 voices; 60 mentions)",
        "Channels: twitter 41, unknown 1",
        "Languages: en 40, nl 2",
        '- "@user lost my bag 0" (twitter, 09:00 EST) https://x.example/0',
        '- "@user lost my bag 1" (twitter, 09:00 EST) https://x.example/1',
        '- "@user lost my bag 2" (twitter, 09:00 EST) https://x.example/2',
        f"Acknowledge: crisis-monitor incidents acknowledge {ID}",
        "See: https://m.example/incidents/united%3Anegative_surge%3A2015-02-22T14%3A00%3A00Z",
        "Next internal update: due 15 min after acknowledgement",
        "Next public update: due 09:57 EST (in 45 min)",
        "If nobody acknowledges, the next step is paged 09:17 EST (in 5 min)",
    )


def test_a_page_without_samples_says_that_they_are_missing() -> None:
    rendered = page(opened(), T0, samples=None)
    assert "Samples: the first mentions were not yet there" in rendered.lines
    assert rendered.fields["samples_missing"] is True
    assert page(opened(), T0, samples=Samples()).fields["samples_missing"] is False


def test_what_drives_it_is_said_by_the_three_strongest_and_kept_in_all_fields() -> None:
    far = Sample("9", "stuck at " + "check-in " * 40, "https://x.example/9", "forum", "en", T0)
    drivers = (
        Driver("phrase", "check-in broken", 14, far),
        Driver("conversation", "They threw my father off", 9, replace(far, id="8")),
        Driver("link", "news.example/a", 5, SEEN.samples[1]),
        Driver("author", "one account with 480,000 followers", 4),
        Driver("hashtag", "#no", 3),
        Driver("word", "one too many", 3),
    )
    rendered = page(opened(), T0, replace(SEEN, drivers=drivers))
    first = rendered.lines.index("Driven by:")
    phrase, conversation, the_link, after_them = rendered.lines[first + 1 : first + 5]
    assert phrase.startswith('- "check-in broken": 14 voices, e.g. "stuck at check-in')
    assert phrase.endswith('…" https://x.example/9')
    assert len(phrase) < 180
    assert conversation == (
        '- one conversation, "They threw my father off": 9 voices https://x.example/9'
    )
    assert the_link == "- the link news.example/a: 5 voices"  # its sample is quoted below anyway
    assert after_them.startswith("Channels: ")
    fields = json.loads(msgspec.json.encode(rendered.fields["drivers"]))
    assert [(each["kind"], each["phrase"], each["count"]) for each in fields] == [
        (each.kind, each.phrase, each.count) for each in drivers[:5]
    ]
    assert fields[0]["sample"]["url"] == "https://x.example/9"
    assert fields[3]["sample"] is None
    assert page(opened(), T0).fields["drivers"] == []
    assert "Driven by:" not in page(opened(), T0).lines


def test_still_learning_is_said() -> None:
    floor = signal(lane=Lane.FLOOR, still_learning=True)
    assert any("Still learning" in line for line in page(after(None, floor, T0), T0).lines)


def test_a_floor_page_names_its_window_and_nothing_usual() -> None:
    for window in ("15 min", "5 min", "an hour"):
        reason = f"38 negative voices in {window}; 60 % of voices negative"
        floor = signal(lane=Lane.FLOOR, still_learning=True, observed=38, reason=reason)
        rendered = page(after(None, floor, T0), T0)
        assert rendered.title == (
            f"WARNING united: 38 negative voices in {window}, since 09:00 EST (just now)"
        )
        assert f"Observed 38 negative voices in {window}" in rendered.lines
    reason = "20 negative voices in 5 min, 9.5 times the usual 2.1; 60 % of voices negative"
    floor = replace(floor, reason=f"{reason}, usually 20 %")
    rendered = page(after(None, floor, T0), T0)
    assert rendered.title.startswith("WARNING united: 38 negative voices in 15 min, since")
    assert rendered.lines[0] == ("Warning: 20 negative voices in 5 min; 60 % of voices negative")
    assert not any("usual" in line for line in rendered.lines)
    assert "Negative share 60 % (of 50 voices; 60 mentions)" in rendered.lines


def test_one_that_rose_says_since_when_it_is_critical() -> None:
    now = T0 + 5 * MINUTE
    incident = after(opened(), signal(SignalKind.LEVEL, 2, at=now, severity=Severity.CRITICAL), now)
    began = "Open since 09:00 EST (5 min ago), critical since 09:05 EST (just now)"
    told = replace(due(opened(), (), T0, POLICY)[-1].notification, reason=Reason.PAGE_RAISED)
    assert began in render(told, incident, now, POLICY).lines
    calm = replace(told, reason=Reason.CALM)
    lines = render(calm, incident, now, POLICY).lines
    assert f"{began}: 30 negative voices in 15 min, usually 4" in lines


def test_a_ladder_of_one_step_pages_the_same_person_again() -> None:
    alone = replace(POLICY, receivers=POLICY.receivers[:1], steps=(("ann",),), lead=(), ops=())
    incident = opened()
    first = due(incident, (), T0, alone)[-1].notification
    said = render(first, incident, T0, alone, SEEN).lines[-1]
    assert said == "If nobody acknowledges, you are paged again 09:05 EST (in 5 min)"
    said = render(replace(first, receiver="bob"), incident, T0, POLICY, SEEN).lines[-1]
    assert said.startswith("If nobody acknowledges, the next step is paged")


def test_what_is_to_come_is_not_rounded_down() -> None:
    now = T0 + 1000
    lines = page(opened(Severity.CRITICAL), now).lines
    assert "Next public update: due 09:45 EST (in 45 min)" in lines


def test_a_reminder_says_what_changed_and_when_the_next_is_due() -> None:
    said = Said()
    incident = opened(Severity.WARNING)
    said.speak(incident, T0)
    incident = after(incident, Acknowledge(by="ann"), T0)
    louder = signal(SignalKind.LEVEL, 2, at=T0 + 50 * MINUTE, observed=61)
    incident = after(incident, louder, T0 + 50 * MINUTE)
    now = T0 + 60 * MINUTE
    (asked,) = said.speak(incident, now)
    rendered = render(asked, incident, now, POLICY)
    changed = "negative voices in 15 min 30 -> 61, open -> acknowledged"
    assert rendered.title == "united (warning): internal update due now"
    assert rendered.lines == (
        "Warning since 09:00 EST (1 h ago): 61 negative voices in 15 min, usually 4",
        "Owner: ann",
        f"Changed since your last message, 09:00 EST (1 h ago): {changed}",
        f'Record it: crisis-monitor incidents update {ID} --audience internal --text "..."',
        "Internal update: owed since 10:00 EST (just now); next reminder 10:30 EST (in 30 min)",
    )
    assert rendered.fields["next_updates"] == [
        {
            "audience": "internal",
            "due_at": "2015-02-22T15:00:00Z",
            "overdue": True,
            "next_reminder_at": "2015-02-22T15:30:00Z",
        }
    ]


def test_nothing_changed_is_said_too() -> None:
    said = Said()
    incident = after(opened(Severity.CRITICAL), Acknowledge(by="ann"), T0)
    said.speak(incident, T0 + 15 * MINUTE)
    (again,) = said.speak(incident, T0 + 25 * MINUTE)
    rendered = render(again, incident, T0 + 25 * MINUTE, POLICY)
    assert rendered.title == "united (critical): internal update overdue by 10 min"
    assert "Changed since your last message, 09:15 EST (10 min ago): nothing" in rendered.lines


def test_a_reopening_says_who_had_resolved_it() -> None:
    now = T0 + 2 * HOUR
    incident = after(opened(), Resolve(by="ann"), T0 + HOUR)
    incident = after(incident, signal(SignalKind.LEVEL, 2, at=now, observed=99), now)
    rendered = page(incident, now)
    assert rendered.title.startswith("AGAIN WARNING united: 99 negative voices")
    assert rendered.lines[0].endswith("it grew by more than half since; ann had resolved it")


def test_opened_by_hand_speaks_in_the_persons_words() -> None:
    incident = after(None, Open(by="ann", brand="united", reason="recall\non TV"), T0)
    rendered = page(incident, T0, samples=Samples())
    assert rendered.title == "WARNING united: recall on TV, since 09:00 EST (just now)"
    assert "Opened by hand by ann" in rendered.lines
    assert not any("Observed" in line or "Samples" in line for line in rendered.lines)


def test_blindness_is_told_in_its_own_words() -> None:
    silent = signal(
        rule=Rule.BLINDNESS,
        brand="source:twitter",
        lane=Lane.SILENCE,
        reason="nothing from twitter for 40 min, 22 mentions were usual",
    )
    rendered = page(after(None, silent, T0), T0)
    assert rendered.title == "BLIND: nothing from twitter for 40 min, 22 mentions were usual"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_title_of_its_own(reason: Reason) -> None:
    now = T0 + HOUR
    told = due(opened(), (), T0, POLICY)[0].notification
    told = replace(told, reason=reason, sequence=77, since=T0, also=())
    rendered = render(told, opened(), now, POLICY, SEEN)
    assert len(rendered.title) > 15
    assert rendered.fields["reason"] == str(reason)


HOSTILE = st.text(
    st.one_of(st.characters(), st.sampled_from("\u202e\u2066\u200b\x00\x1b\n\r\u2028\ufeff<>&|=")),
    max_size=300,
)


@settings(max_examples=60, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE, st.sampled_from(Severity))
@example("Acme\ud800", "half \udcff", "a\udfff", Severity.CRITICAL)
def test_hostile_names_and_posts_stay_on_their_line(
    brand: str, text: str, other: str, severity: Severity
) -> None:
    incident = after(None, signal(brand=brand, reason=other, severity=severity), T0)
    policy = replace(POLICY, info=("lead",))
    told = due(incident, (), T0, policy)[0].notification
    sample = Sample(other, text, other, brand, text, T0)
    drivers = tuple(Driver(kind, text, 3, sample) for kind in (other, "conversation", "link"))
    samples = Samples((replace(sample, id=""),), ((text, 1),), ((other, 2),), drivers)
    rendered = render(told, incident, T0, policy, samples, other)
    plain = (rendered.title, *rendered.lines)
    assert len(rendered.title) <= TITLE
    for line in plain:
        assert not any(c in line for c in "\n\r\x00\x1b\u2028\u202e\u2066\u200b\ufeff")
    body = msgspec.json.encode(rendered.fields)
    assert json.loads(body)["reason"] == told.reason


def test_lines_for_people_are_cut_and_clean() -> None:
    assert one_line("e" + "\u0301" * 50, 60) == "e" + "\u0301" * 3
    assert one_line("\U0001f469\u200d\U0001f52c ok", 60) == "\U0001f469\u200d\U0001f52c ok"
    assert one_line("a\ud800b", 9) == "a b"
    assert len(one_line("word " * 99, 50)) <= 50
    assert link(" https://x.example/a?b=1#c ") == "https://x.example/a?b=1#c"
    assert link("https://x.example/\u202egnp") == ""
    assert link("https://x.example/" + "a" * 999) == ""
    assert path_segment("é/.") == "%C3%A9%2F."
    assert shell_word("") == "''"
