"""The documentation's pictures: `python -m tests.browser.pictures [--into docs/pictures]`.

Taken of the live page in Debian's Chromium while the demonstration's days pass, and of the
demonstration itself as one starts it: nothing is posed. Look at each before it is kept.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

import msgspec
from playwright.sync_api import Browser, sync_playwright

from alerts.notifiers.answer import Answer, Result
from alerts.notifiers.protocol import Message
from pipeline.demo import run_demo
from pipeline.demo.journey import Journey
from pipeline.demo.plan import LIVE_DAY, LIVE_FROM, demo_document, demo_scenario
from pipeline.settings import load
from pipeline.sources.scenario.episodes import MINUTE
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.serving import a_page

SEED = 7
MOST_BYTES = 150_000
PHONE = (390, 844)
NEWEST = "the newest incident"


class Picture(msgspec.Struct, frozen=True):
    """One view at so many minutes of the first live day; `size` in the page's own pixels."""

    name: str
    at: int
    path: str
    size: tuple[int, int]
    scheme: Literal["light", "dark"] = "light"

    @property
    def instant(self) -> int:
        return LIVE_DAY + self.at * MINUTE


def clock(hour: int, minute: int) -> int:
    return hour * 60 + minute


PICTURES = (
    Picture("incident-phone", clock(8, 4), NEWEST, PHONE),
    Picture("situation", clock(8, 24), "/", (1200, 600)),
    Picture("situation-phone-dark", clock(8, 24), "/", PHONE, "dark"),
    Picture("brand", clock(8, 50), "/brands/Veloria%20Air?range=24h", (1200, 1100)),
    Picture("health", clock(9, 45), "/health", (1200, 720)),
)


class Camera:
    """Takes pictures with one browser into one folder."""

    def __init__(self, browser: Browser, into: Path) -> None:
        self._browser = browser
        self._into = into

    def take(self, url: str, picture: Picture) -> None:
        wide, high = picture.size
        context = self._browser.new_context(
            viewport={"width": wide, "height": high},
            color_scheme=picture.scheme,
            locale="en-GB",
            timezone_id="UTC",
            device_scale_factor=1.5 if picture.size == PHONE else 1,
        )
        page = context.new_page()
        path = picture.path
        if path == NEWEST:
            page.goto(f"{url}/incidents")
            path = page.locator("ol.incidents a").first.get_attribute("href") or "/"
        page.goto(url + path)
        page.wait_for_timeout(1_500)  # charts are drawn, times are told
        self._keep(picture.name, page.screenshot())
        context.close()

    def take_demo(self) -> None:
        """Start the demonstration as a visitor does; take it when the first crisis has grown."""
        command = [sys.executable, "-m", "pipeline", "demo", "--port", "0", "--no-open"]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert process.stdout is not None
            url = next(word for line in process.stdout for word in line.split() if "://" in word)
            context = self._browser.new_context(
                viewport={"width": 1280, "height": 760}, locale="en-GB", timezone_id="UTC"
            )
            page = context.new_page()
            page.goto(url)
            page.locator("#situation .badge-critical").wait_for(timeout=120_000)
            page.wait_for_timeout(2_500)
            self._keep("demo", page.screenshot())
            context.close()
        finally:
            process.terminate()
            process.wait(20)

    def _keep(self, name: str, image: bytes) -> None:
        file = self._into / f"{name}.png"
        file.write_bytes(image)
        large = "  more than 150 KB" if len(image) > MOST_BYTES else ""
        print(f"{file}: {len(image):,} bytes{large}", flush=True)  # noqa: T201  # what the command says


class Silent:
    """A receiver that shows nothing."""

    def deliver(self, message: Message, *, key: str) -> Answer:  # noqa: ARG002  # as protocol has it
        return Answer(Result.DELIVERED, "taken")

    def close(self) -> None:
        pass


def take_all(camera: Camera) -> None:
    scenario = demo_scenario(SEED)
    settings = load(Path(os.devnull), demo_document(scenario))
    waiting = sorted(PICTURES, key=lambda picture: picture.at)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)

        def rest(journey: Journey) -> None:
            if not waiting or journey.at < waiting[0].instant:
                return
            with a_page(directory, settings) as served:
                while waiting and journey.at >= waiting[0].instant:
                    camera.take(served.url, waiting.pop(0))

        run_demo(
            scenario,
            settings,
            directory,
            {"on-call": Silent()},
            learn_until=LIVE_FROM,
            until=max(picture.instant for picture in PICTURES) + 2 * MINUTE,
            rest=rest,
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--only", choices=["page", "demo"], help="a part of them")
    options = parser.parse_args()
    into: Path = options.into
    into.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=list(FLAGS)
        )
        camera = Camera(browser, into)
        if options.only != "demo":
            take_all(camera)
        if options.only != "page":
            camera.take_demo()
        browser.close()


if __name__ == "__main__":
    main()
