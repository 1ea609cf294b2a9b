"""What Alembic executes to run migrations: over the connection that it is given, in that one's transaction."""

from alembic import context

from docsvc.adapters.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
