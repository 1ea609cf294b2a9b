"""What was changed after a signature: the revisions of a PDF and whether they may be there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.validation.status import SignatureCoverageLevel

from docsvc.adapters.pades.byte_ranges import Coverage
from docsvc.adapters.pades.changes import named
from docsvc.adapters.pades.found import TIME_STAMP_FILTER
from docsvc.domain.verdict import Check

STEP, APPEARANCE_STEP = 9, 12
NAME, APPEARANCE = "changes", "appearance"
MOST_FIELDS = 4096
OBJECT = re.compile(rb"(?:^|[\x00\t\n\x0c\r >])(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+obj")
FILE_END = re.compile(rb"startxref[\x00\t\n\x0c\r ]+\d+[\x00\t\n\x0c\r ]+%%EOF[\r\n]{0,2}$")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a signature stands in the file after `check_changes`."""

    checks: tuple[Check, ...]
    certified: bool


def check_changes(signature: Any, fields: Mapping[str, str | None]) -> Standing:
    """Compare the revision that an EmbeddedPdfSignature signed with the file as it is now (ISO 32000-2, 12.8.2.2).

    `fields` are the signature fields of the file, by name, with the sub-filter of what fills them, or None.
    After a certification without allowed changes: the security store and document time-stamps only. After one that
    awaits signatures: those too, in the fields that it declared. Otherwise any later signatures. Whatever may cover
    or replace what was signed fails.
    """
    signature.compute_integrity_info()
    permission = signature.docmdp_level
    certified = permission is not None
    if signature.coverage not in {SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION}:
        return Standing(
            (_failed("签名没有覆盖它所在的修订版", "the signature does not cover its own revision"),), certified
        )
    result = signature.diff_result
    if not isinstance(result, DiffResult) or result.modification_level is ModificationLevel.OTHER:
        return Standing(
            (
                _changed(
                    signature,
                    "签名之后文件内容被改动",
                    "the document was changed after signing in a way that is not allowed",
                ),
            ),
            certified,
        )
    level = result.modification_level
    if permission is not None and level.value > permission.value:
        return Standing(
            (
                _changed(
                    signature,
                    "签名时声明不允许改动，之后却有改动",
                    "the document was certified against the changes that were made after signing",
                ),
            ),
            certified,
        )
    if certified:
        declared = _declared_fields(HistoricalResolver(signature.reader, signature.signed_revision).root)
        if any(kind != TIME_STAMP_FILTER for name, kind in fields.items() if name not in declared):
            return Standing(
                (
                    _changed(
                        signature,
                        "签名之后增加了声明以外的签名域",
                        "a signature field was added that the certified document did not declare",
                    ),
                ),
                certified,
            )
    signed_fields = {name for name, kind in fields.items() if kind is not None}
    if level is ModificationLevel.NONE:
        check = Check.passed(STEP, NAME, "签名之后文件没有任何改动", "nothing follows the signature")
    elif level is ModificationLevel.LTA_UPDATES:
        check = Check.passed(
            STEP,
            NAME,
            "签名之后只增加了验证信息和文档时间戳",
            "only validation data and document time-stamps were added after signing",
        )
    elif level is ModificationLevel.FORM_FILLING and result.changed_form_fields <= signed_fields:
        check = Check.remarked(STEP, NAME, "签名之后又有其他签名", "other signatures were added after this one")
    else:
        check = Check.undecided(
            STEP,
            NAME,
            "SIG_CONSTRAINTS_FAILURE",
            "签名之后填写过表单或批注，可能遮盖原文",
            "form fields or annotations were changed after signing; they may hide what was signed",
        )
    return Standing((check,), certified)


def check_awaited(
    fields: Mapping[str, str | None], purposes: Mapping[str, str], *, certified: bool
) -> tuple[Check, ...]:
    """A certified document names the signatures that it is to bear: without one of them it is not whole."""
    awaited = [name for name, kind in fields.items() if kind is None]
    if not certified or not awaited:
        return ()
    said = [f"{purposes[name]}（{name}）" if purposes.get(name) else name for name in awaited]
    return (
        Check.undecided(
            STEP,
            NAME,
            "SIG_CONSTRAINTS_FAILURE",
            f"文件声明的签名尚未齐全，缺：{'、'.join(said)}",
            f"signatures that the document declares are missing: {', '.join(said)}",
        ),
    )


def _declared_fields(root: Any) -> frozenset[str]:
    """Names of all form fields of a revision."""
    names: set[str] = set()
    if "/AcroForm" not in root:
        return frozenset()
    waiting = [("", f) for f in root["/AcroForm"].get("/Fields", ())]
    seen = 0
    while waiting and seen < MOST_FIELDS:
        seen += 1
        above, reference = waiting.pop()
        field = reference.get_object()
        name = f"{above}.{field['/T']}" if above and "/T" in field else str(field.get("/T", above))
        names.add(name)
        waiting += [(name, kid) for kid in field.get("/Kids", ())]
    return frozenset(names)


