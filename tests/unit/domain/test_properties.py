from docsvc.domain.properties import LANGUAGE, properties_of
from tests.support.drafts import TEMPLATES, accepted, sample, samples


def test_the_title_names_document_and_number_and_a_search_finds_code_and_type():
    case = sample("advice")
    told = properties_of(case)
    assert told.title == f"行政建议书（{case.number.text}）"
    assert told.author == case.agency.name
    assert told.subject == f"{case.agency.name}行政建议书"
    assert told.keywords == (case.case.action_code, case.number.text, "advice", "测试数据")
    assert told.language == LANGUAGE == "zh-CN"


def test_a_stage_has_its_own_title_and_real_cases_are_not_called_tests():
    one = properties_of(sample("public_service_offset", lambda data: data.update(test_data=False)))
    assert one.title.startswith(
        sample("public_service_offset").doc_type.manifest.title_of(
            sample("public_service_offset").case.data["body"]
        )
    )
    assert len(one.keywords) == 3


def test_no_person_and_no_fact_of_any_sample_is_in_them():
    assert list(TEMPLATES.glob("*/cases/valid-1.json"))
    for path in samples():
        case = accepted(path)
        told = repr(properties_of(case))
        party = case.case.data["party"]
        private = [party["name"], party.get("legal_rep"), party.get("id_no"), party.get("uscc"), party.get("phone")]
        assert not [value for value in private if value and value in told], path
