"""What every source that is read (rather than called) offers."""

from collections.abc import Iterator
from typing import Protocol

from pipeline.mention import Mention, Rejected


class Source(Protocol):
    """Something that is read to its end, in event-time order.

    What is bad about single mentions is data (`Rejected`); only what keeps the whole source from
    being read is raised, as `pipeline.errors.PipelineError`.
    """

    @property
    def name(self) -> str:
        """The name its mentions carry."""
        ...

    def read(self) -> Iterator[list[Mention | Rejected]]:
        """Yield chunks of about a thousand: mentions in event-time order, rejected anywhere."""
        ...


class Measured(Protocol):
    """A source that knows how far it is."""

    @property
    def total_bytes(self) -> int | None:
        """The work to do, in bytes; None while nobody knows."""
        ...

    @property
    def bytes_read(self) -> int:
        """The work done, in the same bytes; never falls."""
        ...
