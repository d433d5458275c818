"""The inference service over HTTP: right answers, and for everything else the reason.

The NPU is stood in for: by a model in this file, and by TFLite's own reference kernels where the real interpreter is.
"""

from __future__ import annotations

import functools
import hashlib
import http.client
import http.server
import io
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy
import pytest
from ai_edge_litert import interpreter as tflite
from PIL import Image
from rknn_inference import __main__ as command
from rknn_inference import models
from rknn_inference.models import Array, MainlineModel, ModelError, VendorModel, delegated, fetched
from rknn_inference.service import Classifier, Limits, server

pytestmark = [pytest.mark.integration, pytest.mark.kubernetes]

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "src/rknn_validation/npu/models"
Ask = Callable[..., tuple[int, dict[str, Any] | str]]


class Model:
    """Scores are the mean of each colour; `gate` holds it back, `broken` makes it fail."""

    shape = (8, 8, 3)

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.broken = ""
        self.at_once: list[int] = []
        self._inside = 0

    def run(self, image: Array) -> Array:
        self._inside += 1
        self.at_once.append(self._inside)
        try:
            self.gate.wait(10)
            if self.broken:
                raise ModelError(self.broken)
            means: Array = image.mean(axis=(0, 1))
            return means
        finally:
            self._inside -= 1


def picture(colour: tuple[int, int, int] = (200, 10, 90), kind: str = "PNG", size: tuple[int, int] = (40, 20)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def serve(model: Model) -> Iterator[Callable[..., Ask]]:
    """`serve(limits)` starts the service, and gives what asks it."""
    running = []

    def start(limits: Limits | None = None) -> Ask:
        check = command.comparison(None, None, 0.95)
        web = server(("127.0.0.1", 0), Classifier(model, ("red", "green"), limits or Limits(), check))
        thread = threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        running.append(web)
        port = web.server_address[1]

        def ask(method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, Any] | str]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            connection.close()
            return answer.status, json.loads(text) if answer.headers["Content-Type"] == "application/json" else text

        ask.port = port  # type: ignore[attr-defined]
        return ask

    yield start
    model.gate.set()
    for web in running:
        web.shutdown()
        web.server_close()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_an_image_is_classified(serve: Callable[..., Ask], kind: str) -> None:
    status, answer = serve()("POST", "/classify?top=2", picture(kind=kind))
    assert status == 200 and isinstance(answer, dict)
    first, second = answer["classes"]
    assert (first["class"], first["label"], second["class"], second["label"]) == (0, "red", 2, "")
    assert first["score"] == pytest.approx(200, abs=3)


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/classify", b"no image", 415, "no image that can be read: expected one of JPEG, PNG, WEBP, BMP"),
        ("/classify", picture()[:-30], 400, "the image is damaged"),
        ("/classify", b"", 415, "no image that can be read"),
        ("/classify?top=0", picture(), 400, "expected top=1 to top=100, seen top=0"),
        ("/classify?best=1", picture(), 400, "expected top=1 to top=100, seen best=1"),
        ("/other", picture(), 404, "expected POST /classify"),
        ("/classify", picture() + bytes(2 * 1024**2), 413, "expected at most 1048576"),
        ("/classify", picture(size=(20000, 5000)), 413, "20000 x 5000 pixels are too many"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(
    serve: Callable[..., Ask], path: str, body: bytes, status: int, words: str
) -> None:
    ask = serve(Limits(size=1024**2))
    seen, answer = ask("POST", path, body)
    assert isinstance(answer, dict)
    assert (seen, words in answer["error"]) == (status, True), answer
    assert ask("POST", "/classify", picture())[0] == 200


def test_a_body_of_unknown_length_is_refused(serve: Callable[..., Ask]) -> None:
    status, answer = serve()("POST", "/classify", picture(), **{"Content-Length": "many"})
    assert (status, answer) == (411, {"error": "expected Content-Length"})


def test_a_body_that_ends_early_is_refused(serve: Callable[..., Ask]) -> None:
    ask = serve()
    with socket.create_connection(("127.0.0.1", ask.port)) as client:  # type: ignore[attr-defined]
        client.sendall(b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort")
        client.shutdown(socket.SHUT_WR)
        answer = client.makefile("rb").read().decode()
    assert " 400 " in answer.splitlines()[0] and "the body ended after 5 of 100 bytes" in answer


def test_one_inference_at_a_time_and_a_bounded_queue(serve: Callable[..., Ask], model: Model) -> None:
    ask = serve(Limits(waiting=2))
    model.gate.clear()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, "POST", "/classify", picture()) for _ in range(8)]
        refused = _first(asked, 5)
        model.gate.set()
        statuses = sorted(one.result()[0] for one in asked)
    assert statuses == [200] * 3 + [503] * 5
    assert all("2 requests wait already" in answer["error"] for _, answer in refused if isinstance(answer, dict))
    assert set(model.at_once) == {1}


def _first(asked: list[Any], count: int) -> list[tuple[int, dict[str, Any] | str]]:
    end = time.monotonic() + 15
    while sum(one.done() for one in asked) < count:
        assert time.monotonic() < end, "the queue is not bounded"
        time.sleep(0.01)
    return [one.result() for one in asked if one.done()]


def test_an_npu_that_hangs_is_a_timeout_and_not_ready(serve: Callable[..., Ask], model: Model) -> None:
    ask = serve(Limits(seconds=0.2))
    model.gate.clear()
    assert ask("POST", "/classify", picture()) == (504, {"error": "the NPU did not answer within 0.2 s"})
    status, said = ask("GET", "/readyz")
    assert (status, said) == (503, "the NPU did not answer within 0.2 s")
    model.gate.set()
    assert ask("GET", "/readyz") == (200, "ok")


