"""How brokers are reached: the one place for addresses, login and TLS of every client."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pipeline.clock import stopwatch
from pipeline.errors import BrokerUnavailable, PipelineError, SettingsError
from pipeline.kafka import require_kafka
from pipeline.kafka.knocking import knock
from pipeline.kafka.problems import problem_of
from pipeline.settings.secrets import HIDDEN, Secret
from pipeline.settings.sections.kafka import KafkaSection, Mechanism, Protocol
from pipeline.settings.text import visible

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

PATIENCE: Final = 10_000
"""Milliseconds in which a first broker has to answer a client that starts."""
_LONGEST_PAUSE: Final = 2_000
"""Milliseconds: a broker that comes back is found again within these."""
_PAUSE: Final = 0.25
"""Seconds until an address that did not answer is asked again."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Brokers and how to log in: what every client of ours is made from.

    The password shows in no log, error or `repr`, not even in those of the clients.
    """

    bootstrap: tuple[str, ...]
    security: Protocol = Protocol.PLAINTEXT
    mechanism: Mechanism = Mechanism.SCRAM_SHA_512
    username: str = ""
    password: Secret | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    check_hostname: bool = True
    patience: int = PATIENCE

    @classmethod
    def of(cls, section: KafkaSection) -> "Connection":
        """Return the connection that [kafka] describes.

        Raises `SettingsError` where no broker is named or the password cannot be read.
        """
        if not section.configured:
            raise SettingsError(
                'no Kafka is configured: name its brokers, kafka.bootstrap = ["host:9092"]'
            )
        return cls(
            tuple(section.bootstrap),
            section.security,
            section.mechanism,
            section.username,
            section.secret() if section.username else None,
            section.ca_file,
            section.certificate_file,
            section.key_file,
            section.check_hostname,
        )

    @property
    def where(self) -> str:
        """The brokers, as messages name them."""
        return visible(", ".join(self.bootstrap), 200)

    def clients(self, client_id: str = "crisis-monitor") -> dict[str, Any]:
        """Return what every client of kafka-python is made with.

        Raises `SettingsError` where a certificate or key cannot be used.
        """
        given: dict[str, Any] = {
            "bootstrap_servers": list(self.bootstrap),
            "client_id": client_id,
            "security_protocol": self.security.value,
            "bootstrap_timeout_ms": self.patience,
            "reconnect_backoff_max_ms": _LONGEST_PAUSE,
        }
        if self._tls:
            given["ssl_context"] = self.tls()
        if self._login:
            given["sasl_mechanism"] = self.mechanism.value
            given["sasl_plain_username"] = self.username
            given["sasl_plain_password"] = _Hidden(self._word())
        return given

    def faust(self) -> dict[str, Any]:
        """Return the part of a Faust app's settings that says where the brokers are.

        Raises `SettingsError` where a certificate or key cannot be used.
        """
        require_kafka()
        import faust  # noqa: PLC0415  # what does not work with it starts without it
        from yarl import URL  # noqa: PLC0415  # as above

        given: dict[str, Any] = {"broker": [URL(f"kafka://{each}") for each in self.bootstrap]}
        context = self.tls() if self._tls else None
        if self._login:
            given["broker_credentials"] = faust.SASLCredentials(
                username=self.username,
                password=_Hidden(self._word()),
                ssl_context=context,
                mechanism=self.mechanism.value,
            )
        elif context is not None:
            given["broker_credentials"] = faust.SSLCredentials(context)
        return given

    def tls(self) -> ssl.SSLContext:
        """Return whom to trust and who we are; raises `SettingsError` naming the file at fault."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ValueError) as error:
            _unusable("kafka.ca_file", self.ca_file, error)
        context.check_hostname = self.check_hostname
        if self.certificate_file is not None:
            try:
                context.load_cert_chain(self.certificate_file, self.key_file, password=_no_password)
            except (OSError, ValueError) as error:
                _unusable("kafka.certificate_file or kafka.key_file", self.certificate_file, error)
        return context

    @contextmanager
    def admin(self) -> Iterator["KafkaAdminClient"]:
        """Open a client that makes and describes topics; closed at the end.

        Raises what `diagnosis` returns when it cannot be opened; refused credentials are told at
        once, an absent broker after `patience`. What goes wrong inside is translated as well.
        """
        require_kafka()
        from kafka import KafkaAdminClient  # noqa: PLC0415  # as above
        from kafka.errors import KafkaTimeoutError  # noqa: PLC0415  # as above

        self._await()
        with translated(f"Kafka at {self.where}"):
            try:
                client = KafkaAdminClient(**self.clients())
            except KafkaTimeoutError as error:
                raise self._silence() from error
            try:
                yield client
            finally:
                client.close()

    def _await(self) -> None:
        """Return when a broker lets us in; raise what is in the way after `patience`."""
        until = stopwatch() + self.patience / 1000
        while (problem := self.diagnosis()) is not None:
            if isinstance(problem, SettingsError) or stopwatch() >= until:
                raise problem
            sleep(_PAUSE)

    def diagnosis(self) -> PipelineError | None:
        """Ask each address once and say why no client gets through; None when one lets us in.

        `SettingsError`: credentials or certificates are refused, waiting does not help; else
        `BrokerUnavailable`, which says of each address what is the matter.
        """
        require_kafka()
        how: dict[str, Any] = {"security_protocol": self.security.value}
        if self._tls:
            how["ssl_context"] = self.tls()
        if self._login:
            how["sasl_mechanism"] = self.mechanism.value
            how["sasl_plain_username"] = self.username
            how["sasl_plain_password"] = self._word()
        problems = []
        for address in self.bootstrap:
            problem = knock(address, how)
            if problem is None or isinstance(problem, SettingsError):
                return problem
            problems.append(str(problem))
        return BrokerUnavailable(f"no Kafka broker answers: {'; '.join(problems)}")

    def no_answer(self) -> str:
        """Say why no broker answers, for a message: what `diagnosis` finds."""
        return str(self._silence())

    def _silence(self) -> PipelineError:
        return self.diagnosis() or BrokerUnavailable(
            f"Kafka at {self.where} takes connections, but does not answer with kafka.security "
            f"{self.security.value}: use the security of the broker's listener, or see its log"
        )

    @property
    def _tls(self) -> bool:
        return self.security in {Protocol.SSL, Protocol.SASL_SSL}

    @property
    def _login(self) -> bool:
        return self.security in {Protocol.SASL_PLAINTEXT, Protocol.SASL_SSL}

    def _word(self) -> str:
        return "" if self.password is None else self.password.reveal()


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what a Kafka client raises into our errors, which say how to mend it.

    `what` is what is being done, for the message. Other errors pass as they are.
    """
    try:
        yield
    except Exception as error:
        problem = problem_of(error, what)
        if problem is None:
            raise
        raise problem from error


class _Hidden(str):
    """A password for a client that shows its settings in its log: there it is stars."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{HIDDEN}'"


def _no_password() -> str:
    """A key that asks for a password is not waited for at a terminal."""
    return ""


def _unusable(key: str, path: Path | None, error: Exception) -> NoReturn:
    reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
    raise SettingsError(
        f"{key}: {visible(path or '', 300)} cannot be used ({visible(str(reason).lower(), 160)}): "
        "name a file in PEM format that this user may read"
    ) from error
