"""Signed notes, verifier keys and checkpoints, against the examples of the C2SP specifications."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsvc.domain.merkle import EMPTY_ROOT
from docsvc.domain.note import Checkpoint, NoteError, Signature, VerifierKey, format_note, parse_note

# The example of golang.org/x/mod/sumdb/note: the first key ever written in this form.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
ROOT_TEXT = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="  # of the empty tree


def test_a_known_key():
    key = VerifierKey.parse(PETER)
    assert (key.name, key.id.hex(), key.text) == ("PeterNeumann", "c74f20a3", PETER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("PeterNeumann", "Peter Neumann"),
        PETER[:-4],
        PETER[:-4] + "!!!!",
        PETER.replace("ARpc", "BBpc"),
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_other_texts_are_no_keys(text):
    with pytest.raises(NoteError):
        VerifierKey.parse(text)


def test_a_known_note():
    note = parse_note(PETERS_NOTE)
    assert note.text.endswith(b"what your problem is.\n")
    (signature,) = note.by(VerifierKey.parse(PETER))
    assert len(signature.signature) == 64
    assert format_note(note.text, note.signatures) == PETERS_NOTE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"\n\n\xe2\x80\x94 a AAAAAAA=\n",
        PETERS_NOTE[:-1],
        PETERS_NOTE.replace(b"\xe2\x80\x94 ", b"- "),
        PETERS_NOTE.replace(b"cryptography", b"crypto\tgraphy"),
        PETERS_NOTE.replace(b"cryptography", b"\xff"),
        PETERS_NOTE.replace(b"x08go/", b"x08go!"),
        PETERS_NOTE + b"junk\n",
        "text\n\n— a+b AAAAAAAA\n".encode(),
        "text\n\n— a AAAA\n".encode(),
        "text\n\n— a AAAAAAB=\n".encode(),
        "text\n\n— aAAAAAAAA\n".encode(),
        b"x" * 70_000 + PETERS_NOTE,
        PETERS_NOTE + "— a AAAAAAAA\n".encode() * 100,
    ],
)
def test_other_bytes_are_no_notes(data):
    with pytest.raises(NoteError):
        parse_note(data)


def test_sixteen_signatures_are_read():
    assert len(parse_note(PETERS_NOTE + "— a AAAAAAAA\n".encode() * 15).signatures) == 16


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading(data):
    for parse in (parse_note, Checkpoint.parse, lambda d: VerifierKey.parse(d.decode("latin-1"))):
        try:
            parse(data)
        except NoteError:
            continue


def test_a_checkpoint_round_trips():
    checkpoint = Checkpoint("log.example/日志", 0, EMPTY_ROOT)
    assert checkpoint.text.decode() == f"log.example/日志\n0\n{ROOT_TEXT}\n"
    assert Checkpoint.parse(checkpoint.text) == checkpoint
    assert Checkpoint.parse(checkpoint.text + b"extension line\n") == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n0\n",
        f"log\n0\n{ROOT_TEXT}",
        f"\n0\n{ROOT_TEXT}\n",
        f"log\n00\n{ROOT_TEXT}\n",
        f"log\n-1\n{ROOT_TEXT}\n",
        f"log\n٣\n{ROOT_TEXT}\n",
        f"log\n{10**30}\n{ROOT_TEXT}\n",
        "log\n0\nAAAA\n",
        f"log\n0\n{ROOT_TEXT}\n\n",
        f"log\n0\n{ROOT_TEXT[:-2]}V=\n",
    ],
)
def test_other_texts_are_no_checkpoints(text):
    with pytest.raises(NoteError):
        Checkpoint.parse(text.encode())


def test_a_note_that_can_not_be_read_back_is_not_written():
    good = Signature("log", b"1234", b"signature")
    for text in (b"", b"no newline", b"tab\t\n", b"\xff\n"):
        with pytest.raises(NoteError):
            format_note(text, (good,))
    with pytest.raises(NoteError):
        format_note(b"text\n", (Signature("a b", b"1234", b"signature"),))
    with pytest.raises(NoteError):
        format_note(b"text\n", ())
