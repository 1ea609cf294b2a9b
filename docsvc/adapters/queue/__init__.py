"""The broker through Celery."""
