"""A process that applies a fixed feed and delivers until all is confirmed; made to be killed.

`python -m tests.integration.delivering STORE URL BRANDS AT`, where STORE is a database's address
"""

import sys
import time

from alerts.alerter import Alerter
from alerts.backoff import DeliverySettings
from alerts.couriers import Couriers
from alerts.delivery import Delivery
from alerts.feed import TimePassed
from alerts.notifiers.post import TimeLimits
from alerts.notifiers.webhook import WebhookNotifier
from alerts.policy import Policy, Receiver
from alerts.samples import NoSamples
from alerts.store import open_store
from pipeline.clock import SystemClock
from tests.scene import Feed, signal

NAMES = ("first", "second")


def feed_of(brands: int, at: int) -> Feed:
    """One surge a brand, and time that passes after every fifth."""
    feed = Feed()
    for number in range(brands):
        feed.add(signal(at, brand=f"brand{number}"))
        if number % 5 == 4:
            feed.add(TimePassed(at))
    return feed


def main() -> None:
    address, url, brands, at = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    clock = SystemClock()
    policy = Policy(receivers=tuple(map(Receiver, NAMES)), steps=(NAMES,))
    settings = DeliverySettings(
        series_first_wait=10, series_longest_wait=50, first_pause=200, longest_pause=200
    )
    feed = feed_of(brands, at)
    with open_store(address, durable=False) as store:
        notifiers = {
            name: WebhookNotifier(url, clock.now, limits=TimeLimits(300, 300)) for name in NAMES
        }
        delivery = Delivery(
            store, policy, notifiers, NoSamples(), settings, waits_for_samples=False
        )
        with Couriers(store, delivery, NAMES, clock.now) as couriers:
            alerter = Alerter(store, policy, delivery, couriers=couriers)
            while True:
                records = feed.read(alerter.position, 7)
                alerter.apply(records, clock.now())
                alerter.advance(clock.now())
                with store.read() as view:
                    waiting = view.waiting(limit=1)
                if not records and not waiting:
                    break
                time.sleep(0.005)
        for notifier in notifiers.values():
            notifier.close()


if __name__ == "__main__":
    main()
