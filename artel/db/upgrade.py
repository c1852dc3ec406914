"""What Alembic does for us: it writes the SQL of an upgrade. Imported only when there is one to do."""

import io
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config

from artel.db.statement import Engine

FOLDER: Final = Path(__file__).parent.parent / "migrations"


def script(engine: Engine, found: str | None) -> str:
    """The SQL that leads from a revision (None: an empty database) to the newest."""
    written = io.StringIO()
    config = Config(output_buffer=written)
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["engine"] = engine
    command.upgrade(config, f"{found}:head" if found else "head", sql=True)
    return written.getvalue()
