"""A real RabbitMQ for tests: a node of its own that can be killed and started again on its data and its port."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.daemons import dying_with_us, end, free_ports, fresh_folder, launch, running, until


@dataclass
class RabbitServer:
    """One node with one user, who needs a password; quorum queues are there by themselves."""

    folder: Path
    binaries: Path
    port: int
    distribution_port: int
    epmd_port: int
    user: str = "tester"
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    _process: subprocess.Popen[bytes] | None = None

    def url(self, vhost: str) -> str:
        return f"amqp://{self.user}:{self.password}@127.0.0.1:{self.port}/{vhost}"

    def create_vhost(self) -> str:
        """A new, empty virtual host's URL: two services on one broker must not take each other's messages."""
        name = f"t-{secrets.token_hex(8)}"
        self.ctl("add_vhost", name)
        self.ctl("set_permissions", "-p", name, self.user, ".*", ".*", ".*")
        return self.url(name)

    @property
    def environment(self) -> dict[str, str]:
        """Everything that the node and its tools read, so that the machine's own configuration does not count."""
        own = {k: v for k, v in os.environ.items() if not k.startswith(("RABBITMQ_", "ERL_"))}
        return own | {
            "HOME": str(self.folder),  # the cookie
            "RABBITMQ_HOME": str(self.folder),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_NODENAME": f"docsvc-{self.port}@localhost",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(self.folder / "feature_flags"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self.folder / "config"),
            "RABBITMQ_SCHEMA_DIR": str(self.folder / "schema"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_ALLOW_INPUT": "true",  # the node itself is the process that we start, no shell around it
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    def configure(self) -> None:
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{self.port}\n"
            f"default_user = {self.user}\n"
            f"default_pass = {self.password}\n"
            "disk_free_limit.absolute = 20MB\n"
            "log.console = true\n"
            "log.console.level = warning\n"
            "log.file = false\n"
        )
        (self.folder / "advanced.config").write_text("[].\n")
        (self.folder / "enabled_plugins").write_text("[].\n")

    def start(self) -> None:
        """Fails the test where the node does not come up."""
        command = dying_with_us([self.binaries / "rabbitmq-server"], signal.SIGKILL)
        self._process = launch(command, self.folder / "output", self.environment)
        until(self.answers, self._process, self.folder / "output")

    def kill(self) -> None:
        """As a crash: nobody is told, nothing is put away."""
        if self._process is not None:
            end(self._process, signal.SIGKILL)

    def ctl(self, *words: str) -> str:
        """What an operator's command answers."""
        done = subprocess.run(
            [self.binaries / "rabbitmqctl", *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def answers(self) -> bool:
        """Does it speak AMQP? The port is open before the node takes anybody in."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as wire:
                wire.sendall(b"AMQP\0\0\x09\x01")
                return wire.recv(1) == b"\x01"
        except OSError:
            return False


@contextlib.contextmanager
def rabbit() -> Iterator[RabbitServer]:
    """A running node; skips the test where RabbitMQ is not installed."""
    binaries = _binaries()
    epmd = shutil.which("epmd") or next(map(str, Path("/usr/lib/erlang").glob("erts-*/bin/epmd")), None)
    if binaries is None or epmd is None:
        pytest.skip("RabbitMQ is not installed (no rabbitmq-server, or no epmd)")
    with fresh_folder("rabbit") as folder:
        server = RabbitServer(folder, binaries, *free_ports(3))
        server.configure()
        # The node would start a port mapper of Erlang's and leave it behind: it finds this one instead.
        (folder / "epmd").mkdir()
        mapper = dying_with_us([epmd, "-address", "127.0.0.1", "-port", server.epmd_port], signal.SIGKILL)
        with running(mapper, folder / "epmd", signal.SIGKILL):
            try:
                server.start()
                yield server
            finally:
                server.kill()


def _binaries() -> Path | None:
    """The scripts themselves: the one on Debian's path starts the machine's own node, as its own user."""
    installed = [*Path("/usr/lib/rabbitmq").glob("lib/rabbitmq_server-*/sbin"), Path("/usr/lib/rabbitmq/bin")]
    if found := shutil.which("rabbitmq-server"):
        installed.append(Path(found).resolve().parent)
    return next((folder for folder in installed if (folder / "rabbitmqctl").exists()), None)


@pytest.fixture(scope="session")
def rabbit_server():
    with rabbit() as server:
        yield server
