"""The Dockerfile carried out line by line, without a container: what it makes, runs."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose import ROOT, document, health_check, replaced, services
from tests.image import Image, let_in, stages
from tests.ports import free_ports

WITHIN = 120.0


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.fail("setpriv is not installed (Debian's package util-linux)")
    # Not below pytest's folder, which is root's alone where root runs the tests.
    with tempfile.TemporaryDirectory(prefix="crisis-monitor-image-") as folder:
        Path(folder).chmod(0o755)
        made = Image(Path(folder))
        made.build()
        yield made


def test_its_base_is_pinned_and_both_stages_have_the_same() -> None:
    bases = {each.base for each in stages()}
    assert len(bases) == 1
    (base,) = bases
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", base)


def test_only_what_the_program_is_made_of_is_sent_to_the_builder() -> None:
    assert let_in("pipeline/__main__.py")
    assert let_in("dashboards/stack/monitor.toml")
    for kept in (".secrets/database", ".git/config", "tests/conftest.py", ".venv/bin/python"):
        assert not let_in(kept), kept
    assert not let_in("pipeline/__pycache__/x.pyc")
    assert not let_in("crisis-monitor-data/mentions.db")


def test_the_account_is_made_as_it_is_used() -> None:
    _, last = stages()
    user, group = last.those("USER")[-1].split(":")
    (made,) = last.those("RUN")
    assert int(user) >= 1_000
    assert f"--uid {user} --gid {group}" in made
    assert f"--gid {group} " in made.partition("useradd")[0]
    home = last.those("WORKDIR")[-1]
    assert f"--owner={user} --group={group} --mode=0700 {home}" in made
    assert last.instructions.index(("USER", f"{user}:{group}")) < last.instructions.index(
        ("ENTRYPOINT", '["crisis-monitor"]')
    )


def test_kafka_and_postgresql_are_in_it_and_nothing_of_the_tests(image: Image) -> None:
    python = str(Path(image.program()).parent / "python")
    asked = "import faust, kafka, psycopg, crc32c; from importlib.metadata import distributions; "
    asked += "print(*sorted(each.name.lower() for each in distributions()))"
    names = image.run([python, "-c", asked], image.home, image.environment()).split()
    assert {"crisis-monitor", "faust-streaming", "kafka-python", "psycopg-binary"} <= set(names)
    assert not {"pytest", "hypothesis", "mypy", "matplotlib", "playwright"} & set(names)
    pinned = (ROOT / "constraints.txt").read_text().lower()
    for name in set(names) - {"crisis-monitor", "pip", "setuptools"}:
        assert re.search(rf"^{re.escape(name).replace('_', '[-_]')}==", pinned, re.MULTILINE), name


def test_it_runs_as_nobody_is_healthy_and_ends_when_told(image: Image) -> None:
    (port, page) = free_ports(2)
    environment = image.environment() | {
        "CRISIS_MONITOR__INGEST__PORT": str(port),
        "CRISIS_MONITOR__PAGE__PORT": str(page),
    }
    command = image.as_account([image.program(), *image.last.list_of("CMD")])
    place = {"127.0.0.1:8080": f"127.0.0.1:{port}"}
    check = [replaced(each, place) for each in image.last.health_check()]
    assert subprocess.run(check, env=environment, capture_output=True, check=False).returncode
    said = image.folder / "said"
    with said.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=image.home, env=environment, stdout=stream, stderr=stream
        )
    try:
        until = time.monotonic() + WITHIN
        while subprocess.run(check, env=environment, capture_output=True, check=False).returncode:
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < until, said.read_text()
            time.sleep(0.1)
        status = Path(f"/proc/{process.pid}/status").read_text()
        (who,) = re.findall(r"^Uid:\t(\d+)", status, re.MULTILINE)
        assert int(who) == (image.account()[0] if os.geteuid() == 0 else os.geteuid())
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, said.read_text()
    finally:
        process.kill()
        process.wait()
    assert {"log.db", "incidents.db", "mentions.db"} <= {each.name for each in image.home.iterdir()}


def test_the_stack_checks_health_as_the_image_does_and_adds_no_other_command(image: Image) -> None:
    check = image.last.health_check()
    assert health_check(services()["ingest"]) == check
    for name in ("worker", "alerter", "web"):
        assert health_check(services()[name])[:-1] == check[:-1]
    for name, service in services().items():
        if service["image"] == document()["x-program"]["image"]:
            asked = [image.program(), *service["command"][:2], "--help"]
            if service["command"][0] != "kafka":
                asked = [image.program(), service["command"][0], "--help"]
            told = image.run(asked, image.home, image.environment())
            for option in (each for each in service["command"] if each.startswith("--")):
                assert option in told, f"{name} {option}"
