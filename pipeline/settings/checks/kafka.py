"""[kafka]: brokers that can be reached, a login that is whole, copies that there are."""

from urllib.parse import urlsplit

from pipeline.settings.checks.ingest import is_host
from pipeline.settings.checks.report import Report
from pipeline.settings.durations import DAY
from pipeline.settings.sections.kafka import KafkaSection, Mechanism, Protocol
from pipeline.settings.sections.storage import StorageSection
from pipeline.settings.text import visible

_MANY = 1000
"""Partitions above which every client and broker works mostly for their number."""


def check_kafka(report: Report) -> None:
    """Check the brokers' addresses, how one logs in, and what the topics are to be like."""
    kafka = report.document.kafka
    for number, address in enumerate(kafka.bootstrap):
        _check_address(report, number, address)
    _check_login(report, kafka)
    _check_tls(report, kafka)
    _check_topics(report, kafka)


def _check_address(report: Report, number: int, address: str) -> None:
    here = ("kafka", "bootstrap", number)
    wrong = f'"{visible(address)}" is no address of a broker'
    mend = 'write host:port, such as "kafka:9092"'
    if "://" in address:
        report.mistake(here, wrong, f"{mend}, without {visible(address.partition('://')[0])}://")
        return
    host, colon, port = address.rpartition(":")
    fits = port.isascii() and port.isdigit() and 0 < int(port[:6]) < 2**16
    bare = ":" in host and not (host.startswith("[") and host.endswith("]"))
    if not colon or not fits or bare or not is_host(host):
        report.mistake(here, wrong, mend)
    elif address in report.document.kafka.bootstrap[:number]:
        report.warning(here, "stands here twice", "remove one")


def _check_login(report: Report, kafka: KafkaSection) -> None:
    report.check_places(("kafka",), kafka, "password")
    given = [key for key in ("password", "password_env", "password_file") if getattr(kafka, key)]
    login = kafka.security in {Protocol.SASL_PLAINTEXT, Protocol.SASL_SSL}
    if not login:
        for key in (["username"] if kafka.username else []) + given[:1]:
            report.mistake(
                ("kafka", key),
                f'is not used: with security "{kafka.security}" nobody logs in',
                'set kafka.security = "SASL_SSL", or remove it',
            )
        return
    if not kafka.username:
        report.mistake(("kafka", "security"), "logs in, but username is missing", "set username")
    elif not given:
        report.mistake(
            ("kafka", "username"),
            "has no password",
            "set password_env or password_file",
        )
    if kafka.security is Protocol.SASL_PLAINTEXT:
        what = "the password travels" if kafka.mechanism is Mechanism.PLAIN else "mentions travel"
        report.warning(
            ("kafka", "security"), f"is not encrypted: {what} as readable text", 'use "SASL_SSL"'
        )


def _check_tls(report: Report, kafka: KafkaSection) -> None:
    tls = kafka.security in {Protocol.SSL, Protocol.SASL_SSL}
    for key in ("ca_file", "certificate_file", "key_file"):
        path = getattr(kafka, key)
        if path is None:
            continue
        here = ("kafka", key)
        if not tls:
            report.mistake(
                here,
                f'is not used: security "{kafka.security}" does not encrypt',
                'set kafka.security = "SSL" or "SASL_SSL", or remove it',
            )
        elif report.surroundings and not path.is_file():
            report.mistake(here, f"{visible(path)} is no file", "correct the path")
    if tls and kafka.key_file is not None and kafka.certificate_file is None:
        report.mistake(
            ("kafka", "key_file"), "has no certificate", "set certificate_file, or remove it"
        )
    if tls and not kafka.check_hostname:
        report.warning(
            ("kafka", "check_hostname"),
            "lets any server with a trusted certificate pass for the broker",
            "set it to true",
        )


def _check_topics(report: Report, kafka: KafkaSection) -> None:
    if kafka.min_insync > kafka.replication:
        report.mistake(
            ("kafka", "min_insync"),
            f"asks for {kafka.min_insync} copies where replication makes {kafka.replication}: "
            "nothing could be written",
            f"write at most {kafka.replication}, or raise replication",
        )
    elif kafka.replication > 1 and kafka.min_insync == kafka.replication:
        report.warning(
            ("kafka", "min_insync"),
            "is as many as there are copies: one broker away, and nothing can be written",
            f"write {kafka.replication - 1}",
        )
    if kafka.partitions > _MANY:
        report.mistake(
            ("kafka", "partitions"),
            f"is more than {_MANY}",
            "write about twice as many as there will ever be worker processes",
        )
    if kafka.retention < DAY:
        report.warning(
            ("kafka", "retention"),
            "is shorter than a day: an outage overnight would lose mentions",
            'write "1d" or more',
        )


def check_database(report: Report) -> None:
    """Check the address of the stores' database: it can be read, is PostgreSQL's, and is used."""
    storage = report.document.storage
    _check_used(report, storage)
    for address in report.check_places(("storage",), storage, "database"):
        key = next(
            key for key in ("database", "database_env", "database_file") if getattr(storage, key)
        )
        wrong = _wrong_with(address.reveal())
        if wrong:
            report.mistake(
                ("storage", key),
                f"the database's address {wrong}",
                "write postgresql://user:password@host/name",
            )


def _check_used(report: Report, storage: StorageSection) -> None:
    given = [key for key in ("database", "database_env", "database_file") if getattr(storage, key)]
    if given and not report.document.kafka.configured:
        report.warning(
            ("storage", given[0]),
            "is not used by `run`: without kafka.bootstrap the embedded engine keeps its stores in "
            "files, and commands that look into them would ask the database",
            "remove it, or name Kafka's brokers in kafka.bootstrap",
        )


def _wrong_with(address: str) -> str:
    """What is wrong with an address; says nothing of what stands in it."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  # raises for a port that is none
    except ValueError:
        return "cannot be read"
    if parts.scheme not in {"postgresql", "postgres"}:
        return "does not begin with postgresql://"
    if not parts.path.strip("/"):
        return "names no database"
    return ""
