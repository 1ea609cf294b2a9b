"""Where each seal's key is: the list `keys.toml`, what a door to keys gives, and the seals behind the doors."""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Protocol, get_args

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import PublicKeyAlgorithmOID

from docsvc.adapters.pki.cms import (
    ECDSA_WITH_SHA256,
    ECDSA_WITH_SHA384,
    PSS_SALT,
    RSA_PSS_WITH_SHA256,
    RSA_WITH_SHA256,
    CmsSigner,
    Scheme,
)
from docsvc.adapters.pki.folder import chain_path, describe
from docsvc.adapters.pki.keys import MISSING, FolderKeys, LoadedSeal, fault_of, of_development, unreadable
from docsvc.adapters.pki.seal_files import PUBLIC, files_of, held_in
from docsvc.domain.agency import SealDesign
from docsvc.domain.custody import Quota
from docsvc.domain.errors import SealError, SetupError
from docsvc.domain.unfit import Refusal, unusable
from docsvc.domain.validity import Held, in_order

DoorName = Literal["pkcs12", "pkcs11", "remote"]
KEYS_TOML: Final = "keys.toml"

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class Way:
    """How a key signs: `algorithm` is the AlgorithmIdentifier (DER), `digest` the name of the digest."""

    kind: Literal["rsa", "rsa-pss", "ecdsa"]
    algorithm: bytes
    digest: str

    def digest_of(self, data: bytes) -> bytes:
        return hashlib.new(self.digest, data).digest()


def way_of(public: Any, *, pss: bool = False) -> Way:
    """How signatures that this public key checks are made, as cms.scheme_of does it for keys in memory.

    Raises SealError for a kind that no door makes.
    """
    match public:
        case rsa.RSAPublicKey() if pss:
            return Way("rsa-pss", RSA_PSS_WITH_SHA256, "sha256")
        case rsa.RSAPublicKey():
            return Way("rsa", RSA_WITH_SHA256, "sha256")
        case ec.EllipticCurvePublicKey() if public.key_size > 256:  # noqa: PLR2004 - bits
            return Way("ecdsa", ECDSA_WITH_SHA384, "sha384")
        case ec.EllipticCurvePublicKey():
            return Way("ecdsa", ECDSA_WITH_SHA256, "sha256")
        case _:
            raise SealError(
                "印章证书的密钥种类不受支持；a seal's certificate has a key of a kind that is not supported"
            )


