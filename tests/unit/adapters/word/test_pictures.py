"""Pictures of a template: found by their name in Word, whatever it called the part; replaced or refused by name."""

from __future__ import annotations

import io
import zipfile

import pytest

from docsvc.adapters.word import WordFiller
from docsvc.domain.errors import TemplateFaultError
from docsvc.pipeline.render import QR
from templates.layout.elements import paragraph, picture
from templates.layout.profiles.form import Form
from tests.support.cases import TYPES
from tests.support.drafts import AllFonts, doc_type
from tests.support.office import with_parts

CONTEXT = {"agency": {"name": "测试局"}, "title": "测试书", "number": "1号", "test_data": False, "value": "甲"}
PNG = b"\x89PNG of another day"


def template(name: str = "二维码", description: str = "") -> bytes:
    body = paragraph("{{ value }}", "Text", picture(name, description, 10, 0, 0))
    return with_parts(Form().package(body, "{{ title }}"), {"word/media/image1.png": b"\x89PNG of the template"})


def fill(docx: bytes, **pictures: bytes) -> bytes:
    return WordFiller(AllFonts()).fill(docx, {**CONTEXT, "scan": 'https://a.example/"<&>'}, pictures)


def media(docx: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(docx)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if "/media/" in name}


def test_a_picture_is_replaced_by_its_name():
    assert media(fill(template(), 二维码=PNG)) == {"word/media/image1.png": PNG}
    assert media(fill(template())) == {"word/media/image1.png": b"\x89PNG of the template"}


def test_it_is_found_wherever_word_put_it():
    moved = with_parts(
        template(),
        {
            "word/_rels/document.xml.rels": lambda old: old.replace(b"media/image1.png", b"/word/media/image7.PNG"),
            "word/media/image7.PNG": b"moved",
        },
    )
    assert media(fill(moved, 二维码=PNG))["word/media/image7.PNG"] == PNG


def test_its_alternative_text_is_filled_and_escaped():
    docx = fill(template(description="码：{{ scan }}"), 二维码=PNG)
    with zipfile.ZipFile(io.BytesIO(docx)) as archive:
        xml = archive.read("word/document.xml").decode()
    assert 'descr="码：https://a.example/&quot;&lt;&amp;&gt;"' in xml


@pytest.mark.parametrize("name", ["图片 1", ""])
def test_a_template_without_the_picture_is_named(name):
    with pytest.raises(TemplateFaultError, match="“二维码”"):
        fill(template(name), 二维码=PNG)


def test_only_a_png_can_be_replaced():
    other = with_parts(
        template(),
        {
            "word/_rels/document.xml.rels": lambda old: old.replace(b"image1.png", b"image1.jpeg"),
            "word/media/image1.jpeg": b"x",
        },
    )
    with pytest.raises(TemplateFaultError, match="PNG"):
        fill(other, 二维码=PNG)


@pytest.mark.parametrize("target", [b"media/none.png", b"../../etc/passwd"])
def test_a_picture_without_its_part_counts_as_none(target):
    broken = with_parts(
        template(), {"word/_rels/document.xml.rels": lambda old: old.replace(b"media/image1.png", target)}
    )
    with pytest.raises(TemplateFaultError, match="“二维码”"):
        fill(broken, 二维码=PNG)


@pytest.mark.parametrize("name", TYPES)
def test_every_template_of_the_house_has_the_code(name):
    compiled = WordFiller(AllFonts())._compiled(doc_type(name).template)
    assert QR in compiled.pictures
