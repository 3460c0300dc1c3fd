# ruff: noqa: N818  # these names say what is wrong; "Error" would add nothing
"""What can go wrong on the people's side, as one tree.

AlertsError
  StoreUnavailable     the incident store cannot be read or written now; retryable
  MovedElsewhere       another alerter went on from where this one stood; retryable
  NotLeading           another alerter pages now; retryable
  StoreGone            the store's file was removed or replaced while it was worked on
  StoreNewer           a newer version of the program made the store
  StoreCorrupt         the database is damaged
  MigrationFailed      the store could not be brought up to date; it is as it was
"""


class AlertsError(Exception):
    """The root: its text says what is wrong, where, and how to mend it."""

    exit_code = 1
    retryable = False


class StoreUnavailable(AlertsError):
    """The store cannot be read or written now (locked, disk full); nothing was half-written."""

    exit_code = 3
    retryable = True


class MovedElsewhere(AlertsError):
    """Another alerter went on from where this one stood; nothing was written."""

    exit_code = 3
    retryable = True


class NotLeading(AlertsError):
    """This alerter does not lead any more: another one delivers."""

    exit_code = 3
    retryable = True


class StoreGone(AlertsError):
    """The store's file was removed or replaced while it was worked on: nothing is kept in it."""

    exit_code = 3


class StoreNewer(AlertsError):
    """The store was made by a newer version of the program."""

    exit_code = 3


class StoreCorrupt(AlertsError):
    """The database is damaged, or is no incident store."""

    exit_code = 3


class MigrationFailed(AlertsError):
    """Bringing the store up to date failed; the store is as it was before."""

    exit_code = 3