def holds(public: Any, way: Way, signature: bytes, data: bytes) -> bool:
    """Is it that key's signature over `data`?"""
    digest = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384()}[way.digest]
    try:
        if way.kind == "rsa-pss":
            public.verify(signature, data, padding.PSS(padding.MGF1(digest), PSS_SALT), digest)
        elif way.kind == "rsa":
            public.verify(signature, data, padding.PKCS1v15(), digest)
        else:
            public.verify(signature, data, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return True


class Door(Protocol):
    """A way to keys that are not here. `key` is what the door calls one: a token's label, a credential's id."""

    def ready(self, key: str, certificate: x509.Certificate) -> None:
        """Raises KeyAwayError where the key can't be used now, SealError where it is not there or not this one."""

    def sign(self, key: str, certificate: x509.Certificate, way: Way, data: bytes) -> bytes:
        """The signature value, for ECDSA as DER. Raises as `ready` does."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one seal's key is, and how often it may be used."""

    door: DoorName = "pkcs12"
    key: str = ""  # as the door calls it; empty: the seal's id
    quota: Quota = field(default_factory=Quota)


@dataclass(frozen=True, slots=True)
class Places:
    """`keys.toml`: what holds for all seals, and `[seals.ID]` what holds for one."""

    default: Place = field(default_factory=Place)
    seals: Mapping[str, Place] = field(default_factory=dict)

    def of(self, seal_id: str) -> Place:
        return self.seals.get(seal_id, self.default)

    @property
    def doors(self) -> set[DoorName]:
        """Those that some seal needs."""
        return {self.default.door, *(place.door for place in self.seals.values())}


def read_places(folder: Path, daily: int | None = None) -> Places:
    """Where the keys are; in PKCS#12 files where there is no such list. `daily` is the quota that it may change.

    Raises SetupError for a list that can't be understood: a quota must not vanish by a slip of the pen.
    """
    start = Place(quota=Quota(daily))
    try:
        data = tomllib.loads((folder / KEYS_TOML).read_text("utf-8"))
    except FileNotFoundError:
        return Places(start)
    except (OSError, ValueError) as e:
        raise SetupError(f"{KEYS_TOML} 无法读取；{KEYS_TOML} can't be read: {e}") from e
    seals = data.pop("seals", {})
    if not isinstance(seals, dict) or not all(isinstance(entry, dict) for entry in seals.values()):
        raise SetupError(f"{KEYS_TOML}: [seals.ID] 的写法不对；[seals.ID] is to be a table")
    default = _place(data, start, "")
    return Places(default, {seal_id: _place(entry, default, seal_id) for seal_id, entry in seals.items()})


def _place(entry: Mapping[str, Any], default: Place, seal_id: str) -> Place:
    where = f"{KEYS_TOML} {seal_id}".strip()
    known: dict[str, type] = {"door": str, "daily": int, "hourly": int}
    if seal_id:
        known["key"] = str
    for name, value in entry.items():
        # A bool is an int.
        if name not in known or type(value) is not known[name] or (isinstance(value, int) and value < 0):
            raise SetupError(f"{where}: {name} 的写法不对；it holds {', '.join(known)}, not {name} = {value!r}")
    door = entry.get("door", default.door)
    if door not in get_args(DoorName):
        raise SetupError(f"{where}: door 只能是 {'、'.join(get_args(DoorName))}；no such door: {door}")
    quota = Quota(entry.get("daily", default.quota.daily), entry.get("hourly", default.quota.hourly))
    return Place(door, entry.get("key", ""), quota)


class DistantSeal:
    """A seal whose key is behind a door (fits ports.SealKey): what comes through it is checked before use."""

    def __init__(self, place: Place, key: str, chain: Sequence[x509.Certificate], door: Door, *, pss: bool) -> None:
        self.door = place.door
        self.chain = tuple(c.public_bytes(Encoding.DER) for c in chain)
        self.development = of_development(chain[0])
        self._own, self._key, self._door = chain[0], key, door
        only_pss = chain[0].public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS
        way = way_of(chain[0].public_key(), pss=pss or only_pss)
        scheme = Scheme(way.algorithm, lambda data: self._sign(way, data), way.digest)
        self._signer = CmsSigner(scheme, self.chain[:-1] or self.chain)

    @property
    def digest(self) -> str:
        """Name of the digest that goes with the key."""
        return self._signer.digest

    def ready(self) -> None:
        """Raises SealError where the key can't be used now."""
        self._door.ready(self._key, self._own)

    def sign_detached(self, digest: bytes, stamp: Callable[[bytes], bytes | None] | None = None) -> bytes:
        """CAdES detached (EN 319 122-1), DER. Raises SealError."""
        return self._signer.sign(digest, stamp=stamp)

    def _sign(self, way: Way, data: bytes) -> bytes:
        value = self._door.sign(self._key, self._own, way, data)
        if not holds(self._own.public_key(), way, value, data):
            raise SealError(
                f"密钥 {self._key} 的签名与印章证书不符，未用印；"
                f"the signature of the key {self._key} is not one of the seal's certificate: nothing was sealed"
            )
        return value


class DoorKeys:
    """The keys of each seal, wherever they are (fits ports.SealKeys).

    Certificates come from the folder in any case; `files` are the keys that lie there too.
    """

    def __init__(
        self,
        folder: Path,
        places: Places,
        files: FolderKeys,
        door: Callable[[DoorName], Door],
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._folder, self._places, self._files, self._door = folder, places, files, door
        self._pss = describe(folder).pss
        self._clock = clock
        self._loaded: dict[Path, tuple[bytes, DistantSeal, tuple[x509.Certificate, ...]]] = {}
        self._lock = threading.Lock()

    @property
    def roots(self) -> Sequence[bytes]:
        """DER certificates that seals, authorities and time-stamps are trusted by."""
        return self._files.roots

    @property
    def platform(self) -> LoadedSeal:
        """The service's own key, a file in any case. Raises SealError."""
        return self._files.platform

    def of(self, design: SealDesign) -> LoadedSeal | DistantSeal:
        """The key of `design` to be used first, ready to be used. Raises SealError, KeyAwayError."""
        return self.all_of(design)[0]

    def all_of(self, design: SealDesign) -> Sequence[LoadedSeal | DistantSeal]:
        """Those that the operator lets be used, the first of them ready. Raises SealError, KeyAwayError."""
        place = self._places.of(design.id)
        if place.door == "pkcs12":
            return self._files.all_of(design)
        now = self._clock()
        seals: dict[str, DistantSeal] = {}
        held: list[Held] = []
        refused: list[Refusal] = []
        with self._lock:
            for path in files_of(self._folder, design.id, PUBLIC):
                try:
                    seal, chain = self._take_up(path, design)
                    fault = fault_of(path, chain, design, now)
                    if fault is None:
                        held.append(held_in(path, chain))
                        seals[path.stem] = seal
                except SetupError as e:
                    fault = unreadable(e)
                if fault:
                    refused.append(fault)
        if not held:
            raise unusable(design, refused or [MISSING])
        found = [seals[one.name] for one in in_order(held, now)]
        found[0].ready()
        return found

    def _take_up(self, path: Path, design: SealDesign) -> tuple[DistantSeal, tuple[x509.Certificate, ...]]:
        """Read again only where the file has changed. Raises SetupError."""
        place = self._places.of(design.id)
        try:
            pem = path.read_bytes()
            kept = self._loaded.get(path)
            if kept is None or kept[0] != pem:
                chain = tuple(x509.load_pem_x509_certificates(pem))
                own = design.id if path == chain_path(self._folder, design.id) else path.stem
                seal = DistantSeal(place, place.key or own, chain, self._door(place.door), pss=self._pss)
                kept = self._loaded[path] = pem, seal, chain
        except (OSError, ValueError) as e:
            raise SetupError(f"证书文件 {path.name} 无法读取；the certificate {path.name} can't be read") from e
        return kept[1], kept[2]
