"""Events and the incidents folded from them, as rows."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from alerts.incident import AnyEvent, Incident
from alerts.store.schema import incident_events, incidents

_events_decoder = msgspec.json.Decoder(AnyEvent)
_incident_decoder = msgspec.json.Decoder(Incident)
_encoder = msgspec.json.Encoder()


_one = sa.select(incidents.c.body).where(incidents.c.id == sa.bindparam("incident"))
_latest = (
    sa.select(incidents.c.body)
    .where(
        incidents.c.brand == sa.bindparam("of_brand"), incidents.c.rule == sa.bindparam("of_rule")
    )
    .order_by(incidents.c.is_open.desc(), incidents.c.opened_at.desc(), incidents.c.id.desc())
    .limit(1)
)
_watched = sa.select(incidents.c.body).where(incidents.c.is_watched == 1).order_by(incidents.c.id)
_last_event = sa.select(sa.func.max(incident_events.c.id))
_insert_event = incident_events.insert()


def append(
    connection: sa.Connection, before: Incident | None, events: Sequence[AnyEvent], after: Incident
) -> None:
    """Write the events and the incident they were folded into."""
    count = 0 if before is None else before.events
    connection.execute(
        _insert_event,
        [
            {
                "incident_id": after.id,
                "number": count + index,
                "at": event.at,
                "kind": event_kind(event),
                "body": _encoder.encode(event),
            }
            for index, event in enumerate(events, start=1)
        ],
    )
    row = {
        "brand": after.brand,
        "rule": str(after.rule),
        "state": str(after.state),
        "is_open": int(after.is_open),
        "is_watched": 1,
        "severity": str(after.severity),
        "opened_at": after.opened_at,
        "events": after.events,
        "body": _encoder.encode(after),
    }
    if before is None:
        connection.execute(incidents.insert().values(id=after.id, **row))
    else:
        connection.execute(incidents.update().where(incidents.c.id == after.id).values(**row))


def event_kind(event: AnyEvent) -> str:
    """Name what happened, as it is written in the event's JSON."""
    return str(event.__struct_config__.tag)


def one(connection: sa.Connection, incident_id: str) -> Incident | None:
    """Return the incident of this id."""
    body = connection.execute(_one, {"incident": incident_id}).scalar()
    return None if body is None else _incident_decoder.decode(body)


def latest(connection: sa.Connection, brand: str, rule: str) -> Incident | None:
    """Return the open incident of a brand and rule, else the one that opened last."""
    body = connection.execute(_latest, {"of_brand": brand, "of_rule": rule}).scalar()
    return None if body is None else _incident_decoder.decode(body)


def listed(  # noqa: PLR0913  # each narrows the list
    connection: sa.Connection,
    *,
    only_open: bool = False,
    brand: str | None = None,
    severity: str | None = None,
    before: tuple[int, str] | None = None,
    limit: int | None = None,
) -> list[Incident]:
    """Incidents, the last opened first; `before`: those behind one's opening and id."""
    query = sa.select(incidents.c.body).order_by(
        incidents.c.opened_at.desc(), incidents.c.id.desc()
    )
    if only_open:
        query = query.where(incidents.c.is_open == 1)
    if brand is not None:
        query = query.where(incidents.c.brand == brand)
    if severity is not None:
        query = query.where(incidents.c.severity == severity)
    if before is not None:
        at, incident_id = before
        query = query.where(
            sa.or_(
                incidents.c.opened_at < at,
                sa.and_(incidents.c.opened_at == at, incidents.c.id < incident_id),
            )
        )
    if limit is not None:
        query = query.limit(limit)
    return [_incident_decoder.decode(body) for body in connection.execute(query).scalars()]


def watched(connection: sa.Connection) -> list[Incident]:
    """Return the incidents about which something may still have to be said, by id."""
    return [_incident_decoder.decode(body) for body in connection.execute(_watched).scalars()]


def unwatch(connection: sa.Connection, incident_id: str) -> None:
    """Nothing is to be said any more, unless something happens to it."""
    connection.execute(incidents.update().where(incidents.c.id == incident_id).values(is_watched=0))


def ids(connection: sa.Connection) -> list[str]:
    """Every incident's id."""
    return list(connection.execute(sa.select(incidents.c.id).order_by(incidents.c.id)).scalars())


def events_of(connection: sa.Connection, incident_id: str) -> list[AnyEvent]:
    """Every event of an incident, in order."""
    found = connection.execute(
        sa.select(incident_events.c.body)
        .where(incident_events.c.incident_id == incident_id)
        .order_by(incident_events.c.number)
    ).scalars()
    return [_events_decoder.decode(body) for body in found]


def last_event(connection: sa.Connection) -> int:
    """Return the number of the newest event of all, 0 when there is none."""
    found: int | None = connection.execute(_last_event).scalar()
    return found or 0
