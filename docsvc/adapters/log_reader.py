"""Where published logs are read from: a folder, or an HTTP server that is not trusted with our time or memory."""

from __future__ import annotations

import os
import stat
import time
import urllib.parse
from pathlib import Path
from typing import Final

import requests
import urllib3

from docsvc.domain.errors import LogError, UsageError
from docsvc.ports import LogReader

CONNECT_S: Final = 10
READ_S: Final = 20
FILE_S: Final = 60  # a whole file, however slowly its bytes drip
CHUNK: Final = 65_536


def open_log(where: str) -> LogReader:
    """A folder's path or a URL's prefix. Raises UsageError for what is neither."""
    if "://" in where:
        return HttpLog(where)
    path = Path(where)
    if not path.is_dir():
        raise UsageError(f"没有该目录：{where}；no such folder")
    return FolderLog(path)


class FolderLog:
    """A log in a folder. Implements ports.LogReader."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str, limit: int) -> bytes | None:
        """Raises LogError where it is no plain file, can't be read or is too long."""
        try:
            # Without O_NONBLOCK a named pipe put there would hold us for ever.
            with os.fdopen(os.open(self._folder / path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as f:
                if not stat.S_ISREG(os.fstat(f.fileno()).st_mode):
                    raise LogError(f"{path} 不是普通文件；not a plain file")
                data = f.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as e:
            raise LogError(f"{path} 无法读取；it can't be read: {e.strerror}") from e
        if len(data) > limit:
            raise LogError(f"{path} 过大；it is longer than {limit} bytes")
        return data


class HttpLog:
    """A log on an HTTP server. Implements ports.LogReader. Follows no redirects, asks no proxy."""

    def __init__(self, prefix: str) -> None:
        """Raises UsageError for a URL other than http(s)://host…"""
        parts = urllib.parse.urlsplit(prefix)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise UsageError(f"不是可用的日志地址：{prefix}；not the prefix of a log: http(s)://host/path")
        self._prefix = prefix.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # settings come from the settings module alone; no .netrc either

    def read(self, path: str, limit: int) -> bytes | None:
        """Raises LogError where the server does not answer in time, answers otherwise or sends too much."""
        deadline = time.monotonic() + FILE_S
        data = bytearray()
        try:
            with self._session.get(
                f"{self._prefix}/{path}", timeout=(CONNECT_S, READ_S), stream=True, allow_redirects=False
            ) as answer:
                if answer.status_code in {requests.codes.not_found, requests.codes.gone}:
                    return None
                if answer.status_code != requests.codes.ok:
                    raise LogError(
                        f"{path}：服务器答复 {answer.status_code}；the server answered {answer.status_code}"
                    )
                # read1 returns what has come, so that a server that drips can't hold us past the deadline; decoded,
                # so that the limit also holds against compression bombs.
                while chunk := answer.raw.read1(CHUNK, decode_content=True):
                    data += chunk
                    if len(data) > limit:
                        raise LogError(f"{path} 过大；it is longer than {limit} bytes")
                    if time.monotonic() > deadline:
                        raise LogError(f"{path} 超时；it took longer than {FILE_S} s")
        except (requests.RequestException, urllib3.exceptions.HTTPError) as e:
            raise LogError(f"{path} 无法取得；it could not be fetched: {type(e).__name__}") from e
        return bytes(data)

    def close(self) -> None:
        """End the connections."""
        self._session.close()
