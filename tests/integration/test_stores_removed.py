"""A store that is removed or replaced under a running service: said aloud, never written into."""

import shutil
from pathlib import Path

import httpx
import pytest

from alerts.errors import StoreGone
from alerts.store import open_store
from dashboards.console.app import build_page
from pipeline.clock import SystemClock
from pipeline.composition import EngineOptions
from pipeline.errors import LogGone
from pipeline.log import LogKind
from pipeline.services.embedded import Service
from pipeline.stores import MentionStore
from tests.browser.directories import settings_of

FREE = {"ingest": {"port": 0}, "page": {"port": 0}}
EVENT = EngineOptions(LogKind.EVENT, durable=False)
LOOKS = 400


def unready(url: str, words: str) -> str:
    """What /readyz says once it says these words; at most some seconds are waited for it."""
    said = ""
    for _ in range(LOOKS):
        answer = httpx.get(f"{url}/readyz")
        said = answer.text
        if answer.status_code == 503 and words in said:
            break
    return said


def replaced(path: Path) -> None:
    """Put a copy in a file's place: another file under the same name."""
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    copy.replace(path)


@pytest.mark.parametrize("change", [Path.unlink, replaced])
def test_an_incident_store_removed_under_the_service_refuses_what_people_do(
    tmp_path: Path, change: object
) -> None:
    with Service(settings_of(**FREE), tmp_path, SystemClock(), EVENT, build_page) as service:
        assert service.server is not None
        assert service.page is not None
        page = service.page.url
        form = {"brand": "Acme", "severity": "warning", "text": "a call", "by": "ann"}
        form |= {"sure": "yes", "seen": "0"}
        opened = httpx.post(f"{page}/incidents/new", data=form, headers={"Origin": page})
        assert opened.status_code == 303
        incident = opened.headers["location"].partition("?")[0]
        change(tmp_path / "incidents.db")  # type: ignore[operator]  # each takes a path
        answer = httpx.post(
            f"{page}{incident}/acknowledge",
            data={"by": "ann", "seen": "1"},
            headers={"Origin": page},
        )
        assert answer.status_code == 503
        assert "removed or replaced" in answer.text
        said = unready(service.server.url, "people")
        assert "incidents.db was removed or replaced" in said
        assert "restore a backup" in said


def test_mentions_removed_under_the_service_are_said_and_mended(tmp_path: Path) -> None:
    with Service(settings_of(**FREE), tmp_path, SystemClock(), EVENT, build_page) as service:
        assert service.server is not None
        url = service.server.url
        (tmp_path / "mentions.db").rename(tmp_path / "moved")
        for part in ("mention store", "bucket table"):
            said = unready(url, part)
            assert part in said
        assert "mentions.db was removed or replaced" in said
        (tmp_path / "moved").rename(tmp_path / "mentions.db")
        for _ in range(LOOKS):
            answer = httpx.get(f"{url}/readyz")
            if answer.status_code == 200:
                break
        assert answer.status_code == 200


def test_an_incident_store_that_is_gone_is_neither_written_nor_read(tmp_path: Path) -> None:
    path = tmp_path / "incidents.db"
    with open_store(f"sqlite:///{path}") as store:
        path.rename(tmp_path / "moved")
        with pytest.raises(StoreGone, match="removed or replaced"), store.write():
            pytest.fail("written into the void")
        with pytest.raises(StoreGone), store.read():
            pytest.fail("read from the void")
        assert not path.exists()
        (tmp_path / "moved").rename(path)
        with store.read() as view:
            assert view.incident_ids() == []


def test_a_mention_store_that_is_gone_is_not_written(tmp_path: Path) -> None:
    store = MentionStore(tmp_path)
    store.take([], 1)
    replaced(tmp_path / "mentions.db")
    with pytest.raises(LogGone, match="removed or replaced"):
        store.take([], 2)
    assert store.offset == 1
    store.close()
