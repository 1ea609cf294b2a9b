"""Rows of work in progress: jobs with their leases, and Idempotency-Keys, over one open connection."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from docsvc.adapters.db.repos import insert
from docsvc.adapters.db.tables import documents, jobs, postings
from docsvc.domain.errors import BusyError, ConflictError, LeaseLostError, NotFoundError
from docsvc.domain.job import Backlog, Job, Posting

JOB_FIELDS: Final = [jobs.c[f.name] for f in dataclasses.fields(Job)]
POSTING_FIELDS: Final = [postings.c[f.name] for f in dataclasses.fields(Posting)]


class SqlJobRepo:
    """Outbox, lease and fencing token of each document."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, document_id: str, due_at: dt.datetime) -> None:
        """In the transaction that accepts the document."""
        self._connection.execute(sa.insert(jobs).values(document_id=document_id, due_at=due_at, token=0))

    def claim(self, document_id: str, holder: str, now: dt.datetime, until: dt.datetime) -> int:
        """The new fencing token; also where nothing is due, and where the document had no job yet.

        `due_at` stays: when the holder dies, the job is due again once the lease has run out.
        Raises BusyError while another holder's lease runs, NotFoundError for an unknown document.
        """
        # One statement: of all that come at once, the engine lets one past the condition.
        there = sa.select(
            documents.c.id, sa.literal(1), sa.literal(holder), sa.literal(until, jobs.c.held_until.type)
        )
        statement = (
            insert(self._connection, jobs)
            .from_select(
                ["document_id", "token", "holder", "held_until"], there.where(documents.c.id == document_id)
            )
            .on_conflict_do_update(
                index_elements=[jobs.c.document_id],
                set_={"token": jobs.c.token + 1, "holder": holder, "held_until": until},
                where=sa.or_(jobs.c.held_until.is_(None), jobs.c.held_until <= now),
            )
            .returning(jobs.c.token)
        )
        token = self._connection.scalar(statement)
        if token is not None:
            return int(token)
        if self._connection.scalar(sa.select(documents.c.id).where(documents.c.id == document_id)) is None:
            raise NotFoundError(f"没有这份文书；no such document: {document_id}")
        raise BusyError(f"文书正由另一进程处理；another process is working on document {document_id}")

    def fence(self, document_id: str, token: int) -> None:
        """First statement of each writing transaction of a holder: locks the job's row to the end of it.

        A lease that ran out stands until another holder claims the document. Raises LeaseLostError where `token`
        is no longer the newest, or was given back.
        """
        query = sa.select(jobs.c.token, jobs.c.holder).where(jobs.c.document_id == document_id).with_for_update()
        row = self._connection.execute(query).first()
        if row is None or row.token != token or row.holder is None:
            raise _lost(document_id)

    def release(self, document_id: str, token: int, due_at: dt.datetime | None) -> None:
        """Let go; None: nothing is left to do. Raises LeaseLostError."""
        statement = (
            sa.update(jobs)
            .where(jobs.c.document_id == document_id, jobs.c.token == token, jobs.c.holder.is_not(None))
            .values(holder=None, held_until=None, due_at=due_at)
        )
        if self._connection.execute(statement).rowcount == 0:
            raise _lost(document_id)

    def schedule(self, document_ids: Sequence[str], due_at: dt.datetime) -> None:
        """When jobs that nobody holds (or will hold at `due_at`, as things are) are to be sent (again)."""
        # In order of id, so that two schedulers at once can't each wait for the other's row.
        for document_id in sorted(document_ids):
            self._connection.execute(
                sa.update(jobs)
                .where(
                    jobs.c.document_id == document_id,
                    sa.or_(jobs.c.held_until.is_(None), jobs.c.held_until <= due_at),
                )
                .values(due_at=due_at)
            )

    def due(self, now: dt.datetime, limit: int) -> Sequence[str]:
        """Documents whose job is due and that no running lease covers, longest due first."""
        query = (
            sa.select(jobs.c.document_id)
            .where(jobs.c.due_at <= now, sa.or_(jobs.c.held_until.is_(None), jobs.c.held_until <= now))
            .order_by(jobs.c.due_at, jobs.c.document_id)
            .limit(limit)
        )
        return list(self._connection.scalars(query))

    def held(self) -> Sequence[Job]:
        """Jobs with a holder, whether its lease still runs or not."""
        query = sa.select(*JOB_FIELDS).where(jobs.c.holder.is_not(None)).order_by(jobs.c.document_id)
        return [Job(**row) for row in self._connection.execute(query).mappings()]

    def backlog(self) -> Backlog:
        """How much work there is."""
        unheld = sa.and_(jobs.c.holder.is_(None), jobs.c.due_at.is_not(None))
        never = sa.and_(unheld, documents.c.attempts == 0)
        waiting, held, since = self._connection.execute(
            sa.select(
                sa.func.count().filter(unheld),
                sa.func.count().filter(jobs.c.holder.is_not(None)),
                sa.func.min(documents.c.created_at).filter(never),
            )
            .select_from(jobs.join(documents))
            .where(sa.or_(jobs.c.due_at.is_not(None), jobs.c.holder.is_not(None)))
        ).one()
        return Backlog(int(waiting), int(held), since)


class SqlPostingRepo:
    """Idempotency-Keys by client."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def open(self, posting: Posting) -> Posting | None:
        """None: it is new, or whoever ran it is dead and it had the same body: now ours. Else the one there."""
        new = insert(self._connection, postings).values(**dataclasses.asdict(posting))
        statement = new.on_conflict_do_update(
            index_elements=[postings.c.client_id, postings.c.key],
            set_={"running_until": new.excluded.running_until, "created_at": new.excluded.created_at},
            where=sa.and_(
                postings.c.document_id.is_(None),
                postings.c.running_until <= new.excluded.created_at,
                postings.c.body_sha256 == new.excluded.body_sha256,
            ),
        ).returning(postings.c.key)
        there = sa.select(*POSTING_FIELDS).where(*_which(posting.client_id, posting.key))
        while self._connection.execute(statement).first() is None:
            if (row := self._connection.execute(there).mappings().first()) is not None:
                return Posting(**row)
            # Refused and dropped between the two statements (PostgreSQL): the key is free again.
        return None

    def settle(self, client_id: str, key: str, document_id: str) -> None:
        """It made (or found) this document; in the transaction that accepts it.

        Raises ConflictError where the key is no longer kept: the transaction must not stand without it.
        """
        statement = sa.update(postings).where(*_which(client_id, key)).values(document_id=document_id)
        if self._connection.execute(statement).rowcount == 0:
            raise ConflictError(
                "此请求的Idempotency-Key已失效，请重新提交；the Idempotency-Key is gone, send it again"
            )

    def drop(self, client_id: str, key: str) -> None:
        """It was refused, and a refused case leaves nothing behind. One that made a document stays."""
        self._connection.execute(
            sa.delete(postings).where(*_which(client_id, key), postings.c.document_id.is_(None))
        )

    def expire(self, created_before: dt.datetime) -> int:
        """Forget old ones; how many."""
        return self._connection.execute(sa.delete(postings).where(postings.c.created_at < created_before)).rowcount


def _which(client_id: str, key: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return postings.c.client_id == client_id, postings.c.key == key


def _lost(document_id: str) -> LeaseLostError:
    return LeaseLostError(
        f"文书已由另一进程接手；the lease on document {document_id} is lost: another process took over"
    )
