"""Alembic's entry: migrations run on the connection that ``storage.database`` hands over."""

from alembic import context

from storage.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True
)
context.run_migrations()
