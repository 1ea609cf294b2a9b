"""What the index of a file says: its cover, its entries and media, the remarks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docsvc.domain.document import Accepted
from docsvc.domain.phrases import Row, date, ended, paragraphs, row, rows_of, word
from docsvc.domain.wording.blocks import case_rows, delivery_rows, officer_rows, party_rows


def archive_index(body: Mapping[str, Any], accepted: Accepted) -> dict[str, Any]:
    """Cover, entries, media and the table of remarks."""
    cover, remarks = body["cover"], body["remarks"]
    filed = cover.get("filed_on")
    return {
        "cover": [
            *rows_of(cover, volume_title="案卷题名", case_no="案号"),
            row("当事人", accepted.case.party_name),
            *rows_of(cover, result="处理结果", handler="承办人"),
            *([row("立案日期", date(filed))] if filed else []),
            row("结案日期", date(cover["closed_on"])),
            *rows_of(cover, retention="保管期限", fonds_no="全宗号", catalogue_no="目录号", file_no="案卷号"),
            row("件数、页数", f"共{body['total_items']}件{body['total_pages']}页"),
        ],
        "entries": [
            {
                "seq": str(item["seq"]),
                "doc_no": item.get("doc_no") or "",
                "author": item["author"],
                "title": item["title"],
                "date": date(item["date"]),
                "pages": _pages(item["page_from"], item["page_to"]),
                "remark": "，".join(filter(None, (item["volume"], item.get("remark")))),
            }
            for item in body["items"]
        ],
        "media": [
            {
                "seq": str(i),
                "kind": word("medium", medium["kind"]),
                "name": medium["name"],
                "duration": _duration(medium.get("duration_s")),
                "sha256": medium["sha256"],
            }
            for i, medium in enumerate(body.get("media") or [], 1)
        ],
        "remarks": [
            row("情况说明", "".join(paragraphs(ended(remarks["note"])))),
            row("立卷人", remarks["filed_by"]),
            row("立卷日期", date(remarks["filed_by_on"])),
            row("检查人", remarks["checked_by"]),
            row("检查日期", date(remarks["checked_on"])),
        ],
        "file": _file_rows(accepted.case.data),
    }


def _pages(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _duration(seconds: int | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, 60)
    return (f"{minutes}分" if minutes else "") + (f"{rest}秒" if rest or not minutes else "")


def _file_rows(data: Mapping[str, Any]) -> list[Row]:
    """What an index tells of its case beside what its cover tells: the party's name, the number of the case."""
    return [
        *party_rows(data["party"])[1:],
        *delivery_rows(data["party"]),
        *case_rows(data["case"])[1:],
        *officer_rows(data),
    ]
