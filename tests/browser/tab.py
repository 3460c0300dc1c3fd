"""One tab of a real Chromium that writes down all that should not happen in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, ViewportSize

AXE = Path(__file__).parents[1] / "vendor" / "axe" / "axe.min.js"
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
PHONE = ViewportSize(width=390, height=844)
DESK = ViewportSize(width=1280, height=800)
WALL = ViewportSize(width=2560, height=1440)

_CANARY = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""

_LOADING = ("Failed to load resource", "net::ERR_")
"""How Chromium tells of a server that does not answer; only expected while one is stopped."""


class Tab:
    """A page, and its misdeeds: errors logged, dialogs, violations, requests to elsewhere.

    `allowed` are addresses that may be asked; everything else is a misdeed, also where the
    browser refused to send it. `server_away` and `refusals` say that a server that does not answer,
    or that answers "refused", is part of the test.
    """

    def __init__(self, context: BrowserContext, allowed: str) -> None:
        self.page: Page = context.new_page()
        self.allowed = allowed
        self.errors: list[str] = []
        self.strayed: list[str] = []
        self.requests: list[str] = []
        self.dialogs: list[str] = []
        self.server_away = False
        self.refusals = False
        self.page.set_default_timeout(15_000)
        context.on("request", self._requested)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(f"page error: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("websocket", lambda socket: self.strayed.append(socket.url))
        self.page.on("popup", lambda popup: self.strayed.append(f"popup {popup.url}"))
        self.page.add_init_script(_CANARY)

    def _requested(self, request: Request) -> None:
        self.requests.append(request.url)
        if not request.url.startswith((self.allowed + "/", "data:", "blob:")):
            self.strayed.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning", "assert"}:
            return
        if self.server_away and any(words in message.text for words in _LOADING):
            return
        if self.refusals and "status of 422" in message.text:
            return
        self.errors.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _dialog(self, dialog: Any) -> None:  # noqa: ANN401  # playwright's own type is not exported
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    # -- going about ---------------------------------------------------------------------------

    def go(self, path: str = "/") -> Page:
        """Open a path of the page's server."""
        answer = self.page.goto(self.allowed + path, wait_until="load")
        assert answer is not None
        assert answer.status == 200, f"{path} answers {answer.status}"
        return self.page

    # -- judging -------------------------------------------------------------------------------

    def must_be_clean(self) -> None:
        """Nothing ran that should not, nothing was logged, nothing left the machine."""
        violations = self.page.evaluate("window.__violations || []")
        pwned = self.page.evaluate("String(window.__pwned)")
        errors, self.errors = self.errors, []
        assert not errors, "\n".join(errors[:5])
        assert not violations, "\n".join(violations[:5])
        assert not self.strayed, "\n".join(self.strayed[:5])
        assert not self.dialogs, self.dialogs[:5]
        assert pwned == "undefined", pwned

    def axe(self) -> list[str]:
        """What axe finds wrong, a line each; empty when there is nothing."""
        self.page.evaluate(f"() => {{ if (!window.axe) {{ {AXE.read_text('utf-8')} }} }}")
        found = self.page.evaluate(
            "(tags) => axe.run(document, {runOnly: tags, resultTypes: ['violations']})"
            ".then((result) => result.violations)",
            list(AXE_TAGS),
        )
        return [
            f"{each['id']} ({each['impact']}): {each['help']}: "
            f"{json.dumps([node['target'] for node in each['nodes'][:4]])} "
            f"{each['nodes'][0]['html'][:200]}"
            for each in found
        ]

    def overflow(self) -> list[str]:
        """Elements that stand beyond the width of the window or of their box."""
        found: list[str] = self.page.evaluate(_OVERFLOW)
        return found


@contextmanager
def a_tab(
    browser: Browser, allowed: str, viewport: ViewportSize = DESK, *, scheme: str = "light"
) -> Iterator[Tab]:
    """A tab with nothing remembered; closed afterwards."""
    context = browser.new_context(
        viewport=viewport,
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        timezone_id="Europe/Amsterdam",
        locale="en-GB",
        service_workers="block",
    )
    try:
        yield Tab(context, allowed)
    finally:
        context.close()


_OVERFLOW = """
() => {
  const wide = document.documentElement.clientWidth;
  const found = [];
  const name = (element) => {
    const classes = element.getAttribute("class");
    return element.tagName.toLowerCase() + (element.id ? "#" + element.id : "")
      + (classes ? "." + classes.trim().replace(/\\s+/g, ".") : "");
  };
  const scrolls = (style) => /auto|scroll|hidden|clip/.test(style.overflowX);
  if (document.documentElement.scrollWidth > wide + 1) {
    found.push(`the page is ${document.documentElement.scrollWidth} wide in ${wide}`);
  }
  // The nearest box that cuts or scrolls what stands in it; the window where there is none.
  const boxes = new Map();
  const box_of = (element) => {
    if (!element || element === document.documentElement || element === document.body) return null;
    if (boxes.has(element)) return boxes.get(element);
    const found = scrolls(getComputedStyle(element)) ? element : box_of(element.parentElement);
    boxes.set(element, found);
    return found;
  };
  for (const element of document.body.querySelectorAll("*")) {
    if (found.length >= 20) break;
    const rect = element.getBoundingClientRect();
    if (!rect.width || !rect.height || !element.checkVisibility()) continue;
    const box = box_of(element.parentElement);
    if (box) continue;  // cut off, or scrolled, by its box, which is looked at itself
    if (rect.right > wide + 1 || rect.left < -1) {
      const style = getComputedStyle(element);
      if (style.position === "absolute" && rect.width <= 2) continue;  // for screen readers alone
      found.push(`${name(element)} from ${rect.left.toFixed(0)} to ${rect.right.toFixed(0)}`
        + ` in ${wide}: ${element.textContent.slice(0, 60)}`);
    }
    const style = getComputedStyle(element);
    if (!scrolls(style) && style.display !== "inline" && element.clientWidth > 2
        && element.scrollWidth > element.clientWidth + 2) {
      found.push(`${name(element)} holds ${element.scrollWidth} in ${element.clientWidth}: `
        + element.textContent.slice(0, 60));
    }
  }
  return found;
}
"""
