"""A real server: etcd as Debian 12 packages its source, built here with debug information.

    with server(busy=True) as pid: ...

The source comes from the -dev packages of bookworm (golang-etcd-server-dev and what it
needs), through the private apt state of toolchains.py, unpacked into the cache; nothing is
installed.  It is built once, in GOPATH mode, with Debian's own Go of that release.
Unavailable says what is missing.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Iterator

try:
    from . import build, toolchains
except ImportError:  # run with tests/support itself on the path
    import build  # type: ignore[no-redef]
    import toolchains  # type: ignore[no-redef]

Unavailable = toolchains.Unavailable

PACKAGE = "golang-etcd-server-dev"
SUITE = "bookworm"
GO = "1.19"  # of that suite
IMPORT = "go.etcd.io/etcd"
BUILD_TIMEOUT = 900  # seconds; once
READY_TIMEOUT = 240
WRITERS, WATCHERS = 5, 4


# -- building ---------------------------------------------------------------


def _sources(folder: Path) -> Path:
    """Unpack the packages below a folder; returns the GOPATH."""
    apt = toolchains.PrivateApt(folder / "apt")
    apt.prepare()
    lines = [line for line in (apt.root / "sources.list").read_text().splitlines()
             if line.split()[-2] == SUITE]
    (apt.root / "sources.list").write_text("\n".join(lines) + "\n")
    done = toolchains.run(["apt-get", "-q", "-c", str(apt.config), "update"])
    wanted = toolchains.run(["apt-get", "-q", "-c", str(apt.config), "install", "--print-uris", "-y",
                             "--no-install-recommends", PACKAGE])
    names = [line.split()[1].split("_")[0] for line in wanted.stdout.splitlines() if line.startswith("'")]
    names = [name for name in names if name.startswith("golang-") and name.endswith("-dev")]
    if PACKAGE not in names:
        raise Unavailable(f"{PACKAGE} cannot be had: "
                          + toolchains.complaint(done.stderr + wanted.stderr))
    debs = folder / "debs"
    debs.mkdir()
    for deb in apt.download(names, debs):
        subprocess.run(["dpkg", "-x", deb, folder / "root"], check=True)
    shutil.rmtree(debs)
    shutil.rmtree(apt.root)
    return folder / "root/usr/share/gocode"


def executable() -> Path:
    """The server, built when it is not there yet."""
    go = toolchains.go(GO)
    if not go:
        raise Unavailable(f"go {GO}: {toolchains.reasons().get(GO, 'missing')}")
    exe = toolchains.cache_dir() / "programs" / f"etcd-{SUITE}-{GO}" / "etcd"
    exe.parent.mkdir(parents=True, exist_ok=True)
    with open(exe.parent / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if exe.exists():
            return exe
        with tempfile.TemporaryDirectory(dir=exe.parent) as tmp:
            gopath = _sources(Path(tmp))
            env = {**toolchains.go_env(), "GO111MODULE": "off", "GOPATH": str(gopath), "GOFLAGS": "",
                   "CGO_ENABLED": "0"}
            done = subprocess.run([go, "build", "-o", f"{tmp}/etcd", "."], cwd=gopath / "src" / IMPORT, env=env,
                                  text=True, capture_output=True, timeout=BUILD_TIMEOUT, check=False)
            if done.returncode:
                raise Unavailable(f"{PACKAGE} does not build with go {GO}: {done.stderr[:300]}")
            Path(f"{tmp}/etcd").rename(exe)
    return exe


# -- running ----------------------------------------------------------------


@contextlib.contextmanager
def _ports(number: int) -> Iterator[list[int]]:
    """Ports that nobody else is given while the block runs: they are bound here, and may be bound once more by who listens."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(number):
            one = stack.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", 0))
            ports.append(one.getsockname()[1])
        yield ports


def _await(proc: subprocess.Popen[bytes], port: int) -> None:
    """Wait until the server says that it is healthy."""
    end = time.monotonic() + READY_TIMEOUT
    while proc.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            client.request("GET", "/health")
            if json.loads(client.getresponse().read()).get("health") == "true":
                client.close()
                return
        time.sleep(0.05)
    raise RuntimeError(f"etcd is not healthy: {proc.poll()}")


def _text(words: str) -> str:
    return base64.b64encode(words.encode()).decode()


class _Load:
    """Clients that put, read and watch until they are told to end."""

    def __init__(self, port: int) -> None:
        self._port, self._over, self.done = port, threading.Event(), 0
        self._first = threading.Event()
        self._all = [threading.Thread(target=self._write, args=(n,)) for n in range(WRITERS)]
        self._all += [threading.Thread(target=self._watch) for _ in range(WATCHERS)]
        for one in self._all:
            one.start()
        if not self._first.wait(READY_TIMEOUT):
            raise RuntimeError("etcd answers nobody")

    def _write(self, number: int) -> None:
        client = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        turn = 0
        while not self._over.is_set():
            turn += 1
            body = {"key": _text(f"key-{number}-{turn % 50}"), "value": _text("v" * 100)}
            with contextlib.suppress(OSError, http.client.HTTPException):
                client.request("POST", "/v3/kv/put" if turn % 2 else "/v3/kv/range", json.dumps(body))
                client.getresponse().read()
                self.done += 1
                if self.done > 20:
                    self._first.set()
        client.close()

    def _watch(self) -> None:
        """Open a stream of changes, read some, hang up, again and again."""
        ask = {"create_request": {"key": _text("key-"), "range_end": _text("key.")}}
        while not self._over.is_set():
            client = http.client.HTTPConnection("127.0.0.1", self._port, timeout=2)
            with contextlib.suppress(OSError, http.client.HTTPException):
                client.request("POST", "/v3/watch", json.dumps(ask))
                answer = client.getresponse()
                for _ in range(10):
                    if self._over.is_set() or not answer.readline():
                        break
            client.close()

    def end(self) -> None:
        self._over.set()
        for one in self._all:
            one.join()


@contextlib.contextmanager
def server(busy: bool) -> Iterator[int]:
    """A running server's process id; with clients that never stop, or with none."""
    exe = executable()
    with tempfile.TemporaryDirectory(prefix="goctx-etcd-") as folder, _ports(2) as (own, peers):
        urls = [f"http://127.0.0.1:{port}" for port in (own, peers)]
        proc = subprocess.Popen(
            [exe, "--data-dir", f"{folder}/data", "--log-level", "error", "--name", "one",
             "--listen-client-urls", urls[0], "--advertise-client-urls", urls[0],
             "--listen-peer-urls", urls[1], "--initial-advertise-peer-urls", urls[1],
             "--initial-cluster", f"one={urls[1]}"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _await(proc, own)
            load = _Load(own) if busy else None
            try:
                yield proc.pid
            finally:
                if load:
                    load.end()
        finally:
            build.stop(proc)
