"""One membership of the consumer group in one of its generations, and the proof that it lasts."""

import asyncio
from typing import Any

import faust
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    IllegalGenerationError,
    KafkaError,
    NoError,
    NotCoordinatorForGroupError,
    RebalanceInProgressError,
    UnknownMemberIdError,
    for_code,
)
from aiokafka.protocol.group import HeartbeatRequest

PROOF_TIME = 10.0
ASK_AGAIN = 0.2


class OwnershipLost(Exception):  # noqa: N818  # a fact, not a fault
    """The group has gone on without us: what was not confirmed by now is somebody else's."""


class Ownership:
    """What a partition's owner is in the eyes of the group's coordinator."""

    def __init__(self, app: faust.App) -> None:
        self._app = app
        coordinator = _coordinator(app)
        self.generation = int(coordinator.generation)
        self.member = str(coordinator.member_id)

    def follows(self, before: "Ownership") -> bool:
        """Whether nobody can have owned our partitions between that membership and this one."""
        return self.member == before.member and self.generation == before.generation + 1

    async def prove(self) -> None:
        """Return once the coordinator has said, of a question sent now, that we are a member.

        While the group gathers for its next generation this one is still in force. Raises
        OwnershipLost, or KafkaError or TimeoutError when no answer could be had.
        """
        loop = _thread(self._app).thread_loop  # the loop its client lives in
        asked = asyncio.run_coroutine_threadsafe(self._ask_until_answered(), loop)
        error: type[KafkaError] = await asyncio.wait_for(asyncio.wrap_future(asked), PROOF_TIME)
        if error in {NoError, RebalanceInProgressError}:
            return
        if error in {IllegalGenerationError, UnknownMemberIdError}:
            raise OwnershipLost(error.__name__)
        raise error

    async def _ask_until_answered(self) -> type[KafkaError]:
        while True:
            error = await self._ask()
            if error is RebalanceInProgressError or not error.retriable:
                return error
            await asyncio.sleep(ASK_AGAIN)

    async def _ask(self) -> type[KafkaError]:
        coordinator = _coordinator(self._app)
        await coordinator.ensure_coordinator_known()
        try:
            answer = await coordinator._send_req(  # noqa: SLF001  # aiokafka has no public way
                HeartbeatRequest(coordinator.group_id, self.generation, self.member)
            )
        except KafkaError as error:
            return type(error)
        found: type[KafkaError] = for_code(answer.error_code)
        if found in {GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError}:
            coordinator.coordinator_dead()
        return found


def _coordinator(app: faust.App) -> Any:  # noqa: ANN401  # untyped library
    consumer = _thread(app)._consumer  # noqa: SLF001  # Faust hands it out nowhere
    if consumer is None:
        raise KafkaError("the consumer is not connected")
    return consumer._coordinator  # noqa: SLF001


def _thread(app: faust.App) -> Any:  # noqa: ANN401  # untyped library
    return app.consumer._thread  # type: ignore[attr-defined]  # noqa: SLF001  # of its Kafka driver
