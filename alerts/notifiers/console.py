"""Delivers to the terminal the program runs in."""

import io
import threading
import unicodedata
from typing import Literal

from rich.console import Console
from rich.text import Text

from alerts.notifiers.answer import Answer, Result
from alerts.notifiers.protocol import Message

_COLOURS = {"critical": "red", "resolved": "green", "calm": "green"}
_COLOUR_SYSTEMS: "dict[str, Literal['standard', '256', 'truecolor', 'windows']]" = {
    "standard": "standard",
    "256": "256",
    "truecolor": "truecolor",
    "windows": "windows",
}
_OBEYED = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_HARMLESS = frozenset("\n\u200d")
"""The line's end, and the joiner inside an emoji."""


class ConsoleNotifier:
    """Prints a message between two lines; delivered when the terminal or file took it.

    What strangers wrote is shown, never obeyed: markup of rich stays text, and control
    characters, escape sequences and marks that turn the direction of writing are made visible.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._turn = threading.Lock()

    def deliver(self, message: Message, *, key: str) -> Answer:
        """Print once; a repeat after a crash shows the same key."""
        colour = next(
            (colour for word, colour in _COLOURS.items() if word in message.reason), "yellow"
        )
        try:
            with self._turn:
                self._write(message, key, colour)
        except (OSError, ValueError) as error:
            return Answer(Result.UNCONFIRMED, f"the terminal took nothing: {type(error).__name__}")
        return Answer(Result.DELIVERED, "printed")

    def _write(self, message: Message, key: str, colour: str) -> None:
        # rich ends the whole program when it meets a broken pipe itself: so it only renders.
        screen = self._console
        page = Console(
            file=io.StringIO(),
            width=screen.width,
            force_terminal=screen.is_terminal,
            color_system=_COLOUR_SYSTEMS.get(screen.color_system or ""),
            legacy_windows=False,
            markup=False,
        )
        headline, _, rest = inert(message.text).partition("\n")
        with page.capture() as rendered:
            page.rule(Text(inert(message.reason), style="bold"), style=colour)
            # Lines stay whole, so that a command can be copied.
            page.print(Text(headline, style=f"bold {colour}"), soft_wrap=True)
            page.print(Text(rest), soft_wrap=True)
            page.print(Text(inert(key), style="dim"), soft_wrap=True)
            page.rule(style=colour)
        file = self._console.file
        encoding = getattr(file, "encoding", None) or "utf-8"
        file.write(rendered.get().encode(encoding, "replace").decode(encoding))
        file.flush()

    def close(self) -> None:
        """Nothing is held open."""


def inert(text: str) -> str:
    r"""Show what a terminal would obey: every control character but the line's end.

    >>> inert("a\x1b[2Jb\u202ec")
    'a\\x1b[2Jb\\u202ec'
    """
    return "".join(
        character
        if character in _HARMLESS or unicodedata.category(character) not in _OBEYED
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
