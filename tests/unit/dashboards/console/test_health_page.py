"""The health page, as it is sent."""

from pathlib import Path

from tests.unit.dashboards.console.pages import Document, Fixed, get, page_app
from tests.unit.dashboards.shelved import MINUTE, T0, Shelved, bucket


def test_tables_that_scroll_are_reached_by_keys_and_have_names(tmp_path: Path) -> None:
    shelved = Shelved(tmp_path)
    shelved.keep(bucket(0, 1))
    shelved.close_up_to(1)
    answer = get(page_app(tmp_path, Fixed(T0 + MINUTE)), "/health")
    shelved.done()
    assert answer.status_code == 200
    scrolling = [each for each in Document(answer.text).all("div") if each.get("class") == "scroll"]
    assert len(scrolling) == 3
    assert all((each["tabindex"], each["role"]) == ("0", "region") for each in scrolling)
    assert len({each["aria-label"] for each in scrolling}) == 3
