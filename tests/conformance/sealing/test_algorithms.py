"""Each algorithm and level by two tools of other make, and the table that says so."""

from __future__ import annotations

import pytest

from docsvc.domain.document import Level, Slot
from tests.support.algorithm_table import ALGORITHMS, HEAD, PATH, Bench, judged, lacking, row
from tests.support.sealing import AGENCY, PLACE, plain_pdf, sealer_for

pytestmark = [
    pytest.mark.judge,
    pytest.mark.skipif(lacking() is not None, reason=f"the judges are not whole here: {lacking()}"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Keys of RSA take their time: made once for both ways to sign with them."""
    return tmp_path_factory.mktemp("algorithms")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_two_tools_of_other_make_find_no_fault_at_any_level(algorithm, folder):
    cells = judged(algorithm, folder)
    assert [len(tools) >= 2 for tools in cells] == [True] * len(Level), cells
    assert row(algorithm, cells) in PATH.read_text()


def test_the_table_is_whole():
    text = PATH.read_text()
    assert text.startswith(HEAD)
    assert [line.split(" | ")[0].strip("| ") for line in text.splitlines() if line.startswith("| ")] == [
        "key",
        "---",
        *ALGORITHMS,
    ]


@pytest.mark.usefixtures("rsa_authorities")
def test_the_judges_see_a_changed_octet(rsa_keys, tmp_path):
    pdf, _, _ = sealer_for(rsa_keys).seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)
    altered = bytearray(pdf)
    altered[100] ^= 1
    (tmp_path / "altered.pdf").write_bytes(altered)
    assert Bench(tmp_path).judges("rsa-2048", rsa_keys, [tmp_path / "altered.pdf"]) == [[]]
