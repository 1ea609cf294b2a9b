"""Rows of batches on their way in: contiguous numbers, nothing twice, no row holds up another batch."""

from __future__ import annotations

import dataclasses
import json

import pytest

from docsvc.domain.access import Permission, Principal
from docsvc.domain.batch import BatchState, Outcome
from docsvc.domain.errors import DatabaseError, TemplateFaultError
from docsvc.usecases import take_in
from tests.support.cases import changed, sample
from tests.support.portal import Portal, action_code
from tests.support.tables import table, xlsx

POSTER = Principal("client", "c-1", "system", "demo-market", frozenset({Permission.CREATE, Permission.READ}))
OTHER = dataclasses.replace(POSTER, id="c-2")


@pytest.fixture
def portal(tmp_path):
    portal = Portal(tmp_path)
    yield portal
    portal.close()


def reminders(count, start=0):
    return [changed(sample("reminder"), {"action_code": action_code(start + n)}) for n in range(count)]


def post(portal, cases, key="k", who=POSTER):
    raw = "\n".join(json.dumps(case, ensure_ascii=False) for case in cases).encode()
    return portal.service.batches.post(who, key, ".jsonl", raw).batch


def rows(portal, batch, who=POSTER):
    return portal.service.batches.rows(who, batch.id, limit=1000).rows


def numbers(portal, batch, who=POSTER):
    found = [row.document[1] for row in rows(portal, batch, who) if row.document]
    return [int(number.split("〕")[1].removesuffix("号")) for number in found]


def test_numbers_follow_the_rows_and_refused_rows_leave_no_hole(portal):
    cases = reminders(5)
    cases[1]["party"]["uscc"] = "91330999MA0TEXT120"
    cases[3]["agency"] = "demo-enforcement"
    batch = post(portal, cases)
    assert portal.service.taking_in.run() == 5
    assert numbers(portal, batch) == [1, 2, 3]
    found = rows(portal, batch)
    assert [row.outcome for row in found] == [
        Outcome.ACCEPTED, Outcome.REFUSED, Outcome.ACCEPTED, Outcome.REFUSED, Outcome.ACCEPTED,
    ]  # fmt: skip
    assert [(f.rule, f.pointer) for row in found for f in row.faults] == [
        ("G02", "/party/uscc"),
        ("FORBIDDEN", "/agency"),
    ]
    assert portal.events(found[0].document[0]) == ["document.accepted"]
    seen = portal.service.batches.one(POSTER, batch.id)
    assert seen.counts.state is BatchState.ISSUING
    assert seen.batch.taken_at is not None
    for row in found:
        if row.document:
            portal.make(row.document[0])
    assert portal.service.batches.one(POSTER, batch.id).counts.state is BatchState.DONE


def test_the_same_facts_have_one_document(portal):
    batch = post(portal, [*reminders(2), *reminders(1)])
    portal.service.taking_in.run()
    assert numbers(portal, batch) == [1, 2, 1]
    assert [row.new for row in rows(portal, batch)] == [True, True, False]


def test_a_table_tells_row_and_column(portal):
    cells = table(reminders(3))
    place = cells[0].index("party.uscc")
    cells[2][place] = "91330999MA0TEXT120"
    batch = portal.service.batches.post(POSTER, "k", ".xlsx", xlsx(cells)).batch
    portal.service.taking_in.run()
    (refused,) = portal.service.batches.rows(POSTER, batch.id, Outcome.REFUSED).rows
    (fault,) = refused.faults
    assert (refused.number, fault.rule, fault.path) == (3, "G02", "party.uscc")
    assert fault.column


def test_what_was_cut_off_goes_on_where_it_stopped(portal):
    batch = post(portal, reminders(6))
    taken = iter([False, False, False, True])
    portal.service.taking_in.run(lambda: next(taken, True))
    assert 0 < len(numbers(portal, batch)) < 6
    portal.service.taking_in.run()
    assert numbers(portal, batch) == [1, 2, 3, 4, 5, 6]


