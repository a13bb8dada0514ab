"""Networks from which credentials and senders may come, written as CIDR (RFC 4632)."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network


def within(address: str | None, cidrs: Iterable[str]) -> bool:
    """True for an address in one of the networks; an IPv4 address inside an IPv6 one counts as
    itself, and what is no address is nowhere."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ip_network(cidr) for cidr in cidrs)
