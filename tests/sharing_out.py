"""How tests are shared out among processes: a module, or a group of them, stays in one.

So what a module's tests share is made once, and tests that share a server never meet each
other. Modules begin in the order of their paths, except that long ones come first: the last
to be begun are short, and no process waits long for another.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling

FIRST = (
    "tests/integration/test_kafka_",
    "tests/integration/",
    "tests/browser/",
    "tests/scenarios/",
)
"""Where long modules are; these run before the others when there are several processes."""


class ByModule(LoadGroupScheduling):
    """What carries `xdist_group` stays with its group, everything else with its module."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return scope.split("::", 1)[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule:  # noqa: ANN401  # xdist's own
    return ByModule(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _rank(item.nodeid))


def _rank(nodeid: str) -> int:
    return next((rank for rank, start in enumerate(FIRST) if nodeid.startswith(start)), len(FIRST))
