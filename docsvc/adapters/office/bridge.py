"""The program that owns one LibreOffice: runs in the system's Python (the only one that has `uno`), speaks frames.

It starts the office, connects over a UNO pipe and converts one document at a time, all in memory. It imports
nothing but the standard library and `uno`, and runs on Python 3.9 and later. Frames in both directions are one
byte of kind, eight bytes of length (big endian) and the payload:

    in   C  seconds allowed (float64, big endian) + DOCX
    out  S  started: JSON {office, version, sockets, confined}
         M  missing: JSON list of font families that fontconfig does not know; the program ends
         P  the PDF
         R  the office refused the document (UTF-8 text); it is well and takes the next
         X  the office failed (UTF-8 text); the program ends
         T  time was up, the office was killed; the program ends

When its standard input closes or its parent is no longer there, it kills its office, removes the profile and ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import queue
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

HEADER = struct.Struct(">cQ")
SECONDS = struct.Struct(">d")
WATCH_S = 0.5  # how often the watcher looks whether parent and office are still there
OLD_PROFILE_EXITS = (79, 81)  # the office asks to be started again (it has just set up a fresh profile)

PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
# linux/audit.h AUDIT_ARCH_* and the number of socket(2)
SOCKET_CALL = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}


class BpfProgram(ctypes.Structure):
    """struct sock_fprog of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def only_local_sockets() -> BpfProgram | None:
    """A seccomp filter that refuses every socket but AF_UNIX with EACCES; None on a machine it does not know.

    A hostile document must not make the office talk to anyone, whatever its settings miss.
    """
    known = SOCKET_CALL.get(platform.machine())
    if known is None:
        return None
    arch, call = known
    allow, refuse = 0x7FFF0000, 0x00050000 | 13  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EACCES
    load, jump, ret = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
    steps = (
        (load, 0, 0, 4),  # seccomp_data.arch
        (jump, 0, 5, arch),
        (load, 0, 0, 0),  # seccomp_data.nr
        (jump, 0, 3, call),
        (load, 0, 0, 16),  # first argument: the address family
        (jump, 1, 0, 1),  # AF_UNIX
        (ret, 0, 0, refuse),
        (ret, 0, 0, allow),
    )
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    return BpfProgram(len(steps), code)


