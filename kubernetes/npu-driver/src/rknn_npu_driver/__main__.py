"""The command: `rknn-npu-driver --interface dra --node NAME`, or `--interface device-plugin`."""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from rknn_npu_driver import cdi, health, metrics, node
from rknn_npu_driver.api import Api, ApiError, from_kubeconfig, in_cluster
from rknn_npu_driver.checkpoint import Checkpoint
from rknn_npu_driver.deviceplugin import PLUGINS, DevicePlugin
from rknn_npu_driver.dra import DRIVER, KUBELET, DraPlugin, Registration
from rknn_npu_driver.npu import Machine, Npu, Roots, machine, runtime_version
from rknn_npu_driver.slices import PATH as SLICES
from rknn_npu_driver.slices import Slices

LOG = logging.getLogger("rknn_npu_driver")
CONDITION_SECONDS = 60.0
USAGE = 2


class Stopped(Exception):
    """The driver cannot do its work, with the reason."""


def parser() -> argparse.ArgumentParser:
    """The command line. Every option can be a variable of the environment, too: --node is RKNN_NODE."""
    made = argparse.ArgumentParser(prog="rknn-npu-driver", description=__doc__, allow_abbrev=False)

    def add(name: str, kind: Callable[[str], object], default: object, text: str, **more: object) -> None:
        variable = f"RKNN_{name.replace('-', '_').upper()}"
        given = os.environ.get(variable)
        made.add_argument(f"--{name}", type=kind, default=kind(given) if given else default, help=text, **more)  # type: ignore[arg-type]

    interface = os.environ.get("RKNN_INTERFACE", "dra")
    made.add_argument("--interface", choices=("dra", "device-plugin"), default=interface)
    add("node", str, os.environ.get("NODE_NAME", ""), "name of this node in the cluster (default: $NODE_NAME)")
    add("kubeconfig", Path, None, "how to reach the API server (default: the pod's service account)")
    library = "[STACK=]SOURCE[:TARGET]: a file of the node that clients open, given with the NPU (repeatable)"
    made.add_argument("--library", type=_library, action="append", default=[], help=library)
    add("closure", Path, None, "a file that lists store paths to mount with the NPU, one a line")
    add("runtime", Path, None, "librknnrt.so, to tell its release (default: the first --library of that name)")
    add("replicas", _positive, 1, "containers that may share the NPU (default: 1; two clients can crash old drivers)")
    add("probe", str, "", "a program that runs a model; exit status 0 means healthy")
    add("probe-seconds", float, 60.0, "deadline of the probe")
    add("probe-interval", float, 300.0, "seconds between two runs of a probe that is content")
    add("interval", float, 5.0, "seconds between two looks at the NPU")
    add("verdict", Path, None, "JSON verdict of a validation of this node: no NPUReady without it")
    add("metrics", _address, None, "[ADDRESS]:PORT for /healthz and /metrics")
    add("nfd-folder", Path, None, f"write labels for NFD here, such as {node.FEATURES}")
    add("cdi-folder", Path, Path("/var/run/cdi"), "where CDI specs go")
    add("kubelet", Path, KUBELET, "kubelet's directory")
    add("device-plugins", Path, PLUGINS, "kubelet's directory of device plugins")
    add("sys", Path, Path("/sys"), "where the node's /sys is")
    add("dev", Path, Path("/dev"), "where the node's /dev is")
    add("files", Path, Path("/"), "where the node's other files are")
    made.add_argument("--paths", action="store_true", help="device plugin: give paths and not CDI names")
    once = "write the CDI spec of what is found, and end: for container engines without Kubernetes"
    made.add_argument("--write-spec", action="store_true", help=once)
    made.add_argument("--list", action="store_true", help="say what is found on this machine, and end")
    return made


def _library(text: str) -> cdi.Library:
    stack, _, rest = text.rpartition("=")
    source, _, target = rest.partition(":")
    if not source.startswith("/") or stack not in ("", "vendor", "mainline"):
        raise argparse.ArgumentTypeError(f"expected [vendor=|mainline=]/PATH[:/PATH], seen {text}")
    return cdi.Library(Path(source), target or source, stack)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, seen {number}")
    return number


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]") or "0.0.0.0", int(port)


