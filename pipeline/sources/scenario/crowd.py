"""Everybody who speaks of one brand: minute by minute, what they say and when it arrives."""

from collections import deque
from collections.abc import Iterator, Sequence
from math import exp
from random import Random

import msgspec

from pipeline.brands import Brand
from pipeline.mention import Author, Kind, Mention
from pipeline.sources.scenario import speech
from pipeline.sources.scenario.authors import CROWD, author
from pipeline.sources.scenario.episodes import HOUR, MINUTE, Episode, EpisodeKind
from pipeline.sources.scenario.phrases import Mood


class Channel(msgspec.Struct, frozen=True):
    """A source of the scenario: how much of the talk it carries, and how long it takes.

    `least` and `most` are the milliseconds between writing and arriving.
    """

    name: str
    channel: str
    share: float
    least: int
    most: int


STREAM = Channel("stream", "microblog", 0.62, 400, 4_000)
BOARDS = Channel("boards", "forum", 0.2, 5_000, 130_000)
PICTURES = Channel("pictures", "photos", 0.1, 2_000, 9_000)
REVIEWS = Channel("reviews", "reviews", 0.08, 10_000, 600_000)
CHANNELS = (STREAM, BOARDS, PICTURES, REVIEWS)

_CALM = ((Mood.CALM_NEGATIVE, 0.14), (Mood.POSITIVE, 0.3), (Mood.NEUTRAL, 1.0))
_EPISODE_MOODS = {
    EpisodeKind.PRAISE: Mood.POSITIVE,
    EpisodeKind.FAILURE: Mood.FAILURE,
    EpisodeKind.SMALLER_CRISIS: Mood.OUTAGE,
}
_RATINGS = {
    Mood.CALM_NEGATIVE: (1, 2),
    Mood.FAILURE: (1, 1),
    Mood.OUTAGE: (1, 2),
    Mood.NEUTRAL: (3, 3),
    Mood.POSITIVE: (4, 5),
}
_DELAYED, _LATE, _REPEATED = 0.004, 0.0015, 0.008
_SPAMMERS = 6
_OWN_EVERY = HOUR
_UNRELATED = 0.01


