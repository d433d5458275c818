"""A Kubernetes cluster, asked with kubectl.

kubectl and not a client library: it reads the kubeconfig as the administrator's own kubectl does, with exec plugins,
certificates and proxies. Paths of the API are given raw, so that neither its release nor the server's discovery matter.
"""

from __future__ import annotations

import json
import select
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError, NodeError
from rknn_validation.common.process import run, start, tool

Object = dict[str, Any]
REQUEST_SECONDS = 20.0
"""For one request; a watch may be silent for longer."""
WATCH_SECONDS = 20
HINT = "install kubectl, or enter `nix develop`"
Found = TypeVar("Found")


@dataclass(frozen=True)
class Said:
    """What kubectl said."""

    status: int
    output: str
    errors: str


class Refused(NodeError):
    """The API server answered, and refused."""


@dataclass
class Kubectl:
    """The cluster of a context. `total` is the deadline of all that is asked of it."""

    context: str
    total: Deadline
    requests: list[str] = field(default_factory=list)

    def get(self, path: str, **query: str) -> Object:
        """An object or a list. Raises Refused, or NodeError where nobody answers."""
        answer: Object = json.loads(self.text(path, **query))
        return answer

    def find(self, path: str, **query: str) -> Object | None:
        """An object or a list, None where the server knows none of this path."""
        try:
            return self.get(path, **query)
        except Refused as problem:
            if "not found" in problem.seen or "could not find" in problem.seen:
                return None
            raise

    def items(self, path: str, **query: str) -> list[Object]:
        """The objects of a list, none where the server does not know the resource."""
        return list((self.find(path, **query) or {}).get("items") or ())

    def text(self, path: str, **query: str) -> str:
        """What is at a path, such as a container's log."""
        return self._ask("get", path + (f"?{urlencode(query)}" if query else ""))

    def create(self, path: str, body: Object) -> Object:
        """The object as the server made it."""
        made: Object = json.loads(self._ask("create", path, json.dumps(body)))
        return made

    def replace(self, path: str, body: Object) -> None:
        """Put an object in the place of what it was read as."""
        self._ask("replace", path, json.dumps(body))

    def delete(self, path: str, **query: str) -> None:
        """Delete an object; one that is gone already is no error."""
        try:
            self._ask("delete", path + (f"?{urlencode(query)}" if query else ""))
        except Refused as problem:
            if "not found" not in problem.seen:
                raise

    def until(self, path: str, held: Callable[[list[Object]], Found | None], deadline: Deadline, **query: str) -> Found:
        """What `held` makes of a list, once that is not None; looked at after every change.

        Raises DeadlineExceeded.
        """
        while True:
            listed = self.get(path, **query)
            found = held(list(listed.get("items") or ()))
            if found is not None:
                return found
            seconds = max(1, min(WATCH_SECONDS, int(deadline.remaining())))
            version = str(listed["metadata"].get("resourceVersion", "0"))
            news = {"watch": "true", "resourceVersion": version, "timeoutSeconds": str(seconds)}
            self.event(f"{path}?{urlencode({**query, **news})}", seconds)

    def _ask(self, verb: str, path: str, body: str = "") -> str:
        arguments = [verb, "--raw", path, *(["-f", "-"] if body else [])]
        self.requests.append(f"{verb} {path}")
        deadline = self.total.capped(REQUEST_SECONDS, f"kubectl {verb} {path}")
        said = self.call(arguments, body, deadline)
        if said.status == 0:
            return said.output
        errors = said.errors.strip() or said.output.strip()
        kind = Refused if "Error from server" in errors and "ServiceUnavailable" not in errors else NodeError
        expected, hint = "an answer of the API server", f"try: kubectl --context {self.context} get nodes"
        raise kind(f"kubectl {verb} {path} failed", expected=expected, seen=errors[-600:], hint=hint)

    def call(self, arguments: list[str], body: str, deadline: Deadline) -> Said:
        """Run kubectl to its end."""
        seconds = f"--request-timeout={max(1, int(deadline.remaining()))}s"
        done = run([*self._command, seconds, *arguments], deadline=deadline, stdin=body.encode())
        return Said(done.returncode, done.stdout, done.stderr)

    def event(self, path: str, seconds: float) -> None:
        """Wait until a watch tells something, or ends."""
        command = [*self._command, "get", "--raw", path]
        quiet = subprocess.DEVNULL
        with start(command, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet) as process:
            try:
                # The server ends the watch after `seconds`; kubectl itself is ended where it does not notice.
                assert process.stdout is not None
                began = time.monotonic()
                select.select([process.stdout], [], [], seconds + REQUEST_SECONDS)
                if not process.stdout.read(1) and time.monotonic() - began < 1:
                    time.sleep(1)  # no watch came about: the list is asked again, but not all the time
            finally:
                process.kill()

    @property
    def _command(self) -> list[str]:
        return [tool("kubectl", HINT), "--context", self.context]


def require_context(name: str) -> None:
    """Raise HarnessError where the kubeconfig has no such context; the cluster itself is not asked."""
    deadline = Deadline.after(REQUEST_SECONDS, "kubectl to read the kubeconfig")
    done = run([tool("kubectl", HINT), "config", "get-contexts", "-o", "name"], deadline=deadline)
    known = done.stdout.split()
    if name not in known:
        raise HarnessError(
            f"--context {name}: the kubeconfig has no such context" if name else "--kubernetes asks a cluster",
            expected=f"--context with one of {', '.join(known)}" if known else "a kubeconfig with a context",
            seen=name or "no --context",
            hint="the cluster is named each time, so that no other is asked by mistake",
        )


def condition(one: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    """A condition of an object, by its type."""
    return next((had for had in one.get("status", {}).get("conditions") or () if had["type"] == kind), None)
