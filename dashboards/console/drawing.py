"""Small drawings as the geometry attributes of SVG: integers alone, no style, no text."""

from collections.abc import Sequence

from dashboards.views.bands import Band

HIGH = 16
"""Units of a spark line's height."""
WIDE = 100
"""Units of a bullet bar's width."""


def spark_line(values: Sequence[int | None], top: float) -> str:
    """Draw a path through values, one unit apart; it is interrupted where one is unknown.

    `top` is the value at the upper edge. A value that stands alone is a short stroke.

    >>> spark_line([0, 4, 4, None, 2], top=4)
    'M0 16l1-16 1 0M4 8h.5'
    """
    parts: list[str] = []
    last: int | None = None
    run = 0
    for at, value in enumerate(values):
        if value is None:
            if last is not None and run == 0:
                parts.append("h.5")
            last = None
            continue
        y = _height(value, top)
        if last is None:
            parts.append(f"M{at} {y}")
            run = 0
        else:
            step = f"{y - last}" if y < last else f" {y - last}"
            parts.append(f"{'l' if run == 0 else ' '}1{step}")
            run += 1
        last = y
    if last is not None and run == 0:
        parts.append("h.5")
    return "".join(parts)


def spark_area(values: Sequence[float | None], top: float) -> str:
    """Draw the area below values as steps, nothing where one is not known.

    >>> spark_area([2, 2, None, 4], top=4)
    'M0 16V8h2V16zM3 16V0h1V16z'
    """
    parts: list[str] = []
    drawn: int | None = None
    width = 0
    for at, value in enumerate(values):
        y = None if value is None else _height(value, top)
        if y == drawn:
            width += 1
            continue
        if drawn is not None:
            parts.append(f"h{width}")
            if y is None:
                parts.append(f"V{HIGH}z")
        if y is not None:
            parts.append(f"V{y}" if drawn is not None else f"M{at} {HIGH}V{y}")
        drawn, width = y, 1
    if drawn is not None:
        parts.append(f"h{width}V{HIGH}z")
    return "".join(parts)


def spark_top(values: Sequence[int | None], highs: Sequence[float | None]) -> float:
    """The value at the upper edge of a spark line: nothing drawn is higher.

    >>> spark_top([3, None], [7.5]), spark_top([None], [])
    (7.5, 4)
    """
    return max((each for each in (*values, *highs) if each is not None), default=0.0) or 4


class Bullet:
    """A value against its band on one bar of `WIDE` units: `bar`, and the band's `left`, `wide`.

    `over` says that the value is beyond the band.

    >>> bullet = Bullet(46, Band(12, 20, 30))
    >>> bullet.bar, bullet.left, bullet.wide, bullet.over
    (92, 24, 36, True)
    """

    __slots__ = ("bar", "left", "over", "wide")

    def __init__(self, value: float, band: Band | None, scale: float | None = None) -> None:
        whole = scale or _round_up(max(value, 1.5 * band.high if band else 0.0, 4.0))
        self.bar = min(WIDE, round(WIDE * value / whole))
        self.left = self.wide = 0
        self.over = False
        if band is not None:
            self.left = round(WIDE * band.low / whole)
            self.wide = max(1, min(WIDE, round(WIDE * band.high / whole)) - self.left)
            self.over = value > band.high


def _height(value: float, top: float) -> int:
    return HIGH - round(HIGH * min(value, top) / top)


def _round_up(value: float) -> float:
    """Return the least of 4, 5, 6, 8, 10, 15, 20, 30, 40, 50 ... that is not below."""
    power = 1.0
    while True:
        for step in (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0):
            if step * power >= value:
                return step * power
        power *= 10.0
