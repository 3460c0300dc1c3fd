"""The same history through an embedded engine that nobody disturbs."""

from collections.abc import Iterable
from pathlib import Path

from alerts.store import open_store
from pipeline.log import SqliteLog
from pipeline.log.sqlite import BUCKET, SIGNAL, TIME
from pipeline.stores import BucketTable, MentionStore
from tests.histories import Body, History
from tests.ports import free_port
from tests.stack import Member, deliver, eventually


def embedded(folder: Path, history: History, bodies: Iterable[Body]) -> Path:
    """Send bodies to `run --time event`; the data directory once all is folded and stored."""
    folder.mkdir(parents=True, exist_ok=True)
    config, directory, port = folder / "monitor.toml", folder / "data", free_port()
    config.write_text(history.configuration(), encoding="utf-8")
    engine = Member(
        "run",
        ["run", "--time", "event", "--no-page", "--config", str(config), "--data", str(directory),
         "--port", str(port)],
        folder / "run.log",
        {"NO_COLOR": "1"},
    )  # fmt: skip
    engine.start()
    try:
        eventually(lambda: engine.listens(port), within=60, what="the embedded engine's door")
        deliver(f"http://127.0.0.1:{port}", bodies)
        eventually(lambda: _is_level(directory), within=300, what="all folded and stored")
        code = engine.stop()
    finally:
        engine.kill()
    if code:
        raise AssertionError(f"the embedded engine ended with {code}: {engine.said()[-2000:]}")
    return directory


def _is_level(directory: Path) -> bool:
    """Whether everything was folded, and everybody has read what came of it."""
    log = SqliteLog.read(directory)
    table, store = BucketTable(directory, read_only=True), MentionStore(directory, read_only=True)
    try:
        with (
            open_store(f"sqlite:///{directory / 'incidents.db'}") as incidents,
            incidents.read() as view,
        ):
            read = view.position(0).offset
        return (
            log.folded_offset == log.end_offset
            and store.offset == log.judged_end
            and not log.signals(table.offset, 1, (BUCKET,))
            and not log.signals(read, 1, (SIGNAL, TIME))
        )
    finally:
        log.close()
        table.close()
        store.close()
