"""Prometheus metrics and /healthz over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rknn_npu_driver.health import Offered
from rknn_npu_driver.npu import Roots

Sample = tuple[str, str, float]
"""Metric's name, its labels as `{a="b"}` or "", its value."""

_HELP = {
    "rknn_npu_healthy": ("gauge", "Whether a pod may be given the device."),
    "rknn_npu_info": ("gauge", "What the device is, in labels."),
    "rknn_npu_load_ratio": ("gauge", "Load of a core, 0 to 1, as the vendor's driver tells it."),
    "rknn_npu_frequency_hertz": ("gauge", "Clock of the NPU."),
    "rknn_npu_temperature_celsius": ("gauge", "Temperature of the NPU's thermal zone."),
    "rknn_npu_registered": ("gauge", "Whether kubelet has registered the driver."),
    "rknn_npu_claims_prepared": ("gauge", "Claims that are prepared now."),
    "rknn_npu_prepares_total": ("counter", "Claims prepared since the driver started."),
    "rknn_npu_prepare_errors_total": ("counter", "Claims refused since the driver started."),
    "rknn_npu_allocations_total": ("counter", "Containers given a device by the device plugin."),
    "rknn_npu_registrations_total": ("counter", "Registrations of the device plugin with kubelet."),
}


def text(samples: list[Sample]) -> str:
    """Samples in Prometheus' text format, grouped by name."""
    lines = []
    for name, (kind, words) in _HELP.items():
        own = [sample for sample in samples if sample[0] == name]
        if own:
            lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
            lines += [f"{name}{labels} {value:g}" for _, labels, value in own]
    return "\n".join(lines) + "\n"


def of_devices(offered: tuple[Offered, ...], runtime: str) -> Iterator[Sample]:
    """What is known of each device."""
    for one in offered:
        npu = one.npu
        labels = f'device="{one.name}",stack="{npu.stack}",flavour="{npu.flavour}"'
        versions = f'driver_version="{npu.driver_version}",runtime_version="{runtime}"'
        yield "rknn_npu_info", f"{{{labels},{versions}}}", 1
        yield "rknn_npu_healthy", f'{{device="{one.name}"}}', float(one.healthy)


def of_hardware(roots: Roots) -> Iterator[Sample]:
    """Load, clock and temperature, as far as the kernel tells this process."""
    load = _read(roots.sys / "kernel/debug/rknpu/load")
    for core, percent in re.findall(r"Core(\d+):\s*(\d+)%", load):
        yield "rknn_npu_load_ratio", f'{{core="{core}"}}', int(percent) / 100
    for device in (roots.sys / "class/devfreq").glob("*.npu"):
        clock = _read(device / "cur_freq").strip()
        if clock.isdigit():
            yield "rknn_npu_frequency_hertz", "", float(clock)
    for zone in (roots.sys / "class/thermal").glob("thermal_zone*"):
        degrees = _read(zone / "temp").strip()
        if "npu" in _read(zone / "type") and degrees.lstrip("-").isdigit():
            yield "rknn_npu_temperature_celsius", "", int(degrees) / 1000


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def server(
    address: tuple[str, int], health: Callable[[], str], samples: Callable[[], list[Sample]]
) -> ThreadingHTTPServer:
    """Serves /healthz (503 with the reason where `health` gives one) and /metrics; the caller runs it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer."""
            if self.path == "/healthz":
                problem = health()
                self._answer(503 if problem else 200, problem or "ok")
            elif self.path == "/metrics":
                self._answer(200, text(samples()), "text/plain; version=0.0.4")
            else:
                self._answer(404, "expected /healthz or /metrics")

        def _answer(self, status: int, body: str, kind: str = "text/plain") -> None:
            data = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Probes are no news."""

    return ThreadingHTTPServer(address, Handler)
