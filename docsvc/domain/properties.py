"""What a file says of itself, without being opened: its title, whose it is, and what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from docsvc.domain.document import Accepted

LANGUAGE: Final = "zh-CN"


@dataclass(frozen=True, slots=True)
class Properties:
    """Properties of a Word file and, from there, of its PDF. They name no person and tell nothing of the facts.

    File managers, search engines, mail programs and title bars show them to people who never open the document.
    """

    title: str
    author: str
    subject: str
    keywords: tuple[str, ...]
    language: str = LANGUAGE


def properties_of(accepted: Accepted) -> Properties:
    """Title and number, agency, agency with title, and what a search may know: action code, number, type."""
    title = accepted.doc_type.manifest.title_of(accepted.case.data["body"])
    number, agency = accepted.number.text, accepted.agency.name
    test = ("测试数据",) if accepted.case.is_test else ()
    return Properties(
        title=f"{title}（{number}）",
        author=agency,
        subject=f"{agency}{title}",
        keywords=(accepted.case.action_code, number, accepted.case.doc_type, *test),
    )
