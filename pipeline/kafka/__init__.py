"""The road on Kafka: the one place that knows its clients, apart from the worker's Faust."""

from importlib.util import find_spec

from pipeline.errors import EnvironmentProblem


def require_kafka() -> None:
    """Make sure that the clients of Kafka are installed.

    Called before anything of them is imported. Raises `EnvironmentProblem`, which says what to
    install.
    """
    if any(find_spec(module) is None for module in ("kafka", "aiokafka")):
        raise EnvironmentProblem(
            "the clients of Kafka are not installed here: pip install 'crisis-monitor[kafka]'"
        )
