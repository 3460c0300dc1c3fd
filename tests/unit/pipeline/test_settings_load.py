from pathlib import Path

import pytest

from alerts.policy import Cadence, Policy, Receiver, UpdateClocks
from detectors.settings import Detection, Sensitivity
from pipeline.brands import Brand
from pipeline.errors import EnvironmentProblem, SettingsError
from pipeline.settings import (
    FileUnreadable,
    MistakesFound,
    ReceiverKind,
    SecretUnavailable,
    Settings,
    SourceKind,
    load,
)

FULL = """
[storage]
directory = "data"
log_retention = "3d"

[ingest]
port = 9090
secret_file = "keys/ingest"

[[sources]]
name = "reviews"
kind = "file"
path = "reviews.csv"
zone = "Europe/Amsterdam"
max_delay = "1d"
map = { text = "body", event_time = "when" }

[[sources]]
name = "helpdesk"
max_delay = "30m"

[detection]
bucket = "5m"
sensitivity = "fewer"
floor.minimum = 20
severity = { reach = 100000 }

[[brands]]
name = "KLM"
aliases = ["Royal Dutch Airlines"]
handles = ["@KLM"]
own_accounts = ["KLM"]
exclusions = ["KLM Open"]
languages = ["en", "nl"]
zone = "Europe/Amsterdam"
watch_reach = 50000

[[receivers]]
name = "on-call"
kind = "webhook"
url_env = "ON_CALL_URL"
secret_env = "ON_CALL_SECRET"
zone = "Europe/Amsterdam"
timeout = "5s"

[[receivers]]
name = "desk"

[policy]
acknowledge_within = "2m"
rounds = 3
ops = ["desk"]
public_url = "https://crisis.example.com/"

[[policy.steps]]
receivers = ["on-call"]

[[policy.steps]]
receivers = ["on-call", "desk"]

[policy.updates.critical_internal]
every = "30m"

[policy.updates.warning_public]
first = "2h"
every = "4h"

[policy.lifecycle]
reopen_window = "12h"
"""


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CRISIS_MONITOR_CONFIG", raising=False)


def written(text: str, name: str = "crisis-monitor.toml") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_everything_has_its_default() -> None:
    settings = load()
    assert settings.detection() == Detection()
    assert settings.brands() == ()
    assert settings.storage.directory == Path("crisis-monitor-data")
    assert (settings.ingest.host, settings.ingest.port) == ("127.0.0.1", 8080)
    assert settings.accepts_unknown_brands
    assert settings.policy() == Policy(
        receivers=(Receiver("console"),),
        steps=(("console",),),
        lead=("console",),
        ops=("console",),
    )


def test_an_empty_file_is_no_file(tmp_path: Path) -> None:
    nothing = load()
    assert load(written("")).version == nothing.version
    assert load(written("\ufeff# only this\n")).document == load(tmp_path / written("")).document


def test_every_section_arrives_where_it_is_used() -> None:
    settings = load(written(FULL, "conf/here.toml"))
    assert settings.storage.directory == Path("conf/data")
    assert settings.storage.log_retention == 3 * 86_400_000
    assert settings.ingest.secret_file == Path("conf/keys/ingest")
    reviews, helpdesk = settings.sources
    assert reviews.kind is SourceKind.FILE
    assert reviews.path == Path("conf/reviews.csv")
    assert reviews.map == {"text": "body", "event_time": "when"}
    assert helpdesk.kind is SourceKind.HTTP
    assert settings.max_delays() == {"reviews": 86_400_000, "helpdesk": 1_800_000}
    assert settings.brands() == (
        Brand(
            "KLM",
            ("Royal Dutch Airlines",),
            ("@KLM",),
            ("KLM",),
            ("KLM Open",),
            ("en", "nl"),
            "Europe/Amsterdam",
            50_000,
        ),
    )
    assert not settings.accepts_unknown_brands
    detection = settings.detection()
    assert (detection.bucket, detection.sensitivity) == (300_000, Sensitivity.FEWER)
    assert (detection.floor.minimum, detection.floor.window) == (20, Detection().floor.window)
    assert detection.severity.reach == 100_000
    assert detection.fast_lanes == Detection().fast_lanes
    assert settings.receivers[0].kind is ReceiverKind.WEBHOOK
    assert settings.receivers[0].timeout == 5_000
    assert settings.public_url == "https://crisis.example.com"


def test_the_policy_is_the_alerts_own() -> None:
    policy = load(written(FULL)).policy()
    assert policy.receivers == (
        Receiver("on-call", "webhook", "Europe/Amsterdam"),
        Receiver("desk", "console", "UTC"),
    )
    assert policy.steps == (("on-call",), ("on-call", "desk"))
    assert policy.lead == ("on-call", "desk")
    assert (policy.ops, policy.info) == (("desk",), ())
    assert (policy.acknowledge_within, policy.rounds) == (120_000, 3)
    shipped = UpdateClocks()
    assert policy.clocks == UpdateClocks(
        critical_internal=Cadence(15 * 60_000, 30 * 60_000, 7_200_000, 3_600_000),
        warning_internal=shipped.warning_internal,
        critical_public=shipped.critical_public,
        warning_public=Cadence(7_200_000, 14_400_000),
    )
    assert policy.lifecycle.reopen_window == 12 * 3_600_000


