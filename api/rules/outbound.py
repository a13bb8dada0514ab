"""Which addresses a user's URL may lead to. Pure.

Sources: IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890); RFC 6666 and others
as named. `ipaddress.is_global` alone lets multicast, 6to4 relays and NAT64 of loopback through.
"""

from collections.abc import Iterable
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network


class AttemptError(StrEnum):
    """Where a request ended that did not succeed."""

    BLOCKED = "blocked"
    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    TIMEOUT = "timeout"
    HTTP = "http"


type Network = IPv4Network | IPv6Network

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_REFUSED: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments, RFC 6890
            "192.88.99.0/24",  # 6to4 relays, RFC 7526
            "168.63.129.16/32",  # the host of Azure's machines
            "224.0.0.0/4",  # multicast
            "2001::/23",  # protocol assignments and Teredo
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: an IPv4 address inside
            "3ffe::/16",  # 6bone, given back
            "3fff::/20",  # documentation, RFC 9637
        ),
    )
)


def is_public(address: str) -> bool:
    """True for an address of the public internet; an IPv4 address inside an IPv6 one is not."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if not (isinstance(found, IPv4Address) or found in _GLOBAL_UNICAST):
        return False
    return found.is_global and not _within(address, _REFUSED)


def may_reach(address: str, allowed: Iterable[Network]) -> bool:
    """True for a public address, and for one that the installation allows."""
    return is_public(address) or _within(address, allowed)


def _within(address: str, networks: Iterable[Network]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks if network.version == found.version)
