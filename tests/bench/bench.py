"""`make bench`: ms a stage, ms a call over HTTP, documents a second, and the same by one fresh process a step.

Everything is measured in one run on one machine, alternating, so that the ratios mean something; absolute figures
drift with the machine. Nothing is asserted.
"""

from __future__ import annotations

import concurrent.futures
import copy
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
STAGES = 30
EACH = 30  # documents a process in the throughput run
NAIVE = 4
CORES = os.cpu_count() or 1


def cases(count: int, first: int) -> list[dict[str, Any]]:
    """`count` different cases, the types in turn."""
    samples = [json.loads(p.read_text()) for p in sorted((CHECKOUT / "templates").glob("*/cases/valid-1.json"))]
    made = []
    for n in range(first, first + count):
        one = copy.deepcopy(samples[n % len(samples)])
        one["action_code"] = f"13309{n:09d}"
        if one["doc_type"] == "termination_notice":
            one["body"]["measure"]["doc_no"] = f"舟示市监诺〔2026〕{n + 1000}号"
        if one["doc_type"] == "commitment":  # one for each item
            one["body"]["informed"]["list_item_no"] = f"SC-{n + 1000}"
        made.append(one)
    return made


class Clock:
    """Collects durations by name."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = {}

    def around(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return work(*args, **named)
            finally:
                self.spent.setdefault(name, []).append((time.perf_counter() - start) * 1000)

        return timed

    def ms(self, name: str) -> float:
        return statistics.median(self.spent[name])


class Timed:
    """A port with each call timed."""

    def __init__(self, port: Any, clock: Clock, **names: str) -> None:
        self._port = port
        for method, name in names.items():
            setattr(self, method, clock.around(name, getattr(port, method)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


def stages() -> Clock:
    """One process, warm: median ms of each stage."""
    import dataclasses

    from docsvc.bootstrap import open_service

    clock = Clock()
    with open_service() as service:
        made = service.production
        production = dataclasses.replace(
            made,
            filler=Timed(made.filler, clock, fill="render (docxtpl, font chain)"),
            converter=Timed(made.converter, clock, convert="convert (LibreOffice, PDF/A-2b)"),
            pages=Timed(
                made.pages,
                clock,
                complete="complete tags (PDF/UA-1)",
                inspect="inspect pages, glyphs",
                seal_place="find the seal's place",
            ),
            sealer=Timed(made.sealer, clock, seal="seal (PAdES B-LTA)"),
            verifier=Timed(made.verifier, clock, verify="verify (own verifier)"),
            objects=Timed(made.objects, clock, put="store an object (4 a document)"),
        )
        for n, case in enumerate(cases(STAGES + 6, 0)):
            if n == 6:  # each type once, to be warm
                clock.spent.clear()
            accepted = clock.around("intake (schema, rules, number)", service.intake.accept)(case)
            clock.around("= accepted to sealed", production.produce)(accepted.row.id)
            clock.around("record (sequence, checkpoint)", service.sequence)()
            row = service.document(accepted.row.id)
            clock.around("evidence bundle", service.evidence)(row)
    return clock


def over_http(folder: Path, certs: Path) -> Clock:
    """One caller of a warm `docsvc serve` who waits for each document, now and then on a new connection."""
    from tests.support.api import Api
    from tests.support.stack import embedded

    clock = Clock()
    with embedded(folder, certs) as stack:
        key, api = stack.key(), stack.api()
        for n, case in enumerate(cases(STAGES + 12, 500_000)):
            if n == 12:  # each type in each of two worker processes
                clock.spent.clear()
            if n % 4 == 0:
                api = Api(stack.base_url, key)
            answer = clock.around("= POST, Prefer: wait, until 201", api.post)(case, wait=60)
            if answer.status_code != 201:
                raise SystemExit(f"{answer.status_code} {answer.text}\n{stack.logs()}")
            path = f"/documents/{answer.json()['id']}/content"
            clock.around("GET of the signed PDF", api.get)(path).raise_for_status()
    return clock


def produce_many(first: int) -> float:
    """Issue EACH documents in this process; seconds, start-up and first documents left out."""
    from docsvc.bootstrap import open_service

    with open_service() as service:
        for n, case in enumerate(cases(EACH + 6, first)):
            if n == 6:
                service.sequence()
                start = time.perf_counter()
            service.production.produce(service.intake.accept(case).row.id)
            if n % 10 == 9:
                service.sequence()
        service.sequence()
        return time.perf_counter() - start


def throughput() -> float:
    """Documents a second with a process a core."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(CORES, context) as pool:
        spent = list(pool.map(produce_many, [100_000 * (n + 1) for n in range(CORES)]))
    return sum(EACH / s for s in spent)