def test_never_means_that_none_is_owed() -> None:
    text = '[policy.updates.critical_public]\nfirst = "never"\nevery = "never"\n'
    cadence = load(written(text)).policy().clocks.critical_public
    assert cadence.first is None
    assert not cadence.repeats


def test_the_environment_outranks_the_file_and_overrides_outrank_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written('[ingest]\nport = 1\nhost = "localhost"\n[storage]\ndirectory = "a"\n')
    monkeypatch.setenv("CRISIS_MONITOR__INGEST__PORT", "2")
    monkeypatch.setenv("CRISIS_MONITOR__POLICY__UPDATES__CRITICAL_PUBLIC__EVERY", "30m")
    monkeypatch.setenv("CRISIS_MONITOR__BRANDS", '[{"name": "KLM", "aliases": ["Royal"]}]')
    monkeypatch.setenv("CRISIS_MONITOR__STORAGE__DIRECTORY", "b")
    settings = load(None, {"storage": {"directory": "c"}})
    assert (settings.ingest.port, settings.ingest.host) == (2, "localhost")
    assert settings.policy().clocks.critical_public.every == 1_800_000
    assert settings.brands() == (Brand("KLM", ("Royal",)),)
    assert settings.storage.directory == Path("c")


def test_a_whole_section_may_stand_in_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRISIS_MONITOR__INGEST", '{"port": 5}')
    monkeypatch.setenv("CRISIS_MONITOR__INGEST__MAX_MENTIONS", "7")
    ingest = load().ingest
    assert (ingest.port, ingest.max_mentions) == (5, 7)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CRISIS_MONITOR__INGEST__POORT", "1", "CRISIS_MONITOR__INGEST__PORT"),
        ("CRISIS_MONITOR__INGST__PORT", "1", "CRISIS_MONITOR__INGEST"),
        ("CRISIS_MONITOR__INGEST__PORT__X", "1", "names no setting"),
        ("CRISIS_MONITOR__INGEST__PORT", "many", '"many" must be a whole number'),
        ("CRISIS_MONITOR__BRANDS", "[{", "no valid JSON"),
        ("CRISIS_MONITOR__BRANDS", "KLM", "is a list or a table"),
        ("CRISIS_MONITOR__POLICY__OPS", '["nobody"]', '"nobody" is no configured receiver'),
        ("CRISIS_MONITOR__STORAGE__LOG_RETENTION", "7", "has no unit"),
        ("CRISIS_MONITOR__", "7", "names no setting"),
    ],
)
def test_a_wrong_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(MistakesFound) as caught:
        load()
    (finding,) = caught.value.findings
    assert finding.place == f"environment variable {name}"
    assert said in finding.text()


def test_a_wrong_override_is_said_to_come_from_the_command_line() -> None:
    with pytest.raises(MistakesFound, match=r"command line: mistake: ingest\.port"):
        load(None, {"ingest": {"port": "x"}})


def test_the_file_may_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    written("[ingest]\nport = 7\n", "other.toml")
    monkeypatch.setenv("CRISIS_MONITOR_CONFIG", "other.toml")
    assert load().ingest.port == 7
    assert load(written("[ingest]\nport = 8\n", "third.toml")).ingest.port == 8


def test_a_file_that_was_asked_for_must_be_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(FileUnreadable, match="config init") as caught:
        load(Path("nowhere.toml"))
    assert isinstance(caught.value, EnvironmentProblem)
    with pytest.raises(FileUnreadable, match="is a directory"):
        load(tmp_path)
    with pytest.raises(FileUnreadable, match="not valid"):
        load(Path("a\0b"))
    monkeypatch.setenv("CRISIS_MONITOR_CONFIG", "gone.toml")
    with pytest.raises(FileUnreadable):
        load()


def test_mistakes_are_a_settings_error_with_all_of_them() -> None:
    with pytest.raises(SettingsError) as caught:
        load(written('[ingest]\nport = "x"\nhots = 1\n[storge]\n'))
    assert isinstance(caught.value, MistakesFound)
    assert [finding.line for finding in caught.value.findings] == [2, 3, 4]
    assert caught.value.exit_code == 2
    assert str(caught.value).startswith("the configuration has 3 mistakes:")


def test_loading_reads_no_secret_and_using_one_says_what_is_missing() -> None:
    settings = load(written(FULL))
    with pytest.raises(SecretUnavailable, match="ON_CALL_URL is not set"):
        settings.receivers[0].address()
    with pytest.raises(SecretUnavailable, match="ON_CALL_SECRET"):
        settings.receivers[0].secrets()
    assert settings.receivers[1].address().reveal() == ""
    with pytest.raises(SecretUnavailable, match="ingest"):
        settings.ingest.secrets()


def version(text: str) -> str:
    return load(written(text)).version


def test_the_version_changes_with_settings_and_not_with_secrets() -> None:
    usual = version("")
    assert version("") == usual
    assert version('[detection]\nsensitivity = "fewer"\n') != usual
    assert version('[[brands]]\nname = "a1"\n') != version('[[brands]]\nname = "a2"\n')
    first, second = (f'[ingest]\ntoken = "{token * 20}"\n' for token in "ab")
    assert version(first) == version(second)


def test_settings_do_not_change() -> None:
    settings = load()
    with pytest.raises(AttributeError):
        settings.place = "x"  # type: ignore[misc]  # that is what is shown
    with pytest.raises(ValueError, match="frozen"):
        settings.ingest.port = 1
    assert isinstance(settings, Settings)
