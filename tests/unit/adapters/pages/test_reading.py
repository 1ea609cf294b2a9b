import pytest

from docsvc.adapters.pages import PdfPages
from docsvc.domain.document import SealPlace
from docsvc.domain.errors import ConversionError, MissingGlyphError, SealError
from docsvc.domain.joint import Row, arrange
from tests.support.sealing import agency
from tests.support.unsigned_pdfs import SIZE, make_pdf

MM = 72 / 25.4
NAME, DATE = "舟山市示例区司法局", "2026年10月12日"


def signed_off(x=350.0, y=300.0, shift=0.0, name=NAME, date=DATE):
    """Name over date, centred on each other but for `shift`."""
    indent = (len(name) - len(date)) / 2 * SIZE
    return [(x, y, name), (x + indent + shift, y - 29, date)]


def axis(x=350.0, name=NAME):
    return x + len(name) / 2 * SIZE


def test_pages_are_counted_when_all_text_is_there():
    pdf = make_pdf([[(72, 700, "甲乙丙")], [(72, 700, "丁 — 2 —")]])
    assert PdfPages().inspect(pdf, "甲乙\n丙\t丁　") == 2


def test_order_does_not_matter_and_pages_may_say_more():
    assert PdfPages().inspect(make_pdf([[(72, 700, "丙甲甲乙12")]]), "甲乙丙") == 1


def test_characters_beyond_the_first_plane_are_read():
    assert PdfPages().inspect(make_pdf([[(72, 700, "𠀀𫝊")]]), "𫝊𠀀") == 1


@pytest.mark.parametrize("silent", ["\u200b", "\u00ad", "\ufeff", "\ufe00", "\U000e0101", "\u3164", "\r"])
def test_what_draws_nothing_is_not_missed(silent):
    assert PdfPages().inspect(make_pdf([[(72, 700, "葛")]]), f"葛{silent}") == 1


def test_a_ligature_is_the_letters_it_joins():
    assert PdfPages().inspect(make_pdf([[(72, 700, "ﬁn")]]), "fin") == 1


def test_a_missing_character_is_named_with_its_surroundings():
    with pytest.raises(MissingGlyphError, match=r"“喆”U\+5586.*“当事人李喆，男”"):
        PdfPages().inspect(make_pdf([[(72, 700, "当事人李 ，男")]]), "当事人李喆，男")


def test_a_hyphen_that_ends_a_line_is_there():
    assert PdfPages().inspect(make_pdf([[(72, 700, "AB-"), (72, 688, "CD")]]), "AB-CD") == 1


def test_a_character_must_be_there_as_often_as_expected():
    with pytest.raises(MissingGlyphError, match="喆"):
        PdfPages().inspect(make_pdf([[(72, 700, "李喆")]]), "李喆喆")


def test_what_lies_outside_the_page_is_not_readable():
    with pytest.raises(MissingGlyphError, match="乙"):
        PdfPages().inspect(make_pdf([[(72, 700, "甲"), (900, 700, "乙")]]), "甲乙")


def test_private_use_is_named_by_number():
    with pytest.raises(MissingGlyphError, match=r"字符 U\+E123 "):
        PdfPages().inspect(make_pdf([[(72, 700, "甲")]]), "甲\ue123")


def test_a_glyph_that_is_not_there_is_found_though_its_text_is():
    pdf = make_pdf([[(72, 700, "当事人李喆，男")]], lacking="喆")
    with pytest.raises(MissingGlyphError, match=r"Tiny .*“喆”U\+5586.*“当事人李喆，男”"):
        PdfPages().inspect(pdf, "当事人李喆，男")


def test_a_font_that_is_not_embedded_is_refused():
    with pytest.raises(ConversionError, match="not an embedded subset"):
        PdfPages().inspect(make_pdf([[(72, 700, "甲")]], embedded=False), "甲")


