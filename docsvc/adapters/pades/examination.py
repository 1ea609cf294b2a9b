"""The verification of a signed PDF, offline and in one process; `verifier` is the door that guards it.

Steps, after ETSI EN 319 102-1 (validation), EN 319 142-1 (PAdES) and ISO 32000-2 12.8. Each number stands again at
the line of code that takes the step (here and in `listing`) and in each finding of the report.

 1. Limits: a PDF, not encrypted, no more signatures than allowed.
 2. Every filled signature field is listed, whatever its sub-filter; no two share a value; no signature dictionary
    stands outside the fields.
 3. Byte ranges: the raw /ByteRange covers its revision, all but exactly its own /Contents; the gap is canonical.
 4. CMS: canonical DER, versions and identifiers consistent, one signer, every embedded certificate intact.
 5. The digest of the covered octets, the signature value, and the signing certificate bound to it.
 6. The chain to a trust anchor at the proven time, key usage, time-stamping usage.
 7. Time-stamps on signatures and on the document, last first: each proves the time of what it covers.
 8. Revocation: OCSP responses and CRLs of the security store, fresh at the proven time, and themselves either of a
    signer that has not ended or covered by a time-stamp from before that end.
 9. Coverage: the last signature reaches the end; between revisions only what is permitted.
10. The level: B-B, B-T, B-LT or B-LTA, from what is there and holds.
11. Algorithms and keys strong enough at the proven time.
12. The seal's picture lies under its own signature.
13. The worst decides.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from asn1crypto import cms, x509
from pyhanko.pdf_utils.reader import HistoricalResolver

from docsvc.adapters.pades import (
    certificates,
    cms_checks,
    levels,
    purposes,
    revisions,
    revocation,
    signer_checks,
    sm2_checks,
    time_stamps,
)
from docsvc.adapters.pades.chain import Judge, common_name
from docsvc.adapters.pades.existence import Existence
from docsvc.adapters.pades.found import TIME_STAMP_FILTER, Found, conclude, unreadable
from docsvc.adapters.pades.listing import PADES_FILTER, Listing
from docsvc.domain.verdict import Check, Report

MAX_SIGNATURES = 32
DEVELOPMENT = "docsvc development"


def examine(
    pdf: bytes, anchors: Sequence[bytes], at: dt.datetime, *, max_signatures: int = MAX_SIGNATURES
) -> Report:
    """The report on `pdf` at the moment `at` (aware); `anchors` are trusted certificates in DER."""
    return _Examination(pdf, anchors, at, max_signatures).report()


class _Examination:
    def __init__(self, pdf: bytes, anchors: Sequence[bytes], at: dt.datetime, max_signatures: int) -> None:
        self.pdf = pdf
        self.at = at
        self.listing = Listing(pdf, max_signatures)
        self.anchor_ders, self.sm2_anchors = sm2_checks.apart(anchors)
        self.anchors = [x509.Certificate.load(der) for der in self.anchor_ders]
        self.checks, self.found = self.listing.checks, self.listing.found
        self.notices: list[str] = []
        self.material = revocation.Material()
        self.existence = Existence(self.material, (), at)
        self.stores: dict[int, frozenset[str]] = {}  # revision of a sound time-stamp → what it covers of the store

    def report(self) -> Report:
        try:
            if self.listing.open():
                self._examine_all()
        except Exception as e:  # noqa: BLE001 - a file that breaks the reader is a broken file, not our fault
            self.checks.append(unreadable(e))
        # 13. The worst decides.
        return conclude(self.pdf, self.at, self.checks, [f.report() for f in self.found], self.notices)

    def _examine_all(self) -> None:
        self.listing.check()
        self.material = revocation.read_store(self.listing.reader)
        self.checks += self.material.checks
        whole = sorted((f for f in self.found if f.embedded is not None), key=lambda f: f.revision)
        store = tuple(c.dump() for c in self.material.certificates)
        inside = tuple(der for f in whole for der in signer_checks.all_certificates(f.shape))
        known = certificates.load_known((*self.anchor_ders, *store, *inside))
        pool = tuple({c.dump(): c for c in (*self.material.certificates, *signer_checks.loaded(inside))}.values())
        self.material = revocation.Material(pool, self.material.ocsps, self.material.crls)
        self.existence = Existence(self.material, self.anchors, self.at)
        certified = any(f.certified for f in whole)
        self.checks += revisions.check_awaited(self.listing.fields, self.listing.purposes, certified=certified)
        moment = self.at
        # 7. Time-stamps, last first: what a sound one covers existed at its time.
        for found in reversed(whole):
            try:
                moment = self._judge(found, known, moment, certified=certified)
            except Exception as e:  # noqa: BLE001 - one broken signature must not hide the others
                found.checks.append(unreadable(e))
        # 10. The level.
        for found in whole:
            if not found.is_time_stamp:
                self._classify(found, whole)
        self._notice(whole)

    def _judge(
        self,
        found: Found,
        known: Sequence[certificates.Known],
        moment: dt.datetime,
        *,
        certified: bool,
    ) -> dt.datetime:
        """Steps 4 to 8, 11 and 12 for one signature; returns the moment at which earlier ones are judged."""
        shape, coverage, embedded = found.shape, found.coverage, found.embedded
        if shape is None or coverage is None or embedded is None:
            return moment
        covered = self.listing.covered(coverage)
        signed_data = embedded.signed_data
        judge = Judge(self.anchors, self.existence.usable())
        # 4. Every embedded certificate intact, the signer identifier exact.
        if not sm2_checks.is_sm2(shape):
            found.checks += certificates.check_embedded(shape.certificates, known)
        found.checks += signer_checks.check_signer_id(shape)
        # 12. The seal's picture.
        found.checks += revisions.check_appearance(embedded, time_stamp=found.is_time_stamp, certified=certified)
        if found.is_time_stamp:
            found.stamp = self._stamp(found, signed_data, covered, judge, moment)
            return self._proof(found, moment)
        if sm2_checks.is_sm2(shape):  # a profile beside PAdES
            found.judged = sm2_checks.judge(shape, signed_data, sm2_checks.sm3(covered), self.sm2_anchors, moment)
            found.checks += found.judged.checks
            return moment
        for token in shape.tokens:
            self._token(found, token, judge, known, moment)
        self._signature(found, shape, signed_data, covered, judge, moment)
        return moment

    def _proof(self, found: Found, moment: dt.datetime) -> dt.datetime:
        """What a document time-stamp proves, if it is sound; the moment at which what it covers is judged."""
        found.proven = found.stamp.time if found.sound and found.stamp else None
        if found.proven is None:
            return moment
        store = revocation.read_store(HistoricalResolver(self.listing.reader, found.revision)).digests()
        self.stores[found.revision] = store
        self.existence.prove(store, found.proven)
        return min(moment, found.proven)

    def _signature(
        self,
        found: Found,
        shape: cms_checks.Shape,
        signed_data: cms.SignedData,
        covered: Sequence[Any],
        judge: Judge,
        moment: dt.datetime,
    ) -> None:
        """5., 6., 8. and 11. Value, chain, revocation and strength at the proven time."""
        proven = found.proven or (moment if moment < self.at else None)
        found.proven = proven
        digest = hashlib.new(shape.digest, usedforsecurity=False)
        for part in covered:
            digest.update(part)
        when = proven or self.at
        judged = judge.signature(
            signed_data, digest.digest(), when, proven=proven is not None, claimed=found.claimed
        )
        found.judged = judged
        found.checks += judged.checks
        found.uses = revocation.uses(judged.chain, self.existence.genuine())
        if judged.sound:
            found.checks.append(
                revocation.contradiction(found.uses, when) or signer_checks.revocation_good(found.uses)
            )
        if found.sub_filter == PADES_FILTER:
            found.checks += signer_checks.check_binding(shape)
        if judged.certificate is not None:
            found.checks += purposes.check(found.purpose or "", judged.certificate)
        found.checks += signer_checks.check_strength(shape.digest, judged, when)

    def _stamp(
        self, found: Found, signed_data: cms.SignedData, covered: Sequence[Any], judge: Judge, moment: dt.datetime
    ) -> time_stamps.Stamp:
        """Steps 5 to 8 and 11 for one token over `covered`, judged at `moment`."""
        stamp = time_stamps.read_stamp(signed_data)
        found.checks.append(time_stamps.check_imprint(stamp, covered))
        found.checks += time_stamps.check_order(stamp, moment)
        judged, informed = judge.time_stamp(signed_data, moment)
        found.checks += judged.checks
        if judged.certificate is not None:
            found.checks += time_stamps.check_authority(judged.certificate, stamp)
            found.time_stamped_by = common_name(judged.certificate)
        if judged.sound and not informed:
            found.checks.append(
                Check.remarked(
                    8,
                    "revocation",
                    "文件中没有时间戳机构证书的状态信息",
                    "the file does not say whether the time-stamp authority's certificate was revoked",
                )
            )
        found.stamp_informed = informed
        digest = signed_data["signer_infos"][0]["digest_algorithm"]["algorithm"].native
        found.checks += signer_checks.check_strength(str(digest), judged, moment)
        found.checks += signer_checks.check_strength(stamp.algorithm, None, moment)
        if found.is_time_stamp:
            found.judged = judged
            found.uses = revocation.uses(judged.chain, self.existence.genuine())
        return stamp

    def _token(
        self, found: Found, token: bytes, judge: Judge, known: Sequence[certificates.Known], moment: dt.datetime
    ) -> None:
        """A signature time-stamp (EN 319 122-1, 5.3): its checks join the signature's."""
        shape, checks = cms_checks.read_shape(token, time_stamp=True)
        inner = Found(found.name, TIME_STAMP_FILTER, checks)
        if shape is not None and found.embedded is not None:
            inner.checks += certificates.check_embedded(shape.certificates, known)
            inner.checks += signer_checks.check_signer_id(shape)
            signed_data = cms.ContentInfo.load(token)["content"]
            value = found.embedded.signer_info["signature"].native
            stamp = self._stamp(inner, signed_data, (value,), judge, moment)
            if inner.sound and (found.proven is None or stamp.time < found.proven):
                found.proven = stamp.time
                found.stamp_informed = inner.stamp_informed
                found.time_stamped_by = inner.time_stamped_by
        found.checks += [
            replace(c, message=f"签名时间戳：{c.message}", message_en=f"signature time-stamp: {c.message_en}")
            for c in inner.checks
        ]

    def _classify(self, found: Found, whole: Sequence[Found]) -> None:
        if found.judged is None or found.embedded is None or sm2_checks.is_sm2(found.shape):
            return
        later = [f for f in whole if f.is_time_stamp and f.sound and f.revision > found.revision]
        if found.time_stamped_by is None and later:
            found.time_stamped_by, found.stamp_informed = later[0].time_stamped_by, later[0].stamp_informed
        stores = [self.stores[f.revision] for f in later]
        found.level = levels.classify(
            baseline=found.sub_filter == PADES_FILTER and not found.judged.value_broken,
            proven=found.proven is not None,
            revocation_known=found.judged.sound and found.stamp_informed,
            uses=found.uses,
            archived=stores,
        )
        if found.level is not None:
            found.checks.append(
                Check.passed(10, "level", f"达到PAdES {found.level}级", f"the signature is at level {found.level}")
            )

    def _notice(self, whole: Sequence[Found]) -> None:
        names = {
            str(part)
            for f in whole
            for c in ((f.judged.certificate,) if f.judged and f.judged.certificate else ())
            for name in (c.subject, c.issuer)
            for part in name.native.values()
        }
        if any(DEVELOPMENT in name.casefold() for name in names):
            self.notices.append("开发用密钥，不具有法律效力 / development keys: no legal effect")
