"""A report as a reader's browser would take it apart, and what must hold of every one."""

import re
from collections import Counter
from html.parser import HTMLParser

_ELEMENTS = """
html head meta title style body header nav main footer section article div span p h1 h2 h3 h4
ul ol li dl dt dd table caption thead tbody tr th td a b figure figcaption details summary bdi
blockquote svg g path defs use clippath rect text pattern
"""
_ATTRIBUTES = """
lang charset http-equiv content name class id role aria-label aria-hidden scope href rel d
style x y width height viewbox version transform clip-path stroke-linejoin fill stroke
stroke-width vector-effect preserveaspectratio patternunits tabindex
"""
HTML = frozenset(_ELEMENTS.split())
ATTRIBUTES = frozenset(_ATTRIBUTES.split())
WITHOUT_END = {"meta"}


class Parsed(HTMLParser):
    """Elements, attributes and texts of a page; `text` is all that can be read."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.tags: Counter[str] = Counter()
        self.attributes: Counter[str] = Counter()
        self.hrefs: list[str] = []
        self.labels: list[str] = []
        self.ids: list[str] = []
        self.title = ""
        self.open: list[str] = []
        self._texts: list[str] = []
        self.feed(page)
        self.close()
        self.text = "".join(self._texts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        if tag not in WITHOUT_END:
            self.open.append(tag)
        for name, value in attrs:
            self.attributes[name] += 1
            if name == "href":
                self.hrefs.append(value or "")
            elif name == "aria-label":
                self.labels.append(value or "")
            elif name == "id":
                self.ids.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in WITHOUT_END:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> ends nothing"
        assert self.open.pop() == tag, f"</{tag}> ends another"

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["title"]:
            self.title += data
        elif self.open[-1:] != ["style"]:
            self._texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data[:80]}")

    def must_be_ours(self) -> None:
        """No element, attribute or address that the templates do not write."""
        assert not set(self.tags) - HTML
        assert not set(self.attributes) - ATTRIBUTES
        assert not self.open
        assert (
            self.tags["html"] == self.tags["body"] == self.tags["main"] == self.tags["title"] == 1
        )
        assert self.tags["style"] == 1
        assert len(self.ids) == len(set(self.ids))
        for href in self.hrefs:
            assert re.match(r"(https?://[^\s\"'<>`]+|#[\w-]+)$", href), href
            if href.startswith("#"):
                assert href[1:] in self.ids, href
        assert "default-src 'none'" in self.page
        assert self.page.index("Content-Security-Policy") < self.page.index("<title>")
        shown = re.sub(r"<style>.*?</style>", "", self.page, flags=re.DOTALL)
        assert "@import" not in self.page.split("</style>")[0]
        assert not re.search(r"<[^>]*\burl\((?!#)", shown)