class Office:
    """One soffice.bin: started, connected, and killed by process id."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.profile = Path(config["profile"])
        self.pipe = config["pipe"]
        self.process: subprocess.Popen[bytes] | None = None
        self.sockets: list[str] = []
        self.confined = False
        self.context: Any = None
        self.desktop: Any = None

    def start(self) -> None:
        """Start the office and connect. Raises RuntimeError when it ends or the time is up before that."""
        import uno  # the system's module: its absence must not hide the font check

        limit = time.monotonic() + self.config["start_timeout_s"]
        resolver = uno.getComponentContext().ServiceManager.createInstance("com.sun.star.bridge.UnoUrlResolver")
        address = f"uno:pipe,name={self.pipe};urp;StarOffice.ComponentContext"
        restarts = 0
        self.process = self._spawn()
        while self.context is None:
            try:
                self.context = resolver.resolve(address)
            except uno.getClass("com.sun.star.connection.NoConnectException"):
                code = self.process.poll()
                if code in OLD_PROFILE_EXITS and restarts < 2:  # noqa: PLR2004  # once is usual, twice was seen
                    restarts += 1
                    self.process = self._spawn()
                elif code is not None:
                    raise RuntimeError(f"the office ended with {code} while starting") from None
                if time.monotonic() > limit:
                    raise RuntimeError("the office did not answer on its pipe in time") from None
                time.sleep(0.01)
        self.desktop = self._service("com.sun.star.frame.Desktop")
        self.sockets = self._bound_sockets()

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [
            self.config["soffice"],
            f"-env:UserInstallation={self.profile.as_uri()}",
            "--headless",
            "--invisible",
            "--nologo",
            "--norestore",
            "--nodefault",
            "--nolockcheck",
            "--nofirststartwizard",
            f"--accept=pipe,name={self.pipe};urp;StarOffice.ComponentContext",
        ]
        libc = ctypes.CDLL(None, use_errno=True)
        program = only_local_sockets()
        self.confined = program is not None and libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        memory = self.config["memory_limit_mb"] * 1024 * 1024

        def in_child() -> None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
            if program is not None and self.confined:
                libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)

        return subprocess.Popen(  # noqa: S603  # our own argument list, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            stderr=sys.stderr,
            pass_fds=(self.config["lock_fd"],),  # the profile is in use for as long as the office lives
            preexec_fn=in_child,  # noqa: PLW1509  # no other thread runs yet
        )

    def _service(self, name: str) -> Any:
        return self.context.ServiceManager.createInstanceWithContext(name, self.context)

    def _bound_sockets(self) -> list[str]:
        """Socket files that the office has bound; it leaves them behind when it is killed."""
        if self.process is None:
            return []
        inodes = set()
        for fd in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                inodes.add(str(fd.readlink()))
        found = []
        for line in Path("/proc/net/unix").read_text("utf-8", "replace").splitlines()[1:]:
            fields = line.split(None, 7)
            if len(fields) == 8 and f"socket:[{fields[6]}]" in inodes:  # noqa: PLR2004  # columns of the table
                found.append(fields[7])
        return sorted(path for path in set(found) if "/OSL_PIPE_" in path)

    def version(self) -> str:
        """The office's own word for its version, e.g. "LibreOffice 7.4.7.2"."""
        provider = self._service("com.sun.star.configuration.ConfigurationProvider")
        node = _properties({"nodepath": "/org.openoffice.Setup/Product"})
        access = provider.createInstanceWithArguments("com.sun.star.configuration.ConfigurationAccess", node)
        return f"{access.getByName('ooName')} {access.getByName('ooSetupVersionAboutBox')}"

    def convert(self, docx: bytes) -> bytes | None:
        """PDF/A-2b of a DOCX; None when the office does not take the document."""
        import uno  # see start()

        source = self.context.ServiceManager.createInstanceWithArgumentsAndContext(
            "com.sun.star.io.SequenceInputStream", (uno.ByteSequence(docx),), self.context
        )
        document = self.desktop.loadComponentFromURL(
            "private:stream",
            "_blank",
            0,
            _properties(
                {
                    "InputStream": source,
                    "FilterName": "MS Word 2007 XML",  # no type detection: nothing but Word is ever loaded
                    "Hidden": True,
                    "ReadOnly": True,
                    "Silent": True,
                    "MacroExecutionMode": 0,  # document.MacroExecMode.NEVER_EXECUTE
                    "UpdateDocMode": 0,  # document.UpdateDocMode.NO_UPDATE
                    "Referer": "untrusted:document",  # with BlockUntrustedRefererLinks: no linked content
                }
            ),
        )
        if document is None:
            return None
        try:
            _lay_out_again(document)
            target = self._service("com.sun.star.io.SequenceOutputStream")
            settings = uno.Any(
                "[]com.sun.star.beans.PropertyValue",
                _properties(
                    {
                        "SelectPdfVersion": 2,  # PDF/A-2b
                        "UseTaggedPDF": True,
                        "ExportFormFields": False,  # content controls of the template are not forms
                        "ExportBookmarks": False,
                        "ExportNotes": False,
                        "IsSkipEmptyPages": False,
                        "ReduceImageResolution": False,
                        "UseLosslessCompression": True,  # a QR code with JPEG fringes is harder to scan
                        "DisplayPDFDocumentTitle": True,
                    }
                ),
            )
            document.storeToURL(
                "private:stream",
                _properties({"FilterName": "writer_pdf_Export", "OutputStream": target, "FilterData": settings}),
            )
            return bytes(target.getWrittenBytes().value)
        finally:
            document.close(True)  # noqa: FBT003  # XCloseable: yes, hand over ownership

    def ended(self) -> bool:
        """Whether the office is no longer there."""
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        """End the office and take away its socket files."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        for path in self.sockets:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108  # a string from /proc, not a path of ours


def _lay_out_again(document: Any) -> None:
    """Let the office break the pages once more, by a bottom margin that is changed and changed back.

    While it loads a file with more than 100 paragraphs and cells, it first cuts pages after every 20 paragraphs,
    and what then flows back does not heed "keep with next": a sign-off could stand alone on its page.
    """
    first = document.Text.getStart().PageStyleName
    style = document.StyleFamilies.getByName("PageStyles").getByName(first)
    margin = style.BottomMargin
    style.BottomMargin = margin - 5  # hundredths of a millimetre
    style.BottomMargin = margin


def _properties(values: dict[str, Any]) -> tuple[Any, ...]:
    from com.sun.star.beans import PropertyValue  # made by uno's import hook

    return tuple(PropertyValue(name, 0, value, 0) for name, value in values.items())


def unknown_families(wanted: list[str]) -> list[str]:
    """Which of the families fontconfig, under FONTCONFIG_FILE, does not list. Fills its cache on the way."""
    lib = ctypes.CDLL("libfontconfig.so.1")
    for name in ("FcInitLoadConfigAndFonts", "FcPatternCreate", "FcObjectSetCreate", "FcFontList"):
        getattr(lib, name).restype = ctypes.c_void_p

    class FontSet(ctypes.Structure):
        _fields_ = (
            ("count", ctypes.c_int),
            ("space", ctypes.c_int),
            ("patterns", ctypes.POINTER(ctypes.c_void_p)),
        )

    config = ctypes.c_void_p(lib.FcInitLoadConfigAndFonts())
    fields = ctypes.c_void_p(lib.FcObjectSetCreate())
    lib.FcObjectSetAdd(fields, b"family")
    lib.FcFontList.restype = ctypes.POINTER(FontSet)
    fonts = lib.FcFontList(config, ctypes.c_void_p(lib.FcPatternCreate()), fields).contents
    known = set()
    for i in range(fonts.count):
        text = ctypes.c_char_p()
        n = 0
        while lib.FcPatternGetString(ctypes.c_void_p(fonts.patterns[i]), b"family", n, ctypes.byref(text)) == 0:
            known.add((text.value or b"").decode("utf-8", "replace"))
            n += 1
    return [family for family in wanted if family not in known]


class Bridge:
    """Reads requests in one thread, which also watches; converts in the main thread, as UNO likes it."""

    def __init__(self, config: dict[str, Any], out: int) -> None:
        self.office = Office(config)
        self.parent = config["parent"]
        self.out = out
        self.requests: queue.Queue[bytes] = queue.Queue()
        self.deadline: float | None = None
        self.ending = threading.Lock()

    def serve(self) -> NoReturn:
        """Start the office, then convert until the parent has had enough."""
        missing = unknown_families(self.office.config["families"])
        if missing:
            self.reply(b"M", json.dumps(missing).encode())
            self.end()
        try:
            self.office.start()
            started = {
                "office": self.office.process.pid if self.office.process else 0,
                "version": self.office.version(),
                "sockets": self.office.sockets,
                "confined": self.office.confined,
            }
        except Exception as e:  # noqa: BLE001  # UNO raises its own tree; the parent must hear of any of it
            self.reply(b"X", f"{type(e).__name__}: {e}".encode())
            self.end()
        self.reply(b"S", json.dumps(started).encode())
        threading.Thread(target=self.keep_watch, daemon=True).start()
        while True:
            self.answer(self.requests.get())

    def answer(self, request: bytes) -> None:
        """Convert one document and say how it went."""
        try:
            pdf = self.office.convert(request)
        except Exception as e:  # noqa: BLE001  # see serve()
            self.deadline = None
            self.reply(b"X", f"{type(e).__name__}: {e}".encode())
            self.end()
        self.deadline = None
        if pdf is None:
            self.reply(b"R", b"not a Word document that the office can load")
        else:
            self.reply(b"P", pdf)

    def keep_watch(self) -> NoReturn:
        """Watch; an unwatched office may not go on, whatever the reason."""
        try:
            self.watch()
        finally:
            self.end()

    def watch(self) -> NoReturn:
        """Take requests in; end when the parent is gone, the office is gone or time is up."""
        buffer = bytearray()
        while True:
            readable, _, _ = select.select([0], [], [], self.patience())
            if readable:
                chunk = os.read(0, 1 << 20)
                if not chunk:
                    self.end()
                buffer += chunk
                self.take(buffer)
            if os.getppid() != self.parent:
                self.end()
            deadline = self.deadline  # the main thread may clear it meanwhile
            if deadline is not None and time.monotonic() > deadline:
                self.finish(b"T", b"")
            if self.office.ended():
                self.finish(b"X", b"the office has ended")

    def patience(self) -> float:
        deadline = self.deadline
        if deadline is None:
            return WATCH_S
        return min(WATCH_S, max(0.0, deadline - time.monotonic()) + 0.001)

    def take(self, buffer: bytearray) -> None:
        """Move a whole request, if there is one, from the buffer to the main thread."""
        if len(buffer) < HEADER.size:
            return
        _, length = HEADER.unpack_from(buffer)
        if len(buffer) < HEADER.size + length:
            return
        payload = bytes(buffer[HEADER.size : HEADER.size + length])
        del buffer[: HEADER.size + length]
        self.deadline = time.monotonic() + SECONDS.unpack_from(payload)[0]
        self.requests.put(payload[SECONDS.size :])

    def finish(self, kind: bytes, payload: bytes) -> NoReturn:
        """Say why and end, unless the main thread is already doing so."""
        if self.ending.acquire(blocking=False):
            self.office.kill()
            self.write(kind, payload)
            self.leave()
        while True:  # the main thread ends the process
            time.sleep(WATCH_S)

    def reply(self, kind: bytes, payload: bytes) -> None:
        """Answer from the main thread; never answers when the watcher has already taken the word."""
        with self.ending:
            self.write(kind, payload)

    def write(self, kind: bytes, payload: bytes) -> None:
        view = memoryview(HEADER.pack(kind, len(payload)) + payload)
        while view:
            try:
                view = view[os.write(self.out, view) :]
            except BrokenPipeError:
                return  # nobody listens; the watcher ends the process

    def end(self) -> NoReturn:
        self.office.kill()
        self.leave()

    def leave(self) -> NoReturn:
        shutil.rmtree(self.office.profile, ignore_errors=True)
        os._exit(0)  # no teardown: UNO's threads may hang on a dead office


def main() -> NoReturn:
    """Run with one argument, the JSON that OfficeConverter made."""
    out = os.dup(1)
    os.dup2(2, 1)  # whatever prints must not break the frames
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    Bridge(json.loads(sys.argv[1]), out).serve()


if __name__ == "__main__":
    main()
