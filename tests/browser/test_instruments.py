"""The instruments themselves: on a page where everything went wrong, each of them says so."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser

from tests.browser.markup import leaking_text, strange_markup
from tests.browser.tab import PHONE, Tab, a_tab

BAD = b"""<!doctype html><html lang="en"><title>x</title><body><main><h1>x</h1>
<div id="wide">%s</div><p>Z%s</p><p>a <span>\xe2\x80\xae b</span> c</p>
<img src="https://evil.example/pixel.gif"><input>
<b onclick="1">b</b><a href="javascript:1">c</a></main>
<script>window.__pwned = 1; confirm("2");</script>""" % (b"W" * 900, b"\xcd\x91" * 9)


class _Bad(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(BAD)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def bad(browser: Browser) -> Iterator[Tab]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Bad)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        with a_tab(browser, f"http://127.0.0.1:{server.server_port}", PHONE) as tab:
            tab.go("/")
            yield tab
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def test_each_says_what_is_wrong(bad: Tab) -> None:
    assert bad.strayed == ["https://evil.example/pixel.gif"]
    assert bad.dialogs == ["2"]
    found = "\n".join(strange_markup(bad.page))
    assert "attribute onclick" in found
    assert "address href" in found
    assert "an element of a text: <img" in found
    assert len(leaking_text(bad.page)) == 2
    assert any("div#wide" in line for line in bad.overflow())
    assert any(line.startswith("label (critical)") for line in bad.axe())
    with pytest.raises(AssertionError):
        bad.must_be_clean()
