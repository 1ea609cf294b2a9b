"""The OpenAPI description is valid, complete, and the same as what the application does."""

from __future__ import annotations

import re

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from docsvc import api
from docsvc.api.route import route_of
from docsvc.api.spec import PART
from docsvc.domain.errors import DocsvcError
from tests.support.cases import TYPES, sample
from tests.support.portal import numbered


@pytest.fixture
def spec(portal):
    return portal.get("/openapi.json").get_json()


def operations(spec):
    return {(m.upper(), p): o for p, methods in spec["paths"].items() for m, o in methods.items()}


def test_it_is_valid_openapi_3_1(spec):
    assert spec["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(spec).validate()


def test_the_paths_are_the_routes(portal, spec):
    routes = {
        (method, PART.sub(r"{\g<name>}", rule.rule))
        for rule in portal.app.url_map.iter_rules()
        if rule.endpoint.split(".")[0] in ("api", "root")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert routes == set(operations(spec))
    assert len(routes) > 20


def test_every_route_of_the_application_is_the_apis_or_a_page(portal):
    assert {rule.endpoint.split(".")[0] for rule in portal.app.url_map.iter_rules()} == {"api", "root", "web"}


def test_every_part_of_the_contract_is_there(spec):
    paths = {p.removeprefix("/api/v1") for _, p in operations(spec)}
    assert paths >= {
        "/documents", "/documents/{document_id}", "/documents/{document_id}/content", "/verifications",
        "/documents/{document_id}/docx", "/documents/{document_id}/preview/{page}.png", "/templates",
        "/templates/{doc_type}/schema", "/batches", "/batches/{batch_id}", "/batches/{batch_id}/rows",
        "/batches/{batch_id}/documents.zip", "/batches/{batch_id}/print.pdf",
        "/documents/{document_id}/events", "/documents/{document_id}/evidence", "/documents/{document_id}/void",
        "/log/checkpoint", "/log/tile/{rest}", "/healthz", "/readyz", "/metrics", "/openapi.json",
    }  # fmt: skip
    for path in ("/openapi.json", "/healthz", "/readyz", "/metrics", "/log/checkpoint", "/log/tile/{rest}"):
        assert path in spec["paths"]
        assert f"/api/v1{path}" in spec["paths"]


def test_every_operation_is_told_in_full(spec):
    seen = set()
    for (method, path), operation in operations(spec).items():
        assert operation["operationId"] not in seen
        seen.add(operation["operationId"])
        assert "—" in operation["summary"], "both languages"
        assert operation["tags"][0] in {t["name"] for t in spec["tags"]}
        assert {p["name"] for p in operation["parameters"] if p["in"] == "path"} == set(
            re.findall(r"{(\w+)}", path)
        )
        for status, answer in operation["responses"].items():
            assert answer["description"]
            assert "X-Request-Id" in answer["headers"]
            assert answer.get("content") or status == "304", (method, path, status)
        secured = operation["security"] == [{"key": []}]
        assert secured == ({"401", "403"} <= set(operation["responses"]))
        assert ("requestBody" in operation) == (method in {"POST", "PUT"})


def test_faults_can_be_told_in_each_answer(spec):
    for operation in operations(spec).values():
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and "application/json" not in answer["content"]:
                assert answer["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }


def check(spec, name, value):
    schema = {"$ref": f"#/components/schemas/{name}", "components": spec["components"]}
    jsonschema.Draft202012Validator(schema).validate(value)


def test_answers_are_as_described(portal, key, spec):
    row = portal.recorded()
    check(spec, "Document", portal.get(f"/documents/{row.id}", key).get_json())
    check(spec, "Document", portal.post_case(key, numbered(4)).get_json())
    check(spec, "DocumentPage", portal.get("/documents", key).get_json())
    check(spec, "History", portal.get(f"/documents/{row.id}/events", key).get_json())
    check(spec, "TemplateList", portal.get("/templates").get_json())
    check(spec, "Ready", portal.get("/readyz").get_json())
    check(spec, "Alive", portal.get("/healthz").get_json())
    check(spec, "Problem", portal.get("/nothing").get_json())
    check(spec, "Problem", portal.post_case(key, {}, "other").get_json())


@pytest.mark.parametrize("doc_type", TYPES)
def test_the_case_schemas_judge_as_the_templates_do(spec, doc_type):
    check(spec, "case", sample(doc_type))
    check(spec, doc_type, sample(doc_type))
    with pytest.raises(jsonschema.ValidationError):
        check(spec, "case", sample(doc_type) | {"surprise": 1})


def test_examples_are_there_for_every_type(spec):
    body = spec["paths"]["/api/v1/documents"]["post"]["requestBody"]["content"]["application/json"]
    assert set(body["examples"]) == set(TYPES)


def test_the_page_names_every_call_and_every_problem(portal):
    r = portal.browser().get("/docs")
    assert r.status_code == 200
    assert r.mimetype == "text/html"
    for view in api.VIEWS:
        assert PART.sub(r"{\g<name>}", route_of(view).path) in r.text
    kinds = {e.kind for e in DocsvcError.__subclasses__()}
    for kind in kinds:
        assert f'id="problem-{kind.replace("_", "-")}"' in r.text
    assert "<script" not in r.text
    assert "style=" not in r.text
    assert "http://" not in r.text.replace("http://127.0.0.1", "")
    assert "style-src 'self'" in r.headers["Content-Security-Policy"]
