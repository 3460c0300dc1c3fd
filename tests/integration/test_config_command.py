"""`config check` and `config init` as people and programs meet them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline.commands.config import app

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith("CRISIS_MONITOR_")]:
        monkeypatch.delenv(name)


def run(*arguments: str, given: bytes | None = None) -> tuple[int, str, str]:
    result = RUNNER.invoke(app, list(arguments), input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_what_init_writes_passes_the_check() -> None:
    code, said, _ = run("init", 'K"L\\M')
    assert (code, said) == (0, "wrote crisis-monitor.toml; next: crisis-monitor config check\n")
    code, said, _ = run("check")
    assert code == 0
    assert said.splitlines()[-1].startswith("crisis-monitor.toml: 2 warnings")


def test_init_replaces_nothing_unless_forced() -> None:
    Path("crisis-monitor.toml").write_text("mine", encoding="utf-8")
    code, said, error = run("init", "KLM")
    assert (code, said) == (2, "")
    assert "--force" in error
    assert Path("crisis-monitor.toml").read_text(encoding="utf-8") == "mine"
    Path("crisis-monitor.toml").chmod(0o600)
    assert run("init", "KLM", "--force")[0] == 0
    assert 'name = "KLM"' in Path("crisis-monitor.toml").read_text(encoding="utf-8")
    assert Path("crisis-monitor.toml").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in Path().iterdir()] == ["crisis-monitor.toml"]


def test_init_follows_no_link_to_a_file_that_is_not_there() -> None:
    Path("crisis-monitor.toml").symlink_to("elsewhere.toml")
    assert run("init", "KLM")[0] == 2
    assert not Path("elsewhere.toml").exists()


def test_init_writes_where_it_is_told() -> None:
    code, said, _ = run("init", "KLM", "--output", "-")
    assert code == 0
    assert said.startswith("# Crisis Monitor")
    assert run("check", "-", given=said.encode())[0] == 0
    assert run("init", "KLM", "-o", "other.toml")[0] == 0
    code, said, error = run("init", "KLM", "-o", "no/such/folder.toml")
    assert (code, said) == (3, "")
    assert "cannot be written" in error
    assert not Path("crisis-monitor.toml").exists()


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x1b[31mb", "x" * 500])
def test_init_refuses_names_no_file_could_hold(name: str) -> None:
    code, said, error = run("init", name)
    assert (code, said) == (2, "")
    assert error
    assert "\x1b[31mb" not in error
    assert list(Path().iterdir()) == []


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20))
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_name_gives_a_file_that_passes_or_none(name: str) -> None:
    code, said, _ = run("init", "--output", "-", "--", name)
    assert code in (0, 2)
    if code == 0:
        assert run("check", "-", given=said.encode())[0] == 0


def test_every_mistake_is_reported_with_its_place() -> None:
    Path("a.toml").write_text(
        '[ingest]\npotr = 1\n[[brands]]\nname = "KLM"\nzone = "Europe/Amsterdm"\n', encoding="utf-8"
    )
    code, said, error = run("check", "a.toml")
    assert (code, error) == (1, "")
    assert said.splitlines() == [
        'a.toml:2: mistake: ingest.potr: is no key of [ingest]: did you mean "port"?',
        (
            'a.toml:3: warning: brands[0]: "KLM" is found by its name alone: add the aliases and '
            "handles people use"
        ),
        (
            'a.toml:5: mistake: brands[0].zone: "Europe/Amsterdm" is no time zone: did you mean '
            '"Europe/Amsterdam"?'
        ),
        (
            "a.toml: warning: receivers: the only receiver is the console: a page wakes nobody: "
            "add a receiver of kind webhook"
        ),
        "a.toml: 2 mistakes, 2 warnings",
    ]


def test_programs_get_the_same() -> None:
    Path("a.toml").write_text("[ingest]\npotr = 1\n", encoding="utf-8")
    code, said, _ = run("check", "a.toml", "--format", "json")
    answer = json.loads(said)
    assert code == 1
    assert (answer["file"], answer["mistakes"], answer["warnings"]) == ("a.toml", 1, 1)
    assert answer["findings"][0] == {
        "weight": "mistake",
        "file": "a.toml",
        "line": 2,
        "key": "ingest.potr",
        "wrong": "is no key of [ingest]",
        "mend": 'did you mean "port"?',
        "nearest": "port",
    }


def test_warnings_fail_only_a_strict_check() -> None:
    Path("a.toml").touch()
    assert run("check", "a.toml")[0] == 0
    assert run("check", "a.toml", "--strict")[0] == 1


def test_secrets_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.toml").write_text('[ingest]\ntoken_env = "THE_TOKEN"\n', encoding="utf-8")
    code, said, _ = run("check", "a.toml")
    assert code == 1
    assert "a.toml:2: mistake: ingest.token_env: environment variable THE_TOKEN is not set" in said
    monkeypatch.setenv("THE_TOKEN", "0123456789abcdef0123456789abcdef")
    assert run("check", "a.toml")[0] == 0


def test_which_file_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    code, said, _ = run("check")
    assert code == 0
    assert said.splitlines()[-1] == "no crisis-monitor.toml here, the defaults: 1 warning"
    Path("b.toml").write_text("x = 1\n", encoding="utf-8")
    monkeypatch.setenv("CRISIS_MONITOR_CONFIG", "b.toml")
    assert run("check")[0] == 1
    monkeypatch.delenv("CRISIS_MONITOR_CONFIG")
    monkeypatch.setenv("CRISIS_MONITOR__INGEST__PORT", "x")
    code, said, _ = run("check")
    assert code == 1
    assert said.startswith("environment variable CRISIS_MONITOR__INGEST__PORT: mistake:")


def test_what_cannot_be_read_is_exit_3() -> None:
    for place in ("nowhere.toml", "."):
        code, said, error = run("check", place)
        assert (code, said) == (3, "")
        assert place in error


def test_wrong_usage_is_exit_2() -> None:
    assert run("check", "--format", "xml")[0] == 2
    assert run("init")[0] == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"[policy]\nacknowledge_within = {'9' * 5000}\n",
            "a.toml:2: mistake: acknowledge_within: is a number of thousands of digits",
        ),
        (
            f"[policy]\nacknowledge_within = [1,\n{'9' * 5000}]\n",
            "a.toml:3: mistake: is a number of thousands of digits",
        ),
        (
            f"[ingest]\nport = 0x{'F' * 9000}\n",
            "a.toml:2: mistake: ingest.port: a number of thousands of digits must be at most",
        ),
        (
            f"x = 1\n{'.'.join('a' * 50_000)} = 1\n",
            "a.toml:2: mistake: is a line of 100,003 characters: break it",
        ),
        (
            f"x = 1\n{'.'.join('a' * 4_000)} = 1\n" * 200,
            "a.toml:2: mistake: is a key of more than 50 parts",
        ),
        (
            "[storage]\n[ingest]\n[storage]\n",
            "a.toml:3: mistake: [storage] is declared twice: it stands on line 1 already",
        ),
    ],
    ids=["number", "number within", "hexadecimal", "long", "deep", "declared twice"],
)
def test_what_no_parser_likes_is_a_mistake_with_its_line(text: str, said: str) -> None:
    Path("a.toml").write_text(text, encoding="utf-8")
    code, found, error = run("check", "a.toml")
    assert (code, error) == (1, "")
    assert said in found


def test_dots_in_a_sentence_are_no_deep_key() -> None:
    Path("a.toml").write_text(
        f'[[brands]]\nname = "KLM"\nexclusions = ["{"." * 200}", "a.b{".c" * 30}"]\n',
        encoding="utf-8",
    )
    assert "parts" not in run("check", "a.toml")[1]


def test_a_pipe_nobody_writes_to_is_not_waited_for() -> None:
    os.mkfifo("pipe.toml")
    code, said, error = run("check", "pipe.toml")
    assert (code, said) == (3, "")
    assert "pipe.toml is no regular file" in error


def test_a_variable_with_an_underscore_too_few_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRISIS_MONITOR_INGEST__PORT", "abc")
    monkeypatch.setenv("CRISIS_MONITOR_DATA_DIR", "here")
    monkeypatch.setenv("CRISIS_MONITOR_MY_TOKEN", "0123456789abcdef0123456789abcdef")
    Path("a.toml").write_text('[ingest]\ntoken_env = "CRISIS_MONITOR_MY_TOKEN"\n', "utf-8")
    code, said, _ = run("check", "a.toml")
    assert code == 0
    assert [line for line in said.splitlines() if line.startswith("environment")] == [
        (
            "environment variable CRISIS_MONITOR_INGEST__PORT: warning: is read by nobody: "
            "write CRISIS_MONITOR__INGEST__PORT"
        )
    ]


def test_hostile_text_is_shown_and_not_obeyed() -> None:
    Path("a.toml").write_text(
        '"\\u001b[2J[bold]\\u202e" = 1\n[ingest]\nhost = "\\u001b]0;x\\u0007"\n', encoding="utf-8"
    )
    code, said, _ = run("check", "a.toml")
    assert code == 1
    assert all(line.isprintable() for line in said.splitlines())
    assert "\\x1b[2J[bold]\\u202e" in said


def test_it_runs_as_a_program_with_warnings_as_errors() -> None:
    program = "from pipeline.commands.config import app; app()"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, "check", "--format", "json"],
        capture_output=True,
        check=False,
        env={"PYTHONPATH": str(root), "PATH": os.environ["PATH"]},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["file"] is None