class Driver:
    """Everything a node runs. `start` returns when all of it serves; `stop` ends it in the reverse order."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.roots = Roots(options.sys, options.dev, options.files)
        self.machine: Machine = machine(self.roots)
        closure = tuple(map(Path, options.closure.read_text().split())) if options.closure else ()
        self.given = cdi.Given(tuple(options.library), closure, self.roots)
        self.runtime = self._runtime()
        self.opens = health.Opens(self.roots)
        self.model: health.Scheduled | None = None
        self.inventory = health.Inventory(self.roots, self._probe(), options.replicas)
        self.specs = cdi.Folder(options.cdi_folder)
        self.stopping = threading.Event()
        self.plugin: DevicePlugin | None = None
        self.dra: DraPlugin | None = None
        self.registration: Registration | None = None
        self.slices: Slices | None = None
        self.api: Api | None = None
        self._owned = ExitStack()
        self._threads: list[threading.Thread] = []

    def _runtime(self) -> str:
        """The release of the runtime that containers are given, "" where it is none of the driver's business."""
        own = (one.source for one in self.given.libraries if one.source.name.startswith("librknnrt.so"))
        path = self.options.runtime or next(own, None)
        try:
            return runtime_version(self.roots.here(self.roots.resolve(path))) if path else ""
        except OSError:
            return ""

    def _probe(self) -> health.Probe:
        def opens(npu: Npu) -> str:
            return self.given.missing(npu.stack) or self.opens(npu)

        if not self.options.probe:
            return opens
        run = health.runs(shlex.split(self.options.probe), self.options.probe_seconds)
        model = self.model = health.Scheduled(run, self.options.probe_interval)

        def probe(npu: Npu) -> str:
            now = self.inventory.offered
            held = now[0].problem if now else ""
            problem = opens(npu)
            if problem or (held and held != model.last):
                model.again()  # the driver was gone, or anything else was wrong than the model's output
            # A model that runs beside a pod's can crash old drivers: only an NPU nobody has been given is probed so.
            if not problem and self.in_use:
                return held if held == model.last else ""
            return problem or model(npu)

        return probe

    @property
    def proved(self) -> bool:
        """Whether the model ran last with the right output."""
        return self.model is not None and self.model.last == ""

    @property
    def in_use(self) -> bool:
        """Whether a pod may have the NPU. A device plugin is never told when a container ends."""
        return bool(self.dra.checkpoint.claims) if self.dra else bool(self.plugin and self.plugin.allocations)

    def start(self) -> None:
        """Serve. Raises Stopped."""
        options = self.options
        self._alone()
        if options.interface == "dra":
            self._reach_api()
            assert self.api is not None
            self.slices = Slices(self.api, options.node, self.inventory, self.machine, self.runtime)
            checkpoint = Checkpoint(options.kubelet / "plugins" / DRIVER / "checkpoint.json")
            self.dra = DraPlugin(self.inventory, self.slices, checkpoint, options.node)
        else:
            if options.kubeconfig or options.node:
                self._reach_api()
                self._refuse_beside_dra()
            self.plugin = DevicePlugin(self.inventory, self.given, options.device_plugins, with_cdi=not options.paths)
        self.inventory.look()
        if options.replicas > 1:
            LOG.warning("%d containers may share the NPU: two clients can crash drivers before 0.9.7", options.replicas)
        if not self.inventory.offered:
            LOG.info("no driver offers an NPU on this machine (%s)", self.machine.model or "no device tree")
        # Containers of a node that was restarted are started again by names that stand in these files.
        self.write_specs()
        self._thread("health", lambda: self.inventory.watch(options.interval, self.stopping))
        self._thread("specs", self._follow)
        if self.slices and self.dra:
            self.registration = Registration(self.dra, options.kubelet)
            self._thread("registration", self.registration.run, self.registration.stop)
            self._thread("slices", self.slices.run, self.slices.stop)
        if self.plugin:
            self._thread("device plugin", self.plugin.run, self.plugin.stop)
        if self.api or options.nfd_folder:
            self._thread("condition", self._tell)
        if options.metrics:
            web = metrics.server(options.metrics, self.problem, self.samples)
            self._thread("metrics", web.serve_forever, web.shutdown)

    def stop(self) -> None:
        """End everything that was started."""
        self.stopping.set()
        self._owned.close()

    def problem(self) -> str:
        """Why the driver is not healthy, "" where it is. A sick NPU is no reason to restart the driver."""
        dead = [thread.name for thread in self._threads if not thread.is_alive()]
        return f"not running any more: {', '.join(dead)}" if dead and not self.stopping.is_set() else ""

    def samples(self) -> list[metrics.Sample]:
        """All metrics."""
        found = [*metrics.of_devices(self.inventory.offered, self.runtime), *metrics.of_hardware(self.roots)]
        if self.dra and self.registration:
            found += [
                ("rknn_npu_registered", "", float(self.registration.registered)),
                ("rknn_npu_claims_prepared", "", float(len(self.dra.checkpoint.claims))),
                ("rknn_npu_prepares_total", "", float(self.dra.prepared)),
                ("rknn_npu_prepare_errors_total", "", float(self.dra.refused)),
            ]
        if self.plugin:
            found += [
                ("rknn_npu_allocations_total", "", float(self.plugin.allocations)),
                ("rknn_npu_registrations_total", "", float(self.plugin.registrations)),
            ]
        return found

    def _thread(self, name: str, run: Callable[[], object], stop: Callable[[], object] = lambda: None) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
        self._owned.callback(thread.join, 5)
        self._owned.callback(stop)

    def _alone(self) -> None:
        """One driver a node: the lock is held for as long as the process lives."""
        folder = self.options.kubelet / "plugins" / DRIVER
        folder.mkdir(parents=True, exist_ok=True)
        lock = self._owned.enter_context((folder / "lock").open("a+"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            lock.seek(0)
            raise Stopped(f"another driver runs on this node: {lock.read().strip() or 'unknown'}") from problem
        lock.truncate(0)
        lock.write(f"process {os.getpid()}, --interface {self.options.interface}\n")
        lock.flush()

    def _reach_api(self) -> None:
        if not self.options.node:
            raise Stopped("--node NAME is missing: expected the node's name in the cluster")
        try:
            access = from_kubeconfig(self.options.kubeconfig) if self.options.kubeconfig else in_cluster()
        except ApiError as problem:
            raise Stopped(str(problem)) from problem
        self.api = Api(access)

    def _refuse_beside_dra(self) -> None:
        assert self.api is not None
        try:
            selector = f"spec.driver={DRIVER},spec.nodeName={self.options.node}"
            slices = self.api.get(SLICES, fieldSelector=selector)["items"]
        except ApiError as problem:
            if problem.status == 404:  # no DRA in this cluster
                return
            raise Stopped(f"cannot tell whether the DRA driver offers the same NPU: {problem}") from problem
        if any(one["spec"].get("devices") for one in slices):
            name = slices[0]["metadata"]["name"]
            raise Stopped(f"the DRA driver offers this node's NPU already, in ResourceSlice {name}: use one of the two")

    def write_specs(self) -> None:
        """Write the CDI spec of what is offered. Raises Stopped."""
        offered = self.inventory.offered
        if not offered:
            self.specs.keep(())
            return
        if self.given.missing(offered[0].npu.stack):
            return  # the NPU is unhealthy, and given to nobody
        try:
            devices = [cdi.device(one.name, one.npu, self.given) for one in offered]
            self.specs.write("node", cdi.spec(devices))
            self.specs.keep(("node",))
        except OSError as problem:
            # Claims would be answered with names that nothing resolves.
            raise Stopped(
                f"CDI spec not written: {problem.filename or self.specs.path}: {problem.strerror}"
            ) from problem

    def _follow(self) -> None:
        """Write specs anew when the devices change: a driver that was loaded again may have other minor numbers."""
        seen = self.inventory.changes
        while not self.stopping.is_set():
            with self.inventory.changed:
                if self.inventory.changes == seen:
                    self.inventory.changed.wait(timeout=1.0)
                    continue
                seen = self.inventory.changes
            try:
                self.write_specs()
            except Stopped as problem:
                LOG.error("%s", problem)

    def _tell(self) -> None:
        told: node.Readiness | None = None
        warned = self.options.replicas == 1
        while not self.stopping.is_set():
            now = node.readiness(self.inventory.offered, self.options.verdict, proved=self.proved)
            try:
                if self.api:
                    node.publish(self.api, self.options.node, now)
                if self.api and not warned and self.inventory.offered:
                    node.warn_shared(self.api, self.options.node, self.options.replicas)
                    warned = True
                if self.options.nfd_folder:
                    text = node.features(self.inventory.offered, self.machine, now)
                    node.write_features(self.options.nfd_folder, text)
                if now != told:
                    LOG.info("%s: %s (%s): %s", node.CONDITION, now.status, now.reason, now.message)
                told = now
            except (ApiError, OSError) as problem:
                LOG.warning("%s not told: %s", node.CONDITION, problem)
            seen = self.inventory.changes
            with self.inventory.changed:
                self.inventory.changed.wait_for(
                    lambda seen=seen: self.stopping.is_set() or self.inventory.changes != seen,  # type: ignore[misc]
                    timeout=CONDITION_SECONDS,
                )


def _write_spec(driver: Driver) -> int:
    driver.inventory.look()
    offered = driver.inventory.offered
    if not offered:
        raise Stopped("no driver offers an NPU on this machine: there is nothing to describe")
    missing = driver.given.missing(offered[0].npu.stack)
    if missing:
        raise Stopped(missing)
    driver.write_specs()
    print(f"{', '.join(f'{cdi.KIND}={one.name}' for one in offered)}: {driver.specs.path}")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. Status 1: it cannot serve; 2: the command line is wrong."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        driver = Driver(options)
    except OSError as problem:
        print(f"rknn-npu-driver: {problem.filename}: {problem.strerror}", file=sys.stderr)
        return USAGE
    if options.list:
        driver.inventory.look()
        print(f"{driver.machine.model or 'no device tree'}: {list(driver.inventory.offered) or 'no NPU'}")
        return 0
    try:
        if options.write_spec:
            return _write_spec(driver)
        driver.start()
        while not stop.wait(1.0):
            ended = driver.problem()
            if ended:
                raise Stopped(ended)
    except Stopped as reason:
        print(f"rknn-npu-driver: {reason}", file=sys.stderr)
        return 1
    finally:
        driver.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
