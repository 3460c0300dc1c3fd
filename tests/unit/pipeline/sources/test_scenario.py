import hashlib
import io
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from pipeline.brands import Brand
from pipeline.mention import Kind, Mention
from pipeline.sources.files import FileSource
from pipeline.sources.scenario import Episode, EpisodeKind, Scenario, invented_brands, write_jsonl
from pipeline.sources.scenario.episodes import PAGES
from pipeline.sources.scenario.phrases import Mood
from pipeline.sources.scenario.speech import PHRASEBOOKS

HOUR = 3_600_000


@cache
def week() -> tuple[Scenario, tuple[Mention, ...]]:
    scenario = Scenario(7)
    return scenario, tuple(scenario)


def during(kind: EpisodeKind) -> tuple[Episode, list[Mention]]:
    scenario, mentions = week()
    (episode,) = [episode for episode in scenario.truth if episode.kind is kind]
    return episode, [said for said in mentions if episode.start <= said.event_time < episode.end]


def test_the_same_seed_gives_the_same_on_every_machine() -> None:
    first = hashlib.sha256()
    for said, _ in zip(Scenario(7, days=1), range(2000), strict=False):
        first.update(msgspec.msgpack.encode(said))
    assert first.hexdigest() == "a1a17de7df7dcd540c5f48f00e5770ee7f968da81fe9f3d48f8ae3603d345928"
    assert next(iter(Scenario(8))) != next(iter(Scenario(7)))


def test_arrivals_come_in_order_and_none_before_it_was_written() -> None:
    _, mentions = week()
    assert all(one.ingested_at <= other.ingested_at for one, other in pairwise(mentions))
    assert all(said.ingested_at > said.event_time for said in mentions)


