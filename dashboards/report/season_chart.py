"""A brand's usual day: voices an hour on weekdays and at weekends."""

from typing import TYPE_CHECKING

from dashboards.report.drawing import BLUE, ORANGE, new_figure, place, style, thin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dashboards.report.learnt import Learnt

_NAN = float("nan")


def draw_season(learnt: "Learnt") -> "Figure":
    """Draw the 24 hours of both kinds of day; an hour of which nothing is known is left out."""
    with style():
        figure = new_figure(4.6, 1.9)
        axes = figure.subplots()
        hours = list(range(25))
        for name, day, colour, dashes in (
            ("weekdays", learnt.weekday, BLUE, "-"),
            ("weekends", learnt.weekend, ORANGE, (0, (4, 1.5))),
        ):
            values = [_NAN if value is None else value for value in day]
            axes.step(
                hours,
                [*values, values[-1]],
                where="post",
                color=colour,
                lw=1.8,
                ls=dashes,
                label=name,
            )
        axes.set_xticks(range(0, 25, 6), [f"{hour:02}:00" for hour in range(0, 25, 6)])
        axes.set_ylim(bottom=0)
        axes.set_title("Usual voices an hour, by hour of the day")
        axes.legend(frameon=False, ncols=2, fontsize=8, loc="upper left")
        thin(axes)
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * 1.25)
        axes.set_xlim(0, 24)
        place(figure)
        return figure
