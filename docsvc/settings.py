"""The only reader of the environment: `DOCSVC_*` variables, else `docsvc.toml`, else the embedded default."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from docsvc.domain.document import Level
from docsvc.domain.errors import SetupError

CHECKOUT = Path(__file__).resolve().parent.parent


def _home() -> Path:
    """The checkout that this code lies in, else (installed as a package) the current folder."""
    return CHECKOUT if (CHECKOUT / "templates").is_dir() else Path.cwd()


def _addresses(value: object) -> object:
    """Several in one text, with commas between or as JSON; nothing for none."""
    if isinstance(value, str):
        return json.loads(value) if value.startswith("[") else list(filter(None, map(str.strip, value.split(","))))
    return value or ()


def _http(address: str) -> str:
    if not address.startswith(("http://", "https://")):
        raise ValueError("not an address of HTTP")
    return address


Addresses = Annotated[tuple[Annotated[str, AfterValidator(_http)], ...], NoDecode, BeforeValidator(_addresses)]
"""HTTP addresses: a list, or one text with commas between."""


class Settings(BaseSettings):
    """Every knob, with its default: the embedded way, with nothing to install beside the office and the fonts."""

    model_config = SettingsConfigDict(
        env_prefix="DOCSVC_",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,  # `docsvc settings` shows them
    )

    home: Path = Field(default_factory=_home)
    """Folder that relative paths below start from, and where `docsvc.toml` lies; default: the checkout, else the
    current folder.
    """
    data_dir: Path = Path("var")
    """Database, objects, locks and office profiles of the embedded way."""
    templates_dir: Path = Path("templates")
    """One folder a document type, as it comes with the service; only read."""
    published_dir: Path | None = None
    """Versions of templates that clerks published, shared by all processes; default: `templates` in `data_dir`."""
    certs_dir: Path = Path("certs/dev")
    """Keys and certificates; made with development keys on first use."""
    trust_dir: Path | None = None
    """Trust anchors (*.pem, of SM2 keys sm2/*.pem), log keys (*.vkey), keys of codes (scan*.pub) of the verifier;
    default: `certs_dir`.
    """
    key_password: SecretStr | None = None
    """Password of the PKCS#12 files; default: the file `password` that `docsvc pki init` wrote."""
    expiry_warning_days: int = Field(default=30, ge=0)
    """So long before a certificate's end doctor, /readyz and metrics warn of it."""
    pkcs11_module: Path | None = None
    """Library (.so) of the token that holds seals' keys, where `certs_dir`/keys.toml says `door = "pkcs11"`."""
    pkcs11_token: str = "docsvc"  # noqa: S105 - a label
    """The token's label."""
    pkcs11_pin: SecretStr | None = None
    """The user's PIN of the token."""
    pkcs11_pin_file: Path | None = None
    """A file that holds the PIN instead."""
    remote_signing_url: str | None = None
    """Signing service that holds seals' keys (`door = "remote"`): base of its CSC API, https://…/csc/v2."""
    remote_signing_token: SecretStr | None = None
    """Bearer token for it."""
    remote_signing_token_file: Path | None = None
    """A file that holds that token instead; read anew for each signature."""
    remote_signing_timeout_s: float = 15
    """For one answer of it."""
    seal_daily_quota: int = Field(default=20_000, ge=0)
    """How often a seal may be used in a day of `timezone`; `keys.toml` changes it for one seal."""

    database_url: SecretStr | None = None
    """SQLAlchemy URL; default: SQLite in `data_dir`."""

    broker_url: SecretStr | None = None
    """Celery's broker, `amqp://…` (RabbitMQ) or `redis://…`; default: folders in `data_dir`."""
    worker_processes: int = Field(default_factory=lambda: min(os.cpu_count() or 1, 4), ge=1)
    """Documents that one worker makes at the same time, each with an office of its own; default: one a processor,
    at most 4.
    """
    task_limit_s: int = Field(default=120, ge=10)
    """A worker process that is longer at one document is ended."""
    lease_s: int = Field(default=180, ge=10)
    """How long a document stays with a worker elsewhere that no longer answers; above `task_limit_s`."""
    resend_s: float = 30
    """An id that nobody took up is sent to the broker again after this time."""
    sweep_every_s: float = 1
    """How often the scheduler looks for work that is due."""
    sequence_every_s: float = 0.25
    """How often the sequencer looks for events that wait for the log."""
    upgrade_every_s: float = 60
    """How often documents below their level are tried again, and those renewed whose time-stamp weakens."""
    renew_lead_days: int = Field(default=365, ge=1)
    """A document gets one more time-stamp so long before the last one's certificate or algorithm ends."""

    listen: str = "127.0.0.1:8080"
    """Address and port of the web process."""
    public_url: str | None = None
    """Where users reach the service (behind a proxy, with https), as the code on each document says; default:
    http:// and `listen`.
    """
    trusted_proxies: int = 0
    """Proxies in front of the web process that set X-Forwarded-For and -Proto."""
    web_threads: int = Field(default=16, ge=1)
    """Calls that the web process answers at the same time."""
    web_key: SecretStr | None = None
    """Signs cookies and form tokens; default: made in `data_dir` on first use. Web processes share one."""
    max_upload_mb: int = Field(default=50, ge=1)
    """Largest PDF that is taken for verification."""
    max_batch_mb: int = Field(default=64, ge=1)
    """Largest file of many cases that is taken at once."""
    batch_keep_days: int = Field(default=90, ge=1)
    """What became of the rows of a file of many cases can be asked for so long after the last was taken in."""
    max_wait_s: float = 60
    """Longest `Prefer: wait` that is granted."""
    rate_limit: str = "3000/minute"
    """Calls that a client or a signed-in user may make."""
    rate_limit_anonymous: str = "60/minute"
    """Calls that an address may make as nobody in particular: signing in, verifying, the page behind the code."""
    rate_limit_storage: SecretStr = SecretStr("memory://")
    """Where they are counted; `redis://…` counts for several web processes together."""
    session_hours: float = 12
    """A sign-in ends after this time."""
    session_idle_minutes: float = 30
    """A sign-in ends when it was not used for this time."""

    store: Literal["local", "s3"] = "local"
    """`local`: folders in `data_dir`; `s3`: any S3, which should have object lock."""
    s3_endpoint: str = "127.0.0.1:8333"
    """Host and port, without scheme."""
    s3_secure: bool = True
    """TLS."""
    s3_region: str = "us-east-1"
    """As the S3 names it."""
    s3_bucket: str = "docsvc"
    """Made with object lock and versioning where it is missing."""
    s3_access_key: SecretStr = SecretStr("")
    """Of an account that may read, write, lock and delete in this bucket."""
    s3_secret_key: SecretStr = SecretStr("")
    """The other half of the key."""
    s3_ca_file: Path | None = None
    """PEM of the authorities that TLS trusts; default: the system's."""
    s3_timeout_s: float = 60
    """For one answer of the store."""
    s3_lock_mode: Literal["COMPLIANCE", "GOVERNANCE"] = "COMPLIANCE"
    """`COMPLIANCE`: nobody can delete a document before its retention ends; `GOVERNANCE`: its administrator can."""

    tsa_url: Addresses = ()
    """RFC 3161 authorities, several with commas between: asked in this order, the next while one fails; default:
    the embedded one (development only).
    """
    level: Level | None = None
    """PAdES level asked for: B-B, B-T, B-LT or B-LTA; default: the manifest's of each type."""

    sm2_profile: bool = False
    """Seal a copy of each document with SM2 and SM3 as well; a profile of its own, which is no PAdES."""

    font_dirs: tuple[Path, ...] = (
        Path("/usr/local/share/fonts"),
        Path("/usr/share/fonts"),
    )
    """Where font files are looked for, in order."""
    fonts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Role (fangsong, kai, hei, song, title) to file names in order; roles left out keep their default chain."""

    office_timeout_s: float = 60
    """An office that is longer at one document is ended."""
    office_recycle_after: int = 200
    """Documents after which an office is started anew."""
    office_recycle_mb: int = 1200
    """Memory in MiB beyond which an office is started anew."""

    press_memory_mb: int = Field(default=4096, ge=512)
    """Address space in MiB of each process that works on a draft of a template."""

    log_origin: str = "docsvc-development.invalid/log"
    """Origin line of checkpoints and name of the log's key."""
    timezone: str = "Asia/Shanghai"
    """Decides what day "today" is."""
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    """Of the service's own log lines, JSON on standard error."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic calls by name; .env is not read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nor are secret files
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before variables before `docsvc.toml` in the home folder."""
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls, toml_file=_home() / "docsvc.toml"),
        )

    def path(self, path: Path) -> Path:
        """An absolute path; relative ones start from `home`."""
        return path if path.is_absolute() else self.home / path

    @property
    def data(self) -> Path:
        return self.path(self.data_dir)

    @property
    def published(self) -> Path:
        return self.path(self.published_dir) if self.published_dir else self.data / "templates"

    @property
    def certs(self) -> Path:
        return self.path(self.certs_dir)

    @property
    def trust(self) -> Path:
        return self.path(self.trust_dir) if self.trust_dir else self.certs

    @property
    def database(self) -> str:
        return self.database_url.get_secret_value() if self.database_url else f"sqlite:///{self.data / 'docsvc.db'}"

    @property
    def public(self) -> str:
        """Where users reach the service, without a slash at its end."""
        return (self.public_url or f"http://{self.listen}").rstrip("/")

    @property
    def broker(self) -> str | None:
        """URL of a broker; None: folders."""
        return self.broker_url.get_secret_value() if self.broker_url else None


def load_settings() -> Settings:
    """Raises SetupError that names each wrong setting, never its value (it may be a secret)."""
    try:
        return Settings()
    except ValidationError as e:
        faults = "; ".join(f"DOCSVC_{'_'.join(map(str, x['loc'])).upper()}: {x['msg']}" for x in e.errors())
        raise SetupError(f"settings are wrong: {faults}") from None
