"""A PKCS#11 token in software (SoftHSM2), each in a folder of its own; pulled out and put back at will."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
PIN = "pin-482913"
LABEL = "seals"


@dataclass(frozen=True)
class SoftToken:
    """One token. `environment` is what a process needs that uses it."""

    folder: Path
    module: Path

    @property
    def configuration(self) -> Path:
        return self.folder / "softhsm2.conf"

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "SOFTHSM2_CONF": str(self.configuration),
            "DOCSVC_PKCS11_MODULE": str(self.module),
            "DOCSVC_PKCS11_TOKEN": LABEL,
            "DOCSVC_PKCS11_PIN": PIN,
        }

    def pull_out(self) -> None:
        (self.folder / "tokens").rename(self.folder / "pulled-out")

    def put_back(self) -> None:
        (self.folder / "pulled-out").rename(self.folder / "tokens")


def make_token(folder: Path) -> SoftToken:
    """A new token; skips the test where SoftHSM is not installed."""
    module = next((Path(name) for name in MODULES if Path(name).exists()), None)
    if module is None:
        pytest.skip("SoftHSM2 is not installed (no libsofthsm2.so)")
    (folder / "tokens").mkdir(parents=True)
    token = SoftToken(folder, module)
    token.configuration.write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    words = ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--so-pin", "so-7391", "--pin", PIN]
    subprocess.run(words, check=True, capture_output=True, env={"SOFTHSM2_CONF": str(token.configuration)})
    return token
