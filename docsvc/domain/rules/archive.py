"""Rules of the index of a file (A01 … A03, G07 of its entries)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from docsvc.domain.errors import Finding
from docsvc.domain.measures import FileContents
from docsvc.domain.rules.rule import Facts, doubt, fault
from docsvc.domain.rules.wording import has_placeholder

DIGEST: Final = re.compile(r"[0-9a-f]{64}")
DATED: Final = ("/body/cover/closed_on", "/body/remarks/filed_by_on", "/body/remarks/checked_on")


def numbers_run_on(facts: Facts) -> Iterator[Finding]:
    """A01: entries are numbered 1, 2, 3 …, pages run on from 1 without gap or overlap, both totals match."""
    items, page = facts.items("/body/items"), 0
    if not items or _lacking(facts):
        return  # A02: an entry that was left out leaves gaps behind, which are no second fault
    for i, item in enumerate(items):
        at, first, last = f"/body/items/{i}", item.get("page_from"), item.get("page_to")
        if item.get("seq") != i + 1:
            yield fault("A01", f"{at}/seq", f"序号应为{i + 1}", f"must be number {i + 1}")
        if first != page + 1:
            yield fault("A01", f"{at}/page_from", f"起始页应为{page + 1}", f"must begin on page {page + 1}")
        elif not isinstance(last, int) or last < first:
            yield fault("A01", f"{at}/page_to", "终止页早于起始页", "ends before it begins")
        page = last if isinstance(last, int) else page
    if facts.at("/body/total_items") != len(items):
        yield fault("A01", "/body/total_items", f"卷内共{len(items)}件", f"there are {len(items)} entries")
    elif facts.at("/body/total_pages") != page:
        yield fault("A01", "/body/total_pages", f"卷内共{page}页", f"there are {page} pages")
    for name in ("case_no", "filed_on"):
        if facts.at(f"/body/cover/{name}") not in (None, facts.at(f"/case/{name}")):
            yield doubt(
                "A01", f"/body/cover/{name}", "封面与案件信息不一致，请核对", "differs from the case: check it"
            )


def _contents(facts: Facts) -> FileContents | None:
    """What a file with this result must hold, as far as the register knows."""
    result, day = facts.text("/body/cover/result"), facts.day("/body/cover/closed_on") or facts.issue
    known = (f for f in facts.known.measures.files if f.holds(day))
    return next((f for f in known if any(word in result for word in f.result)), None)


def required_documents_present(facts: Facts) -> Iterator[Finding]:
    """A02: the file holds what a file with its result must hold."""
    if not facts.items("/body/items"):
        yield fault("A02", "/body/items", "卷内没有文件", "the file is empty")
    elif _contents(facts) is None:
        yield doubt(
            "A02", "/body/cover/result", "登记表没有该处理结果的必备文件，未能核对", "unknown result: unchecked"
        )
    elif lacking := _lacking(facts):
        names = "、".join(d.replace("|", "或者") for d in lacking)
        yield fault("A02", "/body/items", f"缺少必备文件：{names}", f"required documents are missing: {names}")


def _lacking(facts: Facts) -> list[str]:
    """Required documents that no entry is; none where a title is not yet filled in (G08)."""
    contents = _contents(facts)
    held = [item.get("title") or "" for item in facts.items("/body/items")]
    if contents is None or any(map(has_placeholder, held)):
        return []
    return [d for d in contents.documents if not any(_is_one_of(d.split("|"), title) for title in held)]


def _is_one_of(titles: list[str], title: str) -> bool:
    """A decision not to do something (不予……) is another document than the decision to do it."""
    return any(re.search(f"(?<!不予){re.escape(t)}", title) for t in titles)


def media_have_digests(facts: Facts) -> Iterator[Finding]:
    """A03: what lies on media is named with its SHA-256, so that it can be checked later."""
    for i, medium in enumerate(facts.items("/body/media")):
        if DIGEST.fullmatch(medium.get("sha256") or "") is None:
            yield fault(
                "A03",
                f"/body/media/{i}/sha256",
                "应当写明SHA-256值（64位小写十六进制）",
                "a SHA-256 of 64 lower-case hexadecimal digits is due",
            )


def entries_precede_index(facts: Facts) -> Iterator[Finding]:
    """G07: nothing in the file is younger than its index; the case was closed after it was filed."""
    if not facts.in_order:
        return
    dated = [*DATED, *(f"/body/items/{i}/date" for i in range(len(facts.items("/body/items"))))]
    for pointer in dated:
        if (day := facts.day(pointer)) and day > facts.issue:
            yield fault("G07", pointer, "该日期晚于成文日期", "this date is after the issue date")
    filed, closed = facts.day("/case/filed_on"), facts.day("/body/cover/closed_on")
    if filed and closed and closed < filed:
        yield fault("G07", "/body/cover/closed_on", "结案日期早于立案日期", "closed before it was filed")
