"""What is wrong with the monitor itself, the most urgent first, each with what to do."""

from collections.abc import Iterator

from alerts.times import span
from dashboards.views.health_story import HealthStory, PartitionHealth, Problem
from dashboards.views.progress_apart import numbered

MINUTE = 60_000
FAR_BEHIND = 100_000
"""Mentions that wait to be folded."""
BEHIND_FOR = MINUTE
WAITS_FOR = 10 * MINUTE
FAILED_TIMES = 3
"""A page that failed so often is told at once, however short it waits."""
LITTLE_ROOM = 0.05
LEAST_ROOM = 512 * 1024 * 1024
MANY_REJECTED = 20
MOST_NAMED = 6
"""Brands named in one sentence."""


def problems_of(story: HealthStory, rejected_lately: int) -> tuple[Problem, ...]:
    """Find what is wrong; what may cost a page comes first."""
    found = [
        *_unread(story),
        *(_apart(story) if story.apart else _engine(story)),
        *_ahead(story),
        *_messages(story),
        *_sources(story),
        *_stages(story),
        *_room(story),
    ]
    if rejected_lately >= MANY_REJECTED:
        found.append(
            Problem(
                critical=False,
                what=f"{rejected_lately:,} inputs of the last hour were rejected",
                do="See the last ten below, mend the sender, then `crisis-monitor rejected replay`",
            )
        )
    return tuple(sorted(found, key=lambda problem: not problem.critical))


def _unread(story: HealthStory) -> Iterator[Problem]:
    for said in story.unread:
        yield Problem(
            critical=True,
            what=f"A store cannot be read: {said}",
            do="Mend it as it says; what is told below is told without it, and this page goes on "
            "by itself"
            if story.apart
            else "Mend that file as it says, then start `crisis-monitor run` again; what is told "
            "below is told without it",
            runbook="engine-down",
        )


def _engine(story: HealthStory) -> Iterator[Problem]:
    engine = story.engine
    if engine.time is None:
        yield Problem(
            critical=True,
            what="Detection has not begun",
            do="Start `crisis-monitor run`, or look at what it says",
            runbook="engine-down",
        )
    if engine.stands_since is not None:
        yield Problem(
            critical=True,
            what="Detection stands: nothing is noticed",
            do="Look at the engine's log and at `crisis-monitor doctor`; start it again",
            runbook="engine-down",
            since=engine.stands_since,
        )


def _apart(story: HealthStory) -> Iterator[Problem]:
    """Tell which partitions have not begun or stand, and whose people's side does not keep up."""
    if story.unread and not story.partitions:
        return  # nothing can be said of them
    new = [each for each in story.partitions if each.time is None]
    if len(new) == len(story.partitions):
        yield Problem(
            critical=True,
            what="Detection has not begun",
            do="Start `crisis-monitor ingest`, `worker` and `alerter`, or look at what each one's "
            "/readyz says",
            runbook="engine-down",
        )
    elif new:
        yield Problem(
            critical=True,
            what=f"Detection has not begun in {_named(new)}",
            do="See `crisis-monitor lag` and each worker's /readyz; [kafka] partitions must be "
            "what the topics have",
            runbook="engine-down",
        )
    stand = [each for each in story.partitions if each.stands]
    if stand:
        everywhere = len(stand) == len(story.partitions)
        yield Problem(
            critical=True,
            what="Detection stands: nothing is noticed"
            if everywhere
            else f"Detection stands in {_named(stand)}: nothing is noticed of their brands",
            do="Only what reached the stores is seen from here: see `crisis-monitor lag` for what "
            "waits where, then the log and /readyz of each ingest, worker and alerter",
            runbook="engine-down",
            since=min((each.time for each in stand if each.time is not None), default=None),
        )
    late = [each for each in story.partitions if (each.people_late or 0) > BEHIND_FOR]
    if late:
        longest = max(each.people_late or 0 for each in late)
        yield Problem(
            critical=True,
            what=f"Incidents are {span(longest)} behind detection in {_named(late)}",
            do="Look at the alerter's log and /readyz: pages wait until it has caught up",
            runbook="engine-down",
        )


