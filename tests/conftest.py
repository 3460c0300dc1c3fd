"""What every test starts from."""

from collections.abc import Iterator

import pytest
import structlog

from tests.sharing_out import pytest_collection_modifyitems, pytest_xdist_make_scheduler

__all__ = ["pytest_collection_modifyitems", "pytest_xdist_make_scheduler"]


@pytest.fixture(autouse=True)
def _the_log_as_it_ships() -> Iterator[None]:
    """A test that configured the program's log leaves no trace in the next."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
