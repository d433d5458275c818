"""The command: `rknn-inference --model FILE|URL`, or `--check` to run the model once and compare its output."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy

from rknn_inference.models import Array, Model, ModelError, fetched, load
from rknn_inference.service import Classifier, Limits, server


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM. Status 1: the model does not run on the NPU, or gives the wrong output."""
    options = parser().parse_args(arguments)
    try:
        model = load(fetched(options.model, options.sha256, options.cache), options.cores, options.size)
        check = comparison(options.input, options.golden, options.correlation)
        problem = check(model)
    except (ModelError, OSError, ValueError) as reason:
        print(f"rknn-inference: {reason}", file=sys.stderr)
        return 1
    if problem or options.check:
        print(f"rknn-inference: {problem or 'the output is right'}", file=sys.stderr if problem else sys.stdout)
        return 1 if problem else 0
    labels = tuple(options.labels.read_text().splitlines()) if options.labels else ()
    limits = Limits(options.waiting, options.megabytes * 1024**2, options.seconds)
    web = server((options.host, options.port), Classifier(model, labels, limits, check))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=web.shutdown).start())
    print(f"serving on port {web.server_address[1]}", flush=True)
    web.serve_forever()
    web.server_close()
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="rknn-inference", description=__doc__, allow_abbrev=False)
    made.add_argument("--model", required=True, help="a .rknn or .tflite file, or its address")
    made.add_argument("--sha256", default="", help="of the model; needed with an address")
    made.add_argument("--cache", type=Path, default=Path("/tmp/models"), help="where fetched models are kept")
    made.add_argument("--labels", type=Path, help="names of the classes, one a line")
    made.add_argument("--cores", choices=("auto", "0", "1", "2", "all"), default="auto", help="vendor: which cores")
    made.add_argument("--size", type=int, default=224, help="vendor: width and height of the model's input")
    made.add_argument("--input", type=Path, help="a .npy file: an input whose output is known")
    made.add_argument("--golden", type=Path, help="a .npy file: the output that has to come of it")
    made.add_argument("--correlation", type=float, default=0.95, help="the least with the known output")
    made.add_argument("--check", action="store_true", help="run the known input once, and end")
    made.add_argument("--host", default="0.0.0.0")
    made.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8080")))
    made.add_argument("--waiting", type=int, default=16, help="requests that may wait")
    made.add_argument("--megabytes", type=int, default=10, help="the largest image")
    made.add_argument("--seconds", type=float, default=10.0, help="the longest answer")
    return made


def comparison(given: Path | None, golden: Path | None, correlation: float) -> Callable[[Model], str]:
    """Runs a known input, or a grey image where there is none: then any finite output will do."""
    image = numpy.load(given) if given else None
    expected = numpy.load(golden).reshape(-1).astype(numpy.float64) if golden else None

    def check(model: Model) -> str:
        seen = model.run(_image(image, model.shape)).astype(numpy.float64)
        if not numpy.isfinite(seen).all():
            return "the output has values that are no numbers"
        if expected is None:
            return ""
        if seen.shape != expected.shape:
            return f"the output has {seen.size} values, expected {expected.size}"
        if seen.std() == 0:
            return "the output is the same value everywhere"
        found = float(numpy.corrcoef(seen, expected)[0, 1])
        wrong = f"the output is wrong: correlation {found:.3f} with the known one, expected {correlation:g} or more"
        return "" if found >= correlation else wrong

    return check


def _image(image: Array | None, shape: tuple[int, int, int]) -> Array:
    return image.reshape(shape) if image is not None else numpy.full(shape, 128, dtype=numpy.uint8)


if __name__ == "__main__":
    sys.exit(main())
