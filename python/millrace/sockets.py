"""ZeroMQ sockets of the protocol: addresses, limits and keys (docs/explanation/security.md)."""

import ipaddress
import os
import pathlib
import re
import socket as stream_socket
import stat
from typing import TypeAlias

import zmq
import zmq.utils.z85

from .errors import Error, UsageError
from .messages import MAX_FRAME_BYTES
from .recipe import Recipe

Context: TypeAlias = "zmq.Context[zmq.Socket[bytes]]"
Socket: TypeAlias = "zmq.Socket[bytes]"
Keys: TypeAlias = tuple[bytes, bytes, bytes]  # public, secret, server's public

_SCHEMES = "inproc://, file://FOLDER, tcp://HOST:PORT, ipc://PATH"
_HEARTBEAT_EVERY_MS, _HEARTBEAT_TIMEOUT_MS = 1000, 5000
_RECONNECT_FIRST_MS, _RECONNECT_MOST_MS = 50, 200
_LINGER_MS = 500
_ROUTING_ID_BYTES = 16


def check_uri(uri: str) -> str:
    """The scheme of a queue.uri: "inproc", "file", "tcp" or "ipc". Raises UsageError."""
    scheme, colon, rest = uri.partition("://")
    if not colon or scheme not in ("inproc", "file", "tcp", "ipc"):
        raise UsageError(f"queue.uri '{uri}' has no known transport; it is one of {_SCHEMES}")
    if scheme != "inproc" and not rest:
        raise UsageError(f"queue.uri '{uri}' names no place; it is one of {_SCHEMES}")
    if scheme == "tcp":
        host, _, port = rest.rpartition(":")
        if not host or not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 65536:
            raise UsageError(f"queue.uri '{uri}' has no HOST:PORT with a port from 1 to 65535")
    return scheme


def is_local(uri: str) -> bool:
    """Whether an address can be reached from this machine only."""
    if not uri.startswith("tcp://"):
        return True
    host = uri.removeprefix("tcp://").rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _set_limits(socket: Socket, uri: str) -> None:
    socket.linger = _LINGER_MS
    socket.maxmsgsize = MAX_FRAME_BYTES
    socket.heartbeat_ivl = _HEARTBEAT_EVERY_MS
    socket.heartbeat_timeout = socket.heartbeat_ttl = _HEARTBEAT_TIMEOUT_MS
    socket.ipv6 = "[" in uri


def dealer(context: Context, uri: str, routing_id: bytes, keys: Keys | None = None) -> Socket:
    """A DEALER that connects to a rank, with CURVE if there are keys.

    Raises UsageError for an address that is none, Error where no more sockets can be opened."""
    try:
        socket = context.socket(zmq.DEALER)
    except zmq.ZMQError as error:
        raise Error(f"cannot open a socket for {uri}: {error}") from error
    _set_limits(socket, uri)
    socket.routing_id = routing_id
    socket.reconnect_ivl, socket.reconnect_ivl_max = _RECONNECT_FIRST_MS, _RECONNECT_MOST_MS
    socket.immediate = True  # queue nothing for a trainer that is not there: it asks again
    if keys:
        socket.curve_publickey, socket.curve_secretkey, socket.curve_serverkey = keys
    try:
        socket.connect(uri)
    except zmq.ZMQError as error:
        socket.close(0)  # the context waits for open ones
        raise UsageError(f"cannot connect to {uri}: {error}; check --queue.uri") from error
    return socket


def router(context: Context, uri: str) -> Socket:
    """A ROUTER that listens for producers, on this machine only, as it has no keys.

    Raises UsageError for another address, Error where it cannot listen."""
    if not is_local(uri):
        raise UsageError(
            f"{uri} can be reached by other machines, and millrace.read() has no keys: "
            "use 127.0.0.1"
        )
    socket = context.socket(zmq.ROUTER)
    _set_limits(socket, uri)
    socket.router_mandatory = True
    socket.router_handover = True
    try:
        if uri.startswith("ipc://") and not uri.startswith("ipc://@"):
            _check_free(uri.removeprefix("ipc://"))
        socket.bind(uri)
    except OSError as error:
        socket.close(0)
        raise Error(f"cannot listen at {uri}: {error}; choose another address") from error
    except zmq.ZMQError as error:
        socket.close(0)
        raise Error(
            f"cannot listen at {uri}: {error}; a trainer may hold it: stop it, "
            "or choose another address"
        ) from error
    return socket


def _check_free(path: str) -> None:
    """ZeroMQ deletes what lies at the path of a UNIX socket before it listens there. Raises OSError
    unless that is nothing, or a socket that a dead process left behind."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError("what lies there is no socket")
    with stream_socket.socket(stream_socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return
    raise OSError("a trainer or reader holds it")


def new_routing_id() -> bytes:
    """16 random bytes, the first not 0."""
    first = os.urandom(1)
    return (first if first != b"\0" else b"\1") + os.urandom(_ROUTING_ID_BYTES - 1)


def producer_keys(recipe: Recipe) -> Keys | None:
    """The keys of a producer for CURVE; None: the recipe has none. Raises UsageError."""
    if not recipe.key_file and not recipe.server_key:
        return None
    if not recipe.key_file:
        raise UsageError(
            "queue.server_key: needs queue.key_file, this producer's own pair; "
            "scripts/keys makes one"
        )
    if not recipe.server_key:
        raise UsageError(
            "queue.key_file: a producer with keys needs queue.server_key, the trainer's public key"
        )
    if not _is_key(recipe.server_key):
        raise UsageError(
            "queue.server_key: not a public key of 40 characters, as scripts/keys prints it"
        )
    public, secret = _key_pair(pathlib.Path(recipe.key_file))
    return public.encode(), secret.encode(), recipe.server_key.encode()


def _is_key(text: str) -> bool:
    try:
        return len(text) == 40 and len(zmq.utils.z85.decode(text.encode())) == 32
    except (ValueError, KeyError, UnicodeEncodeError, OverflowError):
        return False


def _key_pair(path: pathlib.Path) -> tuple[str, str]:
    """(public, secret) of a file that scripts/keys wrote. Raises UsageError."""
    try:
        mode, lines = path.stat().st_mode, path.read_text().splitlines()
    except OSError as error:
        raise UsageError(f"{path}: cannot read the keys: {error.strerror}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            f"{path}: others than its owner can read this secret key; run: chmod 600 {path}"
        )
    pair: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.strip().startswith("#"):
            continue
        found = re.fullmatch(r'\s*(public|secret)\s*=\s*"(.*)"\s*', line)
        if not found or not _is_key(found[2]) or found[1] in pair:
            raise UsageError(
                f'{path}:{number}: expected one public = "…" and one secret = "…", '
                "as scripts/keys writes them"
            )
        pair[found[1]] = found[2]
    if len(pair) != 2:
        raise UsageError(
            f"{path}: expected a public and a secret key; make a new pair with scripts/keys"
        )
    if zmq.curve_public(pair["secret"].encode()).decode() != pair["public"]:
        raise UsageError(
            f"{path}: its public key is not that of its secret key; "
            "make a new pair with scripts/keys"
        )
    return pair["public"], pair["secret"]