@pytest.mark.parametrize("junk", [b"", b"no PDF", b"%PDF-1.7\n%%EOF\n"])
def test_what_is_no_pdf_is_a_conversion_error(junk):
    with pytest.raises(ConversionError, match="PDF"):
        PdfPages().inspect(junk, "")


def test_the_seal_stands_on_the_axis_of_name_and_date():
    place = PdfPages().seal_place(make_pdf([[(72, 700, "正文"), *signed_off()]]), NAME, DATE)
    assert place.page == 0
    assert place.x == pytest.approx(axis(), abs=0.5)
    # middle of both lines: baselines 300 and 271, a line's box from -1 to 9 points
    assert place.y == pytest.approx((309 + 270) / 2 + 5 * MM, abs=1.5)


def test_the_last_page_with_a_sign_off_decides():
    quoted = [*signed_off(y=600), (72, 100, "正文")]
    pdf = make_pdf([quoted, signed_off(y=500), [(72, 700, NAME + DATE)]])
    assert PdfPages().seal_place(pdf, NAME, DATE).page == 1


def test_the_lowest_sign_off_of_a_page_decides():
    pdf = make_pdf([[*signed_off(y=600), *signed_off(y=300)]])
    assert PdfPages().seal_place(pdf, NAME, DATE) == PdfPages().seal_place(make_pdf([signed_off()]), NAME, DATE)


def test_spaces_within_name_and_date_do_not_matter():
    pdf = make_pdf([[(375, 300, "舟山 市局"), (350, 271, "2026 年 1 月")]])
    assert PdfPages().seal_place(pdf, "舟山市　局", "2026年1月").page == 0


def test_a_long_name_stands_in_several_lines_over_the_date():
    pdf = make_pdf([[(350, 329, "舟山市局"), (350, 300, "测试机关"), (350, 271, "二年三月")]])
    place = PdfPages().seal_place(pdf, "舟山市局测试机关", "二年三月")
    assert place.y == pytest.approx((338 + 270) / 2 + 6.5 * MM, abs=1.5)
    with pytest.raises(SealError, match="用印位置"):
        PdfPages().seal_place(pdf, "某某舟山市局测试机关", "二年三月")


def test_a_watermark_across_the_lines_does_not_matter():
    plain = PdfPages().seal_place(make_pdf([signed_off()]), NAME, DATE)
    marked = PdfPages().seal_place(make_pdf([signed_off()], turned=[(330, 271, "测试测试测试")]), NAME, DATE)
    assert (marked.x, marked.y) == pytest.approx((plain.x, plain.y))


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [(350, 300, NAME)],
        [(350, 300, DATE), (350, 271, NAME)],  # the wrong way round
        [(350, 300, NAME), (350, 285, "（印章）"), (350, 271, DATE)],  # something between
        [(350, 300, NAME + "："), (350, 271, DATE)],  # not just the name
        [(200, 300, "机关"), *signed_off()],  # something else on the line
        signed_off(shift=2.5 * MM),  # not on one axis
        signed_off(x=72),  # on the left, where a party's own words stand
    ],
)
def test_no_place_no_seal(lines):
    pdf = make_pdf([[(72, 700, f"正文{NAME}，{DATE}。"), *lines]])
    with pytest.raises(SealError, match="用印位置"):
        PdfPages().seal_place(pdf, NAME, DATE)


def test_a_small_shift_is_still_one_axis():
    pdf = make_pdf([signed_off(shift=1.5 * MM)])
    assert PdfPages().seal_place(pdf, NAME, DATE).x == pytest.approx(axis() + 0.75 * MM, abs=0.5)


@pytest.mark.parametrize(("x", "y"), [(500, 300), (350, 40), (350, 830)])
def test_a_seal_that_would_leave_the_page_is_refused(x, y):
    with pytest.raises(SealError, match="容不下直径 42 毫米"):
        PdfPages().seal_place(make_pdf([signed_off(x=x, y=y)]), NAME, DATE, 42)


