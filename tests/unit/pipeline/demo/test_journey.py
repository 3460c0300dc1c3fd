"""The journey through a scenario: what is said of it, tried in it, and what it comes to."""

import os
from pathlib import Path

import pytest

from alerts.incident import State
from alerts.store import open_store
from pipeline.alerting import Recorder
from pipeline.demo.journey import Journey, Silence
from pipeline.demo.on_call import concerns_people
from pipeline.demo.outcome import DemoResult, summary
from pipeline.demo.plan import demo_document
from pipeline.demo.story import Caption, Teller
from pipeline.mention import Author, Mention
from pipeline.settings import load
from pipeline.sources.scenario.brands import BRANDS
from pipeline.sources.scenario.episodes import DAY, HOUR, MINUTE, Episode, EpisodeKind
from pipeline.sources.scenario.scenario import START, Scenario
from pipeline.stores.mentions import MentionFilter, MentionStore

LEARNT = START + DAY + 4 * HOUR


def world(plan: list[Episode]) -> Scenario:
    return Scenario(11, days=2, rate=1.0, brands=BRANDS[:2], plan=plan)


class Travelled:
    """A journey with everything it said."""

    def __init__(self, directory: Path, plan: list[Episode], *, answers: bool = True) -> None:
        self.said: list[Caption] = []
        scenario = world(plan)
        self.journey = Journey(
            scenario,
            load(Path(os.devnull), demo_document(scenario)),
            directory,
            {"on-call": Recorder()},
            say=self.said.append,
            answers=answers,
            told_from=LEARNT,
        )
        self.journey.learn(LEARNT)

    def until(self, at: int) -> "Travelled":
        while self.journey.at < at:
            self.journey.step()
        return self

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.said]


def angry(count: int, *, authors: int) -> list[Mention]:
    return [
        Mention(
            f"v{number}",
            "",
            0,
            0,
            f"Lumeno is awful, terrible, case {number if authors == count else 1}",
            author=Author(f"a{number % authors}"),
            language="en",
        )
        for number in range(count)
    ]


@pytest.fixture
def calm(tmp_path: Path) -> Travelled:
    return Travelled(tmp_path, [])


def test_a_failure_is_told_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    begins = LEARNT + 30 * MINUTE
    failure = Episode(
        EpisodeKind.FAILURE, BRANDS[0].name, begins, begins + 2 * HOUR, must_page=True, peak=9.0
    )
    travelled = Travelled(tmp_path, [failure]).until(begins + 8 * HOUR)
    told = "\n".join(travelled.texts)
    order = [
        told.index(words)
        for words in (
            "check-in fails",
            "You are paged",
            "Ann has",
            "Ann gives an internal update",
            "has been calm",
            "Ann resolves",
        )
    ]
    assert order == sorted(order)
    paged = next(each for each in travelled.said if "You are paged" in each.text)
    result = travelled.journey.result(since=LEARNT)
    (noticed,) = result.noticed
    assert noticed.minutes is not None
    assert f"{noticed.minutes} min after it began" in paged.text
    assert paged.why_at is not None
    assert result.pages == 1
    assert result.false_pages == 0
    assert result.updates_on_time > 0
    assert result.updates_late == 0
    travelled.journey.close()


def test_without_ann_it_is_called_again_and_nobody_takes_it(tmp_path: Path) -> None:
    begins = LEARNT + 30 * MINUTE
    failure = Episode(
        EpisodeKind.FAILURE, BRANDS[0].name, begins, begins + 2 * HOUR, must_page=True, peak=9.0
    )
    travelled = Travelled(tmp_path, [failure], answers=False).until(begins + HOUR)
    waiting, _ = travelled.journey.open_incidents()
    assert waiting is not None
    result = travelled.journey.result(since=LEARNT)
    assert result.called_again > 0
    assert result.updates == 0
    travelled.journey.close()
    with open_store(f"sqlite:///{tmp_path / 'incidents.db'}") as store, store.read() as view:
        assert [each.state for each in view.incidents() if concerns_people(each)] == [State.OPEN]


def test_spam_is_told_with_its_voices_and_pages_nobody(tmp_path: Path) -> None:
    begins = LEARNT + HOUR
    spam = Episode(
        EpisodeKind.SPAM, BRANDS[1].name, begins, begins + 45 * MINUTE, must_page=False, peak=8.0
    )
    travelled = Travelled(tmp_path, [spam]).until(begins + 2 * HOUR)
    told = next(each for each in travelled.said if "6 accounts is counted" in each.text)
    assert told.teller is Teller.MONITOR
    mentions, voices = _numbers(told.text)
    assert mentions > 100
    assert voices < 40
    result = travelled.journey.result(since=LEARNT)
    assert result.pages == result.spam_pages == 0
    travelled.journey.close()


def _numbers(text: str) -> tuple[int, int]:
    head, _, tail = text.partition(" min, but ")
    return int(head.split()[0]), int(tail.split()[0])


def test_what_many_people_post_pages_and_what_a_few_paste_does_not(
    calm: Travelled, tmp_path: Path
) -> None:
    at = calm.journey.post(angry(50, authors=3))
    assert at == LEARNT
    calm.until(LEARNT + HOUR)
    assert calm.journey.open_incidents() == (None, None)
    calm.journey.post(angry(50, authors=50)[1:])  # v0 was said before: still the same mention
    calm.until(LEARNT + HOUR + 3 * MINUTE)
    waiting, _ = calm.journey.open_incidents()
    assert waiting is not None
    calm.journey.close()
    store = MentionStore(tmp_path, read_only=True)
    (first,) = store.show("v0")
    store.close()
    assert first.brand == "Lumeno"
    assert first.mention.source == "stream"
    assert LEARNT <= first.mention.event_time < LEARNT + MINUTE


def test_a_source_made_silent_keeps_back_what_it_had_and_then_gives_it(
    calm: Travelled, tmp_path: Path
) -> None:
    silence = calm.journey.silence("stream", 2 * HOUR)
    assert silence == Silence("stream", LEARNT, LEARNT + 2 * HOUR)
    calm.until(LEARNT + 2 * HOUR + 10 * MINUTE)
    result = calm.journey.result()
    assert result.late > 0
    calm.journey.close()
    store = MentionStore(tmp_path, read_only=True)
    late = [
        entry.mention
        for brand in BRANDS[:2]
        for entry in store.find(MentionFilter(brand.name, late=True), limit=10_000)
    ]
    store.close()
    assert {each.source for each in late} == {"stream"}
    assert all(silence.holds(each) for each in late)


def test_the_summary_says_what_it_is_given() -> None:
    result = DemoResult(
        days=10,
        mentions=41_000,
        own=0,
        late=0,
        repeated=0,
        unscored=0,
        incidents=1,
        pages=3,
        worse=1,
        called_again=2,
        reminders=0,
        updates_on_time=1,
        updates_late=1,
        attention=0,
        blind=0,
        noticed=[],
        false_pages=1,
        spam_pages=0,
        brought_about=1,
    )
    assert summary(result) == (
        "41,000 mentions in 10 days. You were paged 3 times, once by what you posted, once for "
        "nothing and told once that it got worse, called again twice. 1 update given on time, "
        "1 late."
    )
