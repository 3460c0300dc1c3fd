"""The incident store: events, incidents, outbox, ledger and feed offsets in one SQL database.

`open_store(url)` brings it up to date and gives an `IncidentStore`; `store.write()` is one
transaction in which everything moves together, `store.read()` a consistent view.
"""

from alerts.store.incident_store import IncidentStore, View, Work, open_store
from alerts.store.rows import Attempt, FeedPosition, Planned

__all__ = [
    "Attempt",
    "FeedPosition",
    "IncidentStore",
    "Planned",
    "View",
    "Work",
    "open_store",
]
