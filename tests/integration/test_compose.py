"""docker-compose.yml as a document: what tells that it would start, without starting it.

Its command lines, its environments and its health checks are run in `test_compose_parts`.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.compose import FILE, OURS, ROOT, SCHEMA, document, health_check, replaced, services

ONCE = {"kafka-setup"}
"""Does its work and ends: there is no health to check."""


def test_it_is_what_the_specification_says() -> None:
    schema = json.loads((SCHEMA / "compose-spec.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document())


@pytest.mark.parametrize(
    "change",
    [
        {"healthcheck": {"test": ["CMD", "true"], "every": "5s"}},
        {"depends_on": {"kafka": {"condition": "service_well"}}},
        {"deploy": {"replicas": {"most": 3}}},
    ],
)
def test_the_schema_finds_what_is_wrong(change: dict[str, Any]) -> None:
    schema = json.loads((SCHEMA / "compose-spec.json").read_text("utf-8"))
    wrong = document()
    wrong["services"]["worker"] |= change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(wrong)


def test_the_schema_is_the_one_that_was_taken() -> None:
    told = dict(
        re.findall(r"\| `([^`]+)` \| `([0-9a-f]{64})` \|", (SCHEMA / "VENDORED.md").read_text())
    )
    files = [each for each in SCHEMA.iterdir() if each.name != "VENDORED.md"]
    assert told == {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in files}


def _compose() -> list[str]:
    """The program that reads such files; the newer one where it is installed."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            asked = subprocess.run([*command, "version"], capture_output=True, check=False)
            if not asked.returncode:
                return command
    if os.environ.get("CI"):
        pytest.fail("neither `docker compose` nor docker-compose is installed (Debian's package)")
    return pytest.skip("neither `docker compose` nor docker-compose is installed")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The file as a user has it, secrets made."""
    for each in ("docker-compose.yml", "Dockerfile", "Makefile", "pyproject.toml"):
        shutil.copy(ROOT / each, tmp_path / each)
    shutil.copytree(ROOT / "dashboards" / "stack", tmp_path / "dashboards" / "stack")
    subprocess.run(["make", "stack-secrets"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    return tmp_path


def test_compose_itself_reads_it_and_scales_workers(copy: Path) -> None:
    command = _compose()
    shown = subprocess.run(
        [*command, "--file", "docker-compose.yml", "config"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    for name, service in services().items():
        assert re.search(rf"^  {re.escape(name)}:$", shown.stdout, re.MULTILINE)
        assert service["image"] in shown.stdout
    assert re.search(r"replicas: 2", shown.stdout)
    # What would clash once there are several of it: a published port, a name, a folder of its own.
    assert not {"ports", "container_name", "hostname"} & set(services()["worker"])


def test_secrets_are_made_once_for_their_owner_alone(copy: Path) -> None:
    folder = copy / ".secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    before = {each.name: each.read_text() for each in folder.iterdir()}
    assert set(before) == {Path(each["file"]).name for each in document()["secrets"].values()}
    assert len(set(before.values())) == len(before)
    password = before["database-password"].strip()
    assert len(password) >= 32
    assert before["database"].strip() == (
        f"postgresql://crisis_monitor:{password}@postgres/crisis_monitor"
    )
    subprocess.run(["make", "stack-secrets"], cwd=copy, check=True, stdout=subprocess.DEVNULL)
    assert {each.name: each.read_text() for each in folder.iterdir()} == before
    ignored = (ROOT / ".gitignore").read_text().split()
    assert ".secrets/" in ignored
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"  # and nothing lets it in


def test_every_service_is_pinned_restarted_watched_and_bounded() -> None:
    for name, service in services().items():
        image, _, tag = service["image"].rpartition(":")
        assert image, name
        assert re.match(r"v?\d+(\.|-|$)", tag), f"{name}: {service['image']} is not pinned"
        assert service["restart"] in {"unless-stopped", "on-failure:5"}, name
        assert service["logging"]["options"]["max-size"], name
        if name in ONCE:
            assert service["healthcheck"] == {"disable": True}
        else:
            assert health_check(service), name
            assert service["healthcheck"]["timeout"], name


def test_who_waits_for_whom_can_come_true() -> None:
    all_services = services()
    for name, service in all_services.items():
        for other, how in service.get("depends_on", {}).items():
            condition = how["condition"]
            assert other in all_services
            wanted = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert condition == wanted, f"{name} waits for {other}"


def test_nobody_outside_this_machine_reaches_anything() -> None:
    published = {
        port: name for name, service in services().items() for port in service.get("ports", [])
    }
    assert all(re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port) for port in published), published
    assert sorted(published.values()) == ["alertmanager", "grafana", "ingest", "prometheus", "web"]


def test_our_parts_run_as_nobody_and_write_nowhere() -> None:
    for name in OURS:
        service = services()[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "user" not in service  # the image's own
    image = (ROOT / "Dockerfile").read_text()
    user, group = re.findall(r"^USER (\d+):(\d+)$", image, re.MULTILINE)[-1]
    assert int(user) > 0
    assert f"uid={user},gid={group}" in FILE.read_text()


def test_a_secret_is_given_to_whoever_reads_it_and_to_nobody_else() -> None:
    declared = set(document()["secrets"])
    used: set[str] = set()
    for name, service in services().items():
        given = set(service.get("secrets", []))
        read = set(re.findall(r"/run/secrets/([\w-]+)", json.dumps(service)))
        assert given == read, name
        used |= given
    assert used == declared


def test_what_is_mounted_is_there() -> None:
    volumes = set(document()["volumes"])
    for name, service in services().items():
        for each in service.get("volumes", []):
            source, target, *how = each.split(":")
            assert target.startswith("/")
            if source.startswith("./"):
                assert (ROOT / source).exists(), f"{name}: {source}"
                assert how == ["ro"], f"{name} could write {source}"
            else:
                volumes.discard(source)
    assert not volumes  # each is somebody's


def test_places_are_replaced_where_they_stand_by_themselves() -> None:
    places = {"kafka:9092": "127.0.0.1:1", "/data": "/tmp/d", "kafka": "here"}  # noqa: S108  # no file
    assert replaced('["kafka:9092"] //kafka /data/x my-kafka', places) == (
        '["127.0.0.1:1"] //here /tmp/d/x my-kafka'
    )
