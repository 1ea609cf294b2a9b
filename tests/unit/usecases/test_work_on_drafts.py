"""What a press makes of drafts from outside: hostile Word files are refused by name, and none keeps it for ever."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import sys
import time
import zipfile
from pathlib import Path

import pytest

from docsvc.adapters.draft_box import DraftBox
from docsvc.adapters.processes import run_limited
from docsvc.adapters.word.anatomy import WordAnatomist
from docsvc.domain.errors import NotFoundError
from docsvc.usecases.keep_templates import TemplateDesk
from docsvc.usecases.work_on_drafts import PressRoom, Request, work
from tests.support.cases import CHECK, FOLDER
from tests.support.clerk import DOCUMENT, rewritten
from tests.support.drafts import AllFonts

NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
ADVICE = FOLDER.get("advice").template
DESK = TemplateDesk(FOLDER, WordAnatomist(AllFonts()), CHECK, lambda: NOW)
TYPES, MAIN = "[Content_Types].xml", "wordprocessingml.document.main"
RELS = "word/_rels/document.xml.rels"


def lint(template=None, **files):
    files = {"template.docx": ADVICE if template is None else template, **files}
    result, made = work(DESK, None, Request("lint", "advice", "钱测"), files)
    assert made == {}
    return json.loads(json.dumps(result))  # as it travels


def body(xml):
    return rewritten(ADVICE, {DOCUMENT: lambda text: text.replace("<w:body>", f"<w:body>{xml}", 1)})


def linked(type_, mode=' TargetMode="External"'):
    relation = f'<Relationship Id="rId900" Type="http://x/{type_}" Target="http://example.invalid/x"{mode}/>'
    return rewritten(ADVICE, {RELS: lambda text: text.replace("</Relationships>", f"{relation}</Relationships>")})


def with_entities(xml):
    return xml.replace("<w:document", '<!DOCTYPE x [<!ENTITY a "b">]><w:document', 1)


def bomb():
    out = io.BytesIO(ADVICE)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/zeros.png", bytes(64 << 20))
    return out.getvalue()


HOSTILE = {
    "zip bomb": (bomb, "解压后过大"),
    "many parts": (lambda: rewritten(ADVICE, {}, {f"word/x{n}.xml": b"" for n in range(300)}), "部件过多"),
    "macros": (lambda: rewritten(ADVICE, {}, {"word/vbaProject.bin": b"x"}), "宏"),
    "macro type": (lambda: rewritten(ADVICE, {TYPES: lambda t: t.replace(MAIN, "macroEnabled.main")}), "宏"),
    "embedded object": (lambda: rewritten(ADVICE, {}, {"word/embeddings/x.xlsx": b"x"}), "嵌入对象"),
    "external picture": (lambda: linked("image"), "外部内容"),
    "attached template": (lambda: linked("attachedTemplate", ""), "此类关联"),
    "entities": (lambda: rewritten(ADVICE, {DOCUMENT: with_entities}), "文档类型"),
    "mail merge": (lambda: body('<w:p><w:fldSimple w:instr="INCLUDETEXT x"/></w:p>'), "不允许的域"),
    "other document": (lambda: body('<w:altChunk xmlns:r="x" r:id="rId1"/>'), "altChunk"),
    "content control": (lambda: body("<w:sdt><w:sdtContent><w:p/></w:sdtContent></w:sdt>"), "内容控件"),
    "class": (lambda: body("<w:p><w:r><w:t>{{ title.__class__ }}</w:t></w:r></w:p>"), "__class__"),
    "call": (lambda: body("<w:p><w:r><w:t>{{ title.upper() }}</w:t></w:r></w:p>"), "upper()"),
    "unescaped": (lambda: body("<w:p><w:r><w:t>{{ title|safe }}</w:t></w:r></w:p>"), "safe"),
    "include": (lambda: body("<w:p><w:r><w:t>{% include '/etc/passwd' %}</w:t></w:r></w:p>"), "不允许使用"),
    "no zip": (lambda: b"MZ", "不是有效的 .docx"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_word_files_are_refused_by_name(name):
    make, told = HOSTILE[name]
    faults = [note["message"] for note in lint(make())["notes"] if note["severity"] == "error"]
    assert any(told in fault for fault in faults), faults


def test_our_own_has_no_fault():
    assert lint() == {"notes": []}


def test_what_can_not_be_read_at_all_is_a_result_too():
    assert lint(**{"schema.json": b"["})["error"]["kind"] == "template"
    assert lint(**{"cases/valid-1.json": b"["})["notes"][0]["kind"] == "sample"
    result, _ = work(DESK, None, Request("burn", "advice", "钱测"), {})
    assert result["error"]["kind"] == "usage"


@pytest.fixture
def box(tmp_path):
    return DraftBox(tmp_path / "box")


def room(box, words, timeout_s=30, memory_mb=512):
    return PressRoom(
        box,
        lambda folder: run_limited([*words, str(folder)], timeout_s, memory_mb),
        lambda: dt.datetime.now(dt.UTC),
        dt.timedelta(seconds=timeout_s),
    )


WRITES = [sys.executable, "-c", "import sys; open(sys.argv[1] + '/result.json', 'w').write('{\"notes\": []}')"]


def test_each_waits_its_turn_and_is_worked_on_once(box):
    names = [box.put({"n": n}, {"template.docx": b"x"}) for n in range(2)]
    pressing = room(box, WRITES)
    assert [pressing.step(), pressing.step(), pressing.step()] == [True, True, False]
    assert [box.look(name) for name in names] == [({"n": n}, {"notes": []}) for n in range(2)]
    assert not (box._folder / "done" / names[0] / "draft").exists()


def test_one_that_takes_too_long_is_ended_with_all_that_it_started(box, tmp_path):
    name = box.put({}, {})
    pid = tmp_path / "pid"
    words = ["sh", "-c", f"sleep 600 & echo $! > {pid}; wait"]
    assert room(box, words, timeout_s=1).step()
    assert box.look(name)[1]["error"]["kind"] == "limit"
    for _ in range(100):
        if not Path(f"/proc/{int(pid.read_text())}").exists():
            return
        time.sleep(0.1)
    pytest.fail("what it started still runs")


def test_one_that_wants_too_much_memory_is_refused(box):
    name = box.put({}, {})
    assert room(box, [sys.executable, "-c", "x = bytes(1 << 30)"]).step()
    assert box.look(name)[1]["error"]["kind"] == "limit"


def test_what_a_press_left_behind_is_told_to_whoever_asks(box):
    name = box.put({}, {})
    os.utime(box.take(), (0, dt.datetime.now(dt.UTC).timestamp() - 61))
    assert not room(box, WRITES, timeout_s=60).step()
    assert box.look(name)[1] is None
    assert not room(box, WRITES, timeout_s=30).step()
    assert box.look(name)[1]["error"]["kind"] == "limit"


def test_what_nobody_fetched_for_a_day_is_forgotten(box):
    name = box.put({}, {})
    room(box, WRITES).step()
    box.forget(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))
    with pytest.raises(NotFoundError):
        box.look(name)
