"""The office itself: what it makes, what it survives, and that it leaves nothing behind."""

import io
import os
import platform
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from docsvc.adapters.office import converter as converter_module
from docsvc.domain.errors import ConversionError, SetupError
from tests.support.office import (
    LINKED_PICTURE,
    make_docx,
    make_office,
    nested_tables,
    with_body,
    with_parts,
    with_relation,
)

pytestmark = pytest.mark.office

SOUND = make_docx(["当事人：李喆", "二〇二六年 2026"])
ENDLESS = with_body(SOUND, nested_tables(75))  # takes the office many seconds, and doubles with each level


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with make_office(tmp_path_factory.mktemp("offices")) as office:
        yield office


@pytest.fixture
def own(tmp_path):
    """Makes offices that the test may kill."""
    made = []

    def make(**options):
        made.append(make_office(tmp_path / "offices", **options))
        return made[-1]

    yield make
    for office in made:
        office.close()


def gone(pid):
    """Dead, or dead and waiting for a parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def await_end(*pids):
    while not all(map(gone, pids)):
        time.sleep(0.02)


def text_of(pdf):
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "".join("".join(page.get_textpage().get_text_range() for page in document).split())
    finally:
        document.close()


def pictures_of(pdf):
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [bytes(page.render(scale=2).buffer) for page in document]
    finally:
        document.close()


def profiles(folder):
    return sorted(p.name for p in folder.glob("office-*"))


def test_it_claims_pdf_a_2b_and_is_tagged_in_chinese(shared):
    with pikepdf.open(io.BytesIO(shared.convert(SOUND))) as pdf:
        with pdf.open_metadata() as metadata:
            assert metadata["pdfaid:part"] == "2"
            assert metadata["pdfaid:conformance"] == "B"
        assert pdf.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in pdf.Root
        assert str(pdf.Root.Lang).startswith("zh-CN")
        assert "/OutputIntents" in pdf.Root
        assert "/AcroForm" not in pdf.Root
        assert "/Outlines" not in pdf.Root


def test_the_text_is_all_there(shared):
    assert "当事人：李喆" in text_of(shared.convert(SOUND))


def test_the_same_file_gives_the_same_look(shared):
    first, second = shared.convert(SOUND), shared.convert(SOUND)
    assert pictures_of(first) == pictures_of(second)
    assert text_of(first) == text_of(second)


def test_content_controls_do_not_become_forms(shared):
    content = "<w:sdtContent><w:r><w:t>填写</w:t></w:r></w:sdtContent>"
    control = f"<w:p><w:sdt><w:sdtPr><w:text/></w:sdtPr>{content}</w:sdt></w:p>"
    pdf = shared.convert(with_body(SOUND, control.encode()))
    assert "填写" in text_of(pdf)
    assert b"/AcroForm" not in pdf


def test_one_document_at_a_time_from_many_threads(shared):
    words = [f"第{n}份文书" for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        pdfs = list(pool.map(lambda word: shared.convert(make_docx([word])), words))
    assert all(word in text_of(pdf) for word, pdf in zip(words, pdfs, strict=True))


def test_it_starts_with_the_first_document_and_stays(own):
    office = own()
    assert office.pids == ()
    office.convert(SOUND)
    pids = office.pids
    office.convert(SOUND)
    assert office.pids == pids


def test_it_says_what_it_is(shared):
    assert shared.start().startswith("LibreOffice")


def test_bad_files_are_refused_and_the_office_lives_on(shared):
    shared.convert(SOUND)
    pids = shared.pids
    for bad in (b"", b"garbage", SOUND[:5000], with_parts(SOUND, {"word/document.xml": b"<w:document"})):
        with pytest.raises(ConversionError):
            shared.convert(bad)
    assert shared.pids == pids
    shared.convert(SOUND)


@pytest.mark.parametrize("xml", [b"<a/>", b'<w:document xmlns:w="urn:none"/>'])
def test_sound_xml_that_is_no_word_gives_nothing_and_no_dead_service(shared, xml):
    try:
        text = text_of(shared.convert(with_parts(SOUND, {"word/document.xml": xml})))
    except ConversionError:
        text = ""
    assert text == ""
    assert "李喆" in text_of(shared.convert(SOUND))


def test_a_time_out_ends_its_own_office_alone(own, shared):
    shared.convert(SOUND)
    others = shared.pids
    office = own(timeout_s=1)
    office.start()
    pids = office.pids
    with pytest.raises(ConversionError, match="超过 1 秒") as caught:
        office.convert(ENDLESS)
    assert caught.value.retryable
    assert all(map(gone, pids))
    assert shared.pids == others
    shared.convert(SOUND)
    assert shared.pids == others


def test_after_a_time_out_the_next_document_gets_a_fresh_office(own, tmp_path):
    office = own(timeout_s=1)
    office.start()
    pids = office.pids
    with pytest.raises(ConversionError):
        office.convert(ENDLESS)
    assert profiles(tmp_path / "offices") == []
    assert "李喆" in text_of(own().convert(SOUND))
    office.start()
    assert set(office.pids).isdisjoint(pids)


@pytest.mark.parametrize("which", [0, 1])
def test_a_kill_in_the_middle_is_an_error_and_the_next_one_starts_fresh(own, which):
    office = own()
    office.start()
    pids = office.pids
    threading.Timer(0.3, os.kill, (pids[which], signal.SIGKILL)).start()
    with pytest.raises(ConversionError, match="意外退出"):
        office.convert(ENDLESS)
    await_end(*pids)
    assert "李喆" in text_of(office.convert(SOUND))


@pytest.mark.parametrize("which", [0, 1])
def test_a_kill_between_documents_is_not_noticed(own, which):
    office = own()
    office.convert(SOUND)
    pids = office.pids
    os.kill(pids[which], signal.SIGKILL)
    await_end(*pids)
    assert "李喆" in text_of(office.convert(SOUND))
    assert set(office.pids).isdisjoint(pids)


def test_closing_leaves_no_process_no_profile_and_no_socket(own, tmp_path):
    office = own()
    office.convert(SOUND)
    pids = office.pids
    (lock,) = (tmp_path / "offices").glob("office-*.lock")
    sockets = [Path(line) for line in lock.read_text().splitlines()]
    assert sockets
    assert all(s.is_socket() for s in sockets)
    office.close()
    assert all(map(gone, pids))
    assert profiles(tmp_path / "offices") == []
    assert not any(s.exists() for s in sockets)
    assert office.pids == ()
    office.close()


PARENT = """
import sys
from pathlib import Path
from tests.support.office import make_office
office = make_office(Path(sys.argv[1]))
office.start()
print(*office.pids, flush=True)
office.convert(Path(sys.argv[2]).read_bytes())
"""


@pytest.mark.parametrize("when", ["in the middle of a conversion", "at once"])
def test_the_office_dies_with_a_parent_that_is_killed(tmp_path, when):
    endless = tmp_path / "endless.docx"
    endless.write_bytes(ENDLESS)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, tmp_path / "offices", endless], stdout=subprocess.PIPE, text=True
    ) as parent:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        if when != "at once":
            before = Path(f"/proc/{pids[1]}/stat").read_text()
            while Path(f"/proc/{pids[1]}/stat").read_text().split()[13] == before.split()[13]:
                time.sleep(0.02)  # until the office works on it
        parent.kill()
    await_end(*pids)
    assert [name for name in profiles(tmp_path / "offices") if not name.endswith(".lock")] == []


def test_what_a_killed_office_left_is_cleared_by_the_next(own, tmp_path):
    dead = own()
    dead.start()
    for pid in dead.pids:
        os.kill(pid, signal.SIGKILL)
    await_end(*dead.pids)
    dead._session.profile.forget()  # as if this process had died too
    left = profiles(tmp_path / "offices")
    assert left
    own().start()
    assert not set(left) & set(profiles(tmp_path / "offices"))


def test_it_is_recycled_after_its_share(own):
    office = own(recycle_after=2)
    office.convert(SOUND)
    first = office.pids
    office.convert(SOUND)
    assert office.pids == ()
    assert all(map(gone, first))
    assert "李喆" in text_of(office.convert(SOUND))


def test_it_is_recycled_when_it_has_grown(own):
    office = own(recycle_rss_mb=10)
    assert "李喆" in text_of(office.convert(SOUND))
    assert office.pids == ()


def test_a_forked_child_gets_an_office_of_its_own(own):
    office = own()
    office.convert(SOUND)
    pids = office.pids
    child = os.fork()
    if child == 0:
        code = 1
        try:
            office.convert(SOUND)
            code = 0 if set(office.pids).isdisjoint(pids) else 2
            office.close()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    office.convert(SOUND)
    assert office.pids == pids


def test_a_missing_family_is_named(own):
    with pytest.raises(SetupError, match="缺少字体：没有的仿宋"):
        own(families=("FandolFang", "没有的仿宋")).start()


def test_an_office_that_is_not_there_is_named(own, tmp_path):
    with pytest.raises(SetupError, match="nowhere"):
        own(soffice=tmp_path / "nowhere" / "soffice").start()


def test_a_python_without_uno_is_named(own):
    with pytest.raises(SetupError, match="uno"):
        own(python=Path(sys.executable)).start()


def test_an_office_that_ends_while_starting_is_a_setup_error(own, tmp_path):
    program = tmp_path / "soffice.bin"
    program.write_text("#!/bin/sh\nexit 7\n")
    program.chmod(0o755)
    with pytest.raises(SetupError, match="ended with 7"):
        own(soffice=tmp_path / "soffice").start()
    assert profiles(tmp_path / "offices") == []


def test_the_office_sees_nothing_of_our_environment(own, monkeypatch):
    monkeypatch.setenv("DOCSVC_KEY_PASSWORD", "secret")
    office = own()
    office.start()
    for pid in office.pids:
        assert b"secret" not in Path(f"/proc/{pid}/environ").read_bytes()


@pytest.mark.skipif(platform.machine() not in {"x86_64", "aarch64"}, reason="the filter knows these machines")
def test_the_kernel_refuses_it_the_network(own):
    office = own()
    office.start()
    assert office.confined
    assert "Seccomp:\t2" in Path(f"/proc/{office.pids[1]}/status").read_text()


def test_outside_content_is_not_fetched_even_past_the_door(own, monkeypatch):
    monkeypatch.setattr(converter_module, "check_package", lambda _: None)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x.png"
        own().convert(with_relation(with_body(SOUND, LINKED_PICTURE), "image", url))
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_field_does_not_read_files(shared, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("TOPSECRET")
    field = (
        '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve"> INCLUDETEXT "{secret}" </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>x</w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
    )
    assert "TOPSECRET" not in text_of(shared.convert(with_body(SOUND, field.encode())))
