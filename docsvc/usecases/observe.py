"""Is the service able to work, and how much work is there: asked often, so cheap, and told as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from docsvc.domain.errors import DocsvcError
from docsvc.domain.job import Backlog
from docsvc.domain.validity import Held, Role, Standing, lasts_until
from docsvc.ports import Database, Publisher, Queue, SealChains

UNBEGUN_FOR: Final = dt.timedelta(seconds=90)  # several rounds of the scheduler; then no worker takes anything up
UNSEQUENCED_FOR: Final = dt.timedelta(seconds=60)
NAMED: Final = 5  # of many certificates so many are named; doctor and metrics have them all

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
class SealState:
    """A seal: the certificate of each of its keys, the one in use first (none: they are not here), and until when
    there is always one to use; None: there is none now.
    """

    id: str
    held: Sequence[Held]
    until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Observation:
    """Looks at what others left behind; starts nothing."""

    database: Database
    queue: Queue
    publisher: Publisher
    chains: SealChains
    clock: Callable[[], dt.datetime]
    warn: dt.timedelta  # so long before a certificate's end

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

    def seals(self) -> Sequence[SealState]:
        """Each seal of the registry. Raises DatabaseError."""
        with self.database.read() as tx:
            designs = {agency.seal.id: agency.seal for agency in tx.agencies.list()}
        now = self.clock()
        found = []
        for seal_id, design in designs.items():
            try:
                held = self.chains.held(design)
            except DocsvcError:
                held = ()
            found.append(SealState(seal_id, held, lasts_until(held, now)))
        return found

    def others(self) -> Sequence[Held]:
        """Authorities and roots. Raises SetupError where one can't be read."""
        return self.chains.others()

    def _others_end(self) -> Mapping[str, dt.datetime] | None:
        """A root that has ended may be kept for what was made in its time: whatever still needs it tells itself."""
        now = self.clock()
        try:
            return {one.name: one.ends for one in self.others() if one.role is not Role.ROOT or one.ends > now}
        except DocsvcError:
            return None

    def parts(self) -> Iterator[Part]:
        """Database, broker, store, keys, and the workers and the sequencer by what they leave undone."""
        now = self.clock()
        try:
            load = self.load()
            seals = self.seals()
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
        yield _keys(seals, self._others_end(), now, self.warn)
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


def _keys(
    seals: Sequence[SealState], others: Mapping[str, dt.datetime] | None, now: dt.datetime, warn: dt.timedelta
) -> Part:
    """Failed where no seal can be pressed; degraded where some can't, or where an end is near."""
    if not seals:
        return Part("keys", "failed", "登记表为空", "there is no agency in the registry")
    zh, en = [], []
    missing = [s.id for s in seals if not s.held]
    if missing:
        zh.append(f"缺少公开证书：{_named(missing)}")
        en.append(f"no public certificates of {_named(missing)}")
    unusable = [_why_not(s, now) for s in seals if s.held and s.until is None]
    if unusable:
        zh.append(f"印章不能使用：{_named([z for z, _ in unusable])}")
        en.append(f"seals that can't be used: {_named([e for _, e in unusable])}")
    if others is None:
        zh.append("机构证书无法读取")
        en.append("a certificate of the authorities can't be read")
    until = {s.id: s.until for s in seals if s.until} | dict(others or {})
    ended = [f"{name} ({end:%Y-%m-%d})" for name, end in until.items() if end <= now]
    if ended:
        zh.append(f"已到期：{_named(ended)}")
        en.append(f"expired: {_named(ended)}")
    ending = [f"{name} ({end:%Y-%m-%d})" for name, end in until.items() if now < end and end - now < warn]
    if ending:
        zh.append(f"证书将到期：{_named(ending)}")
        en.append(f"certificates that end soon: {_named(ending)}")
    if zh:
        none_left = len(missing) + len(unusable) == len(seals)
        return Part("keys", "failed" if none_left else "degraded", "；".join(zh), "; ".join(en))
    first = min(until.values())
    return Part("keys", "ok", f"有效至{first:%Y-%m-%d}", f"valid until {first:%Y-%m-%d}")


def _why_not(seal: SealState, now: dt.datetime) -> tuple[str, str]:
    newest = seal.held[0]
    match newest.standing(now, dt.timedelta()):
        case Standing.WITHDRAWN:
            return f"{seal.id}（已吊销）", f"{seal.id} (revoked)"
        case Standing.NOT_YET:
            return f"{seal.id}（{newest.starts:%Y-%m-%d}起生效）", f"{seal.id} (from {newest.starts:%Y-%m-%d})"
        case Standing.ENDED | Standing.ENDING | Standing.GOOD:  # good for its last minutes, too short for a seal
            return f"{seal.id}（{newest.ends:%Y-%m-%d}到期）", f"{seal.id} (expired {newest.ends:%Y-%m-%d})"


def _named(names: Sequence[str]) -> str:
    more = ["…"] if len(names) > NAMED else []
    return ", ".join([*names[:NAMED], *more])
