"""A server of this machine's own, for tests of the connection itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from localsshd import Sshd, running


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """An OpenSSH server that lets this user in."""
    with running(tmp_path_factory.mktemp("sshd"), "MaxStartups 200") as server:
        yield server
