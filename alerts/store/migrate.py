"""Brings a store up to date when it is opened."""

import logging
from pathlib import Path

import sqlalchemy as sa

from alerts.errors import MigrationFailed, StoreNewer

STEPS = Path(__file__).parent / "migrations"


def is_up_to_date(connection: sa.Connection, steps: Path = STEPS) -> bool:
    """Tell whether the store carries the newest step; reads only, and does without alembic."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return False
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    newest = max(step.name.partition("_")[0] for step in (steps / "versions").glob("[0-9]*.py"))
    return bool(found == newest)


def migrate(connection: sa.Connection, where: str, steps: Path = STEPS) -> None:
    """Apply the steps the store does not have yet, inside the connection's transaction.

    The caller commits on return; on any error the store is as it was. Raises `StoreNewer` when
    the store carries a step this version does not know, `MigrationFailed` when a step fails.
    `where` names the store in messages.
    """
    # Alembic takes a tenth of a second to import: only where there is something to do.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(steps).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = ScriptDirectory.from_config(config)
    newest = known.get_current_head()
    found = MigrationContext.configure(connection).get_current_revision()
    if found == newest:
        return
    if found is not None and found not in {step.revision for step in known.walk_revisions()}:
        raise StoreNewer(
            f"the incident store {where} is at step {found}, newer than this program's "
            f"{newest}: run the newer crisis-monitor, or restore the copy made before it"
        )
    chatter = logging.getLogger("alembic")
    level = chatter.level
    chatter.setLevel(logging.WARNING)
    try:
        command.upgrade(config, "head")
    except Exception as error:
        cause = str(error).splitlines()[0]
        raise MigrationFailed(
            f"the incident store {where} could not be brought from step {found or 'none'} to "
            f"{newest}: {cause}. It is as it was; free the cause and start again"
        ) from error
    finally:
        chatter.setLevel(level)
