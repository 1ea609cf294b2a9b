"""Is the service able to work, and how much work is there: asked often, so cheap, and told as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from docsvc.domain.errors import DocsvcError
from docsvc.domain.job import Backlog
from docsvc.ports import Database, Publisher, Queue, SealChains

UNBEGUN_FOR: Final = dt.timedelta(seconds=90)  # several rounds of the scheduler; then no worker takes anything up
UNSEQUENCED_FOR: Final = dt.timedelta(seconds=60)
EXPIRES_SOON: Final = dt.timedelta(days=30)

Status = Literal["ok", "degraded", "failed"]


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that the service needs. Degraded: what is accepted now is done later."""

    name: str
    status: Status
    detail: str
    detail_en: str


@dataclass(frozen=True, slots=True)
class Load:
    """The figures of one moment, from the database."""

    documents: Mapping[str, int]  # by state
    jobs: Backlog
    events_waiting: int
    events_since: dt.datetime | None
    log_size: int
    checkpoint_size: int


@dataclass(frozen=True, slots=True)
class Observation:
    """Looks at what others left behind; starts nothing."""

    database: Database
    queue: Queue
    publisher: Publisher
    chains: SealChains
    clock: Callable[[], dt.datetime]

    def load(self) -> Load:
        """Raises DatabaseError."""
        with self.database.read() as tx:
            waiting, since = tx.events.waiting()
            newest = tx.log.checkpoint()
            return Load(
                tx.documents.count_by_state(),
                tx.jobs.backlog(),
                waiting,
                since,
                tx.log.size(),
                newest[0] if newest else 0,
            )

    def parts(self) -> Iterator[Part]:
        """Database, broker, store, keys, and the workers and the sequencer by what they leave undone."""
        now = self.clock()
        try:
            load = self.load()
            with self.database.read() as tx:
                agencies = tx.agencies.list()
        except DocsvcError:
            yield Part("database", "failed", "数据库不可用", "the database does not answer")
            return
        yield Part("database", "ok", "可用", "answers")
        if self.queue.answers():
            yield Part("broker", "ok", "可用", "answers")
        else:
            yield Part(
                "broker",
                "degraded",
                "消息队列不可用：已受理的文书保存在数据库中，恢复后继续制作",
                "the broker does not answer: what is accepted waits in the database",
            )
        try:
            self.publisher.published()
            yield Part("store", "ok", "可用", "answers")
        except DocsvcError:
            yield Part("store", "failed", "对象存储不可用", "the object store does not answer")
        try:
            ends = [self.chains.valid_until(agency.seal) for agency in agencies]
        except DocsvcError:
            yield Part("keys", "failed", "有机关的印章没有公开证书", "a seal has no public certificates here")
        else:
            yield _keys(min(ends, default=None), now)
        unbegun = load.jobs.unbegun_since
        if unbegun and now - unbegun > UNBEGUN_FOR and not load.jobs.held:
            yield Part(
                "converter",
                "degraded",
                f"{load.jobs.waiting}份文书无人制作：没有工作进程在运行",
                f"nobody makes the {load.jobs.waiting} documents that wait: no worker runs",
            )
        else:
            yield Part("converter", "ok", "没有积压过久的文书", "no document waits too long")
        if load.events_since and now - load.events_since > UNSEQUENCED_FOR:
            yield Part(
                "sequencer",
                "degraded",
                f"{load.events_waiting}项事件未入日志：没有定序进程在运行",
                f"{load.events_waiting} events wait for the log: no sequencer runs",
            )
        else:
            yield Part("sequencer", "ok", "日志没有积压", "the log keeps up")


def _keys(ends: dt.datetime | None, now: dt.datetime) -> Part:
    if ends is None:
        return Part("keys", "failed", "登记表为空", "there is no agency in the registry")
    if ends <= now:
        return Part("keys", "failed", f"有印章证书已于{ends:%Y-%m-%d}到期", f"a seal expired on {ends:%Y-%m-%d}")
    if ends - now < EXPIRES_SOON:
        return Part("keys", "degraded", f"有印章证书将于{ends:%Y-%m-%d}到期", f"a seal expires on {ends:%Y-%m-%d}")
    return Part("keys", "ok", f"有效至{ends:%Y-%m-%d}", f"valid until {ends:%Y-%m-%d}")
