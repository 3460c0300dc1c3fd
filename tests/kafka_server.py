"""A real one-node Kafka from jars, to be started, stopped and killed by tests."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Self

from pipeline.errors import PipelineError
from pipeline.kafka.connection import Connection
from pipeline.settings.secrets import Secret
from pipeline.settings.sections.kafka import Mechanism, Protocol
from tests.ports import free_ports

VERSION = "4.1.1"
_TRIES = 4
_START = 90.0
"""Seconds in which a broker has to be up; it takes about four."""
_POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tests</groupId><artifactId>broker</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
<version>{version}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId>
<version>1.7.36</version></dependency></dependencies></project>
"""
_JAVA = (
    "-Xmx384m",
    "-Xms128m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)
_WATCHED = """\
"$@" &
java=$!
echo $java > "$PID"
(
  while kill -0 "$OWNER" && kill -0 $java; do sleep 1; done 2>/dev/null
  kill -KILL $java 2>/dev/null
) &
wait $java
"""
"""A broker that outlives nobody: it goes when the process that runs the tests is gone."""


class NoBrokerError(Exception):
    """No real broker can be had here; its text says what is missing."""


def jars() -> Path:
    """The folder of Kafka's jars, fetched by Maven when they are not there yet."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = root / "crisis-monitor" / f"kafka-{VERSION}"
    if folder.is_dir():
        return folder
    if shutil.which("mvn") is None:
        raise NoBrokerError("Maven is not installed (Debian: apt-get install maven)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with alone(folder.with_name(f"{folder.name}.lock")):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                _fetch(Path(scratch))
                (Path(scratch) / "lib").rename(folder)
    return folder


def _fetch(scratch: Path) -> None:
    (scratch / "pom.xml").write_text(_POM.format(version=VERSION), encoding="utf-8")
    said = ""
    for pause in range(_TRIES):
        time.sleep(3 * pause)
        maven = subprocess.run(
            (
                *("mvn", "-q", "-B", "dependency:copy-dependencies"),
                *("-DincludeScope=runtime", "-DoutputDirectory=lib"),
            ),
            cwd=scratch,
            capture_output=True,
            text=True,
            check=False,
        )
        if not maven.returncode:
            return
        said = (maven.stdout + maven.stderr)[-600:]
    raise NoBrokerError(f"Maven does not bring Kafka's jars: {said}")


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


class OwnBroker:
    """A one-node Kafka of one's own, on ports that stay, with data that stays.

    `with OwnBroker(folder) as broker` starts it; within, `stop()` (SIGTERM), `kill()` (-9),
    `freeze()` and `thaw()` (SIGSTOP, SIGCONT) and `start()` again, as often as wanted. With
    `users` (name: password) clients have to log in, by PLAIN or SCRAM-SHA-512; with `tls` (a
    certificate and its key) they may do so at `secure` as well, where all is encrypted.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: Mapping[str, str] | None = None,
        tls: tuple[Path, Path] | None = None,
        settings: Mapping[str, str] | None = None,
        owner: int | None = None,
    ) -> None:
        self.folder = folder
        self.users = dict(users or {})
        self.settings = dict(settings or {})
        self.owner = os.getpid() if owner is None else owner
        self.tls = tls
        self.port, self._inner, self._controller, self._secure = free_ports(4)
        self._watch: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def secure(self) -> str:
        """The address for clients that speak TLS."""
        return f"127.0.0.1:{self._secure}"

    @property
    def pid(self) -> int:
        """The process of Java itself."""
        return int((self.folder / "pid").read_text())

    def connection(self, user: str = "", password: str = "") -> Connection:
        """How to reach it, logged in by PLAIN where a user is named."""
        if not user:
            return Connection((self.bootstrap,))
        return Connection(
            (self.bootstrap,),
            Protocol.SASL_PLAINTEXT,
            Mechanism.PLAIN,
            user,
            Secret(password),
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until it answers; what it held before is there again."""
        lib = jars()
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        if not properties.is_file():
            properties.write_text(self._properties(), encoding="utf-8")
            shutil.copytree(self._formatted(lib), self.folder / "data")
        pid = self.folder / "pid"
        pid.unlink(missing_ok=True)
        with (self.folder / "broker.log").open("ab") as said:
            self._watch = subprocess.Popen(
                (
                    *("sh", "-c", _WATCHED, "broker", "java", *_JAVA, "-cp", f"{lib}/*"),
                    *("kafka.Kafka", str(properties)),
                ),
                cwd=self.folder,
                env={**os.environ, "OWNER": str(self.owner), "PID": str(pid)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self._wait()

    def stop(self) -> None:
        """End it as an operator does (SIGTERM) and wait until it is gone."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does (SIGKILL) and wait until it is gone."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it hang: connections stay, nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._watch is None:
            return
        with suppress(ProcessLookupError, FileNotFoundError):
            os.kill(self.pid, how)
            os.kill(self.pid, signal.SIGCONT)
        self._watch.wait(30)
        self._watch = None

    def _wait(self) -> None:
        assert self._watch is not None
        address = f"127.0.0.1:{self._inner if self.users else self.port}"
        until = time.monotonic() + _START
        while time.monotonic() < until:
            if self._watch.poll() is not None:
                break
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                with suppress(PipelineError), Connection((address,), patience=2000).admin() as it:
                    if it.describe_cluster()["brokers"]:
                        return
            time.sleep(0.05)
        said = (self.folder / "broker.log").read_text(errors="replace")[-2000:]
        self.kill()
        raise NoBrokerError(f"Kafka does not start: {said}")

    def _properties(self) -> str:
        client = "SASL_PLAINTEXT" if self.users else "PLAINTEXT"
        listeners = {"CLIENT": self.port, "INNER": self._inner}
        if self.tls:
            listeners["SECURE"] = self._secure
        told = ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners.items())
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"{told},CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": told,
            "inter.broker.listener.name": "INNER",
            "listener.security.protocol.map": f"CLIENT:{client},INNER:PLAINTEXT,"
            "SECURE:SASL_SSL,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "log.cleaner.backoff.ms": "1000",
            "log.cleaner.dedupe.buffer.size": "8388608",
            "controlled.shutdown.max.retries": "1",
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            "num.network.threads": "2",
            "num.io.threads": "4",
        }
        if self.users:
            plain = " ".join(f'user_{name}="{word}"' for name, word in self.users.items())
            for name in ("client", "secure"):
                login = f"listener.name.{name}"
                settings |= {
                    f"{login}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
                    f"{login}.plain.sasl.jaas.config": (
                        f"org.apache.kafka.common.security.plain.PlainLoginModule required {plain};"
                    ),
                    f"{login}.scram-sha-512.sasl.jaas.config": (
                        "org.apache.kafka.common.security.scram.ScramLoginModule required;"
                    ),
                }
        if self.tls:
            both = self.folder / "keystore.pem"
            both.write_bytes(b"".join(each.read_bytes() for each in reversed(self.tls)))
            settings |= {
                "listener.name.secure.ssl.keystore.type": "PEM",
                "listener.name.secure.ssl.keystore.location": str(both),
            }
        return "".join(f"{key}={value}\n" for key, value in {**settings, **self.settings}.items())

    def _formatted(self, lib: Path) -> Path:
        """An empty data folder with these users, made once: making it takes as long as a start."""
        words = [
            each
            for name, word in sorted(self.users.items())
            for each in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={word}]")
        ]
        kind = blake2b(" ".join(words).encode(), digest_size=6).hexdigest()
        folder = lib.parent / f"formatted-{VERSION}-{kind}"
        with alone(folder.with_name(f"{folder.name}.lock")):
            if not folder.is_dir():
                with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                    self._format(lib, Path(scratch), words)
                    (Path(scratch) / "data").rename(folder)
        return folder

    def _format(self, lib: Path, scratch: Path, words: Sequence[str]) -> None:
        properties = scratch / "server.properties"
        plain = OwnBroker(scratch)
        properties.write_text(plain._properties(), encoding="utf-8")
        formatted = subprocess.run(
            (
                *("java", *_JAVA, "-cp", f"{lib}/*", "kafka.tools.StorageTool", "format"),
                *("-t", "dGVzdHMtY3Jpc2lzLW1vbg", "-c", str(properties), *words),
            ),
            capture_output=True,
            text=True,
            check=False,
        )
        if formatted.returncode:
            raise NoBrokerError(f"Kafka's folder cannot be made: {formatted.stderr[-600:]}")


def need_java() -> None:
    if shutil.which("java") is None:
        raise NoBrokerError("Java is not installed (Debian: apt-get install default-jre-headless)")


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    pem, key = folder / "own.pem", folder / "own.key"
    subprocess.run(
        (
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-days", "2", "-keyout", str(key), "-out", str(pem)),
        ),
        check=True,
        capture_output=True,
    )
    return pem, key