def test_there_are_repeated_delayed_and_late_mentions() -> None:
    _, mentions = week()
    times = Counter((said.source, said.id) for said in mentions)
    assert set(times.values()) == {1, 2}
    waits = [said.ingested_at - said.event_time for said in mentions]
    assert sum(wait > HOUR for wait in waits) > 20
    assert sum(HOUR // 12 < wait < HOUR for wait in waits) > 100


def test_every_kind_channel_and_language_occurs() -> None:
    _, mentions = week()
    assert {said.kind for said in mentions} == set(Kind)
    assert {said.source for said in mentions} == {"stream", "boards", "pictures", "reviews"}
    assert {said.language for said in mentions} == {"en", "de", "nl", "id", ""}
    reviews = [said for said in mentions if said.kind is Kind.REVIEW]
    assert {said.rating for said in reviews} == {1, 2, 3, 4, 5}
    assert all(said.rating is None for said in mentions if said.kind is not Kind.REVIEW)
    own = {account for brand in week()[0].brands for account in brand.own_accounts}
    assert sum(said.author.handle in own for said in mentions) > 40


def test_the_truth_names_every_kind_of_episode_once() -> None:
    scenario, _ = week()
    assert Counter(episode.kind for episode in scenario.truth) == Counter(EpisodeKind)
    assert all(episode.must_page == (episode.kind in PAGES) for episode in scenario.truth)
    names = {brand.name for brand in scenario.brands} | {"source:boards"}
    assert all(episode.brand in names for episode in scenario.truth)
    assert all(
        scenario.start <= episode.start < episode.end <= scenario.end for episode in scenario.truth
    )


def test_talk_is_louder_in_an_episode_than_the_day_before() -> None:
    scenario, mentions = week()
    for episode in scenario.truth:
        if episode.kind in {EpisodeKind.SILENT_SOURCE, EpisodeKind.SPAM}:
            continue
        brand = next(one for one in scenario.brands if one.name == episode.brand)
        number = f"{scenario.brands.index(brand)}-"
        day = 24 * HOUR
        then, before = (
            sum(
                episode.start - shift <= said.event_time < episode.end - shift
                and said.id.startswith(number)
                for said in mentions
            )
            for shift in (0, day)
        )
        assert then > 1.4 * before


def test_six_accounts_paste_one_text() -> None:
    _, said = during(EpisodeKind.SPAM)
    text, times = Counter(one.text for one in said).most_common(1)[0]
    assert times > 200
    assert len({one.author for one in said if one.text == text}) == 6


def test_hundreds_of_people_pass_one_post_on() -> None:
    _, said = during(EpisodeKind.REPOST_WAVE)
    text, _ = Counter(one.text for one in said).most_common(1)[0]
    first, *passed = [one for one in said if one.text == text]
    reposts = [one for one in (first, *passed) if one.kind is Kind.REPOST]
    assert len({one.author for one in reposts}) > 250
    assert len({one.conversation_id for one in reposts}) == 1


def test_a_silent_source_delivers_afterwards() -> None:
    episode, said = during(EpisodeKind.SILENT_SOURCE)
    scenario, mentions = week()
    failure = next(one for one in scenario.truth if one.kind is EpisodeKind.FAILURE)
    assert failure.start < episode.start < episode.end < failure.end
    assert sum(one.source == "boards" for one in said) > 50
    assert not any(
        one.source == "boards" and episode.start <= one.ingested_at < episode.end
        for one in mentions
    )


@pytest.mark.parametrize(
    ("moods", "label"),
    [
        ((Mood.CALM_NEGATIVE, Mood.FAILURE, Mood.OUTAGE), "negative"),
        ((Mood.NEUTRAL,), "neutral"),
        ((Mood.POSITIVE,), "positive"),
    ],
)
def test_english_is_judged_as_it_is_meant(moods: tuple[Mood, ...], label: str) -> None:
    judge = SentimentIntensityAnalyzer()
    for mood in moods:
        for sentence in PHRASEBOOKS["en"].sentences[mood]:
            score = judge.polarity_scores(sentence.format_map(_Plain()))["compound"]
            found = "negative" if score <= -0.05 else "positive" if score >= 0.05 else "neutral"
            assert found == label, sentence


def test_what_stands_around_a_sentence_says_nothing() -> None:
    judge = SentimentIntensityAnalyzer()
    for part in PHRASEBOOKS["en"].openers + PHRASEBOOKS["en"].tails:
        assert abs(judge.polarity_scores(part.format_map(_Plain()))["compound"]) < 0.05


class _Plain(dict[str, str]):
    def __missing__(self, slot: str) -> str:
        return {"w": "Monday", "c": "Leeds", "p": "Mira"}.get(slot, "7")


def test_every_language_has_every_mood() -> None:
    for book in PHRASEBOOKS.values():
        assert set(book.sentences) == set(Mood)
        assert all(len(sentences) >= 2 for sentences in book.sentences.values())


def test_a_shorter_scenario_keeps_what_ends_in_time() -> None:
    scenario = Scenario(7, days=3)
    assert [episode.kind for episode in scenario.truth] == [EpisodeKind.PRAISE, EpisodeKind.SPAM]
    assert list(Scenario(7, days=1).truth) == []
    with pytest.raises(ValueError, match="one day"):
        Scenario(7, days=0)


def test_brands_of_ones_own_and_a_plan_of_ones_own() -> None:
    brand = Brand("Quince", languages=("fr",), zone="America/New_York")
    start = Scenario(1, days=1).start
    plan = (
        Episode(
            EpisodeKind.SMALLER_CRISIS, "Quince", start, start + HOUR, must_page=True, peak=5.0
        ),
    )
    mentions = list(Scenario(1, days=1, rate=0.2, brands=[brand], plan=plan))
    assert sum(said.event_time < start + HOUR for said in mentions) > 60
    assert all("Quince" in said.text for said in mentions[:20] if "Villa" not in said.text)


def test_a_load_has_about_as_many_mentions_as_asked_for() -> None:
    scenario = Scenario.load(3, mentions=20_000, brands=40, days=2)
    counts = Counter(said.brand for said in scenario)
    assert 18_000 < counts.total() < 23_000
    assert len({brand.name for brand in invented_brands(40)}) == 40
    assert set(counts) <= {brand.name for brand in scenario.brands} | {""}


def test_a_file_of_it_reads_back(tmp_path: Path) -> None:
    scenario = Scenario(7, days=1)
    path = tmp_path / "scenario.jsonl"
    with path.open("wb") as stream:
        count = write_jsonl(scenario, stream)
    from_file = [one for chunk in FileSource([str(path)]).read() for one in chunk]
    direct = [one for chunk in scenario.read() for one in chunk]
    assert len(direct) == count
    assert [
        (one.id, one.text, one.event_time) for one in from_file if isinstance(one, Mention)
    ] == [(one.id, one.text, one.event_time) for one in direct if isinstance(one, Mention)]
    assert write_jsonl([], io.BytesIO()) == 0
