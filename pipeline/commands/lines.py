"""Plain lines for people: whole, so that an id can be copied, and harmless on a terminal."""

from rich.text import Text

from pipeline.commands.output import console
from pipeline.settings.text import visible

LONGEST = 4_000


def print_line(text: str, style: str = "") -> None:
    """Print one line, not wrapped; what a terminal would obey is shown as escapes."""
    console().print(Text(visible(text, LONGEST), style=style), soft_wrap=True)
