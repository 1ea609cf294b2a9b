"""Rules about the texts themselves: nothing unfilled (G08) or undrawable (G12), plain words (PLAIN)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from docsvc.domain.case import strings_of
from docsvc.domain.document import LegalNature
from docsvc.domain.errors import Finding
from docsvc.domain.private_use import standard_form
from docsvc.domain.rules.rule import Facts, doubt, fault

PLACEHOLDER: Final = re.compile(
    r"""
      [×✕✖╳]{2,}                                       # ××人民政府
    | (?<![0-9.])×(?=[年月日号份条])                     # ×年×月×日; but 2×3 is a size
    | (?<![0-9A-Za-z])[XxＸｘ]{2,}(?![0-9A-Za-z])        # XX局; but MA0TEXT is a code
    | (?<![0-9A-Za-z])[_＿]{2,}(?![0-9A-Za-z])           # ____年; but an e-mail address may hold a__b
    | \{\{ | \}\} | \{% | %\} | \{\# | \#\} | \$\{ | <% | %> | ｛｛ | ｝｝   # template expressions
    | (?<![零〇○一二三四五六七八九])○{2,}(?![零〇○一二三四五六七八九])   # ○○公司; but 二○○八 is a year
    | (?<![\u4e00-\u9fff])某某 | 某某(?=单位|公司|局|市|区|县|镇|街道|路|人民|法院|政府)   # but 张某某 is a person
    | (?<![A-Za-z])(?:TODO|TBD|FIXME)(?![A-Za-z])
    | 待填写 | 此处填写 | 请填写 | 点击此处
    | [\[【](?:当事人|姓名|名称|日期|地址|金额|填写|请)[^\]】]{0,12}[\]】]
    | 年[ \u3000]+月[ \u3000]+日
    | [?？]{3,}                                         # what a lost encoding leaves behind
    """,
    re.VERBOSE,
)

# Codes are judged by their own rules (G02, G03, G01), which name the fault better.
CODES: Final = ("uscc", "id_no", "legal_rep_id_no", "operator_id_no", "cert_no", "action_code", "sha256")

# Cc control, Cf format (bidirectional overrides, zero-width), Co private use, Cs lone surrogates.
# Cn unassigned is left to the fonts in the ideographic planes: newer Unicode versions fill them.
REFUSED: Final = frozenset({"Cc", "Cf", "Co", "Cs"})
IDEOGRAPHIC_PLANES: Final = range(0x20000, 0x3FFFE)
REPLACEMENT: Final = "\ufffd"
SHOWN: Final = 5
LAWS_WORDS: Final = frozenset({"legal_basis", "remedies", "ground", "facts_basis"})  # a law's words, not ours


def has_placeholder(text: str) -> bool:
    """Whether something that should have been filled in is still open."""
    return PLACEHOLDER.search(text) is not None


def nothing_unfilled(facts: Facts) -> Iterator[Finding]:
    """G08: no placeholder is left in any text."""
    for pointer, text in strings_of(facts.case):
        if pointer.endswith(CODES):
            continue
        if m := PLACEHOLDER.search(text):
            yield fault("G08", pointer, f"仍有未填写的占位符“{m[0]}”", f"a placeholder is still open: {m[0]}")


def everything_drawable(facts: Facts) -> Iterator[Finding]:
    """G12: every character of every text can be drawn; control, private-use and unassigned ones can't."""
    for pointer, text in strings_of(facts.case):
        bad, sound = _sifted(text, newlines=pointer.startswith("/body/"))
        bad += [c for c in facts.known.undrawable(sound) if c not in bad] if sound else []
        if bad:
            shown = "、".join(_named(c) for c in bad[:SHOWN])
            yield fault("G12", pointer, f"字体无法印出的字符：{shown}", f"characters that can't be drawn: {shown}")


def reads_plainly(facts: Facts) -> Iterator[Finding]:
    """PLAIN: what the agency says itself is in plain words; only remarked upon. Records hold what others said."""
    body = facts.at("/body") or {}
    nature = facts.known.manifest.nature_of(body)
    if nature is LegalNature.RECORD:
        return
    own = {name: value for name, value in body.items() if name not in LAWS_WORDS}
    for pointer, text in strings_of(own, "/body"):
        for remark in facts.known.language.remarks(text, nature, facts.issue):
            yield doubt("PLAIN", pointer, remark.message, remark.message_en)


def _sifted(text: str, *, newlines: bool) -> tuple[list[str], str]:
    """Characters of `text` that are refused whatever the fonts hold, once each; and the rest of it. A free text may
    have lines.
    """
    if text.isprintable() and REPLACEMENT not in text:
        return [], text
    bad = [c for c in dict.fromkeys(text) if _refused(c) and not (newlines and c == "\n")]
    return bad, "".join(c for c in text if not _refused(c))


def _refused(c: str) -> bool:
    category = unicodedata.category(c)
    if category == "Cn":
        return ord(c) not in IDEOGRAPHIC_PLANES
    return category in REFUSED or c == REPLACEMENT


def _named(c: str) -> str:
    if standard := standard_form(c):
        return f"U+{ord(c):04X} → {_named(standard)}"  # what to write instead
    return f"U+{ord(c):04X}" if _refused(c) else f"“{c}”（U+{ord(c):04X}）"
