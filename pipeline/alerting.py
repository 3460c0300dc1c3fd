"""From settings to the people's side: incident store, notifiers, delivery, alerter."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from rich.console import Console

from alerts.alerter import Alerter
from alerts.backoff import DeliverySettings
from alerts.couriers import Couriers
from alerts.delivery import Delivery, always
from alerts.notifiers.answer import Answer, Result
from alerts.notifiers.console import ConsoleNotifier
from alerts.notifiers.post import TimeLimits
from alerts.notifiers.protocol import Message, Notifier
from alerts.notifiers.secret import SigningSecret
from alerts.notifiers.webhook import WebhookNotifier
from alerts.policy import Policy
from alerts.samples import SampleSource
from alerts.store import IncidentStore, open_store
from pipeline.errors import LogMismatch, SettingsError
from pipeline.log import SqliteLog
from pipeline.settings import Settings
from pipeline.settings.sections.receiver import ReceiverKind, ReceiverSection
from pipeline.stores.feed import LogFeed
from pipeline.stores.place import Place

Now = Callable[[], int]


class Recorder:
    """A notifier that sends nothing and always delivers: for backtests."""

    def deliver(self, message: Message, *, key: str) -> Answer:
        """Take the message and keep nothing: the outbox has it all."""
        del message, key
        return Answer(Result.DELIVERED, "recorded, not sent")

    def close(self) -> None:
        """Nothing to let go."""


def make_notifiers(
    settings: Settings, read_now: Now, *, console: Console | None = None
) -> dict[str, Notifier]:
    """One notifier for each configured receiver; SettingsError for a secret that is missing."""
    return {
        receiver.name: _notifier(receiver, read_now, console) for receiver in settings.receivers
    }


def _nearby(settings: Settings, page: str) -> dict[str, str]:
    if settings.public_url or not page:
        return {}
    return {
        receiver.name: page
        for receiver in settings.receivers
        if receiver.kind is ReceiverKind.CONSOLE
    }


def _notifier(receiver: ReceiverSection, read_now: Now, console: Console | None) -> Notifier:
    if receiver.kind is ReceiverKind.CONSOLE:
        return ConsoleNotifier(console)
    secrets = receiver.secrets()
    try:
        secret = SigningSecret(secrets[0].reveal()) if secrets else None
    except ValueError as error:
        raise SettingsError(f"receiver {receiver.name!r}: {error}") from None
    return WebhookNotifier(
        receiver.address().reveal(),
        read_now,
        secret=secret,
        limits=TimeLimits(min(5_000, receiver.timeout), receiver.timeout),
    )


def recorders(policy: Policy) -> dict[str, Notifier]:
    """Notifiers that record and send nothing, one for each receiver of the policy."""
    return {receiver.name: Recorder() for receiver in policy.receivers}


class People(msgspec.Struct):
    """The people's side of one place: incident store, alerter, and who delivers."""

    store: IncidentStore
    alerter: Alerter
    notifiers: Mapping[str, Notifier]
    couriers: Couriers | None

    def start(self) -> None:
        """Begin to deliver (clock time)."""
        if self.couriers is not None:
            self.couriers.start()

    def close(self) -> None:
        """Finish the calls under way and close the store."""
        if self.couriers is not None:
            self.couriers.stop()
        for notifier in self.notifiers.values():
            notifier.close()
        self.store.close()


class Alerting(People):
    """The people's side of one data directory: `step` moves it, `close` lets it go."""

    feed: LogFeed

    def step(self, now: int) -> int:
        """Apply what the log has, and say what is due; return the number of records."""
        return self.alerter.catch_up(self.feed, now)


def make_people(  # noqa: PLR0913  # the things the people's side touches, each replaceable
    place: Place,
    settings: Settings,
    samples: SampleSource,
    notifiers: Mapping[str, Notifier],
    *,
    read_now: Now | None,
    partitions: int = 1,
    may_deliver: Callable[[], bool] = always,
    durable: bool = True,
    page: str = "",
) -> People:
    """Put the people's side together; with `read_now` its time is the clock's, else the log's.

    Of several alerters on one place only that one delivers which `may_deliver` at that moment.
    `page` is where the live page is found on this machine: without a public address, messages to
    the console lead there.
    """
    policy = settings.policy()
    store = open_store(place.incidents_url, durable=durable)
    delivery = Delivery(
        store,
        policy,
        notifiers,
        samples,
        DeliverySettings(),
        waits_for_samples=read_now is not None,
        public_url=settings.public_url,
        nearby=_nearby(settings, page),
        may_deliver=may_deliver,
    )
    couriers = (
        None
        if read_now is None
        else Couriers(store, delivery, [each.name for each in policy.receivers], read_now)
    )
    alerter = Alerter(store, policy, delivery, couriers=couriers, partitions=partitions)
    return People(store, alerter, notifiers, couriers)


def make_alerting(  # noqa: PLR0913  # as above
    directory: Path,
    settings: Settings,
    log: SqliteLog,
    samples: SampleSource,
    notifiers: Mapping[str, Notifier],
    *,
    read_now: Now | None,
    durable: bool = True,
    page: str = "",
) -> Alerting:
    """Put the people's side of an embedded engine together (see `make_people`)."""
    people = make_people(
        Place(directory),
        settings,
        samples,
        notifiers,
        read_now=read_now,
        durable=durable,
        page=page,
    )
    if people.alerter.position > log.signals_end:
        people.store.close()
        raise LogMismatch(
            f"{directory / 'incidents.db'} has read further than {log.path} reaches, so it belongs "
            "to another log; bring both back from one backup, or move it away to begin anew"
        )
    return Alerting(people.store, people.alerter, people.notifiers, people.couriers, LogFeed(log))
