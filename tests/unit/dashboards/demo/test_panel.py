"""The panel's addresses: what they show, whom they obey, what a stranger's text does to them."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from dashboards.demo import protocol as say
from dashboards.demo.live import build_demo
from dashboards.demo.stage import OVER, Phase, Stage
from dashboards.demo.tryout import LONGEST
from pipeline.alerting import Recorder
from pipeline.demo.journey import Journey
from pipeline.demo.outcome import DemoResult, Noticed
from pipeline.demo.plan import LIVE_FROM, demo_document, demo_scenario
from pipeline.demo.story import Caption, Teller
from pipeline.settings import Settings, load
from pipeline.sources.scenario.brands import BRANDS
from pipeline.sources.scenario.episodes import HOUR, MINUTE
from pipeline.sources.scenario.scenario import START, Scenario

HERE = "http://127.0.0.1:8090"
HOSTILE = "<img src=x onerror=alert(1)>\"'&{{ 7*7 }}\u202e<script>alert(2)</script>"


class Told:
    """Stands in for an engine: keeps what it is told."""

    pid = 4711

    def __init__(self) -> None:
        self.commands: list[say.Command] = []

    def tell(self, command: say.Command) -> None:
        self.commands.append(command)

    def stop(self) -> None:
        """Nothing to end."""


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(Path(os.devnull), demo_document(demo_scenario(7)))


@pytest.fixture(scope="module")
def directory(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some hours of talk."""
    made = tmp_path_factory.mktemp("demo")
    world = Scenario(5, days=1, rate=0.5, brands=BRANDS, plan=[])
    journey = Journey(world, settings, made, {"on-call": Recorder()})
    journey.learn(START + 3 * HOUR)
    journey.close()
    return made


@pytest.fixture
def stage(directory: Path) -> Iterator[Stage]:
    made = Stage(directory, 7)
    made._engine = Told()  # type: ignore[assignment]
    made._take(say.Opened(LIVE_FROM, 1000, 3, took_up=False))
    yield made
    if made.shelf is not None:
        made.shelf.close()


@pytest.fixture
def app(stage: Stage, settings: Settings) -> FastAPI:
    made = build_demo(stage, settings)
    stage.changed = lambda: None
    return made


def told(stage: Stage) -> list[say.Command]:
    engine: Any = stage._engine
    found: list[say.Command] = engine.commands
    return found


def asked(  # the ways of asking
    app: FastAPI,
    method: str,
    path: str,
    *,
    origin: str = HERE,
    script: bool = True,
    **fields: str,
) -> httpx.Response:
    headers = {"origin": origin} if origin else {}
    if script:
        headers["hx-request"] = "true"

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            return await client.request(method, path, headers=headers, data=fields or None)

    return asyncio.run(ask())


def test_the_panel_stands_on_every_view_and_is_no_part_of_a_fragment(app: FastAPI) -> None:
    for path in ("/", "/incidents", "/health", "/brands/Veloria%20Air"):
        assert 'id="demo"' in asked(app, "GET", path, script=False).text, path
    assert 'id="demo"' not in asked(app, "GET", "/").text
    assert asked(app, "GET", "/demo/panel").text.lstrip().startswith('<div id="demo-state"')
    now = asked(app, "GET", "/demo/panel?part=now").text
    assert now.lstrip().startswith('<span class="demo-now"')
    assert "day 1 of 3" in now


def test_buttons_tell_the_engine(app: FastAPI, stage: Stage) -> None:
    asked(app, "POST", "/demo/pause", paused="yes")
    assert stage.shown().paused
    asked(app, "POST", "/demo/pause", paused="no")
    asked(app, "POST", "/demo/speed", factor="2.0")
    asked(app, "POST", "/demo/skip")
    asked(app, "POST", "/demo/answers", on="no")
    assert told(stage) == [
        say.Hurry(0.0),
        say.Hurry(1.0),
        say.Hurry(2.0),
        say.Hurry(2.0),
        say.Skip(),
        say.Answers(on=False),
    ]
    assert "Ann answers for you: off" in asked(app, "GET", "/demo/panel").text