def _named(partitions: list[PartitionHealth]) -> str:
    """Name partitions and some of their brands, as a person would."""
    said = numbered(each.number for each in partitions)
    brands = [name for each in partitions for name in each.brands]
    more = sum(each.more_brands for each in partitions) + len(brands[MOST_NAMED:])
    if not brands:
        return said
    return f"{said} ({', '.join(brands[:MOST_NAMED])}{f' and {more} more brands' if more else ''})"


def _ahead(story: HealthStory) -> Iterator[Problem]:
    engine = story.engine
    if engine.ahead_by > MINUTE:
        yield Problem(
            critical=True,
            what=f"The log is {span(engine.ahead_by)} ahead of this machine's clock",
            do="Set the clock (NTP); until it has passed the log's time nothing new is noticed",
            runbook="engine-down",
        )


def _messages(story: HealthStory) -> Iterator[Problem]:
    alone = bool(story.receivers) and all(each.kind == "console" for each in story.receivers)
    if alone and not story.engine.event_mode:
        yield Problem(
            critical=True,
            what="Pages go to the console alone: tonight they would wake nobody",
            do="Name a receiver of kind `webhook` in the configuration, then start again",
            runbook="delivery-failing",
        )
    if story.refused:
        last, count = story.refused[0], len(story.refused)
        many = "A message of the last day was" if count == 1 else f"{count} messages were"
        yield Problem(
            critical=True,
            what=f"{many} refused, the last by {last.receiver}: {last.detail}",
            do="Mend the receiver's address or secret: what was refused is not tried again",
            runbook="delivery-failing",
        )
    late = [
        row
        for row in story.waiting
        if story.now - row.since > WAITS_FOR or (row.pages and row.attempts >= FAILED_TIMES)
    ]
    if late:
        oldest = min(late, key=lambda row: row.since)
        why = f": {oldest.detail}" if oldest.detail else ""
        what = "A page fails" if oldest.pages else "Messages wait"
        yield Problem(
            critical=True,
            what=f"{what} for {oldest.receiver}{why}",
            do="Mend the receiver; what waits is tried again by itself",
            runbook="delivery-failing",
            since=oldest.since,
        )


def _sources(story: HealthStory) -> Iterator[Problem]:
    incidents = {incident.brand: incident.id for incident in story.silent}
    for source in story.sources:
        if source.silent_since is not None:
            yield Problem(
                critical=True,
                what=f"Nothing comes from {source.name}, against its own rhythm",
                do="Look at its sender; until it is heard again no all-clear is given",
                runbook="blindness",
                since=source.silent_since,
                incident=incidents.get(f"source:{source.name}", ""),
            )


def _stages(story: HealthStory) -> Iterator[Problem]:
    for stage in story.stages:
        if stage.behind is not None and stage.behind > BEHIND_FOR and not story.engine.event_mode:
            yield Problem(
                critical=stage.name in {"detection", "people"},
                what=f"The stage `{stage.name}` is {span(stage.behind)} behind",
                do="If it does not catch up by itself, look at the engine's log",
                runbook="engine-down",
            )
    for name in story.engine.catching_up:
        yield Problem(
            critical=False,
            what=f"{name} is catching up after a start",
            do="Wait: time goes on once it has, after 10 minutes at most",
        )


def _room(story: HealthStory) -> Iterator[Problem]:
    disk = story.disk
    if disk is None:
        return
    full = disk.free < LEAST_ROOM
    if full or disk.free < LITTLE_ROOM * disk.total:
        yield Problem(
            critical=full,
            what="The disk of the databases is nearly full",
            do="Make room, or shorten the retention in [storage]; a full disk stops everything",
            runbook="engine-down",
        )
