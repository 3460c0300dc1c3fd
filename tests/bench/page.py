"""What the live page costs its viewers and the engine: `python -m tests.bench.page`.

    [--seconds 8] [--rounds 3] [--refreshes 3600] [--viewers 50] [--only weight,memory,engine]

Weight, first view and memory are taken in Debian's Chromium (left out, and said so, where there
is none) on a day of 300 brands. Weight: bytes as they came over the wire, the first visit of an
empty cache. First view: from the start of the navigation until something is painted, and until
the brand's chart is drawn; the median of seven visits, each of an empty cache. Memory: the
JavaScript heap after a forced collection, while one tab fetches and shows as many refreshes as an
hour has seconds (`--refreshes`), only faster, each other than the one before.

Engine: `run --time event` in a process of its own is fed over HTTP as fast as it answers, in turn
without and with viewers that behave as pages do; the figure is the ratio of mentions a second.
Then it is fed at a constant rate, and the figure is its CPU time in both cases. The viewers
themselves run on the same cores, so the first is the worse for it.
"""

import argparse
import contextlib
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from tests.bench.figure import Figure, say, show
from tests.bench.watched import watched_engine
from tests.browser.directories import fill_busy
from tests.browser.serving import a_page

VISITS = 7
WARM = 200
"""Refreshes before the first look at the memory: caches fill, code is compiled."""


class Tab:
    """One tab of Chromium with an empty cache, and its DevTools session."""

    def __init__(self, browser: Any, url: str) -> None:  # noqa: ANN401  # playwright is optional here
        self._context = browser.new_context(viewport={"width": 1280, "height": 800})
        self.page = self._context.new_page()
        self.url = url
        self.session = self._context.new_cdp_session(self.page)
        self.bytes = 0
        self.session.send("Network.enable")
        self.session.send("Performance.enable")
        self.session.on("Network.loadingFinished", self._finished)
        self.page.add_init_script(_DRAWN)

    def _finished(self, event: dict[str, Any]) -> None:
        self.bytes += event["encodedDataLength"]

    def go(self, path: str, *, chart: bool = False) -> tuple[float, float]:
        """Open a path; milliseconds until the first paint, and until a chart is drawn."""
        self.page.goto(self.url + path, wait_until="load")
        if chart:
            self.page.wait_for_function("() => window.__drawn")
        self.page.wait_for_timeout(300)
        painted, drawn = self.page.evaluate(
            "[performance.getEntriesByName('first-contentful-paint')[0]?.startTime || 0,"
            " window.__drawn || 0]"
        )
        return painted, drawn

    def memory(self) -> tuple[float, int]:
        """MB of JavaScript heap after a collection, and the nodes that are alive."""
        self.session.send("HeapProfiler.enable")
        for _ in range(3):
            self.session.send("HeapProfiler.collectGarbage")
        told = self.session.send("Performance.getMetrics")["metrics"]
        metrics = {each["name"]: each["value"] for each in told}
        return metrics["JSHeapUsedSize"] / 1e6, int(metrics["Nodes"])

    def close(self) -> None:
        """Close it."""
        self._context.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_DRAWN = """
new MutationObserver((_, observer) => {
  if (document.querySelector(".uplot canvas")) {
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame((now) => { window.__drawn = now; }));
  }
}).observe(document, {childList: true, subtree: true});
"""


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Debian's Chromium, None where there is none."""
    place = shutil.which("chromium")
    if place is None:
        say("page: chromium is not installed (Debian: chromium): weight and memory are left out")
        yield None
        return
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # of the test extra

    from tests.browser.conftest import FLAGS  # noqa: PLC0415

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=place, headless=True, args=list(FLAGS))
        yield browser
        browser.close()


def _brand(directory: Path) -> str:
    from dashboards.console.wording import brand_address  # noqa: PLC0415
    from dashboards.views.books import Shelf  # noqa: PLC0415

    shelf = Shelf(directory)
    with shelf.open() as books, books.incidents.read() as view:
        name = view.incidents()[0].brand
    shelf.close()
    return brand_address(name)


def weight(browser: Any, url: str, brand: str) -> list[Figure]:  # noqa: ANN401
    """What a first visit weighs, and how soon it is there."""
    figures = []
    for name, path, chart in (
        ("situation, 300 brands", "/", False),
        ("brand, a day of it", brand, True),
    ):
        seen: list[tuple[float, float, float]] = []
        for _ in range(VISITS):
            with Tab(browser, url) as tab:
                painted, drawn = tab.go(path, chart=chart)
                seen.append((tab.bytes / 1000, painted, drawn))
        kilobytes, painted, drawn = (statistics.median(each) for each in zip(*seen, strict=True))
        figures.append(Figure(f"page weight: {name}", kilobytes, "KB", note="as sent, first visit"))
        figures.append(Figure(f"first paint: {name}", painted, "ms"))
        if chart:
            figures.append(Figure(f"chart drawn: {name}", drawn, "ms"))
    return figures


def memory(browser: Any, url: str, paths: dict[str, list[str]], refreshes: int) -> list[Figure]:  # noqa: ANN401
    """The heap of a tab that is told of a change again and again."""
    figures = []
    for name, (path, *ways) in paths.items():
        say(f"page: {refreshes:,} refreshes of {path}")
        with Tab(browser, url) as tab:
            tab.go(path)
            marks: list[tuple[float, int]] = []
            for part in (WARM, refreshes // 2, refreshes - refreshes // 2):
                tab.page.evaluate(_REFRESH, [part, ways])
                marks.append(tab.memory())
        (first, nodes), (middle, _), (last, nodes_last) = marks
        figures.append(
            Figure(
                f"tab's heap after an hour: {name}",
                last,
                "MB",
                "at its start",
                first,
                note=f"middle {middle:.1f} MB; nodes {nodes} then {nodes_last}",
            )
        )
    return figures


_REFRESH = """
async ([times, ways]) => {
  for (let number = 0; number < times; number += 1) {
    const address = location.pathname + ways[number % ways.length];
    await htmx.ajax("GET", address, {target: "#main", swap: "innerMorph"});
    htmx.trigger(document.body, "changed:buckets");
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
  }
}
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.page", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--refreshes", type=int, default=3_600)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--time", default="clock,event", help="what moves the engine's time")
    parser.add_argument("--only", default="weight,memory,engine")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    only = options.only.split(",")
    figures: list[Figure] = []
    if {"weight", "memory"} & set(only):
        with tempfile.TemporaryDirectory(prefix="crisis-monitor-bench-") as name, chromium() as it:
            if it is not None:
                directory = Path(name)
                fill_busy(directory)
                brand = _brand(directory)
                with a_page(directory) as served:
                    if "weight" in only:
                        figures += weight(it, served.url, brand)
                    if "memory" in only:
                        paths = {
                            "situation, 300 brands": ["/", "?sort=brand", "?sort=voices"],
                            "brand": [brand, "?range=24h", "?range=6h"],
                        }
                        figures += memory(it, served.url, paths, options.refreshes)
    if "engine" in only:
        for time_of in options.time.split(","):
            figures += watched_engine(options.seconds, options.rounds, options.viewers, time_of)
    show(figures, as_json=options.format == "json")


if __name__ == "__main__":
    main()
