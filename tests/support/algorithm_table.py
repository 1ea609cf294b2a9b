"""Writes certs/ALGORITHMS.md, what tools of other make say of each key and level.

`uv run python -m tests.support.algorithm_table`; the same judgement is a test, which compares it with the file.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pyhanko.pdf_utils.reader import PdfFileReader

from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.certificates import Algorithm
from docsvc.adapters.pki.folder import DESCRIPTION
from docsvc.domain.document import Level, Slot
from tests.support.sealing import AGENCY, PLACE, make_pki, plain_pdf, sealer_for

ROOT = Path(__file__).parents[2]
PATH = ROOT / "certs" / "ALGORITHMS.md"
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
JUDGE = ROOT / "tests/conformance/judge/Judge.java"
JARS = [
    Path(f"/usr/share/java/{name}.jar")
    for name in ("pdfbox2", "fontbox2", "bcprov", "bcpkix", "bcutil", "commons-logging")
]
RANGE = re.compile(rb"/ByteRange\s*\[\s*0 (\d+) (\d+) (\d+)\s*\]")
HEAD = """# Keys and levels, judged by others

For each algorithm that `docsvc pki init --algorithm` makes keys of, and each level: the tools of other make by
which the signature, every time-stamp and every OCSP answer in the file hold, down to the root. The whole PKI is of
one algorithm then, its time-stamp authority too. Written by `uv run python -m tests.support.algorithm_table`; a
test judges anew and compares.

- **BC**: PDFBox 2 reads the file, Bouncy Castle verifies (tests/conformance/judge/Judge.java): CAdES with the
  signing certificate's digest, RFC 3161 tokens with their imprint, the paths, the OCSP answers of the DSS.
- **openssl**: `cms -verify -cades` and `ts -verify` on what the byte ranges cover, `ocsp` on the DSS's answers.
- **openssl (tokens by cms)**: `ts` of OpenSSL 3.0 reads tokens as PKCS #7, which knows no RSASSA-PSS; their
  signatures are verified by `cms -verify`, their imprints compared.
- **openssl (by parts)**: the CMS of OpenSSL 3.0 does not know Ed25519. The digests are compared, the signature over
  the signed attributes is verified by `pkeyutl`, the certificate by `verify`.
- **pdfsig**: poppler with NSS, which looks at the seal alone, says "Signature is Valid".

