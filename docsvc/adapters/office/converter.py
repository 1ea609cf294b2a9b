"""Word to PDF/A-2b by a warm LibreOffice of our own, restarted when it fails, ages or grows."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import threading
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, NoReturn, Self

from docsvc.adapters.office.package import check_package
from docsvc.adapters.office.process import BridgeGoneError, BridgeProcess
from docsvc.adapters.office.profile import Profile
from docsvc.adapters.office.typesetting import keep_whole
from docsvc.domain.errors import ConversionError, DocumentRefusedError, SetupError

SOFFICE_PLACES: Final = (
    Path("/usr/lib/libreoffice/program/soffice"),
    Path("/usr/lib64/libreoffice/program/soffice"),
    Path("/opt/libreoffice/program/soffice"),
)
PYTHON_PLACES: Final = (Path("/usr/bin/python3"),)
START_TIMEOUT_S: Final = 90.0  # the first start on a machine also reads every font file
GRACE_S: Final = 5.0  # the bridge kills its office at the deadline; this long later we kill the bridge
LEAST_MEMORY_MB: Final = 2048  # hard limit of the office's own memory, or twice the size at which it is recycled


class _Session(NamedTuple):
    """One running office: who speaks to it, where it lives, what it said when it started."""

    bridge: BridgeProcess
    profile: Profile
    office_pid: int
    version: str
    confined: bool


class OfficeConverter:
    """Implements Converter. Starts its office on the first document; one document at a time, from any thread.

    Each converter owns its office: a time-out or crash ends that one alone, and the next document gets a fresh
    one. `families` are font families that must be there, in the order in which they stand in for each other;
    where they are given, the office sees no other font.
    `font_cache` is fontconfig's, by default a folder beside the profiles; building it anew takes seconds.
    """

    def __init__(  # noqa: PLR0913  # each a knob of its own, by keyword
        self,
        profile_parent: Path,
        font_dirs: Sequence[Path],
        *,
        families: Sequence[str] = (),
        font_cache: Path | None = None,
        soffice: Path | None = None,
        python: Path | None = None,
        timeout_s: float = 60,
        recycle_after: int = 200,
        recycle_rss_mb: int = 1200,
    ) -> None:
        self._profile_parent = profile_parent
        self._font_dirs = tuple(font_dirs)
        self._families = tuple(families)
        self._font_cache = font_cache
        self._soffice = soffice
        self._python = python
        self._timeout_s = timeout_s
        self._recycle_after = recycle_after
        self._recycle_rss_mb = recycle_rss_mb
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._session: _Session | None = None
        self._converted = 0

    def convert(self, docx: bytes) -> bytes:
        """PDF/A-2b, tagged. Raises ConversionError (refused, failed or out of time), SetupError (cannot start)."""
        check_package(docx)
        docx = keep_whole(docx)
        self._after_fork()
        with self._lock:
            session = self._running()
            kind, answer = self._ask(session, docx)
            if kind == b"P" and answer.startswith(b"%PDF-"):
                self._converted += 1
                self._recycle(session)
                return answer
            if kind == b"R":
                sentence = "排版程序无法读取该 Word 文件 / the office can't load this Word file"
                raise DocumentRefusedError(sentence) from RuntimeError(answer.decode("utf-8", "replace"))
            if kind == b"T":
                self._discard()
                raise ConversionError(self._late())
            raise self._failure(answer.decode("utf-8", "replace"))

    def start(self) -> str:
        """Start the office where none runs; its name and version. Raises SetupError."""
        self._after_fork()
        with self._lock:
            return self._running().version

    def close(self) -> None:
        """End the office; the next document would start another."""
        self._after_fork()
        with self._lock:
            self._discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of bridge and office; empty where none runs."""
        session = self._session
        return (session.bridge.pid, session.office_pid) if session else ()

    @property
    def confined(self) -> bool:
        """Whether the kernel refuses the running office every network socket."""
        return self._session is not None and self._session.confined

    def _running(self) -> _Session:
        if self._session is not None and not self._session.bridge.quiet():
            self._discard()  # it died while idle: no fault of the document that comes now
        return self._session or self._start()

    def _ask(self, session: _Session, docx: bytes) -> tuple[bytes, bytes]:
        request = struct.pack(">d", self._timeout_s) + docx
        try:
            return session.bridge.ask(b"C", request, self._timeout_s + GRACE_S)
        except TimeoutError as e:
            self._kill()
            raise ConversionError(self._late()) from e
        except BridgeGoneError as e:
            failure = self._failure(str(e))
            raise failure from failure.__cause__

    def _start(self) -> _Session:
        soffice = _soffice(self._soffice)
        python = _python(self._python)
        profile = Profile(self._profile_parent, self._font_dirs, self._families, self._font_cache)
        config = {
            "soffice": str(soffice),
            "profile": str(profile.folder),
            "pipe": f"docsvc-{uuid.uuid4().hex}",
            "families": self._families,
            "start_timeout_s": START_TIMEOUT_S,
            "memory_limit_mb": max(LEAST_MEMORY_MB, 2 * self._recycle_rss_mb),
        }
        bridge = None
        try:
            bridge = BridgeProcess(
                python, config, profile.environment, profile.folder / "office.log", profile.lock_fd
            )
            kind, answer = bridge.hear(START_TIMEOUT_S + GRACE_S)
            if kind != b"S":
                self._refuse_start(kind, answer)
            said = json.loads(answer)
            profile.note_sockets(said["sockets"])
        except BaseException as e:
            cause = profile.log_tail()
            if bridge is not None:
                bridge.kill()
            profile.remove()
            if isinstance(e, BridgeGoneError | TimeoutError | OSError):
                raise SetupError("无法启动 LibreOffice / LibreOffice does not start") from RuntimeError(
                    cause or str(e)
                )
            raise
        self._converted = 0
        self._session = _Session(bridge, profile, said["office"], said["version"], said["confined"])
        return self._session

    def _refuse_start(self, kind: bytes, answer: bytes) -> NoReturn:
        if kind == b"M":
            families = "、".join(json.loads(answer))
            folders = ", ".join(map(str, self._font_dirs))
            raise SetupError(f"字体目录中缺少字体：{families} / fonts are missing under {folders}: {families}")
        reason = answer.decode("utf-8", "replace")
        raise SetupError(f"无法启动 LibreOffice / LibreOffice does not start: {reason}")

    def _recycle(self, session: _Session) -> None:
        """End an office that has done its share or grown: it leaks over the hours."""
        if self._converted >= self._recycle_after or _rss_mb(session.office_pid) > self._recycle_rss_mb:
            self._discard()

    def _failure(self, reason: str) -> ConversionError:
        """The error to raise for an office that failed; the office itself is ended here."""
        log = self._session.profile.log_tail() if self._session else ""
        self._kill()
        error = ConversionError(
            "排版程序意外退出，下一份文书将重新启动它 / the office failed; the next one starts fresh"
        )
        error.__cause__ = RuntimeError("; ".join(filter(None, (reason, log))))
        return error

    def _late(self) -> str:
        limit = f"{self._timeout_s:g}"
        return f"排版超过 {limit} 秒，已中止 / the office took more than {limit} s and was ended"

    def _discard(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            session.bridge.end()
            session.profile.remove()

    def _kill(self) -> None:
        if self._session is not None:
            self._session.bridge.kill()
            self._discard()

    def _after_fork(self) -> None:
        """A forked child has no office: the one it sees belongs to its parent, as does a lock held meanwhile."""
        if self._owner != os.getpid():
            session, self._session = self._session, None
            self._owner, self._lock = os.getpid(), threading.Lock()
            if session is not None:
                session.bridge.forget()
                session.profile.forget()


def _soffice(given: Path | None) -> Path:
    """soffice.bin beside the `soffice` that was given or found. Raises SetupError."""
    on_path = shutil.which("soffice") or shutil.which("libreoffice")
    places = [given] if given else [*([Path(on_path)] if on_path else []), *SOFFICE_PLACES]
    for place in places:
        program = place.resolve().with_name("soffice.bin")
        if program.is_file():
            return program
    where = f" ({given})" if given else ""
    raise SetupError(f"找不到 LibreOffice{where} / LibreOffice is not installed{where}; install libreoffice-writer")


def _python(given: Path | None) -> Path:
    """The first Python that has `uno`. Raises SetupError."""
    for place in _unique([given] if given else PYTHON_PLACES):
        try:
            probe = subprocess.run(  # noqa: S603  # our own argument list, no shell
                [place, "-I", "-c", "import uno"], capture_output=True, timeout=30, check=False, env={}
            )
        except OSError:
            continue
        if probe.returncode == 0:
            return place
    names = ", ".join(str(p) for p in ([given] if given else PYTHON_PLACES))
    raise SetupError(f"系统 Python（{names}）没有 uno 模块 / {names} has no module uno; install python3-uno")


def _unique(places: Iterable[Path]) -> list[Path]:
    return list(dict.fromkeys(places))


def _rss_mb(pid: int) -> int:
    """Resident memory of a process in MiB; 0 where it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return 0
    lines = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return next((int(line.split()[1]) // 1024 for line in lines), 0)
