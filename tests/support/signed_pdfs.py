"""Signed PDFs made by stock pyHanko with a small PKI of their own: an opinion independent of our sealer."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import secrets
from dataclasses import dataclass, field

import pikepdf
from asn1crypto import algos, cms, keys
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.sign import fields, signers
from pyhanko.sign.attributes import CMSAlgorithmProtectionProvider
from pyhanko.sign.general import as_signing_certificate_v2, simple_cms_attribute
from pyhanko.sign.signers.pdf_signer import DSSContentSettings
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

DAY = dt.timedelta(days=1)
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
ORGANISATION = "Example Tests"


@dataclass
class Party:
    """A private key with its certificate."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def asn1(self) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(self.der)

    @property
    def asn1_key(self) -> keys.PrivateKeyInfo:
        return keys.PrivateKeyInfo.load(
            self.key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


def _name(common: str, unit: str | None = None) -> x509.Name:
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
    ]
    if unit:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common)])


_KEYS: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {}


def key_for(role: str, kind: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    """One key a role and kind, kept for the whole run: making RSA keys is slow."""
    name = f"{kind}/{role}"
    if name not in _KEYS:
        _KEYS[name] = (
            ec.generate_private_key(ec.SECP256R1())
            if kind == "ec"
            else rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))
        )
    return _KEYS[name]


def _usage(*names: str) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in names for name in every})


@dataclass
class Authority:
    """A PKI: root, issuing CA, signer, time-stamp authority, OCSP responder; tunable for bad cases."""

    kind: str = "ec"
    unit: str | None = None
    signer_usage: tuple[str, ...] = ("digital_signature", "content_commitment")
    tsa_purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.TIME_STAMPING,)
    signer_days: tuple[int, int] = (-30, 365)
    revoked_at: dt.datetime | None = None
    answers: bool = True
    tsa_kind: str | None = None
    root: Party = field(init=False)
    issuing: Party = field(init=False)
    signer: Party = field(init=False)
    tsa: Party = field(init=False)
    responder: Party = field(init=False)

    def __post_init__(self):
        ca = [(x509.BasicConstraints(ca=True, path_length=None), True), (_usage("key_cert_sign", "crl_sign"), True)]
        self.root = self._make("root", ca, None, (-60, 3650))
        self.issuing = self._make("issuing", ca, self.root, (-60, 3650))
        self.signer = self._make("signer", [(_usage(*self.signer_usage), True)], self.issuing, self.signer_days)
        # The time-stamper of pyHanko knows RSA only.
        self.tsa = self._make(
            "tsa",
            [(_usage("digital_signature"), True), (x509.ExtendedKeyUsage(list(self.tsa_purposes)), True)],
            self.issuing,
            (-60, 3000),
            kind=self.tsa_kind or (self.kind if self.kind.startswith("rsa") else "rsa2048"),
        )
        self.responder = self._make(
            "responder",
            [
                (_usage("digital_signature"), True),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
                (x509.OCSPNoCheck(), False),
            ],
            self.issuing,
            (-60, 3000),
        )

    def _make(self, role, extensions, issuer, days, kind=None) -> Party:
        key = key_for(role, kind or self.kind)
        subject = _name(f"Test {role}", self.unit)
        signing = issuer.key if issuer else key
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(secrets.randbits(120) | 1 << 119)
            .not_valid_before(NOW + days[0] * DAY)
            .not_valid_after(NOW + days[1] * DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
        )
        if issuer is not None:
            # Declared, as certificates do, and never asked: the evidence is handed over.
            builder = builder.add_extension(
                x509.AuthorityInformationAccess(
                    [
                        x509.AccessDescription(
                            AuthorityInformationAccessOID.OCSP,
                            x509.UniformResourceIdentifier("http://ocsp.invalid/"),
                        )
                    ]
                ),
                critical=False,
            )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return Party(key, builder.sign(signing, hashes.SHA256()))

    def ocsp(self, of: Party, at: dt.datetime = NOW) -> bytes:
        revoked = of is self.signer and self.revoked_at is not None
        return (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=of.certificate,
                issuer=self.issuing.certificate,
                algorithm=hashes.SHA256(),
                cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
                this_update=at - dt.timedelta(hours=1),
                next_update=at + DAY,
                revocation_time=self.revoked_at if revoked else None,
                revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.responder.certificate)
            .certificates([self.responder.certificate])
            .sign(self.responder.key, hashes.SHA256())
            .public_bytes(serialization.Encoding.DER)
        )

    def crl(self, issuer: Party, at: dt.datetime = NOW) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(at - dt.timedelta(hours=1))
            .next_update(at + DAY)
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
            )
        )
        if issuer is self.issuing and self.revoked_at is not None:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(self.signer.certificate.serial_number)
                .revocation_date(self.revoked_at)
                .build()
            )
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def context(self) -> ValidationContext:
        """What the signer gathers its evidence from; nothing is fetched."""
        return ValidationContext(
            trust_roots=[self.root.asn1],
            other_certs=[self.issuing.asn1, self.responder.asn1],
            ocsps=[self.ocsp(self.signer), self.ocsp(self.tsa)] if self.answers else [],
            crls=[self.crl(self.root)] if self.answers else [],
            revocation_mode="soft-fail",
            allow_fetching=False,
        )


