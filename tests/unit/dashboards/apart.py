"""The stores of a road apart, written by the test as an alerter would, and read through `books`."""

from alerts.incident import Incident
from alerts.lifecycle import decide
from alerts.notification import Due
from alerts.store import FeedPosition, open_store
from alerts.timers import due
from dashboards.views.books import Books
from dashboards.views.progress_apart import Road
from detectors.reading import Rule
from pipeline.log import LogKind
from pipeline.placing import partition_of
from pipeline.stores import BucketTable, MentionStore
from pipeline.stores.place import Place
from pipeline.stores.rejected import RejectedStore
from pipeline.wire import BucketRecord
from tests.unit.alerts.story import POLICY, signal
from tests.unit.dashboards.shelved import MINUTE

ROAD = Road(LogKind.CLOCK, 4, MINUTE, MINUTE)
KAFKA = {"bootstrap": ["kafka.example:9092"], "partitions": ROAD.partitions}


def brand_in(partition: int, partitions: int = ROAD.partitions) -> str:
    """A brand that belongs into this partition."""
    return next(
        name
        for name in (f"Brand {number}" for number in range(1_000))
        if partition_of(name, partitions) == partition
    )


class ApartStores:
    """Stores of a place, with four partitions unless the road says otherwise."""

    def __init__(self, place: Place, road: Road = ROAD) -> None:
        self.place = place
        self.road = road
        self.incidents = open_store(place.incidents_url, durable=False)
        self.buckets = BucketTable(place, durable=False)
        self.mentions = MentionStore(place, durable=False)
        self.rejected = RejectedStore(place, durable=False)
        self.books = Books(place, self.incidents, road)

    def reach(self, partition: int, time: int, *records: BucketRecord) -> None:
        """Say that detection has come so far in a partition, with what it closed on the way."""
        before = self.buckets.position(partition)
        self.buckets.take(
            records,
            before.offset + 1,
            partition=partition,
            origin=before.origin + 10,
            time=time,
        )

    def reach_all(self, time: int) -> None:
        """Say it of every partition."""
        for partition in range(self.road.partitions):
            self.reach(partition, time)

    def apply(self, partition: int, offset: int, time: int | None) -> None:
        """Say how far a partition's signals were applied to the incidents."""
        with self.incidents.write() as work:
            work.advance_feed(partition, FeedPosition(offset, time))

    def open(self, brand: str, at: int, rule: Rule = Rule.NEGATIVE_SURGE) -> Incident:
        """Open an incident as a signal does, its page planned."""
        with self.incidents.write() as work:
            events = decide(None, signal(rule=rule, brand=brand, at=at, opened_at=at), at)
            assert isinstance(events, tuple)
            incident = work.record(None, events)
            assert incident is not None
            for each in due(incident, (), at, POLICY):
                assert isinstance(each, Due)
                work.plan(each, at)
        return incident

    def done(self) -> None:
        """Close everything."""
        self.books.close()
        for each in (self.incidents, self.buckets, self.mentions, self.rejected):
            each.close()
