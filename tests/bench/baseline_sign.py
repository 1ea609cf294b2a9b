"""One PDF signed by stock pyHanko in a process of its own: what `make bench` compares with."""

from __future__ import annotations

import sys
from pathlib import Path

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, signers, timestamps
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend


def main(source: str, target: str, pkcs12: str, password_file: str, root: str, tsa: str) -> None:
    """Sign `source` into `target` at B-LTA, everything loaded and fetched anew."""
    from pyhanko.keys import load_cert_from_pemder

    signer = signers.SimpleSigner.load_pkcs12(pkcs12, passphrase=Path(password_file).read_bytes().strip())
    if signer is None:
        sys.exit("the key can't be loaded")
    context = ValidationContext(
        trust_roots=[load_cert_from_pemder(root)],
        allow_fetching=True,
        fetcher_backend=RequestsFetcherBackend(),
        revocation_mode="require",
    )
    metadata = PdfSignatureMetadata(
        field_name="Seal",
        subfilter=SigSeedSubFilter.PADES,
        embed_validation_info=True,
        use_pades_lta=True,
        validation_context=context,
        md_algorithm="sha256",
    )
    with Path(source).open("rb") as pdf, Path(target).open("wb") as out:
        signers.sign_pdf(
            IncrementalPdfFileWriter(pdf),
            metadata,
            signer=signer,
            timestamper=timestamps.HTTPTimeStamper(tsa),
            output=out,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
