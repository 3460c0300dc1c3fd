"""A chart so small that it has no axes: one line, made by hand."""

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 120, 20


def spark(values: Sequence[int | None]) -> Markup:
    """Counts as a line from 0 to the highest; a gap where nothing is known.

    >>> print(spark([0, None, 4]))
    <svg class="spark" viewBox="0 0 120 20" preserveAspectRatio="none" aria-hidden="true">\
<path fill="none" stroke="#0072b2" stroke-width="1" vector-effect="non-scaling-stroke" \
d="M0.0 19.0M120.0 1.0"/></svg>
    """
    highest = max((value for value in values if value is not None), default=0) or 1
    apart = WIDTH / max(1, len(values) - 1)
    points = []
    pen = "M"
    for at, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        points.append(f"{pen}{at * apart:.1f} {HEIGHT - 1 - (HEIGHT - 2) * value / highest:.1f}")
        pen = "L"
    return Markup(  # noqa: S704  # of numbers alone
        f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" '
        'aria-hidden="true"><path fill="none" stroke="#0072b2" stroke-width="1" '
        f'vector-effect="non-scaling-stroke" d="{"".join(points)}"/></svg>'
    )
