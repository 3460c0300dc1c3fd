"""What can go wrong around the log, as one tree.

PipelineError
  SettingsError        a configuration that cannot be used (exit 2)
  EnvironmentProblem   the machine stands in the way (exit 3)
    LogUnavailable     the log cannot be read or written now; retryable
    LogInUse           another engine holds the log
    LogMismatch        the log is of another kind or version
    LogCorrupt         the database is damaged
    LogGone            a database's file was removed or replaced under a running engine
    BrokerUnavailable  no Kafka broker answers, or it cannot do it now; retryable
    TopicProblem       a topic is missing, or is not as it has to be
"""


class PipelineError(Exception):
    """The root: its text says what is wrong, where, and how to mend it."""

    exit_code = 1
    retryable = False


class SettingsError(PipelineError):
    """A configuration or argument that cannot be used."""

    exit_code = 2


class EnvironmentProblem(PipelineError):  # noqa: N818  # a problem of the place, not of ours
    """Something outside the program stands in the way."""

    exit_code = 3


class LogUnavailable(EnvironmentProblem):
    """The log cannot be read or written now (disk full, locked); nothing was half-written."""

    retryable = True


class LogInUse(EnvironmentProblem):
    """Another engine holds this log."""


class LogMismatch(EnvironmentProblem):
    """The log was made for another kind of time (clock, event) or by a newer version."""


class LogCorrupt(EnvironmentProblem):
    """The database is damaged."""


class LogGone(EnvironmentProblem):
    """The file of the log, or of mentions.db, was removed or replaced while it was worked on."""


class BrokerUnavailable(EnvironmentProblem):
    """No Kafka broker answers, or it cannot do now what is asked; the same may work later."""

    retryable = True


class TopicProblem(EnvironmentProblem):
    """A topic is missing, is not as it has to be, or may not be used by this user."""
