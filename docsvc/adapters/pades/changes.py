"""What a later revision did to what people see and fill in, in words: pages, annotations, fields.

Whether a change is permitted is decided elsewhere; this names the first one that is more than a signature in its
field, its evidence, or a document time-stamp.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver

from docsvc.adapters.pades.found import TIME_STAMP_FILTER

MOST_PAGES, MOST_FIELDS, MOST_NESTED = 2000, 4096, 64
CATALOGUE = ("/Lang", "/OpenAction", "/AA", "/Names", "/Metadata", "/OCProperties", "/ViewerPreferences")
Words = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Field:
    kind: str
    place: tuple[float, ...]
    described: str
    value: str  # sub-filter of a signature, a digest of any other value, empty where there is none
    picture: str


@dataclass(frozen=True, slots=True)
class _Page:
    content: str
    shown: str  # its boxes, rotation and resources
    annotations: frozenset[str]


@dataclass(frozen=True, slots=True)
class _State:
    pages: tuple[_Page, ...]
    fields: Mapping[str, _Field]
    catalogue: str


def named(reader: Any, signed: int) -> Words | None:
    """The first change after revision `signed` (from 0), with the number of the revision that made it (from 1)."""
    before = _state(reader, signed)
    for number in range(signed + 1, reader.xrefs.total_revisions):
        after = _state(reader, number)
        for zh, en in _differences(before, after):
            return f"第{number + 1}个修订版{zh}", f"revision {number + 1} {en}"
        before = after
    return None


def _differences(before: _State, after: _State) -> Iterator[Words]:
    if len(before.pages) != len(after.pages):
        more = len(after.pages) > len(before.pages)
        yield ("增加了页面", "added a page") if more else ("删除了页面", "removed a page")
    for number, (old, new) in enumerate(zip(before.pages, after.pages, strict=False), 1):
        if old.content != new.content:
            yield f"改动了第{number}页的内容", f"changed the content of page {number}"
        if old.shown != new.shown:
            yield f"改动了第{number}页的版面或者资源", f"changed the boxes or resources of page {number}"
        if new.annotations - old.annotations:
            yield f"在第{number}页加了批注", f"put an annotation on page {number}"
        if old.annotations - new.annotations:
            yield f"删除了第{number}页的批注", f"removed an annotation from page {number}"
    for name in before.fields.keys() - after.fields.keys():
        yield f"删除了域{name}", f"removed the field {name}"
    for name, new_field in after.fields.items():
        yield from _of_field(name, before.fields.get(name), new_field)
    if before.catalogue != after.catalogue:
        yield "改动了文件目录", "changed the document catalogue"


def _of_field(name: str, old: _Field | None, new: _Field) -> Iterator[Words]:
    if old is None:
        if not (new.kind == "/Sig" and new.value == TIME_STAMP_FILTER and not _visible(new)):
            yield f"增加了没有声明的域{name}", f"added a field that was not declared: {name}"
        return
    signed_now = new.kind == "/Sig" and not old.value and new.value.startswith("/")
    if old.kind != new.kind:
        yield f"改动了域{name}的种类", f"changed the kind of the field {name}"
    if old.place != new.place:
        yield f"移动了域{name}", f"moved the field {name}"
    if old.described != new.described:
        yield f"改动了域{name}的说明", f"changed the description of the field {name}"
    if old.value != new.value and not signed_now:
        yield f"填写了域{name}", f"filled in the field {name}"
    if old.picture != new.picture and not signed_now:
        yield f"更换了域{name}的图形", f"changed what the field {name} shows"


def _visible(found: _Field) -> bool:
    x0, y0, x1, y1 = (*found.place, 0, 0, 0, 0)[:4]
    return x0 != x1 and y0 != y1


def _state(reader: Any, revision: int) -> _State:
    root = HistoricalResolver(reader, revision).root
    return _State(
        tuple(_pages(root)),
        dict(_fields(root)),
        _digest([_raw(root, key) for key in CATALOGUE]),
    )


def _pages(root: Any) -> Iterator[_Page]:
    waiting, seen = [root["/Pages"]], 0
    while waiting and seen < MOST_PAGES:
        node = waiting.pop()
        seen += 1
        if "/Kids" in node:
            waiting += [kid.get_object() for kid in reversed(node["/Kids"])]
            continue
        keys = ("/MediaBox", "/CropBox", "/Rotate", "/Resources", "/UserUnit")
        shown = _digest([_raw(node, key) for key in keys])
        annotations = frozenset(
            _digest(note)
            for note in (node["/Annots"] if "/Annots" in node else ())  # noqa: SIM401 - .get() follows no reference
            if note.get_object().get("/Subtype") != "/Widget" or "/FT" not in note.get_object()
        )
        yield _Page(_digest(_raw(node, "/Contents")), shown, annotations)


def _fields(root: Any) -> Iterator[tuple[str, _Field]]:
    if "/AcroForm" not in root:
        return
    waiting = [("", "", kid) for kid in root["/AcroForm"].get("/Fields", ())]
    seen = 0
    while waiting and seen < MOST_FIELDS:
        seen += 1
        above, kind, reference = waiting.pop()
        found = reference.get_object()
        part = str(found.get("/T", ""))
        name = f"{above}.{part}" if above and part else above or part
        kind = str(found.get("/FT", kind))
        value = _raw(found, "/V")
        if kind == "/Sig" and value is not None and isinstance(found["/V"], generic.DictionaryObject):
            filled = str(found["/V"].get("/SubFilter", "?"))
        else:
            filled = "" if value is None else _digest(value)
        place = tuple(float(v) for v in found["/Rect"]) if "/Rect" in found else ()
        described = str(found.get("/TU", ""))
        yield name, _Field(kind, place, described, filled, _digest(_raw(found, "/AP")))
        waiting += [(name, kind, kid) for kid in found.get("/Kids", ())]


def _raw(node: Any, key: str) -> Any:
    return node.raw_get(key) if key in node else None


def _digest(item: Any) -> str:
    """Of all that an object leads to, but for its parents."""
    hashed = hashlib.sha256()
    waiting: list[tuple[Any, int]] = [(item, 0)]
    seen: set[Any] = set()
    while waiting:
        raw, depth = waiting.pop()
        if isinstance(raw, generic.IndirectObject):
            if raw.reference in seen or depth > MOST_NESTED:
                continue
            seen.add(raw.reference)
            raw = raw.get_object()  # type: ignore[no-untyped-call]  # pyHanko leaves it without types
        if isinstance(raw, generic.DictionaryObject):
            if isinstance(raw, generic.StreamObject):
                hashed.update(raw.encoded_data)
            for key in sorted(set(raw) - {"/Parent", "/P", "/StructParent"}):
                hashed.update(key.encode())
                waiting.append((raw.raw_get(key), depth + 1))
        elif isinstance(raw, list) and not isinstance(raw, generic.ArrayObject):
            waiting += [(part, depth + 1) for part in raw]
        elif isinstance(raw, generic.ArrayObject):
            hashed.update(b"[%d" % len(raw))
            waiting += [(raw.raw_get(number), depth + 1) for number in range(len(raw))]
        elif raw is None or isinstance(raw, generic.NullObject):
            hashed.update(b"null")
        else:
            hashed.update(repr(raw).encode())
    return hashed.hexdigest()
