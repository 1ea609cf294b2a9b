from __future__ import annotations

import datetime as dt

import pytest

from docsvc.domain.document import DocumentFilter, State
from docsvc.domain.errors import DocsvcError
from tests.support.rows import document_row

NOON = dt.datetime(2026, 7, 1, 4, 0, tzinfo=dt.UTC)


@pytest.fixture
def rows(database):
    """Twelve documents, newest first; every three of one moment."""
    made = [
        document_row(
            f"舟市监{'建' if n % 2 else '约'}〔2026〕{n}号",
            id=f"doc-{n:02}",
            agency_id="a" if n < 8 else "b",
            doc_type="advice" if n % 2 else "interview_notice",
            state=State.FAILED if n == 5 else State.RECORDED,
            party_name=f"舟山{n}%_\\号Kebab{'店' if n % 3 else '厂'}",
            issue_date=dt.date(2026, 7, 1 + n),
            created_at=NOON + dt.timedelta(microseconds=n // 3),
        )
        for n in range(12)
    ]
    with database.begin() as tx:
        for row in made:
            tx.documents.add(row)
    return made[::-1]


def found(database, wanted=None, before=None, limit=100, **fields):
    with database.read() as tx:
        return [r.id for r in tx.documents.page(wanted or DocumentFilter(**fields), before, limit)]


def test_without_a_wish_all_come_newest_first_as_they_went_in(database, rows):
    with database.read() as tx:
        assert tx.documents.page(DocumentFilter(), None, 100) == rows


@pytest.mark.parametrize("limit", [1, 2, 5, 12])
def test_page_by_page_each_comes_once(database, rows, limit):
    seen, before = [], None
    while True:
        with database.read() as tx:
            page = tx.documents.page(DocumentFilter(), before, limit)
        if not page:
            break
        assert len(page) <= limit
        seen += page
        before = (page[-1].created_at, page[-1].id)
    assert seen == rows


def test_what_is_added_meanwhile_moves_no_page(database, rows):
    mark = (rows[3].created_at, rows[3].id)
    with database.begin() as tx:
        tx.documents.add(document_row("新〔2026〕1号", id="new", created_at=NOON + dt.timedelta(days=1)))
    assert found(database, before=mark, limit=3) == [r.id for r in rows[4:7]]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"agency_id": "b"}, [11, 10, 9, 8]),
        ({"doc_type": "advice"}, [11, 9, 7, 5, 3, 1]),
        ({"state": State.FAILED}, [5]),
        ({"number": "约〔2026〕1"}, [10]),
        ({"number": "1号"}, [11, 1]),
        ({"party": "厂"}, [9, 6, 3, 0]),
        ({"party": "kEBAB店"}, [11, 10, 8, 7, 5, 4, 2, 1]),
        ({"party": "7%_\\号"}, [7]),
        ({"party": "%"}, list(range(11, -1, -1))),
        ({"party": "舟山%Kebab"}, []),
        ({"party": "山_号"}, []),
        ({"party": "\\"}, list(range(11, -1, -1))),
        ({"party": "/"}, []),
        ({"issued_from": dt.date(2026, 7, 11)}, [11, 10]),
        ({"issued_to": dt.date(2026, 7, 2)}, [1, 0]),
        ({"issued_from": dt.date(2026, 7, 3), "issued_to": dt.date(2026, 7, 3)}, [2]),
        ({"agency_id": "a", "doc_type": "advice", "state": State.RECORDED, "party": "店"}, [7, 1]),
        ({"agency_id": "c"}, []),
        ({"number": "a\0b"}, []),
        ({"party": "\0"}, []),
        ({"agency_id": "\0"}, []),
        ({"doc_type": "\0"}, []),
    ],
)
@pytest.mark.usefixtures("rows")
def test_what_is_asked_for_holds_of_all_that_comes(database, wanted, numbers):
    assert found(database, **wanted) == [f"doc-{n:02}" for n in numbers]


def test_a_cursor_and_a_wish_go_together(database, rows):
    mark = (rows[4].created_at, rows[4].id)
    assert found(database, agency_id="a", before=mark, limit=3) == ["doc-06", "doc-05", "doc-04"]
    assert found(database, before=(NOON, "\0")) == []


def test_states_are_counted(database, rows):
    with database.read() as tx:
        assert tx.documents.count_by_state() == {"recorded": len(rows) - 1, "failed": 1}


@pytest.mark.usefixtures("rows")
def test_what_no_row_can_hold_is_not_there(database):
    with database.read() as tx:
        assert tx.documents.find(id="doc-01\0") is None
        assert tx.documents.find(number="\0") is None
        assert tx.agencies.get("\0") is None


# Transactions that only read


def test_a_reader_writes_nothing(database, rows):
    for write in (
        lambda tx: tx.documents.update(rows[0].id, state=State.FAILED),
        lambda tx: tx.numbers.take("a", "建", 2026),
        lambda tx: tx.jobs.claim(rows[0].id, "m", NOON, NOON),
    ):
        with pytest.raises(DocsvcError) as raised, database.read() as tx:
            write(tx)
        assert not raised.value.retryable
    with database.begin() as tx:  # and the connection is of use to a writer afterwards
        assert tx.documents.find(id=rows[0].id) == rows[0]
        assert tx.numbers.take("a", "建", 2026) == 1


def test_a_reader_sees_one_state_and_holds_nobody_up(database, rows):
    with database.read() as reader:
        before = reader.documents.count_by_state()
        with database.begin() as writer:
            assert writer.numbers.take("a", "建", 2026) == 1
            writer.documents.update(rows[0].id, state=State.VOIDED)
        assert reader.documents.count_by_state() == before
        assert reader.documents.find(id=rows[0].id) == rows[0]
    with database.read() as reader:
        assert reader.documents.find(id=rows[0].id).state is State.VOIDED


def test_a_reader_waits_for_no_writer(database, rows):
    with database.begin() as writer:
        writer.documents.update(rows[0].id, state=State.VOIDED)
        with database.read() as reader:
            assert reader.documents.find(id=rows[0].id) == rows[0]
