"""The networks that are allowed by name, as the environment gives them."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from polyphemus_site import env
from polyphemus_site.env import EnvironmentVariableError


def test_networks_and_single_addresses_are_read() -> None:
    read = env.networks("ALLOWED", environ={"ALLOWED": "10.1.0.0/16, fd00::/8,192.0.2.7"})

    assert read == (ip_network("10.1.0.0/16"), ip_network("fd00::/8"), ip_network("192.0.2.7/32"))


@pytest.mark.parametrize("value", ["everywhere", "10.1.2.3/16", "10.0.0.0/33"])
def test_what_is_no_network_names_the_variable(value: str) -> None:
    with pytest.raises(EnvironmentVariableError, match="ALLOWED must be a comma list of networks"):
        env.networks("ALLOWED", environ={"ALLOWED": value})
