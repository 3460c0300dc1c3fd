"""The page of a directory, asked without a server; what stands in an answer, as a reader has it."""

import asyncio
import os
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from dashboards.console.app import build_page
from pipeline.clock import Clock
from pipeline.presenting import PageParts
from pipeline.settings import load

HERE = "http://127.0.0.1:8090"


class Fixed:
    """A clock that stands."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        return self._now


def page_app(directory: Path, clock: Clock, **sections: Any) -> FastAPI:  # noqa: ANN401  # a document of the configuration
    """The page's application, with a configuration of these sections."""
    settings = load(Path(os.devnull), sections)
    return build_page(PageParts(directory=directory, settings=settings, clock=clock))


def get(app: FastAPI, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Ask for a path exactly as it is written."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            return await client.get(path, headers=dict(headers or {}))

    return asyncio.run(ask())


VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "rect"})


class Document(HTMLParser):
    """All elements of an answer with their attributes, and its text."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._texts: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self._texts.append(data)

    @property
    def text(self) -> str:
        """All text, with its blanks made one."""
        return " ".join("".join(self._texts).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def inline(self) -> list[str]:
        """What the page's policy would refuse: scripts and styles within the text."""
        found = [
            f"{tag} {name}"
            for tag, attributes in self.elements
            for name in attributes
            if name == "style" or name.startswith(("on", "hx-on"))
        ]
        found += [
            tag
            for tag, attributes in self.elements
            if tag == "style" or (tag == "script" and not attributes.get("src"))
        ]
        return found