class Stamper(DummyTimeStamper):
    """pyHanko's in-process authority with SHA-256 throughout and the algorithm identifiers protected (RFC 6211)."""

    def __init__(self, authority: Authority, at: dt.datetime | None = None, *, protect: bool = True):
        store = SimpleCertificateStore()
        store.register_multiple([authority.issuing.asn1])
        super().__init__(authority.tsa.asn1, authority.tsa.asn1_key, store, fixed_dt=at)
        self._party = authority.tsa
        self._protect = protect

    def _sign_tst_info(self, tst_info_data, md_algorithm, dt):  # noqa: ARG002 - pyHanko's signature
        digest = hashes.Hash(hashes.SHA256())
        digest.update(tst_info_data)
        attributes = [
            simple_cms_attribute("content_type", "tst_info"),
            simple_cms_attribute("signing_certificate_v2", as_signing_certificate_v2(self._party.asn1)),
            simple_cms_attribute("message_digest", digest.finalize()),
        ]
        if self._protect:
            attributes.append(
                simple_cms_attribute(
                    "cms_algorithm_protection",
                    cms.CMSAlgorithmProtection(
                        {
                            "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"}),
                        }
                    ),
                )
            )
        signed = cms.CMSAttributes(attributes)
        return self._party.key.sign(signed.dump(), padding.PKCS1v15(), hashes.SHA256()), signed


class Protecting(signers.SimpleSigner):
    """pyHanko's signer, with the algorithm identifiers of PAdES protected (RFC 6211), which it leaves out."""

    def _signed_attr_providers(self, data_digest, digest_algorithm, attr_settings, **options):
        yield from super()._signed_attr_providers(data_digest, digest_algorithm, attr_settings, **options)
        if options.get("use_cades"):  # for the older sub-filter pyHanko does it by itself
            yield CMSAlgorithmProtectionProvider(
                digest_algorithm, self.get_signature_mechanism_for_digest(digest_algorithm)
            )


def plain_pdf(text: str = "Decision 1: nothing is owed") -> bytes:
    """One page with a line of text and a form XObject."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    font = pdf.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    )
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    page.Contents = pdf.make_stream(f"BT /F1 20 Tf 72 700 Td ({text}) Tj ET".encode())
    out = io.BytesIO()
    pdf.save(out, static_id=True, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


@dataclass(frozen=True)
class Wish:
    """How a document is to be signed."""

    level: str = "B-LTA"
    field: str = "Seal"
    certify: bool = True
    visible: bool = True
    at: dt.datetime | None = None  # what the time-stamp authority's clock says
    sub_filter: fields.SigSeedSubFilter = fields.SigSeedSubFilter.PADES
    protect: bool = True
    permissions: fields.MDPPerm = fields.MDPPerm.NO_CHANGES


def sign(authority: Authority, wish: Wish | None = None, pdf: bytes | None = None) -> bytes:
    """A signed PDF, by pyHanko alone."""
    wish = wish or Wish()
    stamped = wish.level != "B-B"
    kept = wish.level in {"B-LT", "B-LTA"}
    store = SimpleCertificateStore()
    store.register_multiple([authority.issuing.asn1])
    signer = (Protecting if wish.protect else signers.SimpleSigner)(
        signing_cert=authority.signer.asn1, signing_key=authority.signer.asn1_key, cert_registry=store
    )
    metadata = signers.PdfSignatureMetadata(
        field_name=wish.field,
        md_algorithm="sha256",
        subfilter=wish.sub_filter,
        certify=wish.certify,
        docmdp_permissions=wish.permissions,
        validation_context=authority.context() if kept else None,
        embed_validation_info=kept,
        use_pades_lta=wish.level == "B-LTA",
        dss_settings=DSSContentSettings(include_vri=False),
    )
    spec = fields.SigFieldSpec(wish.field, box=(300, 500, 420, 620) if wish.visible else None)
    pdf_signer = signers.PdfSigner(
        metadata,
        signer,
        timestamper=Stamper(authority, wish.at, protect=wish.protect) if stamped else None,
        new_field_spec=spec,
        stamp_style=StaticStampStyle(background=_ring(), border_width=0) if wish.visible else None,
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf if pdf is not None else plain_pdf()), strict=False)
    out = io.BytesIO()
    asyncio.run(pdf_signer.async_sign_pdf(writer, output=out))
    return out.getvalue()


def with_store(pdf: bytes, *, ocsps=(), crls=(), certificates=()) -> bytes:
    """The document with these answers (DER) in its security store, in one more revision."""
    out = io.BytesIO(pdf)
    DocumentSecurityStore.add_dss(
        out,
        None,
        certs=[asn1_x509.Certificate.load(c) for c in certificates],
        ocsps=[asn1_ocsp.OCSPResponse.load(o) for o in ocsps],
        crls=[asn1_crl.CertificateList.load(c) for c in crls],
    )
    return out.getvalue()


def _ring() -> RawContent:
    return RawContent(b"1 0 0 RG 4 w 10 10 100 100 re S", box=BoxConstraints(120, 120))