def naive(folder: Path, template_context: list[tuple[bytes, dict[str, Any]]]) -> Clock:
    """The same documents: docxtpl anew, one soffice a document, one fresh pyHanko process a document."""
    from docxtpl import DocxTemplate

    from docsvc.adapters.pki.authorities import Authorities
    from docsvc.adapters.pki.folder import describe
    from docsvc.settings import load_settings

    certs = load_settings().certs
    clock = Clock()

    def fill(source: Path, context: dict[str, Any], target: Path) -> None:
        template = DocxTemplate(source)
        template.render(context, autoescape=True)
        template.save(target)

    with Authorities(certs):
        for n, (template, context) in enumerate(template_context):
            source, docx = folder / f"{n}.template.docx", folder / f"{n}.docx"
            source.write_bytes(template)
            pdf, signed = docx.with_suffix(".pdf"), folder / f"{n}.signed.pdf"
            start = time.perf_counter()
            clock.around("render (docxtpl)", fill)(source, context, docx)
            office = ["soffice", "--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}"]
            export = 'pdf:writer_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"2"}}'
            clock.around("soffice --convert-to", subprocess.run)(
                [*office, "--convert-to", export, "--outdir", folder, docx], check=True, capture_output=True
            )
            seal = next((certs / "seals").glob("*.p12"))
            sign = [sys.executable, Path(__file__).with_name("baseline_sign.py"), pdf, signed, seal]
            clock.around("fresh pyHanko (B-LTA)", subprocess.run)(
                [*sign, certs / "password", certs / "root.pem", describe(certs).tsa_url], check=True
            )
            clock.spent.setdefault("= a document", []).append((time.perf_counter() - start) * 1000)
    return clock


def templates_and_contexts(count: int) -> list[tuple[bytes, dict[str, Any]]]:
    """What docxtpl is given for the first `count` cases."""
    from docsvc.bootstrap import open_service
    from docsvc.domain.wording import context

    with open_service() as service:
        made = []
        for case in cases(count, 900_000):
            accepted = service.production._accepted(service.intake.accept(case).row)
            made.append((accepted.doc_type.template, context(accepted)))
        return made


def show(title: str, clock: Clock) -> None:
    print(f"\n{title}")
    for name, spent in clock.spent.items():
        print(f"  {name:34} {statistics.median(spent):9.1f} ms")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="docsvc-bench-") as home:
        folder = Path(home)
        os.environ |= {"DOCSVC_DATA_DIR": str(folder / "data"), "DOCSVC_CERTS_DIR": str(folder / "certs" / "dev")}
        ours = stages()
        called = over_http(folder / "http", folder / "certs" / "dev")
        theirs = naive(folder, templates_and_contexts(NAIVE))
        rate = throughput()
    show(f"docsvc, one process, warm (median of {STAGES})", ours)
    show(f"docsvc serve over HTTP, one caller, warm (median of {STAGES})", called)
    waited, converted = called.ms("= POST, Prefer: wait, until 201"), ours.ms("convert (LibreOffice, PDF/A-2b)")
    print(f"  {waited:.0f} ms until 201, {converted:.0f} ms of it conversion: {waited / converted:.1f} times")
    show(f"one fresh process a step (median of {NAIVE})", theirs)
    one = ours.ms("= accepted to sealed")
    sequential = 1000 / theirs.ms("= a document")
    print(f"\n  documents a second, {CORES} processes: {rate:.1f}; one fresh process a step: {sequential:.2f}")
    print(f"  ratio a document: {theirs.ms('= a document') / one:.1f}, ratio of rates: {rate / sequential:.1f}")


if __name__ == "__main__":
    main()
