from __future__ import annotations

import pytest

from docsvc.domain.identity import resident_check, uscc_check
from tests.support.cases import ABSENT, broken, changed, sample

PERSON = 3  # sample of no_penalty_decision with a natural person


def uscc(first17):
    return first17 + uscc_check(first17)


def resident(first17):
    return first17 + resident_check(first17)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"party/uscc": "91330999MA0TEXT12y"}, {"G02"}),
        ({"party/uscc": "91330999MA0TEXT12Y "}, {"G02"}),
        ({"party/uscc": "9133O999MA0TEXT12Y"}, {"G02"}),
        ({"party/uscc": "91330999MA0TEXT12"}, {"G02"}),
        ({"party/uscc": ABSENT}, {"G06"}),
        ({"party/uscc": uscc("92330999MA0TEXT13")}, {"G06"}),  # an individual business's code
        ({"party/type": "individual_business"}, {"G06"}),
        ({"party/type": "state"}, {"G06"}),
        ({"party/type": ABSENT}, {"G06"}),
        ({"party/operator": "赵样例"}, {"G06"}),
        ({"party/legal_rep": " "}, {"G06"}),
        ({"party/legal_rep_id_no": "33099919850312901"}, {"G03"}),
        ({"party/legal_rep_id_no": "330999198502309017"}, {"G03"}),
        ({"party/legal_rep_id_no": ABSENT}, set()),
        ({"party/legal_rep_id_type": "护照", "party/legal_rep_id_no": "E12345678"}, set()),
        ({"party/legal_rep_id_type": "护照", "party/legal_rep_id_no": "?"}, {"G03"}),
    ],
)
def test_an_enterprise(changes, expected):
    assert broken(changed(sample("reminder"), changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"party/gender": "女"}, {"G03"}),
        ({"party/gender": "male"}, set()),
        ({"party/gender": "?"}, {"G03"}),
        ({"party/birth": "1992-11-06"}, {"G03"}),
        ({"party/birth": ABSENT, "party/gender": ABSENT}, set()),
        ({"party/id_no": resident("33099919921305903")}, {"G03"}),
        ({"party/id_no": resident("33099920991105903"), "party/birth": "2099-11-05"}, {"G03"}),
        ({"party/id_no": ABSENT}, {"G06"}),
        ({"party/id_type": ""}, {"G06"}),
        ({"party/uscc": "91330999MA0TEXT12Y"}, {"G06"}),
        ({"party/type": "enterprise"}, {"G06"}),
        ({"party/id_type": "护照", "party/id_no": "E12345678", "party/birth": "1990-01-01"}, set()),
    ],
)
def test_a_person(changes, expected):
    assert broken(changed(sample("no_penalty_decision", PERSON), changes)) == expected


def test_an_identity_number_may_end_in_x():
    number = next(n for i in range(100) if (n := resident(f"33099919921105{i * 2 + 1:03}"))[-1] == "X")
    assert broken(changed(sample("no_penalty_decision", PERSON), {"party/id_no": number})) == set()
    lower = number.lower()
    assert broken(changed(sample("no_penalty_decision", PERSON), {"party/id_no": lower})) == {"G03"}