class Killed(BaseException):
    """Nothing after it runs, as after `kill -9`."""


@pytest.mark.parametrize("statement", ["accept", "close"])
def test_killed_at_its_worst_moment_nothing_is_lost_or_doubled(portal, monkeypatch, statement):
    from docsvc.adapters.db.batch_repo import SqlBatchRepo

    batch = post(portal, reminders(3))
    real, calls = getattr(SqlBatchRepo, statement), []

    def dies(*args, **kwargs):
        calls.append(1)
        real(*args, **kwargs)
        if len(calls) == (2 if statement == "accept" else 1):
            raise Killed

    monkeypatch.setattr(SqlBatchRepo, statement, dies)
    with pytest.raises(Killed):
        portal.service.taking_in.run()
    monkeypatch.undo()
    portal.service.taking_in.run()
    assert numbers(portal, batch) == [1, 2, 3]
    with portal.office.database.read() as tx:
        assert sum(tx.documents.count_by_state().values()) == 3


def test_a_row_that_another_process_took_in_meanwhile_is_left_alone(portal):
    batch = post(portal, reminders(3))
    ours = portal.service.taking_in

    def intake():
        """Somebody takes all in just before our intake begins."""
        portal.service.taking_in.run()
        return portal.service.intake

    dataclasses.replace(ours, intake=intake).run()
    assert numbers(portal, batch) == [1, 2, 3]
    assert [row.new for row in rows(portal, batch)] == [True] * 3


def test_a_short_batch_does_not_wait_for_a_long_one(portal, monkeypatch):
    monkeypatch.setattr(take_in, "SLICE", 2)
    long, short = post(portal, reminders(6)), post(portal, reminders(2, 100), who=OTHER)
    portal.service.taking_in.run()
    assert numbers(portal, short, OTHER) == [3, 4]
    assert numbers(portal, long) == [1, 2, 5, 6, 7, 8]


def test_what_may_pass_or_be_mended_leaves_the_row_waiting_and_the_other_batches_going_on(portal):
    stuck, free = post(portal, reminders(2)), post(portal, reminders(2, 100), who=OTHER)
    real = portal.service.intake

    class Intake:
        def accept(self, case, *, principal, **more):
            if principal.id == POSTER.id:
                raise TemplateFaultError("模板有误；a template is broken")
            return real.accept(case, principal=principal, **more)

    with pytest.raises(TemplateFaultError):
        dataclasses.replace(portal.service.taking_in, intake=Intake).run()
    assert numbers(portal, free, OTHER) == [1, 2]
    assert portal.service.batches.one(POSTER, stuck.id).counts.waiting == 2
    portal.service.taking_in.run()
    assert numbers(portal, stuck) == [3, 4]


def test_a_fault_that_nobody_foresaw_is_told_and_holds_nobody_up(portal):
    batch = post(portal, reminders(2))
    real, said = portal.service.intake, []

    class Intake:
        def accept(self, case, **more):
            if case["action_code"] == action_code(0):
                raise RuntimeError("a bug")
            return real.accept(case, **more)

    def note(_level, event, **fields):
        said.append((event, fields["row"]))

    dataclasses.replace(portal.service.taking_in, intake=Intake, note=note).run()
    assert said == [("batch_row_failed", 1)]
    assert [f.rule for row in rows(portal, batch) for f in row.faults] == ["INTERNAL"]
    assert numbers(portal, batch) == [1]


def test_a_database_that_is_away_is_said_and_nothing_refused(portal):
    batch = post(portal, reminders(1))

    def intake():
        raise DatabaseError("数据库暂不可用；away")

    with pytest.raises(DatabaseError):
        dataclasses.replace(portal.service.taking_in, intake=intake).run()
    assert portal.service.batches.one(POSTER, batch.id).counts.waiting == 1
