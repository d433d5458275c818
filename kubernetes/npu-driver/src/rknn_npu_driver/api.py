"""The Kubernetes API, as far as a node driver needs it: HTTP with the standard library.

The official client takes 28 MB of memory and 126 MB on disk for the same few requests.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import yaml

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
SECONDS = 15.0
"""Until the server answers; a watch is silent for longer."""
WATCH_SECONDS = 240

Object = dict[str, Any]


class ApiError(Exception):
    """The server refused, or cannot be reached (status 0)."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"{message} (HTTP {status})" if status else message)


@dataclass(frozen=True)
class Access:
    """Where the server is and who asks: `token` is a file read anew for each request, because it expires."""

    url: str
    context: ssl.SSLContext | None = None
    token: Path | None = None


def in_cluster() -> Access:
    """The access of a pod's service account. Raises ApiError outside of a pod."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (SERVICE_ACCOUNT / "token").exists():
        raise ApiError(0, "no API server: expected a pod's service account, or --kubeconfig FILE")
    context = ssl.create_default_context(cafile=str(SERVICE_ACCOUNT / "ca.crt"))
    name = f"[{host}]" if ":" in host else host
    return Access(f"https://{name}:{port}", context, SERVICE_ACCOUNT / "token")


def from_kubeconfig(path: Path) -> Access:
    """The access of a kubeconfig's current context: a client certificate or a token file. Raises ApiError."""
    try:
        config = yaml.safe_load(path.read_text())
        context = _named(config["contexts"], config["current-context"])["context"]
        cluster = _named(config["clusters"], context["cluster"])["cluster"]
        user = _named(config["users"], context["user"])["user"]
        if not cluster["server"].startswith("https:"):
            return Access(cluster["server"])
        authority = _content(cluster, "certificate-authority", path)
        tls = ssl.create_default_context(cadata=authority.decode() if authority else None)
        certificate, key = _content(user, "client-certificate", path), _content(user, "client-key", path)
        if certificate and key:
            _load(tls, certificate, key)
        token = path.parent / user["tokenFile"] if "tokenFile" in user else None
        return Access(cluster["server"], tls, token)
    except (OSError, KeyError, TypeError, StopIteration, ValueError, yaml.YAMLError) as problem:
        raise ApiError(0, f"{path}: no usable kubeconfig: {type(problem).__name__}: {problem}") from problem


def _named(entries: list[Object], name: str) -> Object:
    return next(one for one in entries if one["name"] == name)


def _content(where: Mapping[str, str], key: str, config: Path) -> bytes:
    if f"{key}-data" in where:
        return base64.b64decode(where[f"{key}-data"])
    return (config.parent / where[key]).read_bytes() if key in where else b""


def _load(tls: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    # OpenSSL reads a certificate chain from a file only.
    with tempfile.NamedTemporaryFile() as file:
        file.write(certificate.rstrip() + b"\n" + key)
        file.flush()
        tls.load_cert_chain(file.name)


class Api:
    """Requests to the API server. Every method raises ApiError."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def get(self, path: str, **query: str) -> Object:
        """An object or a list."""
        return self._call("GET", path, query)

    def create(self, path: str, body: Object) -> Object:
        """The object as the server made it."""
        return self._call("POST", path, {}, body)

    def replace(self, path: str, body: Object) -> Object:
        """The object as it is now. 409: somebody else changed it meanwhile."""
        return self._call("PUT", path, {}, body)

    def patch(self, path: str, body: Object, kind: str = "application/strategic-merge-patch+json") -> Object:
        """The object as it is now."""
        return self._call("PATCH", path, {}, body, kind)

    def delete(self, path: str, uid: str, version: str) -> None:
        """Delete just this object in just this state; one that is gone already is no error."""
        options = {"preconditions": {"uid": uid, "resourceVersion": version}}
        try:
            self._call("DELETE", path, {}, options)
        except ApiError as problem:
            if problem.status != 404:
                raise

    def watch(self, path: str, version: str, **query: str) -> Iterator[Object]:
        """Events after a version, until the server ends the watch. Status 410: list again."""
        query |= {"watch": "true", "resourceVersion": version, "timeoutSeconds": str(WATCH_SECONDS)}
        connection = self._connection(WATCH_SECONDS + SECONDS)
        try:
            response = self._send(connection, "GET", path, query, None, "")
            for line in response:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise ApiError(int(event["object"].get("code", 500)), str(event["object"].get("message", "")))
                yield event
        except (OSError, http.client.HTTPException, ValueError) as problem:
            raise ApiError(0, f"the watch of {path} broke: {problem}") from problem
        finally:
            connection.close()

    def _call(
        self, method: str, path: str, query: Mapping[str, str], body: Object | None = None, kind: str = ""
    ) -> Object:
        connection = self._connection(SECONDS)
        try:
            answer: Object = json.loads(self._send(connection, method, path, query, body, kind).read() or b"{}")
            return answer
        except (OSError, http.client.HTTPException, ValueError) as problem:
            raise ApiError(0, f"{method} {path}: {problem}") from problem
        finally:
            connection.close()

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        address = urlsplit(self._access.url)
        if self._access.context is None:
            return http.client.HTTPConnection(address.netloc, timeout=seconds)
        return http.client.HTTPSConnection(address.netloc, timeout=seconds, context=self._access.context)

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Object | None,
        kind: str,
    ) -> http.client.HTTPResponse:
        headers = {"Accept": "application/json", "User-Agent": "rknn-npu-driver"}
        if body is not None:
            headers["Content-Type"] = kind or "application/json"
        if self._access.token is not None:
            headers["Authorization"] = f"Bearer {self._access.token.read_text().strip()}"
        text = json.dumps(body) if body is not None else None
        connection.request(method, f"{path}?{urlencode(query)}" if query else path, text, headers)
        response = connection.getresponse()
        if response.status >= 300:
            said = response.read(4096).decode(errors="replace")
            try:
                said = json.loads(said)["message"]
            except (ValueError, KeyError, TypeError):
                said = said.strip()[:200]
            raise ApiError(response.status, f"{method} {path}: {said}")
        return response