def test_ready_means_that_an_inference_ran(serve: Callable[..., Ask], model: Model) -> None:
    ask = serve()
    model.broken = "the delegate failed"
    assert ask("GET", "/readyz") == (503, "the delegate failed")
    assert ask("GET", "/healthz") == (200, "ok")
    model.broken = ""
    assert ask("POST", "/classify", picture())[0] == 200
    model.broken = "the delegate failed again"
    assert ask("POST", "/classify", picture()) == (500, {"error": "the delegate failed again"})
    assert ask("GET", "/readyz") == (503, "the delegate failed again")


def test_it_is_counted(serve: Callable[..., Ask]) -> None:
    ask = serve()
    ask("POST", "/classify", picture())
    ask("POST", "/classify", b"x")
    text = str(ask("GET", "/metrics")[1])
    assert 'rknn_inference_answers_total{status="200"} 1' in text
    assert 'rknn_inference_answers_total{status="415"} 1' in text
    assert "rknn_inference_inferences_total 1" in text


class Reference:
    """The shipped model on TFLite's reference kernels: what a right NPU would give."""

    shape = (224, 224, 3)

    def __init__(self) -> None:
        self.made = models.interpreter(GOLDEN / "golden-1.tflite", [], tflite)

    def run(self, image: Array) -> Array:
        self.made.set_tensor(self.made.get_input_details()[0]["index"], image[numpy.newaxis])
        self.made.invoke()
        found: Array = self.made.get_tensor(self.made.get_output_details()[0]["index"]).reshape(-1)
        return found


def test_the_known_output_is_compared() -> None:
    golden = (GOLDEN / "golden-1-input.npy", GOLDEN / "golden-1-tflite-output.npy")
    assert command.comparison(*golden, 0.95)(Reference()) == ""

    class Wrong(Reference):
        def run(self, image: Array) -> Array:
            return super().run(image)[::-1]

    class Silent(Reference):
        def run(self, image: Array) -> Array:
            return numpy.zeros_like(super().run(image))

    assert "the output is wrong: correlation" in command.comparison(*golden, 0.95)(Wrong())
    assert command.comparison(*golden, 0.95)(Silent()) == "the output is the same value everywhere"


def test_a_processor_s_delegate_is_not_taken_for_the_npu_s() -> None:
    """TFLite brings one of its own, which would make every model look as if the NPU had taken it."""
    assert not delegated(Reference().made)
    usual = tflite.Interpreter(str(GOLDEN / "golden-1.tflite"))
    usual.allocate_tensors()
    assert delegated(usual), "if this fails, TFLite has changed, and `delegated` has to be looked at again"


def test_without_the_npu_s_libraries_nothing_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "TEFLON", (str(tmp_path / "libteflon.so"),))
    with pytest.raises(ModelError, match=r"libteflon\.so is not there"):
        MainlineModel(GOLDEN / "golden-1.tflite", "")
    (tmp_path / "libteflon.so").write_text("")
    with pytest.raises(ModelError, match=r"libteflon\.so.*can this user open"):
        MainlineModel(GOLDEN / "golden-1.tflite", "")
    with pytest.raises(ModelError, match="rknn-toolkit-lite2 is not installed"):
        VendorModel(GOLDEN / "golden-1.rknn", "auto", 224)
    assert command.main(["--model", str(GOLDEN / "golden-1.rknn"), "--check"]) == 1


@pytest.mark.parametrize(
    ("api", "words"),
    [
        ("def load_rknn(self, p): return -1", "the runtime cannot load it"),
        ("def init_runtime(self, core_mask): return -1", "does not start: status -1"),
        ("def init_runtime(self, core_mask): raise Exception('Can not find dynamic library')", "procMount: Unmasked"),
        ("def inference(self, inputs): return None", "gave no output"),
    ],
)
def test_the_vendor_s_failures_are_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: str, words: str
) -> None:
    """The wheel is for aarch64: a module of its shape stands in."""
    package = tmp_path / "rknnlite"
    package.mkdir()
    (package / "__init__.py").write_text("")
    masks = "NPU_CORE_AUTO = 0; NPU_CORE_0_1_2 = 7"
    good = "def load_rknn(self, p): return 0\n    def init_runtime(self, core_mask): return 0"
    (package / "api.py").write_text(f"class RKNNLite:\n    {masks}\n    {good}\n    {api}\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("rknnlite", "rknnlite.api"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ModelError, match=words):
        VendorModel(GOLDEN / "golden-1.rknn", "all", 8).run(numpy.zeros((8, 8, 3), numpy.uint8))


def test_a_model_comes_from_an_address_with_its_hash(tmp_path: Path) -> None:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    (tmp_path / "m.tflite").write_bytes(b"model")
    right = hashlib.sha256(b"model").hexdigest()
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(tmp_path)))
    threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
    url = f"http://127.0.0.1:{web.server_address[1]}/m.tflite"
    cache = tmp_path / "cache"
    try:
        assert fetched(url, right, cache).read_bytes() == b"model"
        with pytest.raises(ModelError, match="expected SHA-256 0000"):
            fetched(url, "0" * 64, cache)
        with pytest.raises(ModelError, match="needs --sha256"):
            fetched(url, "", cache)
        with pytest.raises(ModelError, match="404"):
            fetched(url + "x", right, cache)
    finally:
        web.shutdown()
        web.server_close()
    assert fetched(url, right, cache).read_bytes() == b"model", "what was fetched is kept"
    assert len(list(cache.iterdir())) == 1
    with pytest.raises(ModelError, match="no such file"):
        fetched(str(tmp_path / "none"), "", cache)
