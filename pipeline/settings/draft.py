"""A configuration as read: what could be understood of it, and what could not, with its place."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.settings import file as files
from pipeline.settings.document import Document
from pipeline.settings.environment import Overlay
from pipeline.settings.findings import Finding, Weight, key_text
from pipeline.settings.nested import anchor, copied, cut, existing, holds, merged
from pipeline.settings.positions import KeyPath
from pipeline.settings.syntax import Parsed
from pipeline.settings.text import visible
from pipeline.settings.wording import words_for

_MOST_ROUNDS = 20


class Draft:
    """What was read: `document` holds what is well-formed, defaults in the place of the rest.

    `absent`: there is no file, and nobody asked for one.
    """

    absent = False

    def __init__(
        self,
        text: str,
        file: Path,
        overlay: Overlay,
        overrides: Mapping[str, Any],
    ) -> None:
        self.place = visible(file, 300)
        self._overlay = overlay
        self._overrides = overrides
        parsed = Parsed(text, self.place)
        self._positions = parsed.positions
        self._mistaken: set[KeyPath] = set(parsed.mistaken)
        self._meant: set[KeyPath] = set()
        self.findings: list[Finding] = [*overlay.findings, *parsed.findings]
        self.syntax_broken = parsed.broken
        anchor(parsed.data, file.parent)
        data = merged(merged(parsed.data, overlay.data), overrides)
        self.document = self._understood(data)

    def strangers(self) -> tuple[str, ...]:
        """Return the variables named like the program's own that neither it nor the file reads."""
        named: set[str] = set()
        document = self.document
        sections = (document.ingest, document.page, *document.sources, *document.receivers)
        for section in sections:
            for kind in ("secret_env", "token_env", "url_env"):
                named.add(getattr(section, kind, "").upper())
        return tuple(each for each in self._overlay.strangers if each.upper() not in named)

    def line(self, path: KeyPath) -> int | None:
        """Return the line in the file on which `path` stands."""
        return self._positions.line(path)

    def finding(
        self, weight: Weight, path: KeyPath, wrong: str, mend: str = "", near: str = ""
    ) -> Finding:
        """Make a finding about the value at `path`, wherever that value came from."""
        variable = self._overlay.variable(path)
        place, line = self.place, self.line(path)
        if holds(self._overrides, path):
            place, line = "command line", None
        elif variable:
            place, line = f"environment variable {visible(variable, 120)}", None
        return Finding(weight, place, line, key_text(path), wrong, mend, near)

    def is_mistaken(self, path: KeyPath) -> bool:
        """Whether something at, above or below `path` was not understood.

        A second finding there would only be a consequence of the first.
        """
        return path in self._meant or any(
            path[: len(known)] == known or known[: len(path)] == path for known in self._mistaken
        )

    def _understood(self, data: dict[str, Any]) -> Document:
        """Validate; report and leave out what is wrong until the rest is right."""
        for _ in range(_MOST_ROUNDS):
            try:
                return Document.model_validate(data)
            except ValidationError as problem:
                data = self._without(data, problem.errors(include_url=False))
        return Document()

    def _without(self, data: dict[str, Any], errors: list[ErrorDetails]) -> dict[str, Any]:
        pruned: dict[str, Any] = copied(data)
        seen: set[KeyPath] = set()
        for error in errors:
            path = existing(data, error["loc"])
            if path in seen:
                continue
            seen.add(path)
            wording = words_for(Document, path, error)
            if not self.is_mistaken(path):
                self.findings.append(
                    self.finding(Weight.MISTAKE, path, wording.wrong, wording.mend, wording.nearest)
                )
            self._mistaken.add(path)
            if wording.meant:
                self._meant.add(wording.meant)
            cut(pruned, path, table=error["type"].startswith(("model", "dict")))
        return pruned


def draft(
    path: Path | None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Draft:
    """Read the configuration from `path`, else the file the environment names, else the default.

    Only the default may be absent. Raises `FileUnreadable`.
    """
    environ = os.environ if environ is None else environ
    file, asked_for = files.chosen(path, environ)
    raw = files.read(file, asked_for=asked_for)
    found = from_bytes(raw, file, Overlay(Document, environ), overrides)
    found.absent = not (asked_for or file.exists())
    return found


def from_bytes(
    raw: bytes,
    file: Path,
    overlay: Overlay | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Draft:
    """Read a configuration from its bytes; `file` is its name, and the folder of relative paths."""
    overlay = overlay or Overlay(Document, {})
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw[: problem.start].count(b"\n") + 1
        unread = Draft("", file, overlay, overrides or {})
        unread.findings.append(
            Finding(Weight.MISTAKE, unread.place, line, "", "is not UTF-8 text", "save it as UTF-8")
        )
        unread.syntax_broken = True
        return unread
    return Draft(text, file, overlay, overrides or {})
