"""The HTTP service: one worker on the NPU, a bounded queue before it, and answers that say what was wrong."""

from __future__ import annotations

import io
import json
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy
from PIL import Image, UnidentifiedImageError

from rknn_inference.models import Array, Model, ModelError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
MOST_PIXELS = 50_000_000
# Pillow's own limit is a warning first.
Image.MAX_IMAGE_PIXELS = None
DROPPED = 64 * 1024**2
"""Bytes of a body that is refused which are read all the same."""
READY_SECONDS = 30.0
"""How long the answer of the last inference is believed by /readyz."""


@dataclass(frozen=True)
class Limits:
    """`waiting` requests may wait; bodies have at most `size` bytes; an answer takes at most `seconds`."""

    waiting: int = 16
    size: int = 10 * 1024**2
    seconds: float = 10.0


class Refused(Exception):
    """The request cannot be served: HTTP status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(reason)


@dataclass
class Counts:
    """What /metrics tells."""

    answers: dict[int, int] = field(default_factory=dict)
    inferences: int = 0
    failures: int = 0
    seconds: float = 0.0


class Classifier:
    """Runs a model for one request at a time: a second client at once can crash the vendor's driver.

    `check` runs the known input and says what is wrong with the output, "" for nothing.
    """

    def __init__(self, model: Model, labels: tuple[str, ...], limits: Limits, check: Callable[[Model], str]) -> None:
        self.model = model
        self.labels = labels
        self.limits = limits
        self.counts = Counts()
        self._check = check
        self._work: queue.Queue[tuple[Callable[[], Any], Future[Any]]] = queue.Queue(limits.waiting)
        self._seen, self._problem = -READY_SECONDS, "no inference has run yet"
        self._thread = threading.Thread(target=self._run, name="npu", daemon=True)
        self._thread.start()

    def classify(self, body: bytes, top: int) -> list[dict[str, Any]]:
        """The best classes with their scores. Raises Refused."""
        image = decoded(body, self.model.shape)
        scores = self._ask(lambda: self._timed(image))
        best = numpy.argsort(scores)[::-1][:top]
        return [{"class": int(one), "label": self._label(int(one)), "score": float(scores[one])} for one in best]

    def problem(self) -> str:
        """What is wrong, "" for nothing: a real inference has to have given the known output lately."""
        if time.monotonic() - self._seen > READY_SECONDS:
            try:
                self._set(self._ask(lambda: self._check(self.model)))
            except Refused as refused:
                # A full queue is no fault: who waits there shows soon whether the NPU answers.
                return "" if refused.status == 503 and not self._problem else str(refused)
        return self._problem

    def _label(self, number: int) -> str:
        return self.labels[number] if number < len(self.labels) else ""

    def _set(self, problem: str) -> None:
        self._seen, self._problem = time.monotonic(), problem

    def _timed(self, image: Array) -> Array:
        started = time.monotonic()
        try:
            scores = self.model.run(image)
        except ModelError as problem:
            self.counts.failures += 1
            self._set(str(problem))
            raise
        self.counts.inferences += 1
        self.counts.seconds += time.monotonic() - started
        return scores

    def _ask(self, call: Callable[[], Any]) -> Any:
        future: Future[Any] = Future()
        try:
            self._work.put_nowait((call, future))
        except queue.Full:
            raise Refused(503, f"{self.limits.waiting} requests wait already") from None
        try:
            return future.result(self.limits.seconds)
        except TimeoutError:
            future.cancel()
            raise Refused(504, f"the NPU did not answer within {self.limits.seconds:g} s") from None
        except ModelError as problem:
            raise Refused(500, str(problem)) from problem

    def _run(self) -> None:
        while True:
            call, future = self._work.get()
            if not future.set_running_or_notify_cancel():
                continue  # whoever asked has gone
            try:
                future.set_result(call())
            except BaseException as problem:
                future.set_exception(problem)


def decoded(body: bytes, shape: tuple[int, int, int]) -> Array:
    """An image as the model wants it: RGB or grey, scaled, its middle. Raises Refused."""
    height, width, channels = shape
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as read:
            if read.width * read.height > MOST_PIXELS:
                raise Refused(413, f"{read.width} x {read.height} pixels are too many: expected at most {MOST_PIXELS}")
            whole = read.convert("RGB" if channels == 3 else "L")
        side = min(whole.size)
        left, above = (whole.width - side) // 2, (whole.height - side) // 2
        image = whole.crop((left, above, left + side, above + side)).resize((width, height))
        return numpy.asarray(image, dtype=numpy.uint8).reshape(shape)
    except UnidentifiedImageError:
        raise Refused(415, f"no image that can be read: expected one of {', '.join(FORMATS)}") from None
    except (OSError, ValueError, SyntaxError) as problem:
        raise Refused(400, f"the image is damaged: {problem}") from problem


def server(address: tuple[str, int], classifier: Classifier) -> ThreadingHTTPServer:
    """POST /classify[?top=N], GET /healthz, /readyz, /metrics; the caller runs it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        taken = 0

        def do_POST(self) -> None:
            """Classify the image in the body."""
            self.taken = 0
            try:
                path, _, query = self.path.partition("?")
                if path != "/classify":
                    raise Refused(404, "expected POST /classify")
                self._json(200, {"classes": classifier.classify(self._body(), _top(query))})
            except Refused as refused:
                # What was not read of the body would be taken for the next request.
                self.close_connection = True
                self._drop()
                self._json(refused.status, {"error": str(refused)})

        def do_GET(self) -> None:
            """Whether it lives, whether it is ready, and metrics."""
            if self.path == "/healthz":
                self._text(200, "ok")
            elif self.path == "/readyz":
                problem = classifier.problem()
                self._text(503 if problem else 200, problem or "ok")
            elif self.path == "/metrics":
                self._text(200, metrics(classifier.counts))
            else:
                self._json(404, {"error": "expected /healthz, /readyz or /metrics, or POST /classify"})

        def _body(self) -> bytes:
            length = self.headers.get("Content-Length", "")
            if not length.isdigit():
                raise Refused(411, "expected Content-Length")
            if int(length) > classifier.limits.size:
                raise Refused(413, f"the body has {length} bytes: expected at most {classifier.limits.size}")
            try:
                body = self.rfile.read(int(length))
                self.taken = len(body)
            except TimeoutError:
                raise Refused(408, "the body did not arrive") from None
            if len(body) < int(length):
                raise Refused(400, f"the body ended after {len(body)} of {length} bytes")
            return body

        def _drop(self) -> None:
            """Read the rest of a body, within bounds: a client that still writes would not see the answer."""
            length = self.headers.get("Content-Length", "")
            left = min(int(length), DROPPED) - self.taken if length.isdigit() else 0
            while left > 0:
                read = len(self.rfile.read(min(left, 65536)))
                left = left - read if read else 0

        def _json(self, status: int, answer: dict[str, Any]) -> None:
            self._text(status, json.dumps(answer), "application/json")

        def _text(self, status: int, text: str, kind: str = "text/plain") -> None:
            classifier.counts.answers[status] = classifier.counts.answers.get(status, 0) + 1
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            if status == 503:
                self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are counted, not logged."""

    return ThreadingHTTPServer(address, Handler)


def _top(query: str) -> int:
    name, _, value = query.partition("=")
    if not query:
        return 5
    if name != "top" or not value.isdigit() or not 1 <= int(value) <= 100:
        raise Refused(400, f"expected top=1 to top=100, seen {query}")
    return int(value)


def metrics(counts: Counts) -> str:
    """In Prometheus' text format."""
    lines = ["# TYPE rknn_inference_answers_total counter"]
    lines += [f'rknn_inference_answers_total{{status="{status}"}} {n}' for status, n in sorted(counts.answers.items())]
    for name, value in (("inferences", counts.inferences), ("failures", counts.failures), ("seconds", counts.seconds)):
        lines += [f"# TYPE rknn_inference_{name}_total counter", f"rknn_inference_{name}_total {value:g}"]
    return "\n".join(lines) + "\n"
