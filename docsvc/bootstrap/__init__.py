"""The only builder of adapters: from settings to use cases."""

from docsvc.bootstrap.adapters import now
from docsvc.bootstrap.first_use import Algorithm, diagnose, init_development_pki, open_service
from docsvc.bootstrap.offline import check_log, open_templates, open_verifier
from docsvc.bootstrap.service import Service

__all__ = [
    "Algorithm",
    "Service",
    "check_log",
    "diagnose",
    "init_development_pki",
    "now",
    "open_service",
    "open_templates",
    "open_verifier",
]
