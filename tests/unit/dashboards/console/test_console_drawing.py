"""Spark lines and bullet bars: what is drawn is what was counted."""

import re

from hypothesis import given
from hypothesis import strategies as st

from dashboards.console.drawing import HIGH, WIDE, Bullet, spark_area, spark_line, spark_top
from dashboards.views.bands import Band

counts = st.lists(st.none() | st.integers(0, 10_000), max_size=60)
levels = st.lists(st.none() | st.floats(0, 10_000), max_size=60)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?|\.\d+")


def points(path: str) -> dict[int, int]:
    """Where a line goes through, by its place from the left."""
    found: dict[int, int] = {}
    for piece in re.findall(r"M[^M]*", path):
        start, _, steps = piece.partition("l")
        numbers = [int(each) for each in re.findall(r"-?\d+", start.partition("h")[0])]
        x, y = numbers
        found[x] = y
        moves = [int(each) for each in NUMBER.findall(steps)]
        for dx, dy in zip(moves[::2], moves[1::2], strict=True):
            x, y = x + dx, y + dy
            found[x] = y
    return found


@given(counts)
def test_a_line_goes_through_every_known_value_and_no_other(values: list[int | None]) -> None:
    top = spark_top(values, [])
    drawn = points(spark_line(values, top))
    assert drawn == {
        at: HIGH - round(HIGH * value / top) for at, value in enumerate(values) if value is not None
    }


@given(counts, levels)
def test_nothing_is_drawn_beyond_the_edge(
    values: list[int | None], highs: list[float | None]
) -> None:
    top = spark_top(values, highs)
    assert all(0 <= y <= HIGH for y in points(spark_line(values, top)).values())
    heights = [int(each) for each in re.findall(r"V(\d+)", spark_area(highs, top))]
    assert all(0 <= y <= HIGH for y in heights)


@given(levels)
def test_an_area_is_as_wide_as_what_is_known(values: list[float | None]) -> None:
    path = spark_area(values, spark_top([], values))
    assert sum(map(int, re.findall(r"h(\d+)", path))) == sum(each is not None for each in values)
    assert path.count("M") == path.count("z")


@given(
    st.floats(0, 1e7),
    st.none() | st.tuples(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6)),
    st.none() | st.just(1.0),
)
def test_a_bar_and_its_band_stay_on_the_scale(
    value: float, ends: tuple[float, float, float] | None, scale: float | None
) -> None:
    band = None
    if ends is not None:
        low, usual, high = sorted(ends)
        if scale is not None:
            low, usual, high = (min(1.0, each / 1e6) for each in (low, usual, high))
        band = Band(low, usual, high)
    bullet = Bullet(value if scale is None else min(1.0, value), band, scale)
    assert 0 <= bullet.bar <= WIDE
    assert 0 <= bullet.left <= WIDE
    assert 0 <= bullet.left + bullet.wide <= WIDE + 1
    assert (bullet.wide > 0) == (band is not None)
