"""Calls of the machines that look after the service: alive, ready, figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, cast

from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from docsvc.api import models
from docsvc.api.route import JSON, Answer, as_json, route, service
from docsvc.bootstrap import Service, now
from docsvc.domain.document import State
from docsvc.domain.errors import DocsvcError

REGISTRY: Final = "docsvc.metrics"
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@route(
    method="GET",
    path="/healthz",
    tag="service",
    summary="进程是否存活 — alive",
    permission=None,
    at_root=True,
    unlimited=True,
    answers={200: Answer("存活 — alive", {JSON: models.Alive})},
)
def healthz() -> Response:
    """Asks nothing of anybody else."""
    return as_json(models.Alive(status="ok"))


@route(
    method="GET",
    path="/readyz",
    tag="service",
    summary="能否工作 — able to work",
    permission=None,
    at_root=True,
    unlimited=True,
    answers={
        200: Answer("能工作，或者降级 — able, or degraded", {JSON: models.Ready}),
        503: Answer("不能工作 — not able; `parts` says why", {JSON: models.Ready}),
    },
)
def readyz() -> Response:
    """Database, broker, store, keys, converter, sequencer."""
    parts = list(service().observation.parts())
    states = {part.status for part in parts}
    worst = next(s for s in ("failed", "degraded", "ok") if s in states)
    ready = models.Ready(
        status=worst,
        parts=[
            models.PartState.model_validate(
                {"name": p.name, "status": p.status, "detail": p.detail, "detail_en": p.detail_en}
            )
            for p in parts
        ],
    )
    return as_json(ready, 503 if worst == "failed" else 200)


@route(
    method="GET",
    path="/metrics",
    tag="service",
    summary="指标 — figures for Prometheus",
    permission=None,
    at_root=True,
    unlimited=True,
    answers={200: Answer("Prometheus 文本格式 — text format", {"text/plain": {"type": "string"}})},
)
def metrics() -> Response:
    """No personal data, no names of agencies."""
    figures = cast("Figures", current_app.extensions[REGISTRY])
    return Response(generate_latest(figures.registry), content_type=TEXT, headers={"Cache-Control": "no-store"})


class Figures:
    """What one process counts itself, and what it reads from the database when it is asked."""

    def __init__(self, service: Service) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "docsvc_http_requests", "HTTP requests", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "docsvc_http_request_seconds",
            "Duration of HTTP requests",
            ["method", "route"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.faults = Counter("docsvc_faults", "Faults by kind", ["kind"], registry=self.registry)
        self.registry.register(_FromDatabase(service))

    def count(self, response: Response, seconds: float) -> None:
        """After each request."""
        known = request.method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
        method = request.method if known else "other"  # anybody may make methods up
        where = request.url_rule.rule if request.url_rule else "unmatched"
        self.requests.labels(method, where, response.status_code).inc()
        self.seconds.labels(method, where).observe(seconds)
        if kind := g.get("fault"):
            self.faults.labels(kind).inc()


class _FromDatabase(Collector):
    def __init__(self, service: Service) -> None:
        self._service = service

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return []  # registering asks nothing of the database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = GaugeMetricFamily("docsvc_database_up", "Does the database answer?")
        try:
            load = self._service.observation.load()
        except DocsvcError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        moment = now()
        documents = GaugeMetricFamily("docsvc_documents", "Documents by state", labels=["state"])
        for state in State:
            documents.add_metric([state], load.documents.get(state, 0))
        yield documents
        jobs = GaugeMetricFamily("docsvc_jobs", "Jobs that are not done", labels=["held"])
        jobs.add_metric(["no"], load.jobs.waiting)
        jobs.add_metric(["yes"], load.jobs.held)
        yield jobs
        for name, help_, value in (
            (
                "docsvc_oldest_job_seconds",
                "Age of the oldest job that nobody began",
                (moment - load.jobs.unbegun_since).total_seconds() if load.jobs.unbegun_since else 0,
            ),
            ("docsvc_events_waiting", "Events that wait for the log", load.events_waiting),
            (
                "docsvc_oldest_event_seconds",
                "Age of the oldest event that waits for the log",
                (moment - load.events_since).total_seconds() if load.events_since else 0,
            ),
            ("docsvc_log_size", "Leaves of the log", load.log_size),
            ("docsvc_log_checkpoint_size", "Leaves under the newest checkpoint", load.checkpoint_size),
        ):
            gauge = GaugeMetricFamily(name, help_)
            gauge.add_metric([], value)
            yield gauge
        yield from self._certificates()

    def _certificates(self) -> Iterator[GaugeMetricFamily]:
        """As many as the registry has seals: no name of an agency, no subject."""
        ends = GaugeMetricFamily(
            "docsvc_certificate_expiry_timestamp_seconds",
            "When a certificate, or the first of its chain, expires",
            labels=["role", "name"],
        )
        until = GaugeMetricFamily(
            "docsvc_seal_usable_until_timestamp_seconds",
            "Until when there is always a certificate to seal with, successors counted; 0: there is none now",
            labels=["seal"],
        )
        observation = self._service.observation
        try:
            seals = observation.seals()
            others = observation.others()
        except DocsvcError:
            return  # /readyz says what can't be read
        for seal in seals:
            until.add_metric([seal.id], seal.until.timestamp() if seal.until else 0)
        for one in (*(held for seal in seals for held in seal.held), *others):
            ends.add_metric([one.role, one.name], one.ends.timestamp())
        yield ends
        yield until


def install(app: Flask, service: Service) -> None:
    """One set of figures for the process."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # when a counter began tells nobody anything
    app.extensions[REGISTRY] = Figures(service)
