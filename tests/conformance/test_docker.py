"""docker/: linted, and held against the settings and commands that the code really has."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from docsvc.adapters.notary import KeyFileNotary
from docsvc.adapters.pki.folder import seal_path
from docsvc.adapters.pki.keys import FolderChains, FolderKeys
from docsvc.bootstrap import open_templates
from docsvc.cli.main import cli
from docsvc.cli.serve import GRACE_S
from docsvc.cli.settings import variable
from docsvc.domain.agency import Agency
from docsvc.domain.errors import SealError, SetupError
from docsvc.settings import Settings
from tests.support.workspace import CHECKOUT

DOCKER = CHECKOUT / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
# Ours, in contrast to the servers: those that run our images.
OURS = {name: s for name, s in SERVICES.items() if s["image"].startswith("docsvc")}
LASTING = ("web", "worker", "sequencer", "scheduler", "press")
SECRETS = {variable(name) for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
BIN = Path(sys.executable).parent


def environment(service):
    return SERVICES[service].get("environment") or {}


def key_folder(service):
    """Which part of the volume of keys it sees; None: none."""
    found = [v for v in SERVICES[service].get("volumes", ()) if isinstance(v, dict) and v["source"] == "keys"]
    assert len(found) <= 1
    return found[0] if found else None


def commands():
    """Every command of the command line, as words."""
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        yield (name,)
        if isinstance(command, click.Group):
            yield from ((name, sub) for sub in command.commands)


def test_the_dockerfile_passes_hadolint():
    r = subprocess.run([BIN / "hadolint", DOCKER / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (r.returncode, r.stdout) == (0, "")


def test_compose_itself_accepts_the_file(tmp_path):
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no docker client with compose here; the structure is checked by the other tests")
    env = new_env(tmp_path)
    command = [docker, "compose", "--env-file", env, "-f", DOCKER / "compose.yaml", "config", "--quiet"]
    r = subprocess.run(command, capture_output=True, text=True, check=False)
    assert r.returncode == 0, r.stderr


@pytest.mark.parametrize("path", sorted(p for p in DOCKER.iterdir() if p.is_file()), ids=lambda p: p.name)
def test_every_setting_that_is_named_exists(path):
    known = {variable(name) for name in Settings.model_fields}
    assert set(re.findall(r"DOCSVC_[A-Z0-9_]*[A-Z0-9]", path.read_text())) <= known


def test_every_setting_reaches_a_process():
    """A new setting that nobody could set in a container would be forgotten here."""
    passed = {key for name in LASTING for key in environment(name)}
    # Of the image: where things lie in it, and what it listens on.
    of_the_image = {
        f"DOCSVC_{name}" for name in ("HOME", "DATA_DIR", "TEMPLATES_DIR", "CERTS_DIR", "TRUST_DIR", "LISTEN")
    }
    assert {variable(name) for name in Settings.model_fields} - of_the_image == passed


def test_every_command_that_is_run_exists():
    known = set(commands())
    assert {tuple(SERVICES[name]["command"]) for name in (*LASTING, "migrate")} <= known
    dockerfile = (DOCKER / "Dockerfile").read_text()
    assert {
        tuple(re.findall(r'"(\w+)"', line)) for line in re.findall(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)
    } <= known


def test_every_command_of_the_manual_exists():
    known = set(commands())
    named = re.findall(r"`docsvc ([a-z]+)(?: ([a-z]+))?", (DOCKER / "OPERATING.md").read_text())
    assert named
    for words in named:
        assert {words[:1], tuple(filter(None, words))} & known, words


@pytest.mark.parametrize("name", LASTING)
def test_each_process_is_confined(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


def test_each_process_sees_the_keys_that_it_may_hold_and_can_not_change_them():
    mounted = {name: folder for name in OURS if (folder := key_folder(name))}
    assert {name: f["volume"]["subpath"] for name, f in mounted.items() if name != "keys"} == {
        "web": "public",
        "worker": "worker",
        "sequencer": "log",
        "scheduler": "scheduler",
    }
    assert {f.get("read_only") for name, f in mounted.items() if name != "keys"} == {True}
    assert SERVICES["keys"]["profiles"] == ["tools"]  # never started by `up`
    assert [name for name in OURS if "DOCSVC_KEY_PASSWORD" in environment(name)] == ["worker"]
    assert [name for name in OURS if "DOCSVC_WEB_KEY" in environment(name)] == ["web"]
    assert not {"DOCSVC_BROKER_URL", "DOCSVC_S3_SECRET_KEY"} & environment("migrate").keys()
    assert "DOCSVC_BROKER_URL" not in environment("sequencer")


def test_only_web_is_published_and_only_on_this_machine():
    assert {name: s["ports"] for name, s in SERVICES.items() if "ports" in s} == {
        "web": ["${WEB_PORTS:-127.0.0.1:8080}:8080"]
    }
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_each_process_reaches_servers_that_run_elsewhere_and_no_server_here_reaches_out():
    """Profiles that are struck out leave database, broker or store beyond the network that leads nowhere."""
    outside = {name for name, s in SERVICES.items() if "outside" in s["networks"]}
    assert outside == OURS.keys() - {"press"}  # which opens Word files of strangers, and needs nobody
    assert {name for name, s in SERVICES.items() if s["networks"] == ["inside"]} == SERVICES.keys() - outside


def test_published_templates_are_one_folder_that_only_two_may_write():
    mounts = {
        name: volume
        for name in OURS
        for volume in SERVICES[name].get("volumes", ())
        if isinstance(volume, dict) and volume["source"] == "templates"
    }
    assert mounts.keys() == {"web", "worker", "scheduler", "press"}
    assert {name for name, volume in mounts.items() if not volume.get("read_only")} == {"web", "press"}
    assert {volume["target"] for volume in mounts.values()} == {environment("web")["DOCSVC_PUBLISHED_DIR"]}
    assert key_folder("press") is None
    assert not {key for key in environment("press") if key in SECRETS}


def test_no_secret_has_a_value_that_would_work():
    for name in OURS:
        for key, value in environment(name).items():
            if key in SECRETS:
                assert value is None or re.fullmatch(rf"\$\{{{key}:\?[^}}]+\}}", value), (name, key)
    example = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", (DOCKER / ".env.example").read_text(), re.MULTILINE))
    literal = {key for key, value in example.items() if value and "${" not in value}
    # The account's name is no secret by itself.
    assert literal & {*SECRETS, "POSTGRES_PASSWORD", "RABBITMQ_PASSWORD"} == {"DOCSVC_S3_ACCESS_KEY"}


def test_whatever_compose_asks_for_stands_in_the_example():
    asked = set(re.findall(r"\$\{([A-Z0-9_]+)(?=:\?)", (DOCKER / "compose.yaml").read_text()))
    stands = set(re.findall(r"^([A-Z0-9_]+)=", (DOCKER / ".env.example").read_text(), re.MULTILINE))
    assert asked
    assert asked <= stands
    assert set(
        next(v for v in re.findall(r"COMPOSE_PROFILES=(.+)", (DOCKER / ".env.example").read_text())).split(",")
    ) == {
        *SERVICES["postgres"]["profiles"],
        *SERVICES["rabbitmq"]["profiles"],
        *SERVICES["s3"]["profiles"],
    }


def test_a_worker_may_finish_what_it_works_on():
    grace = int(re.fullmatch(r"(\d+)s", SERVICES["worker"]["stop_grace_period"])[1])
    assert grace > Settings.model_fields["task_limit_s"].default


@pytest.mark.parametrize("name", ["web", "sequencer", "scheduler", "press"])
def test_the_others_may_finish_too(name):
    assert int(re.fullmatch(r"(\d+)s", SERVICES[name]["stop_grace_period"])[1]) > GRACE_S


def test_no_key_and_no_data_can_get_into_an_image():
    """The context is a list of what is let in; what the images need is in it."""
    lines = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert let_in == {"docker/setup.sh", "docsvc", "templates", "pyproject.toml", "uv.lock", "README.md", "LICENSE"}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)
    assert {name for group in copied for name in group.split()} <= let_in
    assert open_templates().names()  # what `templates` must hold is there


def new_env(folder):
    for name in ("new-env.sh", ".env.example"):
        shutil.copy(DOCKER / name, folder)
    subprocess.run([folder / "new-env.sh"], check=True, capture_output=True)
    return folder / ".env"


def test_a_new_env_has_secrets_of_its_own_and_is_never_replaced(tmp_path):
    env = new_env(tmp_path)
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    values = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", env.read_text(), re.MULTILINE))
    example = re.findall(r"^([A-Z0-9_]+)=$", (DOCKER / ".env.example").read_text(), re.MULTILINE)
    made = [values[name] for name in example]
    assert len(made) == len(set(made)) >= 4
    assert all(re.fullmatch(r"[0-9a-f]{64}", value) for value in made)
    before = env.read_bytes()
    again = subprocess.run([tmp_path / "new-env.sh"], capture_output=True, text=True, check=False)
    assert (again.returncode, env.read_bytes()) == (1, before)
    assert "left as it is" in again.stderr


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    """What the one-off `keys` makes, run twice: a second time adds nothing and breaks nothing."""
    folder = tmp_path_factory.mktemp("keys")
    own = {k: v for k, v in os.environ.items() if not k.startswith("DOCSVC_")}
    place = {"DOCSVC_DATA_DIR": str(tmp_path_factory.mktemp("data")), "DOCSVC_CERTS_DIR": str(folder)}
    for _ in range(2):
        subprocess.run(
            [DOCKER / "keys.sh"],
            check=True,
            env={**own, **place, "PATH": f"{BIN}:{own['PATH']}"},
            capture_output=True,
        )
    return folder


@pytest.fixture
def design():
    """Of a sample agency's seal."""
    entries = json.loads((CHECKOUT / "templates" / "agencies.sample.json").read_text())
    return Agency.from_json(entries[0]).seal


