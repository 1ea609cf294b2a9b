"""Rules about legal nature: guidance says that it is voluntary and offers no remedies, a decision offers them
(G13, G14; 行诉解释 2018 第1条第2款第3项).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from docsvc.domain.case import strings_of
from docsvc.domain.document import LegalNature
from docsvc.domain.errors import Finding
from docsvc.domain.rules.rule import Facts, fault

VOLUNTARY: Final = re.compile(r"自愿|自主|不具有?(?:法律)?强制|无强制力|没有强制力")
REMEDY: Final = re.compile(r"申请行政复议|提起(?:行政)?诉讼|向.{0,30}法院起诉")
COMMAND: Final = re.compile(r"责令|处罚(?!法|信息|裁量)|罚款|没收|吊销")  # in a suggestion
COMMAND_TO_PARTY: Final = re.compile(
    r"(?:责令|命令)(?:你|您|贵)|(?:决定|现)(?:对|给予)(?:你|您|贵).{0,20}(?:罚款|处罚|警告)"
)


def says_it_is_voluntary(facts: Facts) -> Iterator[Finding]:
    """G13: guidance carries a notice that it is voluntary."""
    if VOLUNTARY.search(facts.text("/body/voluntary_notice")) is None:
        yield fault(
            "G13",
            "/body/voluntary_notice",
            "应当写明自愿原则：是否接受由当事人自主决定，不具有强制力",
            "the notice must say that accepting is the party's own choice",
        )


def ends_as_its_nature_demands(facts: Facts) -> Iterator[Finding]:
    """G14: no remedies and no commands in guidance; no remedies in records and notices of procedure by default; no
    notice of voluntariness in a decision. (That a decision's remedies are right is NP08.)
    """
    nature = facts.known.manifest.nature_of(facts.at("/body") or {})
    if nature is LegalNature.DECISION:
        # A decision that ends what the party chose (a stage of such a type) may say that it was chosen.
        if facts.text("/body/voluntary_notice") and facts.known.manifest.legal_nature is LegalNature.DECISION:
            yield fault(
                "G14",
                "/body/voluntary_notice",
                "决定不是行政指导，不应写自愿性说明",
                "a decision is not voluntary guidance",
            )
        return
    if facts.at("/body/remedies") is not None:
        yield fault(
            "G14",
            "/body/remedies",
            "本文书不是行政决定，不应写复议、诉讼途径",
            "not a decision: it offers no remedies",
        )
    if nature is LegalNature.GUIDANCE:
        yield from _guidance_text(facts)


def _guidance_text(facts: Facts) -> Iterator[Finding]:
    body = facts.at("/body") or {}
    free = {k: v for k, v in body.items() if k not in ("legal_basis", "remedies")}
    for pointer, text in strings_of(free, "/body"):
        if REMEDY.search(text):
            yield fault("G14", pointer, "行政指导不应写复议、诉讼途径", "guidance offers no remedies")
        elif COMMAND_TO_PARTY.search(text) or (pointer.startswith("/body/suggestions/") and COMMAND.search(text)):
            yield fault("G14", pointer, "行政指导不得以命令、处罚的口气表述", "guidance does not command or punish")
