"""The only builder of adapters: from settings to use cases."""

from docsvc.bootstrap.adapters import now
from docsvc.bootstrap.custody import SealReport, custody_report, make_token_key
from docsvc.bootstrap.diagnosis import diagnose
from docsvc.bootstrap.first_use import (
    Algorithm,
    end_with,
    init_development_pki,
    open_database,
    open_process,
    open_service,
)
from docsvc.bootstrap.offline import (
    blank_table,
    case_facts,
    check_log,
    check_scan,
    merge_pages,
    open_press,
    open_press_room,
    open_template_desk,
    open_templates,
    open_verifier,
)
from docsvc.bootstrap.seal_keys import import_seal, list_certificates, renew_seal, revoke_certificate
from docsvc.bootstrap.service import Service

__all__ = [
    "Algorithm",
    "SealReport",
    "Service",
    "blank_table",
    "case_facts",
    "check_log",
    "check_scan",
    "custody_report",
    "diagnose",
    "end_with",
    "import_seal",
    "init_development_pki",
    "list_certificates",
    "make_token_key",
    "merge_pages",
    "now",
    "open_database",
    "open_press",
    "open_press_room",
    "open_process",
    "open_service",
    "open_template_desk",
    "open_templates",
    "open_verifier",
    "renew_seal",
    "revoke_certificate",
]
