"""Alembic prints SQL here and runs none: see db/upgrade.py."""

from alembic import context

context.configure(dialect_name=context.config.attributes["engine"], literal_binds=True)
context.run_migrations()