def test_the_logs_key_is_handed_to_the_sequencer_alone(handed_out):
    assert {p.parent.name for p in handed_out.rglob("log.key")} == {"all", "log"}
    assert {p.name for p in (handed_out / "log").iterdir()} == {"log.key", "log.vkey"}
    KeyFileNotary(handed_out / "log" / "log.key", "name.example/log")


def test_the_key_of_codes_is_handed_to_the_worker_alone(handed_out):
    assert {p.parent.name for p in handed_out.rglob("scan.key")} == {"all", "worker"}
    assert {p.parent.name for p in handed_out.rglob("scan.pub")} == {"all", "public", "worker", "scheduler"}


def test_seal_keys_are_handed_to_the_worker_alone(handed_out, design):
    assert {p.parents[1].name for p in handed_out.rglob("seals/*.p12")} == {"all", "worker"}
    assert FolderKeys(handed_out / "worker").of(design).development
    with pytest.raises(SealError):
        FolderKeys(handed_out / "scheduler").of(design)


def test_what_web_gets_is_public_and_enough(handed_out, design):
    public = handed_out / "public"
    files = [p for p in public.rglob("*") if p.is_file()]
    assert {p.suffix for p in files} == {".json", ".pem", ".vkey", ".pub", ".cer"}
    assert not [p for p in files if b"PRIVATE" in p.read_bytes()]
    own_first, *_ = FolderChains(public).of(design)
    assert own_first == FolderKeys(handed_out / "worker").of(design).chain[0]
    with pytest.raises(SetupError):
        KeyFileNotary(public / "log.key", "name.example/log")
    assert not seal_path(public, design.id).exists()
