"""Signing with a certificate whose key the service keeps for an officer: their PIN opens it for one signature."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from docsvc.domain.access import Principal, User
from docsvc.domain.errors import ForbiddenError, NotFoundError, UsageError, refused_signature
from docsvc.domain.signature import Given, Signature
from docsvc.domain.signer import LOCKED_FOR, WRONG_IN_A_ROW, WRONG_IN_ALL, Signer, require_pin
from docsvc.ports import Database, SignatureChecks, Vault
from docsvc.usecases.envelopes import Envelopes
from docsvc.usecases.sign_remotely import RemoteSigning

LOCKED = (
    f"PIN连续输错{WRONG_IN_A_ROW}次，已锁定{LOCKED_FOR.seconds // 60}分钟；"
    f"locked for {LOCKED_FOR.seconds // 60} minutes after {WRONG_IN_A_ROW} wrong PINs"
)
LOCKED_FOR_GOOD = (
    f"PIN累计输错{WRONG_IN_ALL}次，证书已锁定，须由管理员重新登记；"
    f"locked after {WRONG_IN_ALL} wrong PINs: the operator enrols the certificate anew"
)


@dataclass(frozen=True, slots=True)
class Signers:
    """The kept keys. `note(level, event, **fields)` writes to the log; PINs never leave this module."""

    database: Database
    vault: Vault
    checks: SignatureChecks
    remote: RemoteSigning
    envelopes: Envelopes
    clock: Callable[[], dt.datetime]
    note: Callable[..., Any]

    def of(self, principal: Principal) -> Signer | None:
        """Whose certificate the service keeps for this user."""
        with self.database.read() as tx:
            return tx.signers.find(principal.id) if principal.kind == "user" else None

    def sign(self, principal: Principal, document_id: str, name: str, pin: str) -> Signature:
        """The slot, given; the worker completes it.

        Raises SignatureRefusedError for a wrong PIN; ForbiddenError where the user has no certificate here, it is
        locked, or the slot is another person's; NotFoundError, ConflictError.
        """
        signer = self.of(principal)
        if signer is None:
            raise ForbiddenError("本系统没有保存您的签名证书；no certificate of yours is kept here")
        _, slot = self.envelopes.turn(principal, document_id, name)
        if not is_theirs(slot, signer):
            raise ForbiddenError(f"此处由{slot.signatory.name}签名；it is {slot.signatory.name} who signs here")
        signer = self._count_attempt(principal)
        key = self.vault.opened(signer.key, pin)
        if key is None:
            self.note(logging.WARNING, "pin_refused", user=principal.name, failures=signer.failures)
            if signer.failures % WRONG_IN_A_ROW == 0:
                raise ForbiddenError(_locked(signer))
            left = WRONG_IN_A_ROW - signer.failures % WRONG_IN_A_ROW
            raise refused_signature("/pin", f"PIN不正确，还可以试{left}次；wrong PIN: {left} more tries", "PIN")
        with self.database.begin() as tx:
            still = tx.signers.find(principal.id)
            if still is None or still.key != signer.key:
                raise ForbiddenError("签名证书刚被更换；the certificate was replaced meanwhile")
            tx.signers.save(replace(still, failures=0, locked_until=None))
        pending = self.remote.prepare(principal, document_id, name, signer.chain)
        value = key(pending.prepared.to_be_signed)
        return self.remote.give(principal, document_id, name, pending.id, Given(value=value))

    def _count_attempt(self, principal: Principal) -> Signer:
        """Before the PIN is looked at: tries sent at once can't all see a low count. Raises ForbiddenError."""
        now = self.clock()
        with self.database.begin() as tx:
            signer = tx.signers.find(principal.id)
            if signer is None or signer.locked(now):
                raise ForbiddenError(_locked(signer))
            failures = signer.failures + 1
            locks = failures % WRONG_IN_A_ROW == 0
            signer = replace(signer, failures=failures, locked_until=now + LOCKED_FOR if locks else None)
            tx.signers.save(signer)
        return signer

    # ---- the operator's side

    def enroll(
        self, user_name: str, name: str, cert_no: str, made: tuple[bytes, Sequence[bytes]], pin: str
    ) -> Signer:
        """Keep a key (PKCS#8, DER) with its chain for a user, under their PIN; replaces what was kept before.

        Raises NotFoundError; UsageError for a PIN that won't do, and where the certificate is another person's.
        """
        require_pin(pin)
        key, chain = made
        person = self.checks.person(chain[0]) if chain else None
        if person is None or person.name != name or person.number != cert_no:
            raise UsageError(
                f"证书的主体不是{name}（{cert_no}）；the subject of the certificate is not {name} ({cert_no})"
            )
        user = self._user(user_name)
        signer = Signer(user.id, name, cert_no, tuple(chain), self.vault.locked(key, pin), self.clock())
        with self.database.begin() as tx:
            tx.signers.save(signer)
        self.note(logging.INFO, "signer_enrolled", user=user.name)
        return signer

    def remove(self, user_name: str) -> None:
        """Forget the key that is kept for a user. Raises NotFoundError."""
        user = self._user(user_name)
        with self.database.begin() as tx:
            if not tx.signers.remove(user.id):
                raise NotFoundError(f"没有为{user.name}保存证书；no certificate is kept for {user.name}")
        self.note(logging.INFO, "signer_removed", user=user.name)

    def list(self) -> Sequence[tuple[User | None, Signer]]:
        """All that are kept, with their users."""
        with self.database.read() as tx:
            return [(tx.users.find(id=signer.user_id), signer) for signer in tx.signers.list()]

    def _user(self, name: str) -> User:
        with self.database.read() as tx:
            user = tx.users.find(name=name)
        if user is None:
            raise NotFoundError("没有这个用户；no such user")
        return user


def _locked(signer: Signer | None) -> str:
    return LOCKED_FOR_GOOD if signer is not None and signer.failures >= WRONG_IN_ALL else LOCKED


def is_theirs(slot: Signature, signer: Signer) -> bool:
    """Is it this person who signs there?"""
    who = slot.signatory
    return slot.by_certificate and who.name == signer.name and who.cert_no in (None, signer.cert_no)
