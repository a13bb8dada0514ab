import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.outbound import is_public, may_reach

BAD = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "192.88.99.1",
    "224.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "168.63.129.16",
    "::1",
    "::",
    "ff02::1",
    "fe80::1",
    "fd00:ec2::254",
    "fec0::1",
    "64:ff9b::7f00:1",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", BAD)
def test_ssrf_01_a_bad_address_is_not_public(address: str) -> None:
    assert not is_public(address)
    assert not may_reach(address, ())


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "93.184.216.34"])
def test_ssrf_02_a_public_address_is_let_through(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_ssrf_03_no_ipv6_form_of_an_ipv4_address_is_public(address: object) -> None:
    for form in (f"::ffff:{address}", f"::{address}", f"64:ff9b::{address}"):
        assert not is_public(form)
