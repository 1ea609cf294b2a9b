"""The keys of a process: seals' by their doors, the service's own, certificates, and the vault of people's keys."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from docsvc.domain.errors import SealError, SetupError
from docsvc.settings import Settings

if TYPE_CHECKING:
    from pydantic import SecretStr

    from docsvc.adapters.pki.doors import Door, DoorKeys, Places
    from docsvc.adapters.pki.remote import RemoteDoor
    from docsvc.adapters.pki.token import TokenDoor
    from docsvc.ports import SealChains, SealKeys, Vault
    from docsvc.usecases.custody import WatchedKeys

LOG_VKEY: Final = "log.vkey"
"""The log's verifier key: made last, and handed to every process that has a folder of its own."""


class Keys:
    """Each is opened when it is first asked for, and closed at the end."""

    def __init__(self, settings: Settings, closing: ExitStack) -> None:
        self.settings = settings
        self._closing = closing
        self.key_password = settings.key_password.get_secret_value() if settings.key_password else None

    @cached_property
    def keys(self) -> DoorKeys:
        from docsvc.adapters.pki.doors import DoorKeys
        from docsvc.adapters.pki.keys import FolderKeys

        files = FolderKeys(self.settings.certs, self.key_password)
        # Doors are opened by those who seal: whoever only lifts documents has neither PIN nor token.
        return DoorKeys(self.settings.certs, self.key_places, files, self.door)

    @cached_property
    def watched_keys(self) -> WatchedKeys:
        """The same, as they are used: custody knows which."""
        from docsvc.usecases.custody import WatchedKeys

        return WatchedKeys(self.keys)

    def door(self, name: str) -> Door:
        """A way to keys that are elsewhere. Raises SetupError where the settings lack something of it."""
        return self.token if name == "pkcs11" else self.signing_service

    @cached_property
    def key_places(self) -> Places:
        """Where each seal's key is, and how often it may be used."""
        from docsvc.adapters.pki.doors import read_places

        return read_places(self.settings.certs, self.settings.seal_daily_quota)

    @cached_property
    def token(self) -> TokenDoor:
        """Raises SetupError where no token is set."""
        from docsvc.adapters.pki.token import TokenDoor

        s = self.settings
        if s.pkcs11_module is None:
            raise SetupError("未设置 PKCS#11 模块；no PKCS#11 module is set: DOCSVC_PKCS11_MODULE")
        pin = partial(_secret, s.pkcs11_pin, s.pkcs11_pin_file and s.path(s.pkcs11_pin_file), "DOCSVC_PKCS11_PIN")
        door = TokenDoor(s.path(s.pkcs11_module), s.pkcs11_token, pin)
        self._closing.callback(door.close)
        return door

    @cached_property
    def signing_service(self) -> RemoteDoor:
        """Raises SetupError where none is set."""
        from docsvc.adapters.pki.remote import RemoteDoor

        s = self.settings
        if s.remote_signing_url is None:
            raise SetupError("未设置远程签名服务；no signing service is set: DOCSVC_REMOTE_SIGNING_URL")
        file = s.remote_signing_token_file and s.path(s.remote_signing_token_file)
        token = partial(_secret, s.remote_signing_token, file, "DOCSVC_REMOTE_SIGNING_TOKEN")
        door = RemoteDoor(s.remote_signing_url, token, s.remote_signing_timeout_s)
        self._closing.callback(door.close)
        return door

    @cached_property
    def chains(self) -> SealChains:
        from docsvc.adapters.pki.keys import FolderChains

        return FolderChains(self.settings.certs)

    @property
    def own_pki(self) -> bool:
        """Does this process hold the development PKI itself, so that seals may be added to it?"""
        from docsvc.adapters.pki.folder import describe

        if not (self.settings.certs / "issuing.p12").exists():
            return False
        return describe(self.settings.certs).development

    @property
    def all_keys(self) -> bool:
        """Is this the whole folder of the development keys, of which processes are handed what they may hold?"""
        return self.own_pki and (self.settings.certs / "log.key").exists()

    @property
    def vkey(self) -> str:
        """The log's verifier key, from where everyone may read it. Raises SetupError where it is not there."""
        try:
            return (self.settings.certs / LOG_VKEY).read_text("utf-8").strip()
        except OSError as e:
            raise SetupError("缺少 log.vkey；log.vkey is missing beside the certificates") from e

    @cached_property
    def sm2_keys(self) -> SealKeys:
        from docsvc.adapters.pki.sm2_folder import Sm2Keys

        return Sm2Keys(self.settings.certs, self.key_password)

    @cached_property
    def vault(self) -> Vault:
        from docsvc.adapters.pki.vault import PinVault

        return PinVault()


def _secret(value: SecretStr | None, file: Path | None, name: str) -> str:
    """A secret out of the settings, or of the file that they name. Raises SealError without a word of it."""
    if value is not None:
        return value.get_secret_value()
    try:
        return file.read_text("utf-8").strip() if file else ""
    except (OSError, ValueError) as e:
        raise SealError(f"{name}_FILE 无法读取；{name}_FILE can't be read") from e
