"""The folder that one office lives in: its lock, its settings, its fonts; and clearing away after dead ones."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

PREFIX: Final = "office-"
FONT_CACHE: Final = "font-cache"  # beside the profiles and shared by them: fontconfig writes it atomically
TIME_ZONE: Final = "CST-8"  # POSIX form of China's time: needs no zone files

# Configuration path → property → (type, value). Everything that opens a connection, runs code, asks a person,
# writes by itself or costs start-up time is off.
SETTINGS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "/org.openoffice.Setup/Office": {
        "ooSetupInstCompleted": ("boolean", "true"),
        "MigrationCompleted": ("boolean", "true"),
    },
    "/org.openoffice.Setup/L10N": {"ooLocale": ("string", "en-US"), "ooSetupSystemLocale": ("string", "zh-CN")},
    "/org.openoffice.Office.Linguistic/General": {
        "DefaultLocale": ("string", "en-US"),
        "DefaultLocale_CJK": ("string", "zh-CN"),
    },
    "/org.openoffice.Office.Linguistic/SpellChecking": {"IsSpellAuto": ("boolean", "false")},
    "/org.openoffice.Office.Linguistic/GrammarChecking": {"IsAutoCheck": ("boolean", "false")},
    "/org.openoffice.Office.Linguistic/Hyphenation": {"IsHyphAuto": ("boolean", "false")},
    "/org.openoffice.Office.Common/Security/Scripting": {
        "MacroSecurityLevel": ("int", "3"),  # only trusted locations, and there are none
        "DisableMacrosExecution": ("boolean", "true"),
        "DisableActiveContent": ("boolean", "true"),
        "DisablePythonRuntime": ("boolean", "true"),
        "BlockUntrustedRefererLinks": ("boolean", "true"),
    },
    "/org.openoffice.Office.Common/Load": {"UserDefinedSettings": ("boolean", "false")},
    "/org.openoffice.Office.Common/Misc": {
        "CrashReport": ("boolean", "false"),
        "CollectUsageInformation": ("boolean", "false"),
        "ShowTipOfTheDay": ("boolean", "false"),
        "UseOpenCL": ("boolean", "false"),
        "UseLocking": ("boolean", "false"),
        "FirstRun": ("boolean", "false"),
    },
    "/org.openoffice.Office.Common/Save/Document": {"AutoSave": ("boolean", "false")},
    "/org.openoffice.Office.Common/History": {"PickListSize": ("int", "0")},
    "/org.openoffice.Office.Common/Cache/GraphicManager": {"TotalCacheSize": ("int", "50000000")},
    "/org.openoffice.Office.Common/Undo": {"Steps": ("int", "0")},
    "/org.openoffice.Office.Recovery/RecoveryInfo": {"Enabled": ("boolean", "false")},
    "/org.openoffice.Office.Recovery/AutoSave": {"Enabled": ("boolean", "false")},
    "/org.openoffice.Office.Jobs/Jobs/org.openoffice.Office.Jobs:Job['UpdateCheck']/Arguments": {
        "AutoCheckEnabled": ("boolean", "false"),
    },
    "/org.openoffice.Office.Writer/Content/Update": {"Link": ("int", "0")},  # never
    "/org.openoffice.Inet/Settings": {  # a proxy that nobody answers on
        "ooInetProxyType": ("int", "2"),
        "ooInetHTTPProxyName": ("string", "127.0.0.1"),
        "ooInetHTTPProxyPort": ("int", "9"),
        "ooInetHTTPSProxyName": ("string", "127.0.0.1"),
        "ooInetHTTPSProxyPort": ("int", "9"),
    },
    "/org.openoffice.VCL/Settings": {},
}

NO_JAVA: Final = """<?xml version="1.0" encoding="UTF-8"?>
<java xmlns="http://openoffice.org/2004/java/framework/1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<enabled xsi:nil="false">false</enabled>
</java>
"""


class Profile:
    """A fresh folder `office-…` under `parent`, held by a lock until this process and its children are gone.

    The lock is a file beside the folder. Whoever is given its descriptor (the bridge, the office) holds it too;
    the kernel lets go when the last of them is dead, however it died, and then the folder is stale.
    """

    def __init__(
        self, parent: Path, font_dirs: Sequence[Path], families: Sequence[str], font_cache: Path | None = None
    ) -> None:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        clear_stale(parent)
        self.lock_fd, lock = _locked(parent)
        self._lock = lock
        self.folder = lock.with_suffix("")
        (self.folder / "user" / "config").mkdir(mode=0o700, parents=True)
        self.fonts_conf = self.folder / "fonts.conf"
        self.fonts_conf.write_text(fonts_conf(font_dirs, families, font_cache or parent / FONT_CACHE), "utf-8")
        (self.folder / "user" / "registrymodifications.xcu").write_text(registry(SETTINGS), "utf-8")
        for system in ("Linux_X86_64", "Linux_AARCH64"):
            (self.folder / "user" / "config" / f"javasettings_{system}.xml").write_text(NO_JAVA, "utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """All that the office sees of the environment: nothing of ours."""
        return {
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder / ".cache"),
            "XDG_CONFIG_HOME": str(self.folder / ".config"),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TZ": TIME_ZONE,
            "SAL_USE_VCLPLUGIN": "svp",
            "SAL_DISABLE_OPENCL": "1",
            "FONTCONFIG_FILE": str(self.fonts_conf),
        }

    def note_sockets(self, paths: Iterable[str]) -> None:
        """Write down which socket files the office has bound, for whoever clears away after it."""
        os.pwrite(self.lock_fd, "\n".join(paths).encode(), 0)

    def log_tail(self) -> str:
        """The end of what bridge and office wrote about themselves; for the cause, never for the caller."""
        try:
            return (self.folder / "office.log").read_text("utf-8", "replace")[-500:].strip()
        except OSError:
            return ""

    def remove(self) -> None:
        """Take the folder and the lock away; call when the office is dead. Safe to repeat."""
        if self.lock_fd >= 0:
            _remove(self._lock)
            self.forget()

    def forget(self) -> None:
        """Let go of the lock without touching anything: for a forked child, whose parent still works here."""
        fd, self.lock_fd = self.lock_fd, -1  # a closed number may soon be another file's
        if fd >= 0:
            os.close(fd)


def clear_stale(parent: Path) -> int:
    """Remove the folders, and the socket files, of offices that nobody holds any more; returns how many."""
    cleared = 0
    for lock in parent.glob(f"{PREFIX}*.lock"):
        with contextlib.suppress(OSError), lock.open("rb") as f:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(lock)
            cleared += 1
    return cleared


def _locked(parent: Path) -> tuple[int, Path]:
    """A new lock file, locked. Another process may take a fresh file for stale before we hold it: then again."""
    while True:
        path = parent / f"{PREFIX}{secrets.token_hex(6)}.lock"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_ino == os.fstat(fd).st_ino:
                return fd, path
        except OSError:
            pass
        os.close(fd)


def _remove(lock: Path) -> None:
    for line in lock.read_text("utf-8", "replace").splitlines():
        socket = Path(line)
        if socket.name.startswith("OSL_PIPE_") and socket.is_socket():
            socket.unlink(missing_ok=True)
    for _ in range(5):  # a dying office may still write into it
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        if not lock.with_suffix("").exists():
            break
    lock.unlink(missing_ok=True)


def fonts_conf(font_dirs: Sequence[Path], families: Sequence[str], cache: Path) -> str:
    """A fontconfig file that knows only `font_dirs` and, where `families` are given, only these families of them.

    What a font lacks comes from `families`, in order. Whatever else the machine has installed changes nothing:
    not a line's width, and no stray symbol font draws a private-use character that a name must not hold.
    """
    folders = "\n".join(f"<dir>{escape(str(d))}</dir>" for d in font_dirs)
    named = [f"<string>{escape(family)}</string>" for family in families]
    accepted = "".join(f'<pattern><patelt name="family">{name}</patelt></pattern>' for name in named)
    chosen = (
        f"<selectfont><rejectfont><pattern/></rejectfont><acceptfont>{accepted}</acceptfont></selectfont>\n"
        '<match target="pattern"><edit name="family" mode="append_last" binding="weak">'
        f"{''.join(named)}</edit></match>\n"
        if named
        else ""
    )
    return (
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n'
        f"{folders}\n{chosen}<cachedir>{escape(str(cache))}</cachedir>\n</fontconfig>\n"
    )


def registry(settings: Mapping[str, Mapping[str, tuple[str, str]]]) -> str:
    """registrymodifications.xcu with these settings."""
    items = "\n".join(
        f'<item oor:path={quoteattr(path)}><prop oor:name={quoteattr(name)} oor:op="fuse" oor:type="xs:{kind}">'
        f"<value>{escape(value)}</value></prop></item>"
        for path, properties in settings.items()
        for name, (kind, value) in properties.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n{items}\n</oor:items>\n'
    )
