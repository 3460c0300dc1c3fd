"""Why no broker answers: each address is asked once, by the client that hears the answer.

kafka-python passes over what a broker says before it hangs up, so that refused credentials look
like a broken line; aiokafka reports them, and what is wrong with a certificate.
"""

import asyncio
import errno
import logging
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from pipeline.errors import BrokerUnavailable, PipelineError, SettingsError
from pipeline.kafka.problems import problem_of
from pipeline.settings.text import visible

_PATIENCE: Final = 4.0
"""Seconds for each address."""
_PORT: Final = 9092


def knock(address: str, how: dict[str, Any]) -> PipelineError | None:
    """Connect and log in once; None when that works, else what stands in the way.

    `how` is what aiokafka wants to know. `SettingsError`: credentials or certificates, waiting
    does not help; else `BrokerUnavailable`.
    """
    with ThreadPoolExecutor(1) as own:  # whoever asks may stand in a loop of its own
        return own.submit(asyncio.run, _knock(address, how)).result()


async def _knock(address: str, how: dict[str, Any]) -> PipelineError | None:
    from aiokafka.conn import AIOKafkaConnection  # noqa: PLC0415  # the base install lacks it

    logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # what we say is enough
    host, _, port = address.rpartition(":")
    place = visible(address)
    connection = None
    try:
        pair = (host.strip("[]"), int(port)) if host else (address, _PORT)
        connection = AIOKafkaConnection(*pair, **how)
        async with asyncio.timeout(_PATIENCE):
            await connection.connect()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is the answer to the question
        return _meaning(place, error)
    finally:
        await _hang_up(connection)
    return None


async def _hang_up(connection: Any) -> None:  # noqa: ANN401  # aiokafka has no types
    """Leave no socket behind, not even of a connection that was refused halfway."""
    if getattr(connection, "_protocol", None) is None:
        return  # nobody was there
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            await connection.close()


def _meaning(place: str, error: BaseException) -> PipelineError:
    chain = _causes(error)
    for each in chain:
        told = _told(place, each)
        if told is not None:
            return told
    reason = str(chain[0]) or type(chain[0]).__name__
    return BrokerUnavailable(
        f"{place} hangs up ({visible(reason, 200)}): see that it is a Kafka broker, and correct "
        "kafka.security"
    )


def _told(place: str, error: BaseException) -> PipelineError | None:
    match error:
        case ssl.SSLCertVerificationError():
            return SettingsError(
                f"{place} shows a certificate that is not trusted "
                f"({visible(error.verify_message, 200)}): correct kafka.ca_file, or the name in "
                "kafka.bootstrap"
            )
        case ssl.SSLError():
            return SettingsError(
                f"{place} does not speak TLS as it should ({visible(error.reason or error, 200)}):"
                " correct kafka.security, or kafka.certificate_file if the broker asks for one"
            )
        case socket.gaierror():
            return BrokerUnavailable(f"{place} is a name nobody knows: correct kafka.bootstrap")
        case TimeoutError():
            said = f"does not answer within {_PATIENCE:.0f} s"
        case ConnectionRefusedError():
            said = "refuses connections"
        case OSError(errno=errno.EHOSTUNREACH | errno.ENETUNREACH):
            said = "cannot be reached"
        case _:
            problem = problem_of(error, place)
            return problem if isinstance(problem, SettingsError) else None
    return BrokerUnavailable(f"{place} {said}: start Kafka there, or correct kafka.bootstrap")


def _causes(error: BaseException) -> list[BaseException]:
    """An error and what brought it about, the first cause first."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.insert(0, following)
        following = following.__cause__ or following.__context__
    return chain
