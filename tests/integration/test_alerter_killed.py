"""Killed at random moments while a receiver fails one call in five: nothing lost, one key each."""

import random
import subprocess
import sys
import time
from collections import Counter

from alerts.lifecycle import fold
from alerts.notification import Outcome
from alerts.store import open_store
from pipeline.clock import SystemClock
from pipeline.stores.place import Place
from tests.integration.delivering import NAMES
from tests.peer import a_peer

BRANDS = 40
KILLS = 8
WAYS = ("500", "reset", "half", "429:0", "hang")


def test_killed_while_delivering(place: Place) -> None:
    chance = random.Random(20261121)
    with a_peer() as peer:
        peer.way = lambda _: chance.choice(WAYS) if chance.random() < 0.2 else "204"
        command = [
            sys.executable,
            "-m",
            "tests.integration.delivering",
            place.incidents_url,
            peer.url,
            str(BRANDS),
            str(SystemClock().now()),
        ]
        killed = 0
        for _ in range(KILLS):
            heard = len(peer.heard)
            process = subprocess.Popen(command)
            more = chance.randrange(1, 12)
            while process.poll() is None and len(peer.heard) < heard + more:
                time.sleep(0.001)
            time.sleep(chance.random() * 0.02)
            killed += process.poll() is None
            process.kill()
            process.wait()
        subprocess.run(command, check=True, timeout=120)
        heard = list(peer.heard)
        accepted = Counter(each.key for each in peer.accepted())
    with open_store(place.incidents_url) as store, store.read() as view:
        incidents = view.incidents()
        rows = view.notifications(limit=10_000)
        histories = {incident.id: fold(view.events(incident.id)) for incident in incidents}
        ledgers = {row.notification.key: view.attempts(row.id) for row in rows}
    assert killed >= KILLS // 2
    assert len(incidents) == BRANDS
    assert histories == {incident.id: incident for incident in incidents}
    planned = {f"{each.id}:{name}:page:1" for each in incidents for name in NAMES}
    assert {row.notification.key for row in rows} == planned
    assert len(rows) == len(planned)
    assert {row.outcome for row in rows} == {Outcome.DELIVERED}
    assert set(accepted) == planned
    assert {each.key for each in heard} == planned
    for key, attempts in ledgers.items():
        calls = sum(each.key == key for each in heard)
        assert calls <= len(attempts), "every call was written down before it was made"
        unfinished = sum(attempt.result is None for attempt in attempts)
        assert accepted[key] <= 1 + unfinished + sum(
            attempt.result == "unconfirmed" for attempt in attempts
        ), "a repeat only where the answer was not lived to be written"
