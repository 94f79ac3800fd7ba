"""A real PostGIS for tests: a cluster of its own in a temporary folder, gone afterwards."""

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path


def programs():
    """Return the folder of PostgreSQL's own programs, None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))  # where Debian puts them
    first = shutil.which("initdb") if not found else found[-1]
    return Path(first).resolve().parent if first else None


@contextmanager
def cluster(password="p@ss w:rd/1"):
    """Yield (host, port, password) of a server with the extension postgis in ``template1``."""
    bin_folder = programs()
    folder = Path(tempfile.mkdtemp(prefix="postgis-"))
    user = {"user": "postgres"} if os.geteuid() == 0 else {}
    secret = folder / "secret"
    secret.write_text(password)
    if user:
        for place in (folder, secret):
            shutil.chown(place, "postgres")
    port = _free_port()
    data = folder / "data"

    def call(*command):
        subprocess.run(
            [str(bin_folder / command[0]), *map(str, command[1:])],
            check=True, cwd=folder, capture_output=True, **user,
            env={"PATH": os.environ["PATH"], "PGPASSWORD": password, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip

    call("initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}")
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off"
    call("pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
    try:
        there = ("-h", "127.0.0.1", "-p", port, "-U", "postgres")
        call("psql", *there, "-d", "template1", "-c", "create extension postgis")
        yield "127.0.0.1", port, password
    finally:
        call("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
