"""An API server with just what a node driver meets: lists, watches, preconditions, conflicts, generated names.

It behaves as the real one where a driver could rely on it wrongly: versions of resources are checked, unknown paths are
404, a watch begins after the version asked for, and a field of a feature that is off is dropped.
"""

from __future__ import annotations

import itertools
import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]
SLICES = "/apis/resource.k8s.io/v1/resourceslices"
WATCH_SECONDS = 20.0
COLLECTIONS = frozenset(
    {"nodes", "namespaces", "pods", "events", "configmaps", "serviceaccounts"}
    | {"resourceslices", "resourceclaims", "resourceclaimtemplates", "deviceclasses"}
)
REASONS = {403: "Forbidden", 404: "NotFound", 409: "Conflict", 500: "InternalError"}


class FakeApi:
    """Serves on a port of its own while it is entered. `taints`: whether the feature of device taints is on."""

    def __init__(self, *, taints: bool = True, dra: bool = True) -> None:
        self.taints = taints
        self.dra = dra
        self.objects: dict[str, Object] = {}
        self.requests: list[str] = []
        self.broken = False
        self._events: list[tuple[int, str, str, Object]] = []
        self._versions = itertools.count(1)
        self._version = 0
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FakeApi:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def slices(self) -> list[Object]:
        """All ResourceSlices."""
        return [body for path, body in sorted(self.objects.items()) if path.startswith(f"{SLICES}/")]

    def put(self, path: str, body: Object) -> Object:
        """Create or replace an object, as somebody else than the driver."""
        with self._changed:
            kind = "MODIFIED" if path in self.objects else "ADDED"
            metadata = body.setdefault("metadata", {})
            metadata.setdefault("uid", str(uuid.uuid4()))
            metadata.setdefault("name", path.rpartition("/")[2])
            metadata.setdefault("creationTimestamp", "2026-12-01T00:00:00Z")
            self._version = next(self._versions)
            metadata["resourceVersion"] = str(self._version)
            if not self.taints:
                for device in body.get("spec", {}).get("devices", ()):
                    device.pop("taints", None)
            self.objects[path] = json.loads(json.dumps(body))
            self._events.append((self._version, kind, path, self.objects[path]))
            self._changed.notify_all()
            return self.objects[path]

    def remove(self, path: str) -> None:
        """Delete an object, as somebody else than the driver."""
        with self._changed:
            gone = self.objects.pop(path)
            self._version = next(self._versions)
            self._events.append((self._version, "DELETED", path, gone))
            self._changed.notify_all()

    def answer(self, method: str, target: str, body: Object | None) -> tuple[int, Any]:
        """Status and body for a request that is no watch."""
        url = urlsplit(target)
        with self._changed:
            self.requests.append(f"{method} {url.path}")
            if self.broken:
                return 500, {"message": "etcdserver: request timed out"}
            if "/resource.k8s.io/" in url.path and not self.dra:
                return 404, {"message": "the server could not find the requested resource"}
            match method:
                case "GET":
                    return self._get(url.path, parse_qs(url.query))
                case "POST":
                    return self._create(url.path, body or {})
                case "PUT":
                    return self._replace(url.path, body or {})
                case "PATCH":
                    return self._patch(url.path, body or {})
                case _:
                    return self._delete(url.path, body or {})

    def _get(self, path: str, query: dict[str, list[str]]) -> tuple[int, Object]:
        if path in self.objects:
            return 200, self.objects[path]
        if path.rpartition("/")[2] not in COLLECTIONS:
            return 404, {"message": f'"{path.rpartition("/")[2]}" not found'}
        items = [one for own, one in sorted(self.objects.items()) if _within(own, path) and _selected(one, query)]
        return 200, {"metadata": {"resourceVersion": str(self._version)}, "items": items}

    def _create(self, path: str, body: Object) -> tuple[int, Object]:
        metadata = body["metadata"]
        if "name" not in metadata:
            metadata["name"] = metadata.pop("generateName") + uuid.uuid4().hex[:5]
        target = f"{path}/{metadata['name']}"
        if target in self.objects:
            return 409, {"message": f'"{metadata["name"]}" already exists'}
        return 201, self.put(target, body)

    def _replace(self, path: str, body: Object) -> tuple[int, Object]:
        if path not in self.objects:
            return 404, {"message": "not found"}
        if body["metadata"].get("resourceVersion") != self.objects[path]["metadata"]["resourceVersion"]:
            return 409, {"message": "the object has been modified"}
        return 200, self.put(path, body)

    def _patch(self, path: str, body: Object) -> tuple[int, Object]:
        target = path.removesuffix("/status")
        if target not in self.objects:
            return 404, {"message": "not found"}
        whole = json.loads(json.dumps(self.objects[target]))
        # Conditions merge by their type, as the schema of a Node says.
        before = {one["type"]: one for one in whole.setdefault("status", {}).get("conditions", [])}
        before |= {one["type"]: one for one in body["status"]["conditions"]}
        whole["status"]["conditions"] = list(before.values())
        return 200, self.put(target, whole)

    def _delete(self, path: str, body: Object) -> tuple[int, Object]:
        if path not in self.objects:
            return 404, {"message": "not found"}
        metadata = self.objects[path]["metadata"]
        if any(metadata[key] != value for key, value in body.get("preconditions", {}).items()):
            return 409, {"message": "precondition failed"}
        self.remove(path)
        return 200, {}

    def events(self, target: str) -> Any:
        """Events of a watch, until it times out."""
        query = parse_qs(urlsplit(target).query)
        seen = int(query["resourceVersion"][0])
        while True:
            with self._changed:
                news = [event for event in self._events if event[0] > seen]
                if not news and not self._changed.wait(timeout=float(query.get("timeoutSeconds", [WATCH_SECONDS])[0])):
                    return
            for version, kind, path, body in news:
                seen = version
                if _within(path, urlsplit(target).path) and _selected(body, query):
                    yield {"type": kind, "object": body}


def _within(path: str, collection: str) -> bool:
    """Whether an object belongs to a collection: of its namespace, or of all namespaces."""
    place = path.rpartition("/")[0]
    root, _, kind = collection.rpartition("/")
    before, _, rest = place.partition("/namespaces/")
    return place == collection or (before == root and rest.partition("/")[2] == kind)


def _selected(one: Object, query: dict[str, list[str]]) -> bool:
    for term in filter(None, query.get("fieldSelector", [""])[0].split(",")):
        name, _, value = term.partition("=")
        found: Any = one
        for word in name.split("."):
            found = found.get(word, {}) if isinstance(found, dict) else {}
        if found != value:
            return False
    labels = one["metadata"].get("labels", {})
    terms = filter(None, query.get("labelSelector", [""])[0].split(","))
    return all(labels.get(term.partition("=")[0]) == term.partition("=")[2] for term in terms)


def _handler(api: FakeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            if "watch=true" in self.path and self.command == "GET":
                return self._watch()
            body = json.loads(self._sent() or "null")
            status, answer = api.answer(self.command, self.path, body)
            if status >= 300:
                kind = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status}
                answer = {**kind, "reason": REASONS[status], **answer}
            data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            return None

        def _sent(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while length := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(length))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _watch(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.flush()
            for event in api.events(self.path):
                try:
                    self.wfile.write(json.dumps(event).encode() + b"\n")
                    self.wfile.flush()
                except OSError:
                    return

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
