"""How far a batch is follows from its rows and their documents."""

from __future__ import annotations

import pytest

from docsvc.domain.batch import BatchState, Counts, RowFault
from docsvc.domain.document import State
from docsvc.domain.errors import Finding
from docsvc.domain.table import Place, Row


@pytest.mark.parametrize(
    ("counts", "state", "progress"),
    [
        (Counts(4), BatchState.READING, 0),
        (Counts(2, 1, 1, {State.RECORDED: 1}), BatchState.READING, 0.5),
        (Counts(0, 4, 0, {State.ACCEPTED: 2, State.SEALED: 2}), BatchState.ISSUING, 0.5),
        (Counts(0, 4, 0, {State.RENDERING: 1, State.RECORDED: 3}), BatchState.ISSUING, 0.875),
        (Counts(0, 3, 1, {State.RECORDED: 1, State.FAILED: 1, State.VOIDED: 1}), BatchState.DONE, 1),
        (Counts(0, 0, 4), BatchState.DONE, 1),
    ],
)
def test_state_and_progress(counts, state, progress):
    assert (counts.state, counts.progress) == (state, progress)


def test_a_fault_names_its_column_where_there_are_columns():
    finding = Finding("G02", "/party/uscc", "校验位不符", "wrong check digit")
    row = Row(7, {}, places={"/party/uscc": Place("F", "party.uscc")})
    assert RowFault.of(row, finding) == RowFault(
        "G02", "/party/uscc", "校验位不符", "wrong check digit", "F", "party.uscc"
    )
    told = RowFault.of(Row(7, {}), finding)
    assert (told.column, told.path) == (None, None)
