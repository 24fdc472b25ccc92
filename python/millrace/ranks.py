"""The ranks' addresses that a producer goes to (docs/reference/message.md, "Ranks").

Whoever can make a trainer name an address could otherwise send every producer of the run there.
"""

import ipaddress
import pathlib
from typing import TypeAlias

from .errors import UsageError
from .sockets import check_uri, is_local

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class RankHosts:
    """Over tcp the ranks on queue.uri's host and on queue.rank_hosts; with keys on any host, as
    there the rank proves that it is the trainer's. Over ipc those in queue.uri's folder."""

    def __init__(self, uri: str, text: str, have_keys: bool) -> None:
        """`text`: queue.rank_hosts, "host-b, 10.0.0.0/24". Raises UsageError."""
        self._uri, self._have_keys = uri, have_keys
        self._hosts = {_host(uri)}
        self._networks: list[_Network] = []
        for entry in filter(None, (part.strip(" ").lower() for part in text.split(","))):
            try:
                self._networks.append(ipaddress.ip_network(entry.strip("[]"), strict=False))
            except ValueError:
                if any(c in "/:" or c.isspace() for c in entry):
                    raise UsageError(
                        f"queue.rank_hosts: '{entry}' is neither a host nor a network "
                        "such as 10.0.0.0/24"
                    ) from None
                self._hosts.add(entry)

    def error(self, address: str) -> str:
        """Why the producer does not go to a rank's address; empty: it does."""
        scheme = self._uri.partition("://")[0]
        try:
            valid = check_uri(address) == scheme
        except UsageError:
            valid = False
        if not valid:
            return f"the trainer names a rank that nobody can go to: '{address}' is no {scheme}://"
        skips = f"this producer does not go to the rank at {address}: "
        if scheme == "ipc":
            if _folder(address) == _folder(self._uri):
                return ""
            return f"{skips}its socket is not in the folder of queue.uri {self._uri}"
        if self._have_keys or self._allows(address):
            return ""
        return (
            f"{skips}it is on another host than queue.uri {self._uri}; if that is right, set "
            f'queue.rank_hosts = "{_host(address)}" (or a network, 10.0.0.0/24), or use keys'
        )

    def _allows(self, address: str) -> bool:
        host = _host(address)
        if host in self._hosts or (is_local(address) and is_local(self._uri)):
            return True
        try:
            found = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


def _host(uri: str) -> str:
    return uri.partition("://")[2].rpartition(":")[0].strip("[]").lower()


def _folder(uri: str) -> pathlib.Path:
    return pathlib.Path(uri.partition("://")[2]).resolve().parent