"""


@dataclass(frozen=True)
class Part:
    """A CMS in the file: what it is over, and whether it is a time-stamp token."""

    der: bytes
    octets: bytes
    stamp: bool

    @property
    def signed(self) -> cms.SignedData:
        return cms.ContentInfo.load(self.der)["content"]


def run(*words: object) -> tuple[int, str]:
    done = subprocess.run([str(w) for w in words], capture_output=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def parts(pdf: bytes) -> Iterator[Part]:
    """Seals, the tokens in them, and document time-stamps."""
    for match in RANGE.finditer(pdf):
        length, rest, more = map(int, match.groups())
        padded = bytes.fromhex(pdf[length + 1 : rest - 1].decode())
        der = cms.ContentInfo.load(padded).dump()
        signed = cms.ContentInfo.load(der)["content"]
        stamp = signed["encap_content_info"]["content_type"].native == "tst_info"
        yield Part(der, pdf[:length] + pdf[rest : rest + more], stamp)
        for attribute in signed["signer_infos"][0]["unsigned_attrs"] or ():
            yield Part(attribute["values"][0].dump(), signed["signer_infos"][0]["signature"].native, stamp=True)


def answers(path: Path) -> list[bytes]:
    """The OCSP answers of the DSS."""
    with path.open("rb") as file:
        root = PdfFileReader(file).root
        return [each.get_object().data for each in root["/DSS"].get("/OCSPs", ())] if "/DSS" in root else []


class Bench:
    """The tools, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def judges(self, algorithm: Algorithm, keys: Path, pdfs: Sequence[Path]) -> list[list[str]]:
        """For each file, the tools that find no fault."""
        way = {"rsa-pss": "openssl (tokens by cms)", "ed25519": "openssl (by parts)"}
        name = next((said for begin, said in way.items() if algorithm.startswith(begin)), "openssl")
        rows = []
        for pdf, bouncy in zip(pdfs, self.bouncy_castle(keys, pdfs), strict=True):
            held = {"BC": bouncy, name: self.openssl(algorithm, keys, pdf)}
            held["pdfsig"] = "Signature is Valid." in run("pdfsig", "-nocert", pdf)[1]
            rows.append([tool for tool, holds in held.items() if holds])
        return rows

    def bouncy_castle(self, keys: Path, pdfs: Sequence[Path]) -> list[bool]:
        path, classes = ":".join(map(str, JARS)), self.folder / "classes"
        if not classes.exists():
            code, said = run("javac", "-nowarn", "-d", classes, "-cp", path, JUDGE)
            assert code == 0, said
        _, said = run("java", "-cp", f"{path}:{classes}", "Judge", keys / "root.pem", *pdfs)
        return [f"{pdf.name}\t{' '.join(self._expected(pdf))}" in said.splitlines() for pdf in pdfs]

    @staticmethod
    def _expected(pdf: Path) -> list[str]:
        """What the judge says of a file in which all holds."""
        kinds = ["seal", "token", "stamp"][: len(list(parts(pdf.read_bytes())))]
        found = len(answers(pdf))
        return [*kinds, f"{found} answers"] if found else kinds

    def openssl(self, algorithm: Algorithm, keys: Path, pdf: Path) -> bool:
        (self.folder / "issuing.pem").write_bytes(
            x509.load_der_x509_certificate((keys / "services/issuing.cer").read_bytes()).public_bytes(Encoding.PEM)
        )
        holds = [self._part(algorithm, keys, part) for part in parts(pdf.read_bytes())]
        return all(holds) and bool(holds) and all(self._answer(keys, der) for der in answers(pdf))

    def _answer(self, keys: Path, der: bytes) -> bool:
        (self.folder / "answer").write_bytes(der)
        code, said = run(
            "openssl", "ocsp", "-respin", self.folder / "answer", "-CAfile", keys / "root.pem",
            "-verify_other", self.folder / "issuing.pem", "-resp_text",
        )  # fmt: skip
        return code == 0 and "Response verify OK" in said and "Cert Status: good" in said

    def _part(self, algorithm: Algorithm, keys: Path, part: Part) -> bool:
        cut, octets, root = self.folder / "cms", self.folder / "octets", keys / "root.pem"
        cut.write_bytes(part.der)
        octets.write_bytes(part.octets)
        if algorithm == "ed25519":
            return self._by_hand(root, part)
        if part.stamp and algorithm.startswith("rsa-pss"):
            purpose = ("-purpose", "timestampsign", "-out", "/dev/null")
            code, _ = run("openssl", "cms", "-verify", "-inform", "DER", "-in", cut, "-CAfile", root, *purpose)
            return code == 0 and self._imprint(part)
        if part.stamp:
            return (
                run("openssl", "ts", "-verify", "-token_in", "-in", cut, "-data", octets, "-CAfile", root)[0] == 0
            )
        form = ("-cades", "-binary", "-purpose", "any", "-inform", "DER", "-out", "/dev/null")
        return run("openssl", "cms", "-verify", *form, "-in", cut, "-content", octets, "-CAfile", root)[0] == 0

    def _digest(self, octets: bytes, name: str) -> bytes:
        (self.folder / "digested").write_bytes(octets)
        run("openssl", "dgst", f"-{name}", "-binary", "-out", self.folder / "digest", self.folder / "digested")
        return (self.folder / "digest").read_bytes()

    def _imprint(self, part: Part) -> bool:
        imprint = part.signed["encap_content_info"]["content"].parsed["message_imprint"]
        said = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
        return said == ("sha256", self._digest(part.octets, "sha256"))

    def _by_hand(self, root: Path, part: Part) -> bool:
        """CMS by its parts: content digest, attributes, signature value, certificate."""
        signed = part.signed
        info = signed["signer_infos"][0]
        content = bytes(signed["encap_content_info"]["content"]) if part.stamp else part.octets
        named = {a["type"].native: a["values"][0].native for a in info["signed_attrs"]}
        serial = info["sid"].chosen["serial_number"].native
        chain = [x509.load_der_x509_certificate(c.chosen.dump()) for c in signed["certificates"]]
        (own,) = [c for c in chain if c.serial_number == serial]
        for name, data in (
            ("attributes", info["signed_attrs"].untag().dump()),
            ("value", info["signature"].native),
            ("public.pem", own.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)),
            ("own.pem", own.public_bytes(Encoding.PEM)),
            ("others.pem", b"".join(c.public_bytes(Encoding.PEM) for c in chain if c != own)),
        ):
            (self.folder / name).write_bytes(data)
        at = self.folder
        value, _ = run(
            "openssl", "pkeyutl", "-verify", "-pubin", "-inkey", at / "public.pem", "-rawin",
            "-in", at / "attributes", "-sigfile", at / "value",
        )  # fmt: skip
        path, _ = run("openssl", "verify", "-CAfile", root, "-untrusted", at / "others.pem", at / "own.pem")
        digested = named["message_digest"] == self._digest(content, info["digest_algorithm"]["algorithm"].native)
        return value == path == 0 and digested and (not part.stamp or self._imprint(part))


def lacking() -> str | None:
    """What this machine has not."""
    if missing := [str(jar) for jar in JARS if not jar.exists()]:
        return f"no {missing[0]} (libpdfbox2-java, libbcpkix-java)"
    return next((f"no {tool}" for tool in ("javac", "java", "openssl", "pdfsig") if not shutil.which(tool)), None)


def keys_of(algorithm: Algorithm, folder: Path) -> Path:
    """A PKI of this algorithm; for RSASSA-PSS the one of RSA, told to sign so, as an operator would tell it."""
    plain = algorithm.replace("rsa-pss", "rsa")
    keys = folder / plain
    if not keys.exists():
        make_pki(keys, algorithm=plain)
    description = json.loads((keys / DESCRIPTION).read_text())
    (keys / DESCRIPTION).write_text(json.dumps(description | {"algorithm": algorithm}))
    return keys


def judged(algorithm: Algorithm, folder: Path) -> list[list[str]]:
    """The tools that find no fault, for each level."""
    keys = keys_of(algorithm, folder)
    paths = []
    with Authorities(keys):
        for level in Level:
            pdf, achieved, why = sealer_for(keys).seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], level)
            assert (achieved, why) == (level, None)
            path = folder / f"{algorithm}-{level}.pdf"
            path.write_bytes(pdf)
            paths.append(path)
    return Bench(folder).judges(algorithm, keys, paths)


def row(algorithm: Algorithm, cells: Sequence[Sequence[str]]) -> str:
    return f"| {algorithm} | {' | '.join(', '.join(cell) for cell in cells)} |\n"


def main() -> None:
    table = f"| key | {' | '.join(Level)} |\n{'| --- ' * (len(Level) + 1)}|\n"
    with tempfile.TemporaryDirectory() as name:
        for algorithm in ALGORITHMS:
            table += row(algorithm, judged(algorithm, Path(name)))
    PATH.write_text(HEAD + table)


if __name__ == "__main__":
    main()
