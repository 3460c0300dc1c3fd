"""Changes of settings: noted once, named with their values, never with a secret."""

import os
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.composition import EngineOptions, make_engine, note_settings
from pipeline.log import LogKind
from pipeline.settings import load
from pipeline.settings.said import said
from pipeline.stores.changes import KEPT, UPGRADED, ChangeTable, differences

SECRET = "whsec_" + "c2VjcmV0" * 4
KEYS = st.sampled_from(
    ["detection.sensitivity", "logs.level", "brands[A].zone", "brands[A].name", "brands[B].zone"]
)
DOCUMENTS = st.dictionaries(KEYS, st.sampled_from(["", "1", "2"]))


@given(DOCUMENTS, DOCUMENTS)
@settings(deadline=None, max_examples=80)
def test_what_differs_is_said_and_nothing_else(
    before: dict[str, str], after: dict[str, str]
) -> None:
    found = differences(before, after)
    assert found
    if before == after:
        assert found == (UPGRADED,)
    for key in before.keys() & after.keys():
        named = any(each.startswith(f"{key} ") for each in found)
        assert named == (before[key] != after[key])
    for brand in ("A", "B"):
        had, has = (
            any(key.startswith(f"brands[{brand}]") for key in each) for each in (before, after)
        )
        assert (f"brands[{brand}] added" in found) == (has and not had)
        assert (f"brands[{brand}] removed" in found) == (had and not has)


def test_a_change_is_bounded_and_on_one_line() -> None:
    before = {f"brands[A].k{number}": "1" for number in range(KEPT + 7)}
    found = differences(before, dict.fromkeys(before, "x" * 500 + "\n\x1b[31m"))
    assert len(found) == KEPT + 1
    assert found[-1] == "and 7 more"
    assert all(len(each) < 200 and each.isprintable() for each in found)


def test_a_configuration_is_noted_once_and_the_first_is_no_change(tmp_path: Path) -> None:
    table = ChangeTable(tmp_path)
    assert table.note(10, "a", {"logs.level": "info"})
    assert not table.note(20, "a", {"logs.level": "info"})
    assert table.note(30, "b", {"logs.level": "debug"})
    assert table.note(40, "a", {"logs.level": "info"})
    assert [(each.at, each.version, each.what) for each in table.between(0, 100)] == [
        (30, "b", ("logs.level info -> debug",)),
        (40, "a", ("logs.level debug -> info",)),
    ]
    assert [each.at for each in table.between(30, 40)] == [30]
    table.close()


def test_no_secret_is_kept_and_every_setting_is_said(tmp_path: Path) -> None:
    def configured(secret: str, sensitivity: str) -> Path:
        place = tmp_path / "c.toml"
        place.write_text(
            f"""
[ingest]
secret = "{secret}"
[detection]
sensitivity = "{sensitivity}"
[detection.calm]
hold = "45m"
[policy]
public_url = "https://monitor.example/x"
[[brands]]
name = "Acme"
aliases = ["Acme Inc"]
[[receivers]]
name = "hook"
kind = "webhook"
url = "https://ann:hunter2@hooks.example/{secret}"
secret = "{secret}"
""",
            encoding="utf-8",
        )
        return place

    data = tmp_path / "data"
    data.mkdir()
    first = load(configured(SECRET, "balanced"))
    engine = make_engine(data, first, EngineOptions(LogKind.CLOCK, durable=False))
    note_settings(engine, first, 1_000, durable=False)
    note_settings(engine, first, 2_000, durable=False)
    changed = load(configured(SECRET, "fewer"))
    note_settings(engine, changed, 3_000, durable=False)
    engine.log.close()
    table = ChangeTable(data, read_only=True)
    assert [(each.at, each.what) for each in table.between(0, 10_000)] == [
        (3_000, ("detection.sensitivity balanced -> fewer",))
    ]
    table.close()
    lines = said(first.document)
    assert lines["detection.calm.hold"] == "45m"
    assert lines["brands[Acme].aliases"] == '["Acme Inc"]'
    assert lines["ingest.secret"] == lines["receivers[hook].url"] == "********"
    held = b"".join(each.read_bytes() for each in data.iterdir())
    assert SECRET.encode() not in held
    assert b"hunter2" not in held
    assert not any("hunter2" in line for line in lines.values())


def test_an_event_log_notes_its_own_time(tmp_path: Path) -> None:
    configured = load(Path(os.devnull), {"brands": [{"name": "Acme"}]})
    engine = make_engine(tmp_path, configured, EngineOptions(LogKind.EVENT, durable=False))
    note_settings(engine, configured, 99_000, durable=False)
    engine.log.close()
    table = ChangeTable(tmp_path)
    assert table._db.execute("SELECT at FROM settings_changes").fetchall() == [(0,)]
    table.close()


def test_said_changes_with_every_setting_but_secrets_and_the_folder() -> None:
    plain = said(load(Path(os.devnull)).document)
    assert "storage.directory" not in plain
    moved = said(load(Path(os.devnull), {"storage": {"directory": "/elsewhere"}}).document)
    assert moved == plain
    louder = said(load(Path(os.devnull), {"detection": {"sensitivity": "fewer"}}).document)
    assert differences(plain, louder) == ("detection.sensitivity balanced -> fewer",)
