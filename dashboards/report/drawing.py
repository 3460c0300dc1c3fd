"""Charts as pictures: one figure gives both the SVG inside a page and the PNG beside it.

matplotlib is asked for only here, when something is drawn: reports without charts do without it.
The same numbers give the same bytes: no dates, no random ids. No text is ever read as mathematics.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from alerts.plain import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EXTRA = "the extra crisis-monitor[report] brings it"
"""How matplotlib comes."""
INK, SOFT, GRID = "#1b2733", "#5a6875", "#dde3e8"
BLUE, ORANGE, RED, BAND = "#0072b2", "#e69f00", "#d55e00", "#cfe3f1"
"""Okabe and Ito's colours, which the colour-blind can tell apart."""
UNKNOWN, FAINT = "#eceff1", "#b4bfc8"
DOTS = 144
"""Per inch, of a PNG."""
LEFT, RIGHT, ABOVE, BELOW = 0.42, 0.12, 0.3, 0.26
"""Inches around the panels."""
HEADING, FOOT = 0.3, 0.22
"""Inches above and below all, for a PNG's title and note."""

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": SOFT,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.5,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "svg.fonttype": "none",
    "svg.hashsalt": "crisis-monitor",
    "path.simplify": True,
}


def can_draw() -> bool:
    """Whether matplotlib is there."""
    return find_spec("matplotlib") is not None


@contextmanager
def style() -> Iterator[None]:
    """Draw in our style inside; what was set before comes back."""
    import matplotlib as mpl  # noqa: PLC0415  # an extra, asked for when something is drawn

    with mpl.rc_context(_STYLE):
        yield


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of so many inches, that no window ever shows."""
    from matplotlib.backends.backend_agg import (  # noqa: PLC0415  # as above
        FigureCanvasAgg,
    )
    from matplotlib.figure import Figure  # noqa: PLC0415  # as above

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def place(figure: "Figure", heading: float = 0.0, foot: float = 0.0) -> None:
    """Leave the room that our labels need, and so many inches more above and below.

    Reckoned, not measured: measuring draws everything twice.
    """
    width, height = figure.get_size_inches()
    figure.subplots_adjust(
        left=LEFT / width,
        right=1 - RIGHT / width,
        bottom=(BELOW + foot) / height,
        top=1 - (ABOVE + heading) / height,
        hspace=0.24,
    )


def svg(figure: "Figure", name: str) -> str:
    """The figure as an `<svg>` element to stand inside a page, its ids beginning with `name`.

    It holds no style sheet, no metadata and no name of a stranger.
    """
    target = io.StringIO()
    with style():
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    text = target.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<style[^>]*>.*?</style>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(?::xlink)?="[^"]*"', "", text)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = text.replace("url(#", f"url(#{name}-")
    text = re.sub(r'xlink:href="#', f'href="#{name}-', text)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r' d="[^"]*"', _rounded, text)
    return text.replace("<svg ", '<svg stroke-linejoin="round" ', 1)


def _rounded(path: re.Match[str]) -> str:
    """A path with a tenth of a point, which nobody can see, left out."""
    return re.sub(r"(\.\d)\d+", r"\1", path[0]).replace(" \n", " ")


def png(figure: "Figure", title: str, note: str = "") -> bytes:
    """The figure as a PNG with a title, and a note below, for the last time: both stay.

    What the typeface lacks of it is left out.
    """
    target = io.BytesIO()
    with style():
        width, height = figure.get_size_inches()
        foot = FOOT if note else 0.0
        whole = height + HEADING + foot
        figure.set_size_inches(width, whole)
        place(figure, HEADING, foot)
        figure.text(
            0.1 / width,
            1 - 0.08 / whole,
            drawable(title),
            va="top",
            fontsize=12,
            weight="bold",
        )
        figure.text(0.1 / width, 0.08 / whole, note, va="bottom", fontsize=7.5, color=SOFT)
        figure.savefig(target, format="png", dpi=DOTS, metadata={"Software": None})
    return target.getvalue()


def drawable(title: str) -> str:
    """The part of a text that the pictures' typeface has, on one short line."""
    from matplotlib.font_manager import (  # noqa: PLC0415  # an extra, as above
        FontProperties,
        findfont,
        get_font,
    )

    known = get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap()
    return one_line("".join(char for char in title if char == " " or ord(char) in known), 100)


def thin(axes: "Axes") -> None:
    """Leave an axis' baseline alone and its grid across."""
    axes.grid(visible=False, axis="x")
    axes.spines["left"].set_visible(False)
    axes.margins(x=0)