def test_a_smaller_seal_may_fit():
    pdf = make_pdf([signed_off(y=80)])
    with pytest.raises(SealError):
        PdfPages().seal_place(pdf, NAME, DATE, 60)
    assert isinstance(PdfPages().seal_place(pdf, NAME, DATE, 30), SealPlace)


def long_name(shift=0.0, between=()):
    """A name of two lines over its date."""
    half = len(NAME) / 2 * SIZE
    return [
        (350 - half, 329, NAME * 2),
        *between,
        (350 + shift, 300, NAME),
        (350 + (len(NAME) - len(DATE)) / 2 * SIZE, 271, DATE),
    ]


def test_a_name_longer_than_a_line_takes_two():
    place = PdfPages().seal_place(make_pdf([long_name()]), NAME * 3, DATE)
    assert place.x == pytest.approx(axis(), abs=0.5)
    assert place.y == pytest.approx((338 + 270) / 2 + 6.5 * MM, abs=1.5)


@pytest.mark.parametrize(
    "lines", [long_name(shift=20), long_name(between=[(350, 315, "甲")])], ids=["aside", "torn"]
)
def test_two_lines_that_are_not_one_name_are_no_place(lines):
    with pytest.raises(SealError, match="找不到用印位置"):
        PdfPages().seal_place(make_pdf([lines]), NAME * 3, DATE)


A, B, C = "舟山市甲局", "舟山市乙局", "舟山市丙局"


def joint(*rows, y=400.0, date_at=400.0, gap=145):
    """Rows of (x, name) texts, the date under the last at `date_at`."""
    lines = [(x - len(name) / 2 * SIZE, y - n * gap, name) for n, row in enumerate(rows) for x, name in row]
    return [*lines, (date_at - len(DATE) / 2 * SIZE, y - (len(rows) - 1) * gap - 29, DATE)]


def rows_of(*names):
    return arrange([agency(n, name) for n, name in enumerate(names)]).rows


TWO_ROWS = (Row((("舟山市甲局",), ("舟山市乙局",))), Row(((), ("舟山市丙局",))))


def test_each_seal_of_several_stands_over_its_own_name():
    pdf = make_pdf([[(72, 700, "正文")], joint([(180, A), (400, B)], [(400, C)])])
    places = PdfPages().joint_places(pdf, TWO_ROWS, DATE, [42, 45, 42])
    assert [p.page for p in places] == [1, 1, 1]
    assert [p.x for p in places] == pytest.approx([180, 400, 400], abs=0.5)
    assert places[0].y == places[1].y == pytest.approx(404 + 2.5 * MM, abs=1.5)
    assert places[2].y == pytest.approx(259 + 2.5 * MM, abs=1.5)


@pytest.mark.parametrize(
    "lines",
    [
        joint([(180, B), (400, A)], [(400, C)]),
        joint([(180, A), (400, B)], [(400, C)], date_at=300),
        joint([(180, A), (400, B)]),
        [*joint([(180, A), (400, B)], [(400, C)]), (72, 300, "正文")],
    ],
    ids=["another order", "date aside", "one missing", "text between"],
)
def test_names_that_do_not_stand_as_arranged_are_no_place(lines):
    with pytest.raises(SealError, match="找不到联合用印位置"):
        PdfPages().joint_places(make_pdf([lines]), TWO_ROWS, DATE, [42, 42, 42])


def test_seals_that_would_touch_or_leave_the_page_are_refused():
    def places(lines):
        return PdfPages().joint_places(make_pdf([lines]), rows_of(A, B), DATE, [42, 42])

    apart = 42 * MM
    assert places(joint([(200, A), (200 + apart + 1, B)], date_at=200 + apart + 1))
    with pytest.raises(SealError, match="相交或者相切"):
        places(joint([(200, A), (200 + apart - 1, B)], date_at=200 + apart - 1))
    with pytest.raises(SealError, match="容不下"):
        places(joint([(50, A), (400, B)]))
