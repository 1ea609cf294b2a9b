"""What publishing asks for: a passing lint, and a clerk who has compared text and pictures of every sample."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from docsvc.adapters.template_folder import TemplateFolder
from docsvc.adapters.word.anatomy import WordAnatomist
from docsvc.domain.document import Remark
from docsvc.domain.errors import CaseRefusedError, ConflictError, TemplateFaultError, UsageError
from docsvc.usecases.keep_templates import Draft, Proof, TemplateDesk
from tests.support.cases import CHECK, TEMPLATES
from tests.support.clerk import with_sentence
from tests.support.drafts import AllFonts

NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
REMARK = Remark("钱测", NOW, "增加一句")


@dataclasses.dataclass
class Paper:
    """A press whose pictures are the template's bytes, one page more for the second sample."""

    speck: str = ""  # a sample on which something shows that is no text

    def proof(self, sample, accepted):
        picture = accepted.doc_type.template + (b"speck" if sample == self.speck else b"")
        pages = (picture,) if sample.endswith("1") else (b"same", picture)
        return Proof(sample, f"{sample}\n{len(accepted.doc_type.template)}", b"%PDF", pages)


@pytest.fixture
def desk(tmp_path):
    folder = TemplateFolder(TEMPLATES, tmp_path / "published")
    return TemplateDesk(folder, WordAnatomist(AllFonts()), CHECK, lambda: NOW)


@pytest.fixture
def draft(desk):
    return Draft(with_sentence(desk.templates.get("advice").template, "可向{{ agency.name }}咨询。"))


def test_every_sample_is_compared_and_what_was_seen_is_published(desk, draft):
    comparison = desk.compare("advice", Paper(), draft)
    assert [(d.sample, d.pages, bool(d.lines)) for d in comparison.differences] == [
        ("valid-1", (1,), True),
        ("valid-2", (2,), True),
    ]
    version = desk.publish("advice", Paper(), draft, REMARK, comparison.code)
    assert (version.manifest.version, version.published) == ("2", REMARK)
    golden = desk.templates._published / "advice" / "2" / "golden"
    assert sorted(path.name for path in golden.iterdir()) == [
        "valid-1-page-1.png",
        "valid-1.txt",
        "valid-2-page-1.png",
        "valid-2-page-2.png",
        "valid-2.txt",
    ]


@pytest.mark.parametrize("sample", ["valid-1", "valid-2"])
def test_a_picture_that_nobody_has_seen_is_not_accepted(desk, draft, sample):
    code = desk.compare("advice", Paper(), draft).code
    with pytest.raises(ConflictError):
        desk.publish("advice", Paper(speck=sample), draft, REMARK, code)
    assert desk.templates.get("advice").manifest.version == "1"


def test_what_came_into_force_meanwhile_has_to_be_compared_with(desk, draft):
    code = desk.compare("advice", Paper(), draft).code
    desk.publish("advice", Paper(), draft, REMARK, code)
    other = Draft(with_sentence(desk.templates.get("advice").template, "可投诉。"))
    seen = desk.compare("advice", Paper(), other).code
    desk.retire("advice", "2", REMARK)
    with pytest.raises(ConflictError):
        desk.publish("advice", Paper(), other, REMARK, seen)


def test_the_same_again_and_what_lint_refuses_are_not_published(desk, draft):
    with pytest.raises(TemplateFaultError, match="相同"):
        desk.publish("advice", Paper(), desk.open("advice"), REMARK, "")
    wrong = Draft(with_sentence(desk.templates.get("advice").template, "{{ nothing }}"))
    code = desk.compare("advice", Paper(), wrong).code
    with pytest.raises(TemplateFaultError, match="没有“nothing”这一项"):
        desk.publish("advice", Paper(), wrong, REMARK, code)
    with pytest.raises(TemplateFaultError, match="没有样例"):
        desk.publish("advice", Paper(), dataclasses.replace(draft, samples={}), REMARK, code)


def test_a_retired_version_comes_back_by_being_published_anew(desk):
    same = desk.open("advice")
    left = desk.retire("advice", "1", REMARK)
    assert left.retired == REMARK
    code = desk.compare("advice", Paper(), same).code
    assert desk.publish("advice", Paper(), same, REMARK, code).manifest.version == "2"


def test_retiring_says_why(desk):
    with pytest.raises(UsageError):
        desk.retire("advice", "1", Remark("钱测", NOW, " "))


def test_a_case_of_the_clerks_own_is_laid_out_where_it_is_one(desk, draft):
    raw = desk.templates.samples("advice")["valid-1.json"]
    assert desk.proof("advice", Paper(), draft, raw).sample == "case"
    with pytest.raises(CaseRefusedError):
        desk.proof("advice", Paper(), draft, b'{"doc_type": "advice"}')


def test_too_many_samples_are_refused(desk, draft):
    raw = desk.templates.samples("advice")["valid-1.json"]
    many = dataclasses.replace(draft, samples={f"valid-{n}.json": raw for n in range(21)})
    with pytest.raises(TemplateFaultError, match="20"):
        desk.compare("advice", Paper(), many)
