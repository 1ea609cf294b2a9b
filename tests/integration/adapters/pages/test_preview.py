"""Pages as pictures: drawn in a process of its own, which may crash, hang or be killed."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from docsvc.adapters.pages.preview import RECYCLE_AFTER, ProcessPageImages
from docsvc.domain.errors import ConversionError, NotFoundError
from tests.support.unsigned_pdfs import make_pdf


@pytest.fixture(scope="module")
def pdf():
    return make_pdf([[(100, 700, "AB")], [(100, 100, "B")]])


@pytest.fixture
def images():
    images = ProcessPageImages()
    yield images
    images.close()


def picture(png):
    with Image.open(io.BytesIO(png)) as image:
        return image.convert("L")


def dark_rows(image):
    across, high = image.size
    return {y for y in range(high) if min(image.crop((0, y, across, y + 1)).tobytes()) < 128}


def test_a_page_is_as_wide_as_asked_and_shows_its_text(images, pdf):
    for width in (50, 595, 1190):
        image = picture(images.png(pdf, 1, width))
        assert image.size == (width, round(width * 842 / 595)) or abs(image.size[1] - width * 842 / 595) < 2
    first, second = (dark_rows(picture(images.png(pdf, n, 595))) for n in (1, 2))
    assert first
    assert max(first) < 160, "text near the top"
    assert second
    assert min(second) > 700, "text near the bottom"


def test_widths_have_limits(images, pdf):
    assert picture(images.png(pdf, 1, 1)).size[0] == 50
    assert picture(images.png(pdf, 1, 10**9)).size[0] == 2400


@pytest.mark.parametrize("page", [0, -1, 3, 2**32, 2**70])
def test_no_such_page(images, pdf, page):
    with pytest.raises(NotFoundError):
        images.png(pdf, page, 100)


def test_pages_are_counted(images, pdf):
    assert images.count(pdf) == 2


@pytest.mark.parametrize("data", [b"", b"no pdf", b"%PDF-1.7\n%%EOF"])
def test_what_can_not_be_drawn_is_a_fault_and_the_next_one_is_drawn(images, pdf, data):
    with pytest.raises(ConversionError):
        images.png(data, 1, 100)
    assert images.png(pdf, 1, 100)


def test_a_strip_is_no_page(images):
    with pytest.raises(ConversionError):
        images.png(make_pdf([[(1, 1, "A")]], paper=(10, 10_000)), 1, 2000)


def child(images):
    return images._child._process


def test_one_process_draws_many_and_is_replaced_in_time(images, pdf, monkeypatch):
    images.png(pdf, 1, 50)
    first = child(images).pid
    images.png(pdf, 1, 50)
    assert child(images).pid == first
    monkeypatch.setattr(images._child, "_drawn", RECYCLE_AFTER)
    images.png(pdf, 1, 50)
    assert child(images).pid != first


def test_a_killed_process_is_replaced(images, pdf):
    images.png(pdf, 1, 50)
    os.kill(child(images).pid, signal.SIGKILL)
    child(images).wait()
    assert images.png(pdf, 1, 50)


def test_a_process_that_hangs_is_ended(pdf):
    images = ProcessPageImages(deadline_s=0.5)
    images._running()
    os.kill(child(images).pid, signal.SIGSTOP)
    hung = child(images)
    with pytest.raises(ConversionError):
        images.png(pdf, 1, 50)
    assert hung.poll() is not None
    images.close()


def test_many_threads_share_it(images, pdf):
    made = []
    threads = [
        threading.Thread(target=lambda n=n: made.append((n, images.png(pdf, 1, n)))) for n in range(100, 108)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert {n: picture(png).size[0] for n, png in made} == {n: n for n in range(100, 108)}


def test_closing_ends_it(pdf):
    images = ProcessPageImages()
    images.png(pdf, 1, 50)
    process = child(images)
    images.close()
    assert process.returncode is not None
    images.close()


def test_it_can_not_eat_all_memory(pdf):
    images = ProcessPageImages(memory_mb=1024)
    images.png(pdf, 1, 50)
    limits = Path(f"/proc/{child(images).pid}/limits").read_text()
    (line,) = [entry for entry in limits.splitlines() if entry.startswith("Max address space")]
    assert line.split()[3] == str(1024 << 20)
    images.close()


def test_it_ends_with_its_owner(pdf):
    read, write = os.pipe()
    owner = os.fork()
    if owner == 0:
        images = ProcessPageImages()
        images.png(pdf, 1, 50)
        os.write(write, str(child(images).pid).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(write)
    os.waitpid(owner, 0)
    pid = int(os.read(read, 20))
    os.close(read)
    for _ in range(600):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                break
        except FileNotFoundError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the child outlived its owner")
