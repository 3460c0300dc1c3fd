"""How many notifications a second leave by a webhook: `python -m tests.bench.delivery`.

The whole way: signals applied, intents written, each attempt written before and after the call,
signed, posted to a receiver on this machine. SQLite on disk, every commit synced.
"""

import argparse
import json
import logging
import tempfile
import time
from pathlib import Path

import structlog

from alerts.alerter import Alerter
from alerts.backoff import DeliverySettings
from alerts.couriers import Couriers
from alerts.delivery import Delivery
from alerts.feed import TimePassed
from alerts.notifiers.secret import SigningSecret
from alerts.notifiers.webhook import WebhookNotifier
from alerts.policy import Policy, Receiver
from alerts.samples import NoSamples
from alerts.store import open_store
from pipeline.clock import SystemClock, stopwatch
from tests.peer import a_peer
from tests.scene import Feed, signal

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def measure(incidents: int, receivers: int, *, durable: bool) -> dict[str, float]:
    """Open so many incidents at once, page every receiver for each, until all are confirmed."""
    clock = SystemClock()
    names = [f"receiver{number}" for number in range(receivers)]
    policy = Policy(receivers=tuple(map(Receiver, names)), steps=(tuple(names),))
    with tempfile.TemporaryDirectory() as folder, a_peer() as peer:
        url = f"sqlite:///{Path(folder) / 'incidents.db'}"
        with open_store(url, durable=durable) as store:
            notifiers = {
                name: WebhookNotifier(peer.url, clock.now, secret=SigningSecret(SECRET))
                for name in names
            }
            delivery = Delivery(
                store, policy, notifiers, NoSamples(), DeliverySettings(), waits_for_samples=False
            )
            now = clock.now()
            feed = Feed(signal(now, brand=f"brand{number}") for number in range(incidents))
            feed.add(TimePassed(now))
            with Couriers(store, delivery, names, clock.now) as couriers:
                alerter = Alerter(store, policy, delivery, couriers=couriers)
                start = stopwatch()
                alerter.catch_up(feed, now)
                intended = stopwatch()
                while len(peer.accepted()) < incidents * receivers:
                    time.sleep(0.005)
                done = stopwatch()
            for notifier in notifiers.values():
                notifier.close()
    return {
        "incidents": incidents,
        "receivers": receivers,
        "intents_per_second": round(incidents * receivers / (intended - start)),
        "notifications_per_second": round(incidents * receivers / (done - start)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, default=300)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    found = [measure(chosen.incidents, receivers, durable=True) for receivers in (1, 4)]
    if chosen.format == "json":
        print(json.dumps(found))
        return
    for row in found:
        print(
            f"{row['receivers']} receivers, {row['incidents']} incidents: "
            f"{row['intents_per_second']} intents/s, "
            f"{row['notifications_per_second']} confirmed notifications/s"
        )


if __name__ == "__main__":
    main()
