"""The PKCS#11 door: keys that stay in a token (an HSM, a cryptographic card), through python-pkcs11.

The binding initialises a module without locks (C_Initialize without arguments), so the calls of one process go one
after the other, over one session that stays open: it is logged in to once. Processes are what works side by side.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pkcs11 import MGF, Attribute, KeyType, Mechanism, ObjectClass, PKCS11Error, TokenFlag
from pkcs11.util.ec import encode_ec_public_key, encode_ecdsa_signature, encode_named_curve_parameters

from docsvc.adapters.pki.cms import PSS_SALT
from docsvc.adapters.pki.doors import PublicKey, Way
from docsvc.domain.errors import KeyAwayError, SealError, SetupError

T = TypeVar("T")

# Faults that waiting does not mend: the PIN, the key, or what the token is able to do.
LASTING: Final = (
    pkcs11.PinExpired,
    pkcs11.PinIncorrect,
    pkcs11.PinInvalid,
    pkcs11.PinLenRange,
    pkcs11.PinLocked,
    pkcs11.UserPinNotInitialized,
    pkcs11.NoSuchKey,
    pkcs11.MultipleTokensReturned,
    pkcs11.MechanismInvalid,
    pkcs11.MechanismParamInvalid,
    pkcs11.KeyTypeInconsistent,
    pkcs11.KeySizeRange,
    pkcs11.TemplateInconsistent,
    pkcs11.AttributeValueInvalid,
    pkcs11.TokenWriteProtected,
)
PIN_REFUSED: Final = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinLocked)
MECHANISMS: Final = {
    ("rsa", "sha256"): Mechanism.SHA256_RSA_PKCS,  # the token digests: some sign nothing that others digested
    ("rsa-pss", "sha256"): Mechanism.SHA256_RSA_PKCS_PSS,
    ("ecdsa", "sha256"): Mechanism.ECDSA,  # digested here: the one ECDSA mechanism that all tokens have
    ("ecdsa", "sha384"): Mechanism.ECDSA,
}
PSS: Final = (Mechanism.SHA256, MGF.SHA256, PSS_SALT)
MAKES: Final[dict[str, int | str]] = {
    "rsa-2048": 2048,
    "rsa-3072": 3072,
    "rsa-4096": 4096,
    "ecdsa-p256": "secp256r1",
    "ecdsa-p384": "secp384r1",
}
# What a seal's key is in the token, and for good: it signs, never leaves, and unwraps or decrypts nothing.
PRIVATE: Final = {
    Attribute.TOKEN: True,
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.SIGN: True,
    Attribute.DECRYPT: False,
    Attribute.UNWRAP: False,
}
PUBLIC: Final = {Attribute.TOKEN: True, Attribute.VERIFY: True, Attribute.ENCRYPT: False, Attribute.WRAP: False}


class TokenDoor:
    """One token by its label (fits doors.Door). `pin` gives the PIN when it is needed, and only then.

    Nothing is opened before the first use. Where the token went away, a use fails with KeyAwayError and the next
    one begins anew: module, token, session, login. A forked child uses nothing that it inherited.
    """

    def __init__(self, module: Path, token: str, pin: Callable[[], str]) -> None:
        """Raises SetupError where there is no such module."""
        if not module.is_file():
            raise SetupError(f"没有 PKCS#11 模块；DOCSVC_PKCS11_MODULE names no file: {module.name}")
        self._module, self._label, self._pin = str(module), token, pin
        self._lock = threading.Lock()
        self._library: Any = None
        self._session: Any = None
        self._keys: dict[tuple[str, bytes], Any] = {}
        self._process = os.getpid()
        self._refused = False

    def ready(self, key: str, certificate: x509.Certificate) -> None:
        """Is the key there? Asks the token itself. Raises KeyAwayError, SealError."""
        spki = _spki(certificate.public_key())

        def look() -> None:
            # An answer that was kept says nothing of a token that was pulled out.
            self._keys.pop((key, spki), None)
            self._key(key, spki)

        self._use(look)

    def sign(self, key: str, certificate: x509.Certificate, way: Way, data: bytes) -> bytes:
        """The signature value, for ECDSA as DER. Raises KeyAwayError, SealError."""
        return self.sign_with(key, certificate.public_key(), way, data)

    def sign_with(self, key: str, public: Any, way: Way, data: bytes) -> bytes:
        """The same by the key's public half alone: before it has its certificate."""
        mechanism = MECHANISMS[way.kind, way.digest]
        spki = _spki(public)
        if way.kind != "ecdsa":
            options = {"mechanism": mechanism, **({"mechanism_param": PSS} if way.kind == "rsa-pss" else {})}
            return self._use(lambda: bytes(self._key(key, spki).sign(data, **options)))
        digest = way.digest_of(data)
        # r and s side by side (PKCS#11, 2.3.1); CMS wants them as ECDSA-Sig-Value (RFC 3279, 2.2.3).
        raw = self._use(lambda: bytes(self._key(key, spki).sign(digest, mechanism=mechanism)))
        return bytes(encode_ecdsa_signature(raw))

    def generate(self, key: str, algorithm: str, *, again: bool = False) -> PublicKey:
        """A new pair in the token, labelled `key`; the private half can't leave it. Its public half.

        Raises SealError, also where a key bears that label already (unless `again`: then their certificates tell
        them apart) and `algorithm` is none of MAKES.
        """
        size = MAKES.get(algorithm)
        if size is None:
            raise SealError(f"密钥算法只能是 {'、'.join(MAKES)}；no such algorithm for a token's key: {algorithm}")

        def make() -> PublicKey:
            if not again and self.publics(key, locked=True):
                raise SealError(f"令牌中已有密钥 {key}；the token has a key {key} already")
            options = {
                "label": key,
                "id": os.urandom(16),  # what a pair is told by where several bear one label
                "store": True,
                "private_template": PRIVATE,
                "public_template": PUBLIC,
            }
            if isinstance(size, int):
                public, _ = self._session.generate_keypair(KeyType.RSA, size, **options)
            else:
                parameters = {Attribute.EC_PARAMS: encode_named_curve_parameters(size)}
                curve = self._session.create_domain_parameters(KeyType.EC, parameters, local=True)
                public, _ = curve.generate_keypair(**options)
            return _public_half(public)

        return self._use(make, writing=True)

    def publics(self, key: str, *, locked: bool = False) -> list[PublicKey]:
        """The public halves that bear this label. Raises KeyAwayError, SealError."""

        def look() -> list[PublicKey]:
            wanted = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.LABEL: key}
            return [_public_half(found) for found in self._session.get_objects(wanted)]

        return look() if locked else self._use(look)

    def close(self) -> None:
        """Log out, and let go of the token."""
        with self._lock:
            if self._process == os.getpid():
                self._drop()

    def _use(self, work: Callable[[], T], *, writing: bool = False) -> T:
        """`work` with a session; once more from the beginning where it fails, for a session that is gone says
        nothing of a token that is back.
        """
        with self._lock:
            if self._process != os.getpid():
                self._forget()
            for attempt in (1, 2):
                try:
                    if self._session is None or (writing and attempt == 1):
                        self._open(writing=writing)
                    return work()
                except PKCS11Error as e:
                    e.with_traceback(None)  # what its frames hold of the session must be gone before the module is
                    self._drop()
                    if attempt == 2 or isinstance(e, PIN_REFUSED):  # noqa: PLR2004 - never a second wrong PIN
                        raise self._in_words(e) from e
            raise AssertionError("unreachable")

    def _open(self, *, writing: bool) -> None:
        if self._refused:
            raise pkcs11.PinIncorrect
        self._drop()
        try:
            self._library = pkcs11.lib(self._module)
        except PKCS11Error as e:
            if "while loading" not in str(e):  # the binding has no class for what the dynamic loader says
                raise
            raise SealError("PKCS#11 模块无法载入；the PKCS#11 module can't be loaded") from e
        token = self._library.get_token(token_label=self._label)
        if token.flags & TokenFlag.USER_PIN_FINAL_TRY:
            raise pkcs11.PinLocked  # the last try is left to a person
        self._session = token.open(user_pin=self._pin(), rw=writing)

    def _key(self, label: str, spki: bytes) -> Any:
        """The private key of this label whose public half is the certificate's. Raises NoSuchKey."""
        if (label, spki) not in self._keys:
            wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: label}
            found = list(self._session.get_objects(wanted))
            if len(found) > 1:
                ids = {self._id(public) for public in self._publics_like(label, spki)}
                found = [key for key in found if self._id(key) in ids]
            if not found:
                raise pkcs11.NoSuchKey
            self._keys[label, spki] = found[0]
        return self._keys[label, spki]

    def _publics_like(self, label: str, spki: bytes) -> list[Any]:
        wanted = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.LABEL: label}
        return [found for found in self._session.get_objects(wanted) if _spki(_public_half(found)) == spki]

    @staticmethod
    def _id(found: Any) -> bytes:
        return bytes(found[Attribute.ID])

    def _drop(self) -> None:
        """Let everything go, as far as the token still answers: slots are looked for only by a fresh module."""
        session, self._session = self._session, None
        self._keys.clear()
        with contextlib.suppress(PKCS11Error):
            if session is not None:
                session.close()
        with contextlib.suppress(PKCS11Error):
            if self._library is not None:
                self._library.finalize()

    def _forget(self) -> None:
        """In a forked child: sessions and login are the parent's."""
        self._session, self._process = None, os.getpid()
        self._keys.clear()

    def _in_words(self, fault: PKCS11Error) -> SealError:
        """What the token says goes to the log as the cause; a PIN is in none of its words."""
        name = type(fault).__name__
        if isinstance(fault, PIN_REFUSED):
            # A token locks itself after a few wrong PINs: this process tries no more.
            self._refused = True
            return SealError(
                f"令牌 {self._label} 不接受 PIN，为免锁死不再尝试；the token {self._label} does not take the PIN "
                f"({name}), which is not tried again so that it does not lock"
            )
        if isinstance(fault, pkcs11.NoSuchKey):
            return SealError(
                f"令牌 {self._label} 中没有印章证书的密钥；"
                f"the token {self._label} has no key of the seal's certificate"
            )
        if isinstance(fault, LASTING):
            return SealError(f"令牌 {self._label} 不能用印；the token {self._label} can't be used to seal: {name}")
        return KeyAwayError(
            f"令牌 {self._label} 没有响应，恢复后自动继续；"
            f"the token {self._label} does not answer ({name}), work goes on when it is back"
        )


def _spki(public: Any) -> bytes:
    return bytes(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _public_half(found: Any) -> PublicKey:
    if found.key_type == KeyType.RSA:
        numbers = [int.from_bytes(found[name], "big") for name in (Attribute.PUBLIC_EXPONENT, Attribute.MODULUS)]
        return rsa.RSAPublicNumbers(*numbers).public_key()
    public = load_der_public_key(encode_ec_public_key(found))
    assert isinstance(public, ec.EllipticCurvePublicKey)  # noqa: S101 - for the type checker
    return public