def _changed(signature: Any, zh: str, en: str) -> Check:
    """The finding, with what was changed and in which revision where that can be said."""
    try:
        words = named(signature.reader, signature.signed_revision)
    except Exception:  # noqa: BLE001 - a broken file fails all the same, without words for what is broken
        words = None
    return _failed(f"{zh}：{words[0]}", f"{en}: {words[1]}") if words else _failed(zh, en)


def _failed(zh: str, en: str) -> Check:
    return Check.failed(STEP, NAME, "FORMAT_FAILURE", zh, en)


def check_end(pdf: bytes, reader: Any, outermost: Coverage | None, revision: int) -> Check:
    """The last signature reaches the end of the file, or only whole, listed objects of a revision follow.

    `outermost` is the coverage that ends last, `revision` its revision in the reader's count.
    """
    if outermost is None:
        return _end_failed("没有一个签名的范围可以确认", "no signature has a range that can be relied on")
    if outermost.end == len(pdf):
        return Check.passed(
            STEP, "coverage", "最后的签名覆盖到文件末尾", "the last signature reaches the end of the file"
        )
    tail = pdf[outermost.end :]
    xrefs = reader.xrefs
    if xrefs.total_revisions <= revision + 1 or not FILE_END.search(tail):
        return _end_failed("最后的签名之后有多余的数据", "there are octets after the last signature")
    for match in OBJECT.finditer(tail):
        reference = generic.Reference(int(match[1]), int(match[2]), pdf=reader)
        offset = outermost.end + match.start(1)
        held = [xrefs.get_historical_ref(reference, r) for r in range(revision + 1, xrefs.total_revisions)]
        streams = [
            xrefs.get_xref_container_info(r).start_location for r in range(revision + 1, xrefs.total_revisions)
        ]
        if offset not in held and offset not in streams:
            return _end_failed(
                "最后的签名之后有未登记的对象", "an object that no cross-reference lists follows the last signature"
            )
    return Check.remarked(
        STEP,
        "coverage",
        "最后的签名之后附有验证信息，这部分不受签名保护",
        "validation data follows the last signature and is not covered by it",
    )


def _end_failed(zh: str, en: str) -> Check:
    return Check.failed(STEP, "coverage", "FORMAT_FAILURE", zh, en)


def check_appearance(signature: Any, *, time_stamp: bool, certified: bool) -> tuple[Check, ...]:
    """Where the field shows something (a seal), its picture must stand under its own signature."""
    widget = signature.sig_field
    try:
        box = [float(v) for v in widget["/Rect"]]
        shown = "/AP" in widget and box[0] != box[2] and box[1] != box[3]
    except (KeyError, IndexError, TypeError, ValueError):
        shown = False
    if not shown:
        return ()
    if time_stamp and not certified:
        return (
            Check.undecided(
                APPEARANCE_STEP,
                APPEARANCE,
                "SIG_CONSTRAINTS_FAILURE",
                "文档时间戳带有可见图形，可能遮盖原文",
                "a document time-stamp shows a picture; it may hide what was signed",
            ),
        )
    late = [
        reference
        for reference in _references(widget.raw_get("/AP"), set())
        if signature.reader.xrefs.get_last_change(reference) > signature.signed_revision
    ]
    if late:
        return (
            Check.failed(
                APPEARANCE_STEP,
                APPEARANCE,
                "FORMAT_FAILURE",
                "印章图形在签名之后被替换",
                "the seal's picture was replaced after signing",
            ),
        )
    return (
        Check.passed(
            APPEARANCE_STEP,
            APPEARANCE,
            "印章图形在签名保护范围内，未被改动",
            "the seal's picture is covered by the signature and unaltered",
        ),
    )


def _references(item: Any, seen: set[Any]) -> set[Any]:
    """All objects that an appearance leads to, by reference."""
    waiting = [item]
    while waiting:
        raw: Any = waiting.pop()
        if isinstance(raw, generic.IndirectObject):
            if raw.reference in seen:
                continue
            seen.add(raw.reference)
            raw = raw.get_object()  # type: ignore[no-untyped-call]  # pyHanko leaves it without types
        if isinstance(raw, generic.DictionaryObject):
            waiting.extend(raw.raw_get(name) for name in raw if name not in {"/Parent", "/P"})
        elif isinstance(raw, generic.ArrayObject):
            waiting.extend(raw.raw_get(number) for number in range(len(raw)))
    return seen
