"""PostgreSQL's problems as errors of the pipeline."""

from alerts.store import postgres_problems
from alerts.store.postgres_problems import Kind, Problem
from pipeline.errors import EnvironmentProblem, LogUnavailable, PipelineError, SettingsError

_ERRORS: dict[Kind, type[PipelineError]] = {
    Kind.SETTINGS: SettingsError,
    Kind.PLACE: EnvironmentProblem,
    Kind.AWAY: LogUnavailable,
}


def explain(where: str, error: BaseException) -> PipelineError:
    """Return the error that says what went wrong with a statement."""
    return _error(where, postgres_problems.explain(error))


def refused(where: str, error: BaseException) -> PipelineError:
    """Return the error that says why there is no connection."""
    return _error(where, postgres_problems.refused(error))


def _error(where: str, problem: Problem) -> PipelineError:
    return _ERRORS[problem.kind](f"{where}: {problem.text}")
