"""Real servers for tests: PostgreSQL and an S3, on free loopback ports, each in a folder of its own."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.support.daemons import dying_with_us, free_ports, fresh_folder, running, until


@dataclass(frozen=True)
class PostgresServer:
    """A cluster with one superuser, who needs a password."""

    port: int
    password: str

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://tester:{self.password}@127.0.0.1:{self.port}/{database}"

    def conninfo(self, database: str) -> str:
        return self.url(database).replace("+psycopg", "")

    def create_database(self) -> str:
        """A new, empty database's URL."""
        name = f"t_{secrets.token_hex(8)}"
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as session:
            session.execute(f"CREATE DATABASE {name}")
        return self.url(name)


@dataclass(frozen=True)
class S3Server:
    """SeaweedFS with one administrator."""

    endpoint: str
    tls_endpoint: str
    ca_file: Path
    access_key: str
    secret_key: str


@contextlib.contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A running cluster; skips the test where PostgreSQL is not installed."""
    binaries = _postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (no initdb)")
    with fresh_folder("postgres") as folder:
        password = secrets.token_hex(16)
        pwfile = folder / "password"
        pwfile.write_text(password)
        data = folder / "data"
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            for path in (folder, pwfile):
                shutil.chown(path, "postgres", "postgres")
        initdb = [binaries / "initdb", "-D", data, "-U", "tester", "-A", "scram-sha-256", f"--pwfile={pwfile}"]
        subprocess.run(
            _as_postgres([*initdb, "-E", "UTF8", "--locale=C", "--no-sync"]),
            check=True,
            cwd=folder,
            capture_output=True,
        )
        (port,) = free_ports(1)
        options = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "fsync": "off",  # the cluster does not outlive the tests
            "timezone": "America/St_Johns",  # a session's zone must not matter
            "max_connections": 120,
        }
        flags = [item for name, value in options.items() for item in ("-c", f"{name}={value}")]
        server = PostgresServer(port, password)
        with running(_as_postgres([binaries / "postgres", "-D", data, *flags]), folder, signal.SIGINT) as alive:
            until(lambda: _answers(server), alive, folder / "output")
            yield server


@contextlib.contextmanager
def s3() -> Iterator[S3Server]:
    """A running S3 with and without TLS; skips the test where the binary is missing."""
    weed = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if weed is None:
        pytest.skip("SeaweedFS is not installed (no weed)")
    with fresh_folder("s3") as folder:
        ports = free_ports(9)
        access_key, secret_key = secrets.token_hex(10), secrets.token_hex(20)
        identity = {
            "name": "tester",
            "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        (folder / "data").mkdir()
        make_tls_certificate(folder / "tls.pem", folder / "tls.key")
        names = (
            "master.port master.port.grpc volume.port volume.port.grpc filer.port filer.port.grpc"
            " s3.port s3.port.grpc s3.port.https"
        )
        flags = [
            *(f"-{name}={port}" for name, port in zip(names.split(), ports, strict=True)),
            f"-dir={folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-filer",
            "-s3",
            f"-s3.config={folder / 's3.json'}",
            f"-s3.cert.file={folder / 'tls.pem'}",
            f"-s3.key.file={folder / 'tls.key'}",
            f"-s3.localSocket={folder / 's3.sock'}",
            f"-filer.localSocket={folder / 'filer.sock'}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-master.telemetry=false",
            "-master.volumeSizeLimitMB=64",
            "-volume.max=400",
            "-volume.preStopSeconds=0",
        ]
        server = S3Server(
            f"127.0.0.1:{ports[6]}", f"127.0.0.1:{ports[8]}", folder / "tls.pem", access_key, secret_key
        )
        command = [weed, f"-logdir={folder}", "server", *flags]
        # Its data is thrown away, and in peace it would take half a minute to stop.
        stop = signal.SIGKILL
        # A bucket of a few small objects needs one volume, not the usual seven.
        environment = {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
        with running(dying_with_us(command, stop), folder, stop, environment) as alive:
            until(lambda: _s3_answers(server), alive, folder / "output")
            yield server


@pytest.fixture(scope="session")
def postgres_server():
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server():
    with s3() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server):
    """A database of the test's own."""
    return postgres_server.create_database()


def make_tls_certificate(certificate: Path, key: Path) -> None:
    """A self-signed certificate for 127.0.0.1, good for a day."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    return free_ports(1)[0]


def _answers(server: PostgresServer) -> bool:
    try:
        psycopg.connect(server.conninfo("postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _s3_answers(server: S3Server) -> bool:
    """Up, and able to place an object: the gateway listens before the volume server has joined."""
    from minio import Minio
    from minio.error import MinioException
    from urllib3 import PoolManager
    from urllib3.exceptions import HTTPError

    client = Minio(
        server.endpoint,
        server.access_key,
        server.secret_key,
        secure=False,
        region="us-east-1",
        http_client=PoolManager(retries=False, timeout=5),
    )
    try:
        if not client.bucket_exists("ready"):
            client.make_bucket("ready")
        client._put_object("ready", "ready", b"ready", {})
    except (MinioException, HTTPError):
        return False
    return True


def _postgres_binaries() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    # Debian keeps the servers of each version side by side and off the path.
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in installed), key=lambda p: int(p.parent.name), default=None)


def _as_postgres(command: list[object]) -> list[object]:
    if os.geteuid() != 0:
        return dying_with_us(command, signal.SIGINT)
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("running as root, and there is no user postgres to run the server as")
    if shutil.which("setpriv") is None:
        pytest.skip("running as root, and there is no setpriv to become the user postgres")
    become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=INT"]
    return [*become, *command]
