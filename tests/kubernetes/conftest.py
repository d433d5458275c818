"""Nodes for the tests in this directory."""

from __future__ import annotations

import os
from collections.abc import Iterator

# Tests start processes while kubelet's servers run: gRPC would say so each time.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

import pytest
from fakeapi import FakeApi
from fakenode import FakeNode


@pytest.fixture
def node() -> Iterator[FakeNode]:
    """A node without a bound driver; see FakeNode for how to give it an NPU."""
    if os.geteuid() != 0:
        pytest.skip("making device nodes takes root")
    with FakeNode() as made:
        yield made


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """An API server that knows the node opi01."""
    with FakeApi() as made:
        made.put("/api/v1/nodes/opi01", {"status": {"conditions": []}})
        yield made
