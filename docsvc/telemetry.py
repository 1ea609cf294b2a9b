"""Logs: static event names, values as fields, never personal data or secrets; named once here."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

SECRET_FIELDS = frozenset({"password", "secret", "key", "token", "case", "case_json"})


def _hide_secrets(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Whatever slips into a field that is named like a secret is not written."""
    for name in SECRET_FIELDS & event.keys():
        event[name] = "…"
    return event


def configure_logs(level: str) -> None:
    """One JSON object a line on standard error, from `level` up. Libraries stay quiet."""
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _hide_secrets,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


def logger(**fields: Any) -> structlog.typing.FilteringBoundLogger:
    """A logger with these fields bound."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(**fields)
    return bound
