"""The services of docker-compose.yml as processes of this machine.

Each service runs its own command line with its own environment; the places of the stack (names of
services, ports, folders of the images) are replaced by places of this machine, and nothing else.
What an image does before its command is done here with the same means where there are any:
Kafka's image turns its environment into a configuration by a class that Kafka brings.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from pipeline.settings.secrets import Secret
from tests.broker import jars
from tests.compose import OURS, ROOT, document, health_check, replaced, services
from tests.ports import free_ports
from tests.postgres import OwnPostgres, binaries, connected

_START = 180.0
_LOG4J = "Configuration:\n  Appenders:\n    Console:\n      name: STDOUT\n  Loggers:\n    Root:\n"


class PartError(Exception):
    """A part ended or never became healthy; its text says what it said."""


class Parts:
    """The stack in a folder; `start(name)` starts a service and whatever it waits for."""

    def __init__(self, folder: Path, database: OwnPostgres) -> None:
        self.folder = folder
        self.postgres = database
        self.services = services()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._done: set[str] = set()
        names = ("kafka", "controller", "ingest", "web", "prometheus", "alertmanager", "alerter")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        replicas = self.services["worker"]["deploy"]["replicas"]
        self.workers = [f"worker-{number + 1}" for number in range(replicas)]
        self.ports |= dict(zip(self.workers, free_ports(replicas), strict=True))
        for each in (*self.services, *self.workers):
            (folder / each).mkdir()
        self._secrets()

    # -- places -----------------------------------------------------------------------------

    def _secrets(self) -> None:
        made = self.folder / "secrets"
        subprocess.run(
            ["make", "stack-secrets", f"SECRETS={made}"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for name, each in document()["secrets"].items():
            assert Path(each["file"]).name == name
        address = made / "database"
        address.write_text(
            replaced(address.read_text(), {"postgres": f"127.0.0.1:{self.postgres.port}"})
        )

    def secret(self, name: str) -> str:
        """What the file of a secret holds."""
        return (self.folder / "secrets" / name).read_text().strip()

    def places(self, name: str) -> dict[str, str]:
        """What stands for what in a service's command, environment and health check."""
        ports, home = self.ports, self.folder / name
        found = {"/run/secrets": str(self.folder / "secrets"), "kafka:9092": self.address("kafka")}
        service = name.partition("-")[0] if name in self.workers else name
        for each in self.services[service].get("volumes", []):
            source, target, *_ = each.split(":")
            found[target] = str(ROOT / source if source.startswith("./") else home / source)
        match service:
            case "kafka":
                found |= {
                    "127.0.0.1:9093": f"127.0.0.1:{ports['controller']}",
                    "PLAINTEXT://:9092": f"PLAINTEXT://127.0.0.1:{ports['kafka']}",
                    "127.0.0.1/9092": f"127.0.0.1/{ports['kafka']}",
                    "-Xms512m -Xmx1g": "-Xmx384m",
                }
            case "ingest":
                found["127.0.0.1:8080"] = self.address(name)
            case "worker":
                found |= {"9100": str(ports[name]), "127.0.0.1:9100": self.address(name)}
            case "alerter":
                found |= {"9101": str(ports[name]), "127.0.0.1:9101": self.address(name)}
            case "web":
                found["127.0.0.1:8090"] = self.address(name)
            case "prometheus":
                found |= {"127.0.0.1:9090": self.address(name), "/prometheus": str(home / "data")}
                found["/etc/prometheus/prometheus.yml"] = str(home / "prometheus.yml")
            case "alertmanager":
                found |= {"127.0.0.1:9093": self.address(name), "/alertmanager": str(home / "data")}
        return found

    def address(self, name: str) -> str:
        """Where a part is reached."""
        return f"127.0.0.1:{self.ports[name]}"

    def environment(self, name: str) -> dict[str, str]:
        """Nothing of ours but where programs are; then the image's, then the service's."""
        service = self._service(name)
        home = self.folder / name
        found = {"PATH": os.environ["PATH"], "HOME": str(home), "NO_COLOR": "1"}
        if name in OURS or name in self.workers:
            found |= image_environment() | {"CRISIS_MONITOR_DATA_DIR": str(home)}
            found["PATH"] = f"{Path(sys.executable).parent}:{found['PATH']}"
            # The ports of the image are those of the defaults.
            if name in {"ingest", "web"}:
                section = "INGEST" if name == "ingest" else "PAGE"
                found[f"CRISIS_MONITOR__{section}__PORT"] = str(self.ports[name])
        places = self.places(name)
        said = service.get("environment", {})
        return found | {key: replaced(str(value), places) for key, value in said.items()}

    def _service(self, name: str) -> dict[str, Any]:
        return self.services["worker" if name in self.workers else name]

    # -- starting ---------------------------------------------------------------------------

    def start(self, name: str) -> None:
        """Start a service after what it waits for, and wait until it is healthy or has ended."""
        if name in self._done:
            return
        for other, how in self._service(name).get("depends_on", {}).items():
            self.start(other)
            assert how["condition"] in {"service_healthy", "service_completed_successfully"}
        if name == "worker":
            for each in self.workers:
                self.start(each)
        elif name == "postgres":
            self._make_database()
        else:
            self._run(name, self._command(name))
        if self._service(name)["healthcheck"].get("disable"):
            self._until_ended(name)
        elif name != "worker":
            self._until_healthy(name)
        self._done.add(name)

    def _command(self, name: str) -> list[str]:
        places = self.places(name)
        said = [replaced(str(each), places) for each in self._service(name).get("command", [])]
        match name:
            case "kafka":
                return self._kafka()
            case "prometheus":
                self._prometheus(places["/etc/prometheus/prometheus.yml"])
                return ["prometheus", *said, f"--web.listen-address={self.address(name)}"]
            case "alertmanager":
                return [
                    "prometheus-alertmanager",
                    *said,
                    f"--web.listen-address={self.address(name)}",
                ]
        return [*entry_point(), *said]

    def _kafka(self) -> list[str]:
        home = self.folder / "kafka"
        for each in ("default", "mounted", "final"):
            (home / each).mkdir(parents=True)
        (home / "default" / "server.properties").touch()
        for each in ("log4j2.yaml", "tools-log4j2.yaml"):
            (home / "default" / each).write_text(_LOG4J)
        java = ["java", "-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        java += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{jars()}/*"]
        made = subprocess.run(
            [
                *(*java, "kafka.docker.KafkaDockerWrapper", "setup"),
                *("--default-configs-dir", "default", "--mounted-configs-dir", "mounted"),
                *("--final-configs-dir", "final"),
            ],
            cwd=home,
            env=self.environment("kafka"),
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise PartError(f"Kafka's image would not start: {made.stdout}{made.stderr}")
        return [*java, "kafka.Kafka", "final/server.properties"]

    def _make_database(self) -> None:
        said = self.environment("postgres")
        password = Path(said["POSTGRES_PASSWORD_FILE"]).read_text().strip()
        user, name = said["POSTGRES_USER"], said["POSTGRES_DB"]
        with connected(self.postgres.address) as server:
            server.execute(f"CREATE ROLE {user} SUPERUSER LOGIN PASSWORD '{password}'")
            server.execute(f"CREATE DATABASE {name} OWNER {user}")

    def _prometheus(self, into: str) -> None:
        """Its configuration, with lists of addresses where a network's names would be asked for."""
        said = yaml.safe_load((ROOT / "dashboards" / "stack" / "prometheus.yml").read_text())
        by_name = {"ingest:8080": ["ingest"], "alerter:9101": ["alerter"]}
        by_name |= {"worker:9100": self.workers, "127.0.0.1:9090": ["prometheus"]}
        by_name["alertmanager:9093"] = ["alertmanager"]

        def local(where: dict[str, Any]) -> None:
            targets = [each for group in where["static_configs"] for each in group["targets"]]
            parts = [part for each in targets for part in by_name[each]]
            where["static_configs"] = [{"targets": [self.address(part) for part in parts]}]

        for each in said["alerting"]["alertmanagers"]:
            local(each)
        for each in said["scrape_configs"]:
            for names in each.pop("dns_sd_configs", []):
                found = [f"{name}:{names['port']}" for name in names["names"]]
                each.setdefault("static_configs", []).append({"targets": found})
            local(each)
        said["global"]["scrape_interval"] = "1s"
        Path(into).write_text(yaml.safe_dump(said))

    def _run(self, name: str, command: list[str]) -> None:
        with self._log(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=self.folder / name,
                env=self.environment(name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def said(self, name: str) -> str:
        """What a part wrote."""
        return self._log(name).read_text("utf-8", "replace")

    def _until_ended(self, name: str) -> None:
        if code := self._processes[name].wait(_START):
            raise PartError(f"{name} ended with {code}: {self.said(name)[-3000:]}")

    def _until_healthy(self, name: str) -> None:
        until = time.monotonic() + _START
        while not self.healthy(name):
            process = self._processes.get(name)
            if process is not None and process.poll() is not None:
                raise PartError(f"{name} ended with {process.poll()}: {self.said(name)[-3000:]}")
            if time.monotonic() > until:
                raise PartError(f"{name} never became healthy: {self.said(name)[-3000:]}")
            time.sleep(0.2)

    def healthy(self, name: str) -> bool:
        """What the service's own health check says now."""
        places = self.places(name)
        command = [replaced(each, places) for each in health_check(self._service(name))]
        environment = self.environment(name)
        if name == "postgres":
            command[0] = str(binaries() / command[0])
            environment["PGPORT"] = str(self.postgres.port)
        checked = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            timeout=30,
            check=False,
        )
        return not checked.returncode

    def stop(self, name: str) -> int:
        """End a part as Compose does, and wait as long as Compose would; its exit code."""
        process = self._processes[name]
        process.send_signal(signal.SIGTERM)
        grace = str(self._service(name).get("stop_grace_period", "10s")).removesuffix("s")
        return process.wait(int(grace))

    def end(self) -> None:
        """End whatever still runs."""
        for process in self._processes.values():
            process.kill()
            process.wait()

    def database(self) -> Secret:
        """The address of the stores."""
        return Secret(self.secret("database"))


def image_environment() -> dict[str, str]:
    """What the image's last stage sets, paths apart: there are no such folders here."""
    last = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    (block,) = re.findall(r"^ENV ((?:.*\\\n)*.*)$", last, re.MULTILINE)
    said = dict(each.split("=", 1) for each in block.replace("\\\n", " ").split())
    return {key: value for key, value in said.items() if "/" not in value}


def entry_point() -> list[str]:
    """The image's entry point, as installed here."""
    said = re.findall(
        r'^ENTRYPOINT \["([^"]+)"\]$', (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    (command,) = said
    found = shutil.which(command, path=str(Path(sys.executable).parent))
    assert found, command
    return [found]
