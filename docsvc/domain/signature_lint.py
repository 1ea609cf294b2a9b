"""What may be wrong with the signature rules of a manifest, beside its schema, templates and samples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from docsvc.domain.envelope import SignatureRule, asked, label_pattern, persons, signatories
from docsvc.domain.shapes import EACH, Path
from docsvc.domain.template_lint import TemplateNote
from docsvc.domain.wording.fields import Field

CONTROL: Final = re.compile(r"{%.*?%}")


def judge_signatures(
    rules: Sequence[SignatureRule],
    fields: Mapping[Path, Field],
    texts: Mapping[str, Sequence[str]],
    cases: Sequence[Mapping[str, Any]],
) -> Iterator[TemplateNote]:
    """What is wrong with the rules. `texts` are the paragraphs of each Word file of the type, by its name."""
    plain = {file: ["".join(CONTROL.sub("", text).split()) for text in found] for file, found in texts.items()}
    for number, rule in enumerate(rules, 1):
        if not any(signatories([rule], case) for case in cases):
            yield _note(number, "没有样例案件由其签名", "nobody signs a sample by it")
        yield from _paths(number, rule, fields)
        yield from _anchors(number, rule, plain)
        if any(earlier.anchor == rule.anchor for earlier in rules[: number - 1]):
            yield _note(
                number, f"与前面的规则用同一个标签“{rule.anchor}”", f"an earlier rule has the label {rule.anchor}"
            )
        if rule.every_page and (number > 1 or any(_many(fields, path) for path in persons(rule))):
            yield _note(
                number,
                "逐页签名（every_page）只能由第一个签名的人，且只能是一个人",
                "every_page is for the first who signs, and one person alone",
            )


def _paths(number: int, rule: SignatureRule, fields: Mapping[Path, Field]) -> Iterator[TemplateNote]:
    """Paths that the schema does not name, and persons that have no name there."""
    conditions = {"when": rule.when, "unless": rule.unless}
    named = [("person", path) for path in persons(rule)]
    named += [(key, asked(condition)[0]) for key, condition in conditions.items() if condition]
    for key, path in named:
        at = tuple(path.split("."))
        one = fields.get(at)
        if one is None:
            yield _note(number, f"schema.json 没有{key}所写的“{path}”", f"the schema has no {key} {path}")
        elif key == "person" and one.shape in ("group", "groups"):
            inner = (*at, "name") if one.shape == "group" else (*at, EACH, "name")
            if inner not in fields:
                yield _note(number, f"person 所写的“{path}”没有姓名（name）", f"the person {path} has no name")


def _anchors(number: int, rule: SignatureRule, plain: Mapping[str, Sequence[str]]) -> Iterator[TemplateNote]:
    """Labels that begin no paragraph of a Word file. A narrow layout has them too, or nobody could sign there."""
    for key, anchor in (("anchor", rule.anchor), ("every_page", rule.every_page)):
        if not anchor.strip():
            if key == "anchor":
                yield _note(number, "没有写明标签（anchor）", "it has no anchor")
            continue
        pattern = label_pattern(anchor)
        for file, texts in plain.items():
            if not any(pattern.match(text) for text in texts):
                yield _note(
                    number,
                    f"{file} 中没有以{key}“{anchor}”开头的段落",
                    f"no paragraph of {file} begins with {anchor}",
                )


def _many(fields: Mapping[Path, Field], path: str) -> bool:
    one = fields.get(tuple(path.split(".")))
    return one is not None and one.shape in ("groups", "texts")


def _note(number: int, zh: str, en: str) -> TemplateNote:
    return TemplateNote(
        "signature",
        "error",
        f"manifest.toml 第{number}条签名规则：{zh}",
        f"manifest.toml, [[signatures]] {number}: {en}",
    )
