import pytest

from docsvc.domain.masking import masked_name


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("李四", "natural_person", "李＊＊"),
        ("欧阳测试样例", "natural_person", "欧＊＊"),
        ("舟山示例鲜多多水产品有限公司", "enterprise", "舟山＊＊公司"),
        ("示例商会", "other_org", "示＊＊"),
        ("李四水果批发店", "individual_business", "李＊＊发店"),
        ("李四面馆", "individual_business", "李＊＊"),
        ("舟山示例鲜多多水产品有限公司", "", "舟＊＊"),
        ("", "natural_person", "＊＊"),
    ],
)
def test_little_of_a_name_is_left(name, kind, shown):
    assert masked_name(name, kind) == shown


def test_how_long_a_name_is_does_not_show():
    assert len({len(masked_name("测" * n, "natural_person")) for n in range(1, 30)}) == 1
    assert len({len(masked_name("测" * n, "enterprise")) for n in range(6, 30)}) == 1
