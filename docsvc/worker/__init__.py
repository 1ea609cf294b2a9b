"""The processes that do the work behind the web: Celery worker, scheduler, sequencer."""