class Crowd:
    """Speaks of one brand; `number` keeps its people and ids apart from other brands'."""

    def __init__(
        self,
        brand: Brand,
        number: int,
        chance: Random,
        episodes: Sequence[Episode],
        *,
        names_brand: bool,
    ) -> None:
        self._brand = brand
        self._number = number
        self._chance = chance
        self._episodes = episodes
        self._brand_name = brand.name if names_brand else ""
        self._said = 0
        self._recent: deque[Mention] = deque(maxlen=20)
        self._passed_on: Mention | None = None
        self._spam = speech.fill(speech.PASTED, brand, "en", chance)

    def minute(self, minute: int, rate: float) -> list[Mention]:
        """Say what is said in the minute from `minute` on; `rate` is the calm mentions in it."""
        said = [self._calm(self._moment(minute)) for _ in range(self._poisson(rate))]
        for episode in self._episodes:
            said += [
                self._episode(episode, self._moment(minute))
                for _ in range(self._poisson(episode.level(minute)))
            ]
            if (
                episode.must_page
                and episode.start < minute < episode.end
                and (minute - episode.start) % _OWN_EVERY == 45 * MINUTE
            ):
                said.append(self._own(minute))
        if minute % (12 * HOUR) == 8 * HOUR:
            said.append(self._own(minute))
        return [arrival for mention in said for arrival in self._arrivals(mention)]

    def _calm(self, time: int) -> Mention:
        chance = self._chance
        drawn = chance.random()
        mood = next(mood for mood, below in _CALM if drawn < below)
        if self._number == 0 and chance.random() < _UNRELATED:
            return self._mention(
                time, STREAM, "en", speech.fill(speech.UNRELATED, self._brand, "en", chance), ""
            )
        if self._recent and chance.random() < 0.05:
            return self._repost(time, self._recent[int(chance.random() * len(self._recent))])
        mention = self._speak(time, mood)
        if mention.kind is Kind.POST and mention.source == STREAM.name:
            self._recent.append(mention)
        return mention

    def _episode(self, episode: Episode, time: int) -> Mention:
        if episode.kind is EpisodeKind.SPAM:
            spammer = author(int(self._chance.random() * _SPAMMERS), 900 + self._number)
            return self._mention(time, STREAM, "en", self._spam, self._brand_name, by=spammer)
        if episode.kind is EpisodeKind.REPOST_WAVE:
            if self._passed_on is None:
                text = speech.fill(speech.PASSED_ON, self._brand, "en", self._chance)
                self._passed_on = self._mention(
                    time,
                    STREAM,
                    "en",
                    text,
                    self._brand_name,
                    by=Author(f"w{self._number}", "anna_reports", "Anna", 480_000),
                )
                return self._passed_on
            if self._chance.random() < 0.7:
                return self._repost(time, self._passed_on)
            return self._speak(time, Mood.FAILURE)
        return self._speak(time, _EPISODE_MOODS[episode.kind])

    def _speak(self, time: int, mood: Mood) -> Mention:
        chance = self._chance
        code = speech.language(self._brand, chance)
        drawn = chance.random()
        channel = CHANNELS[-1]
        for candidate in CHANNELS:
            drawn -= candidate.share
            if drawn < 0:
                channel = candidate
                break
        text = speech.sentence(self._brand, mood, code, chance)
        kind, rating, reply = Kind.POST, None, ""
        if channel is REVIEWS:
            low, high = _RATINGS[mood]
            kind, rating = Kind.REVIEW, float(low if chance.random() < 0.6 else high)
        elif channel is PICTURES:
            kind = Kind.COMMENT
        elif self._recent and chance.random() < 0.25:
            kind = Kind.REPLY if chance.random() < 0.8 else Kind.QUOTE
            reply = self._recent[int(chance.random() * len(self._recent))].id
        return self._mention(
            time, channel, code, text, self._brand_name, kind=kind, rating=rating, reply=reply
        )

    def _repost(self, time: int, original: Mention) -> Mention:
        return self._mention(
            time,
            STREAM,
            original.language,
            original.text,
            original.brand,
            kind=Kind.REPOST,
            reply=original.id,
        )

    def _own(self, minute: int) -> Mention:
        account = (self._brand.own_accounts or (self._brand.name,))[-1]
        code = speech.languages(self._brand)[0]
        text = speech.sentence(self._brand, Mood.OWN, code, self._chance)
        return self._mention(
            self._moment(minute),
            STREAM,
            code,
            text,
            self._brand_name,
            by=Author(f"own{self._number}", account, self._brand.name, 250_000),
            owned=True,
        )

    def _mention(  # noqa: PLR0913  # what differs between the ways of speaking
        self,
        time: int,
        channel: Channel,
        code: str,
        text: str,
        brand: str,
        *,
        by: Author | None = None,
        kind: Kind = Kind.POST,
        rating: float | None = None,
        reply: str = "",
        owned: bool = False,
    ) -> Mention:
        chance = self._chance
        self._said += 1
        who = by or author(int(chance.random() * CROWD), self._number)
        name = f"{self._number}-{self._said}"
        return Mention(
            id=name,
            source=channel.name,
            event_time=time,
            ingested_at=time
            + channel.least
            + int(chance.random() * (channel.most - channel.least)),
            text=text,
            channel=channel.channel,
            kind=kind,
            author=who,
            url=f"https://{channel.channel}.example/{name}",
            language=code if chance.random() < 0.9 else "",
            rating=rating,
            reach=who.followers or 0,
            engagement=int(chance.random() * chance.random() * 40),
            conversation_id=reply or name,
            in_reply_to=reply,
            owned=owned or channel is PICTURES,
            brand=brand,
        )

    def _arrivals(self, mention: Mention) -> Iterator[Mention]:
        chance = self._chance
        fate = chance.random()
        if fate < _LATE:
            later = int((70 + chance.random() * 230) * MINUTE)
            mention = msgspec.structs.replace(mention, ingested_at=mention.event_time + later)
        elif fate < _LATE + _DELAYED:
            later = int((5 + chance.random() * 35) * MINUTE)
            mention = msgspec.structs.replace(mention, ingested_at=mention.event_time + later)
        yield mention
        if fate > 1 - _REPEATED:
            later = mention.ingested_at + 2_000 + int(chance.random() * 10 * MINUTE)
            yield msgspec.structs.replace(mention, ingested_at=later)

    def _moment(self, minute: int) -> int:
        return minute + int(self._chance.random() * MINUTE)

    def _poisson(self, mean: float) -> int:
        """Draw how often something happens that happens `mean` times on average."""
        if mean <= 0:
            return 0
        count = 0
        while mean > 30:
            count += self._poisson(30)
            mean -= 30
        limit, product = exp(-mean), self._chance.random()
        while product > limit:
            count += 1
            product *= self._chance.random()
        return count