def test_what_is_tried_is_told_once_and_shown_until_something_comes_of_it(
    app: FastAPI, stage: Stage
) -> None:
    shown = asked(app, "POST", "/demo/post", brand="Lumeno", **{"from": "people"}).text
    assert "50 angry mentions of Lumeno by 50 people" in shown
    asked(app, "POST", "/demo/post", brand="Lumeno", **{"from": "paste"})
    asked(app, "POST", "/demo/silence", source="boards")
    people, paste, silence = told(stage)
    assert isinstance(people, say.Post)
    assert isinstance(paste, say.Post)
    assert isinstance(silence, say.Silence)
    assert len({each.author for each in people.posts}) == len(people.posts) == 50
    assert len({each.author for each in paste.posts}) == 3
    assert len({each.text for each in paste.posts}) == 1
    assert not {each.id for each in people.posts} & {each.id for each in paste.posts}
    assert stage._asked.keys() == {people.trial, paste.trial, silence.trial}
    stage._take(say.Heard(silence.trial, LIVE_FROM, LIVE_FROM + HOUR))
    assert stage._asked.keys() == {people.trial, paste.trial}
    assert stage._silences == [say.Silenced("boards", LIVE_FROM, LIVE_FROM + HOUR)]


def test_what_was_heard_but_not_yet_said_is_asked_for_again_after_a_kill(
    app: FastAPI, stage: Stage
) -> None:
    asked(app, "POST", "/demo/post", brand="Lumeno", **{"from": "people"})
    (post,) = told(stage)
    assert isinstance(post, say.Post)
    stage._take(say.Heard(post.trial, LIVE_FROM))
    stage._take(say.Moved(LIVE_FROM, 0.0, 1000, waiting=False, skipping=False))
    assert stage._asked == {post.trial: post}  # a kill now takes it along: it stands still
    stage._take(say.Moved(LIVE_FROM + MINUTE, 90.0, 1050, waiting=False, skipping=False))
    assert stage._asked == {}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/demo/post", {"brand": "nobody's"}),
        ("/demo/silence", {"source": "../etc"}),
        ("/demo/speed", {"factor": "1e9"}),
    ],
)
def test_what_is_not_offered_is_refused(
    app: FastAPI, stage: Stage, path: str, fields: dict[str, str]
) -> None:
    assert asked(app, "POST", path, **fields).status_code == 422
    assert told(stage) == []


def test_strangers_cannot_press_the_buttons(app: FastAPI, stage: Stage) -> None:
    for path in ("pause", "speed", "skip", "answers", "post", "silence", "kill", "again", "try"):
        for origin in ("https://evil.example", ""):
            assert asked(app, "POST", f"/demo/{path}", origin=origin).status_code == 403
        assert asked(app, "GET", f"/demo/{path}").status_code == 405
    assert told(stage) == []
    assert not stage.again.is_set()


def test_a_tried_text_shows_what_decided(app: FastAPI, stage: Stage) -> None:
    found = asked(
        app, "POST", "/demo/try", text="@veloria_air: awful day, not good", send="no"
    ).text
    for words in ("Veloria Air", "somebrand: awful day, not good", "negative", "awful", "-1.4"):
        assert words in found, words
    assert "Nothing was stored" in found
    assert told(stage) == []
    asked(app, "POST", "/demo/try", text="@veloria_air: awful day", send="yes")
    (post,) = told(stage)
    assert isinstance(post, say.Post)
    assert [each.text for each in post.posts] == ["@veloria_air: awful day"]


def test_a_text_of_no_brand_or_no_language_is_said_to_be_so(app: FastAPI) -> None:
    assert "none of the four brands" in asked(app, "POST", "/demo/try", text="good morning").text
    dutch = "de trein van Oatelle is weer niet op tijd en dat is erg"
    assert "nobody judges nl yet" in asked(app, "POST", "/demo/try", text=dutch).text


