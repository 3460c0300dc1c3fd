"""Every service of docker-compose.yml with its own command line and environment, natively.

There is no container engine: images are not built and networks not made. Kafka, PostgreSQL,
Prometheus and Alertmanager are real, of the versions that Maven and Debian have; Grafana is not to
be had so, of it only the configuration is looked at.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from pipeline.clock import SystemClock
from tests.compose import ROOT, health_check, services
from tests.compose_parts import Parts
from tests.postgres import NoPostgresError, OwnPostgres

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]
BRAND = "Veloria Air"
WITHIN = 120.0


def _needed(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            said = f"{program} is not installed (Debian's package of that name)"
            if os.environ.get("CI"):
                pytest.fail(said)
            pytest.skip(said)


@pytest.fixture(scope="module")
def parts(
    needs_jars: None,  # noqa: ARG001  # asked for what it checks
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Parts]:
    """Everything but Grafana, started in its order."""
    _needed("prometheus", "prometheus-alertmanager", "wget", "bash", "make")
    # Not below pytest's folder, which is root's alone where root runs the tests.
    with tempfile.TemporaryDirectory(prefix="crisis-monitor-stack-pg-") as place:
        Path(place).chmod(0o755)
        try:
            database = OwnPostgres(Path(place) / "server")
        except NoPostgresError as reason:
            if os.environ.get("CI"):
                pytest.fail(str(reason))
            pytest.skip(str(reason))
        with database:
            found = Parts(tmp_path_factory.mktemp("stack"), database)
            try:
                for name in services():
                    if name != "grafana":
                        found.start(name)
                yield found
            finally:
                found.end()


def running(parts: Parts) -> list[str]:
    """The parts that go on running, workers one by one."""
    once = {"kafka-setup", "grafana", "worker"}
    return [*(name for name in services() if name not in once), *parts.workers]


def test_every_part_is_healthy_by_its_own_check(parts: Parts) -> None:
    assert {name: parts.healthy(name) for name in running(parts)} == dict.fromkeys(
        running(parts), True
    )


def test_the_topics_are_those_that_were_asked_for(parts: Parts) -> None:
    assert "crisis-monitor.mentions" in parts.said("kafka-setup")


def test_a_mention_goes_all_the_way_to_the_page(parts: Parts) -> None:
    text = "@veloria_air lost my bag again, awful and terrible"
    row = {"id": "1", "event_time": SystemClock().now(), "text": text, "author": "someone"}
    door = f"http://{parts.address('ingest')}/v1/mentions"
    refused = httpx.post(door, content=json.dumps(row))
    assert refused.status_code == 401
    bearer = {"authorization": f"Bearer {parts.secret('ingest-token')}"}
    taken = httpx.post(door, content=json.dumps(row), headers=bearer, timeout=30)
    assert taken.status_code == 200, taken.text
    page = f"http://{parts.address('web')}"
    assert httpx.get(f"{page}/").status_code in {303, 401}  # sign in first
    with httpx.Client(base_url=page, timeout=30, follow_redirects=True) as viewer:
        entered = viewer.post(
            "/login", data={"token": parts.secret("page-token")}, headers={"origin": page}
        )
        assert entered.status_code == 200, entered.text
        until = time.monotonic() + WITHIN
        shown = ""
        while "lost my bag again" not in shown:
            assert time.monotonic() < until, shown[-2000:]
            time.sleep(0.2)
            shown = viewer.get(f"/brands/{BRAND}/talk").text


def test_prometheus_reads_every_part_and_knows_alertmanager(parts: Parts) -> None:
    api = f"http://{parts.address('prometheus')}/api/v1"
    wanted = {
        "ingest": ["ingest"],
        "worker": parts.workers,
        "alerter": ["alerter"],
        "prometheus": ["prometheus"],
    }
    expected = sorted((job, parts.address(one)) for job, each in wanted.items() for one in each)
    until = time.monotonic() + WITHIN
    while True:
        targets = httpx.get(f"{api}/targets").json()["data"]["activeTargets"]
        up = sorted(
            (each["labels"]["job"], each["labels"]["instance"])
            for each in targets
            if each["health"] == "up"
        )
        if up == expected:
            break
        assert time.monotonic() < until, [
            (each["scrapeUrl"], each["lastError"]) for each in targets
        ]
        time.sleep(0.2)
    asked = {"query": 'count by (job) ({__name__=~"crisis_monitor_.+"})'}
    found = httpx.get(f"{api}/query", params=asked).json()["data"]["result"]
    assert {each["metric"]["job"] for each in found} == {"ingest", "worker", "alerter"}
    while not httpx.get(f"{api}/alertmanagers").json()["data"]["activeAlertmanagers"]:
        assert time.monotonic() < until
        time.sleep(0.2)


def test_grafana_is_told_where_prometheus_is() -> None:
    """Grafana itself cannot be had here: that it takes this file is not shown."""
    place = ROOT / "dashboards/stack/grafana/datasources/prometheus.yml"
    (source,) = yaml.safe_load(place.read_text())["datasources"]
    port = health_check(services()["prometheus"])[-1].split(":")[2].partition("/")[0]
    assert source["url"] == f"http://prometheus:{port}"
    source, target, how = services()["grafana"]["volumes"][0].split(":")
    assert (ROOT / source).resolve() == place.parent
    assert (target, how) == ("/etc/grafana/provisioning/datasources", "ro")


def test_each_part_ends_in_its_time_and_is_then_not_healthy(parts: Parts) -> None:
    order = ["ingest", *parts.workers, "web", "alerter", "prometheus", "alertmanager"]
    codes = {name: parts.stop(name) for name in order}
    assert codes == dict.fromkeys(order, 0), {
        name: parts.said(name)[-800:] for name, code in codes.items() if code
    }
    assert not [name for name in order if parts.healthy(name)]
    assert parts.stop("kafka") in {0, 143}  # a JVM that was told to end
    assert not parts.healthy("kafka")
    parts.postgres.stop()
    assert not parts.healthy("postgres")
