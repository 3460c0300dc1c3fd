"""A configuration that changed between two starts of the running service."""

from datetime import UTC, datetime
from pathlib import Path

from pipeline.stores.changes import ChangeTable
from tests.integration.test_run import Running


def test_what_changed_between_two_starts_is_kept_with_its_time(tmp_path: Path) -> None:
    place, data = tmp_path / "monitor.toml", tmp_path / "data"
    before = int(datetime.now(UTC).timestamp() * 1000)
    for sensitivity in ("balanced", "balanced", "fewer"):
        place.write_text(
            f'[detection]\nsensitivity = "{sensitivity}"\n[[brands]]\nname = "Acme"\n',
            encoding="utf-8",
        )
        running = Running(data, config=place).up()
        try:
            code, errors = running.stop()
        finally:
            running.close()
        assert code == 0, errors
    table = ChangeTable(data, read_only=True)
    found = [
        (each.at, [what for what in each.what if what.startswith("detection")])
        for each in table.between(0, 1 << 60)
    ]
    table.close()
    ((at, what),) = [each for each in found if each[1]]
    assert what == ["detection.sensitivity balanced -> fewer"]
    assert before < at <= int(datetime.now(UTC).timestamp() * 1000)
