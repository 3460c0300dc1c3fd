import re
import xml.etree.ElementTree as ET
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import pytest
from PIL import Image

from dashboards.report import drawing
from dashboards.report.drawing import can_draw, drawable, new_figure, place, png, style, svg
from dashboards.report.spark import spark
from tests.nasties import TEXTS


def figure(label: str = "$x^2$ voices"):  # type: ignore[no-untyped-def]  # noqa: ANN201  # a Figure
    with style():
        made = new_figure(4, 2)
        axes = made.subplots()
        axes.plot([1, 2, 3], [3, 1, 2])
        axes.fill_between([1, 2, 3], [0, 0, 0], [1, 1, 2], hatch="//")
        axes.set_title(label)
        place(made)
    return made


def test_the_same_numbers_give_the_same_bytes() -> None:
    assert svg(figure(), "a") == svg(figure(), "a")
    assert png(figure(), "a") == png(figure(), "a")


def test_an_svg_stands_inside_a_page_beside_others() -> None:
    text = svg(figure(), "c7")
    root = ET.fromstring(text)  # noqa: S314  # our own
    assert root.tag == "svg"
    names = {element.tag for element in root.iter()}
    assert not names & {"style", "script", "metadata", "title", "foreignObject", "image"}
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(each is not None and each.startswith("c7-") for each in ids)
    for target in re.findall(r'(?:url\(#|href="#)([^)"]*)', text):
        assert target in ids
    assert "://" not in text
    assert "width" not in root.attrib


def test_no_text_is_read_as_mathematics() -> None:
    assert "$x^2$ voices" in svg(figure(), "a")
    assert svg(figure("$\\frac{1}"), "a")


@pytest.mark.parametrize("title", [*TEXTS, "$\\frac{", "\U0001f600 \u6f22"])
def test_any_name_can_be_a_pictures_title(title: str) -> None:
    made = Image.open(BytesIO(png(figure("x"), title)))
    assert made.size == (4 * drawing.DOTS, round((2 + drawing.HEADING) * drawing.DOTS))
    assert "Software" not in made.info


def test_a_title_keeps_what_the_typeface_has() -> None:
    assert drawable("Caf\u00e9 \U0001f980 $5 \u6f22 \u0416") == "Caf\u00e9 $5 \u0416"


def test_the_style_of_others_comes_back() -> None:
    before = dict(mpl.rcParams)
    with style():
        assert mpl.rcParams["svg.fonttype"] == "none"
    assert dict(mpl.rcParams) == before


def test_without_matplotlib_nothing_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert can_draw()
    monkeypatch.setattr(drawing, "find_spec", lambda _: None)
    assert not can_draw()


def test_only_what_draws_needs_matplotlib() -> None:
    for module in Path(drawing.__file__).parent.glob("*.py"):
        for line in module.read_text(encoding="utf-8").splitlines():
            if "matplotlib" in line and "import" in line:
                assert line.startswith("    "), f"{module.name}: {line}"


def test_a_spark_has_gaps_and_no_division_by_nothing() -> None:
    assert str(spark([None, 1, None, 3, 3])).count("M") == 2
    assert 'd=""' in spark([])
    assert 'd=""' in spark([None])
    assert "19.0" in spark([0, 0])