def test_hostile_text_stays_text(app: FastAPI, stage: Stage) -> None:
    for script in (True, False):
        found = asked(
            app, "POST", "/demo/try", text=f"Lumeno {HOSTILE}", send="yes", script=script
        ).text
        assert "<img" not in found
        assert "<script>" not in found
        assert "49" not in found.partition("<main")[2].partition("</main>")[0]
    stage._take(say.Told(Caption(at=LIVE_FROM, text=HOSTILE, teller=Teller.WORLD, brand=HOSTILE)))
    stage._take(say.Sent("k", HOSTILE, "page", LIVE_FROM, HOSTILE, HOSTILE))
    shown = asked(app, "GET", "/demo/panel").text
    assert "&lt;img" in shown
    assert "<img" not in shown
    assert "<script>" not in shown


def test_nothing_and_too_much_are_refused_kindly(app: FastAPI, stage: Stage) -> None:
    for text in ("", " \n ", "Lumeno " + "a" * LONGEST):
        found = asked(app, "POST", "/demo/try", text=text, send="yes")
        assert found.status_code == 200
        assert "field-error" in found.text
    assert told(stage) == []


def test_a_repeat_after_a_kill_is_shown_once(stage: Stage) -> None:
    caption = Caption(at=LIVE_FROM, text="once", teller=Teller.MONITOR)
    for _ in range(2):
        stage._take(say.Told(caption))
        stage._take(say.Sent("key", "i", "page", LIVE_FROM, "title", "text"))
    assert len(stage.shown().captions) == len(stage.shown().messages) == 1


RESULT = DemoResult(
    days=10,
    mentions=41_000,
    own=80,
    late=12,
    repeated=300,
    unscored=9_000,
    incidents=1,
    pages=1,
    worse=0,
    called_again=0,
    reminders=2,
    updates_on_time=2,
    updates_late=0,
    attention=1,
    blind=1,
    noticed=[Noticed(demo_scenario(7).truth[1], 13)],
    false_pages=0,
    spam_pages=0,
)


def test_the_end_is_summed_up_and_nothing_can_be_tried_any_more(app: FastAPI, stage: Stage) -> None:
    stage._take(say.Finished(LIVE_FROM + 60 * HOUR, RESULT))
    shown = asked(app, "GET", "/demo/panel").text
    for words in (
        "41,000 mentions in 10 days. You were paged once. 2 updates given on time.",
        "paged 13 min after it began",
        "crisis-monitor config init",
        "crisis-monitor run",
        "Start again",
    ):
        assert words in shown, words
    asked(app, "POST", "/demo/silence", source="boards")
    assert told(stage) == []
    assert stage.shown().trials[0].result == OVER
    assert not stage.kill()
    assert [each.result for each in stage.shown().trials] == [OVER, OVER]
    assert asked(app, "POST", "/demo/again").status_code == 200
    assert stage.again.is_set()


def test_an_engine_that_ends_unasked_is_said_aloud(app: FastAPI, stage: Stage) -> None:
    engine: Any = stage._engine
    stage._gone(engine)
    assert stage.shown().phase is Phase.FAILED
    assert "has ended unasked" in asked(app, "GET", "/demo/panel").text


def test_an_engine_that_dies_while_it_starts_again_is_said_aloud_too(stage: Stage) -> None:
    stage._phase = Phase.KILLED
    engine: Any = stage._engine
    stage._gone(engine)
    assert stage.shown().phase is Phase.FAILED


def test_the_speed_and_the_clock_follow_what_the_engine_says(app: FastAPI, stage: Stage) -> None:
    moved = say.Moved(LIVE_FROM + 5 * MINUTE, 14.0, 1234, waiting=True, skipping=False)
    stage._take(moved)
    assert "1 s = 14 s" in asked(app, "GET", "/demo/panel?part=now").text
    assert "or Ann will in a moment" in asked(app, "GET", "/demo/panel").text
