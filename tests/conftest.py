"""What every test starts from."""

from collections.abc import Iterator

import pytest
import structlog

from tests.broker import (  # noqa: F401  # fixtures, known to every test
    any_broker,
    broker,
    make_topics,
    needs_jars,
    stop_shared,
    topics,
)
from tests.postgres import (  # noqa: F401  # fixtures, known to every test
    database,
    database_place,
    place,
    postgres,
    stop_shared_postgres,
)
from tests.sharing_out import pytest_collection_modifyitems, pytest_xdist_make_scheduler

__all__ = ["pytest_collection_modifyitems", "pytest_xdist_make_scheduler"]


@pytest.fixture(autouse=True)
def _the_log_as_it_ships() -> Iterator[None]:
    """A test that configured the program's log leaves no trace in the next."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The broker of a run goes with it."""
    if not hasattr(session.config, "workerinput"):
        stop_shared(session.config)
        stop_shared_postgres(session.config)
