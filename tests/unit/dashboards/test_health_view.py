"""How the monitor itself is: read from the log and the stores, problems first."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from alerts.lifecycle import decide
from alerts.notification import Due, Outcome
from alerts.notification import Reason as Why
from alerts.notifiers.answer import Answer, Result
from alerts.timers import due
from dashboards.views import health
from dashboards.views.health import read_health
from dashboards.views.health_log import engine_of
from dashboards.views.health_story import Disk, HealthStory
from detectors.blindness import SourceWatch
from detectors.reading import Rule
from detectors.settings import Detection
from pipeline.folding.listening import ListeningState
from pipeline.folding.partition import Writer
from pipeline.folding.records import PartitionRow
from pipeline.log.sqlite import BUCKET
from pipeline.mention import Rejected, RejectedReason
from pipeline.settings import Settings, load
from pipeline.wire import VERSION, SourceTick, Tick, TimeRecord, encode
from pipeline.writing import Appended
from tests.nasties import TEXTS
from tests.unit.alerts.story import POLICY, signal
from tests.unit.dashboards.shelved import HOUR, MINUTE, T0, Shelved, bucket

NOW = T0 + 5 * HOUR


@pytest.fixture
def shelved(tmp_path: Path) -> Iterator[Shelved]:
    made = Shelved(tmp_path)
    yield made
    made.done()


def settings(**sections: object) -> Settings:
    ann = {"name": "ann", "kind": "webhook", "url_env": "ANNS_HOOK"}
    return load(Path(os.devnull), {"receivers": [ann], **sections})


def look(shelved: Shelved, now: int = NOW, **sections: object) -> HealthStory:
    return read_health(shelved.books, now, settings(**sections), "1.2")


def commit(
    shelved: Shelved,
    time: int,
    *,
    folded: int = 0,
    listening: ListeningState | None = None,
    writers: dict[str, Writer] | None = None,
) -> None:
    row = PartitionRow(1, time, time, time, writers or {}, [], listening or ListeningState())
    with shelved.log.transaction():
        shelved.log.commit_fold(folded, row, [], [], 0, [], [])


def append(shelved: Shelved, *records: Tick | bytes, at: int = NOW, mentions: int = 0) -> None:
    bodies = [each if isinstance(each, bytes) else encode(each) for each in records]
    with shelved.log.transaction():
        shelved.log.append([Appended(body, mentions) for body in bodies], at)


def whats(story: HealthStory) -> list[str]:
    return [problem.what for problem in story.problems]


def test_all_is_well(shelved: Shelved) -> None:
    commit(shelved, NOW - 5_000)
    story = look(shelved)
    assert story.problems == ()
    assert story.engine.stands_since is None
    assert [stage.records for stage in story.stages] == [0, 0, 0, 0]
    assert [receiver.name for receiver in story.receivers] == ["ann"]
    assert story.version == "1.2"
    assert {file.name for file in story.files} == {"log.db", "incidents.db", "mentions.db"}


def test_before_the_first_tick_and_when_detection_stands(shelved: Shelved) -> None:
    assert whats(look(shelved)) == ["Detection has not begun"]
    commit(shelved, NOW - 3 * MINUTE)
    (problem,) = look(shelved).problems
    assert problem.critical
    assert problem.since == NOW - 3 * MINUTE
    assert problem.runbook == "engine-down"


def test_a_clock_behind_the_log_is_said(shelved: Shelved) -> None:
    commit(shelved, NOW + HOUR)
    assert whats(look(shelved)) == ["The log is 1 h ahead of this machine's clock"]


def test_a_log_of_the_mentions_own_time_never_stands() -> None:
    row = PartitionRow(1, T0, T0, T0, {"w": Writer(T0, catching_up=True)}, [], ListeningState())
    engine = engine_of(row, NOW, event_mode=True)
    assert (engine.stands_since, engine.ahead_by, engine.catching_up) == (None, 0, ("w",))


def test_sources_as_the_ticks_tell_of_them(shelved: Shelved) -> None:
    heard = SourceWatch("web", Detection()).state()
    listening = ListeningState(
        watches={
            "web": replace(heard, heard=True, delivered_up_to=NOW - MINUTE),
            "feed": replace(heard, heard=True, delivered_up_to=NOW - 3 * HOUR, blind=True),
            "new": heard,
        }
    )
    commit(shelved, NOW - 5_000, listening=listening, folded=5)
    for ago, count in ((2 * HOUR, 100), (50 * MINUTE, 7), (10 * MINUTE, 5), (5 * MINUTE, 0)):
        append(shelved, Tick(VERSION, "w", NOW - ago, {"web": SourceTick(count, NOW - ago)}))
    append(shelved, b"not a record")
    story = look(shelved, sources=[{"name": "web"}, {"name": "never"}])
    found = {source.name: source for source in story.sources}
    assert list(found) == ["web", "never", "feed", "new"]
    assert (found["web"].accepted, found["web"].last_accepted) == (12, NOW - 10 * MINUTE)
    assert found["web"].configured
    assert found["never"].delivered_up_to is None
    assert found["new"].delivered_up_to is None
    assert found["feed"].silent_since == NOW - 3 * HOUR
    (problem,) = story.problems
    assert problem.what == "Nothing comes from feed, against its own rhythm"
    assert problem.runbook == "blindness"


def test_a_silent_source_leads_to_its_incident(shelved: Shelved) -> None:
    watch = SourceWatch("feed", Detection()).state()
    blind = replace(watch, heard=True, delivered_up_to=NOW - HOUR, blind=True)
    commit(shelved, NOW, listening=ListeningState(watches={"feed": blind}))
    with shelved.incidents.write() as work:
        said = signal(rule=Rule.BLINDNESS, brand="source:feed", at=NOW, opened_at=NOW)
        events = decide(None, said, NOW)
        assert isinstance(events, tuple)
        incident = work.record(None, events)
    assert incident is not None
    (problem,) = look(shelved).problems
    assert problem.incident == incident.id


def test_each_stage_says_what_it_has_still_to_read(shelved: Shelved) -> None:
    commit(shelved, NOW - 5_000)
    append(shelved, b"x", at=NOW - 10 * MINUTE, mentions=30)
    append(shelved, b"y", at=NOW, mentions=12)
    row = PartitionRow(1, NOW, NOW, NOW, {}, [], ListeningState())
    with shelved.log.transaction():
        signals = [bucket(1), bucket(2), TimeRecord(VERSION, NOW)]
        shelved.log.commit_fold(0, row, [], [], 0, signals, [])
    detection, mentions, buckets, people = look(shelved).stages
    assert (detection.records, detection.behind) == (2, 10 * MINUTE)
    assert detection.detail == "42 mentions wait"
    assert (mentions.records, buckets.records, people.records) == (0, 2, 1)
    assert "The stage `detection` is 10 min behind" in whats(look(shelved))
    assert shelved.log.standing.signals_behind(1, (BUCKET,)) == 1


def test_messages_that_wait_or_were_refused_come_first(shelved: Shelved) -> None:
    commit(shelved, NOW)
    at = NOW - 20 * MINUTE
    with shelved.incidents.write() as work:
        events = decide(None, signal(at=at, opened_at=at), at)
        assert isinstance(events, tuple)
        incident = work.record(None, events)
        assert incident is not None
        (page,) = due(incident, (), at, POLICY)
        work.plan(page, at)
        (row,) = work.planned(incident.id)
        number = work.begin_attempt(row.id, at)
        work.finish_attempt(row.id, number, at + 1, Answer(Result.UNCONFIRMED, "no answer\u202e"))
        work.put_off(row.id, NOW + MINUTE, "no answer")
    story = look(shelved)
    assert whats(story) == ["A page fails for ann: no answer"]
    (waiting,) = story.waiting
    assert (waiting.reason, waiting.attempts, waiting.since) == ("page", 1, at)
    (failure,) = story.failures
    assert failure.detail == "no answer\\u202e"
    assert [(each.name, each.waiting) for each in story.receivers] == [("ann", 1)]
    with shelved.incidents.write() as work:
        work.close(row.id, Outcome.REFUSED, NOW, "an answer of 403")
    story = look(shelved)
    assert whats(story)[0].startswith("A message of the last day was refused, the last by ann")
    assert story.waiting == ()


def test_a_page_that_fails_is_told_at_once_a_reminder_when_it_waits(shelved: Shelved) -> None:
    commit(shelved, NOW)
    with shelved.incidents.write() as work:
        events = decide(None, signal(at=NOW, opened_at=NOW), NOW)
        assert isinstance(events, tuple)
        incident = work.record(None, events)
        assert incident is not None
        (page,) = due(incident, (), NOW, POLICY)
        work.plan(page, NOW)
        (row,) = work.planned(incident.id)
        for _ in range(2):
            work.begin_attempt(row.id, NOW)
        reminder = replace(page.notification, reason=Why.INTERNAL_UPDATE_DUE, at=NOW - MINUTE)
        work.plan(Due(reminder), NOW)
    assert look(shelved).problems == ()
    with shelved.incidents.write() as work:
        work.begin_attempt(row.id, NOW)
    assert whats(look(shelved)) == ["A page fails for ann"]
    later = look(shelved, NOW + 10 * MINUTE)
    assert "Messages wait for ann" in whats(later)


def test_a_console_alone_wakes_nobody(shelved: Shelved) -> None:
    commit(shelved, NOW)
    (problem,) = look(shelved, receivers=[{"name": "screen", "kind": "console"}]).problems
    assert problem.critical
    assert "wake nobody" in problem.what


def test_rejected_inputs_are_told_whole_and_harmless(shelved: Shelved) -> None:
    commit(shelved, NOW)
    with shelved.log.transaction():
        for number, text in enumerate(TEXTS):
            shelved.log.rejections.keep(
                [
                    Rejected(
                        RejectedReason.INVALID,
                        f"web:{number}",
                        f"no text {text[:50]}",
                        text.encode("utf-8", "surrogatepass") + b"\xff\x00",
                        "web",
                    )
                ],
                NOW - number,
            )
    story = look(shelved)
    assert story.rejected == (("a field is missing or wrong", len(TEXTS)),)
    assert len(story.rejected_last) == 10
    assert [each.at for each in story.rejected_last] == [NOW - number for number in range(10)]
    for each in story.rejected_last:
        assert len(each.raw) <= 6 * health.RAW
        assert each.raw.isprintable() or "\u200d" in each.raw
    assert whats(story) == [f"{len(TEXTS)} inputs of the last hour were rejected"]


def test_a_disk_that_fills_up(shelved: Shelved, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(shelved, NOW)
    monkeypatch.setattr(health, "disk_of", lambda _: Disk(10_000_000, 10**12))
    (problem,) = look(shelved).problems
    assert problem.critical
    assert "full" in problem.what
    monkeypatch.setattr(health, "disk_of", lambda _: None)
    assert look(shelved).problems == ()


def test_what_may_cost_a_page_stands_first(shelved: Shelved) -> None:
    commit(shelved, NOW - HOUR, writers={"w": Writer(NOW, catching_up=True)})
    grades = [problem.critical for problem in look(shelved).problems]
    assert grades == sorted(grades, reverse=True)
    assert len(grades) == 2
