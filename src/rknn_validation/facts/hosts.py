"""Hosts as they are deployed: evaluates each, detects its board and stack, and keeps its facts on disk."""

from __future__ import annotations

import difflib
import pickle
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.gather import Evaluator, requests_of
from rknn_validation.facts.kernel.drivers import mainline_driver, vendor_driver
from rknn_validation.facts.model import BASELINE, Facts
from rknn_validation.facts.nix.configuration import Configuration, Evaluation
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.boards import BOARDS, PC, Board, board_of_dtb
from rknn_validation.npu.stacks import STACKS
from rknn_validation.npu.symbols import Presence
from rknn_validation.subject.hosts import Host
from rknn_validation.subject.references import HostReference, absolute_flake, host_reference
from rknn_validation.subject.validation import GuestHost, Scenario, Subject, Validation

_NO_BOARD = "virt"
_TYPICAL_BOARD = "orangepi-5-plus"


@dataclass(frozen=True)
class Detected:
    """What was detected of a host, or given for it, and why."""

    value: str
    reason: str


def board_of(configuration: Configuration, given: str | None) -> Detected:
    """The board a host is for: what was given, its device tree's, or what its system and NPU support tell."""
    if given is not None:
        return Detected(given, "as given")
    name = configuration.device_tree.name
    board = board_of_dtb(name) if name else None
    if board is not None:
        return Detected(board.name, f"hardware.deviceTree.name is {name}")
    if not configuration.system.startswith("aarch64"):
        return Detected(PC.name, f"its system is {configuration.system}")
    if name:
        return Detected(_NO_BOARD, f"hardware.deviceTree.name is {name}, which no known board uses")
    reason = next(_npu_support(configuration), None)
    if reason is not None:
        why = f"hardware.deviceTree.name is not set, but the host has NPU support ({reason}): choose one with --board"
        return Detected(_TYPICAL_BOARD, why)
    return Detected(_NO_BOARD, "hardware.deviceTree.name is not set, and the host has no NPU support")


def stack_of(facts: Facts, board: Board, given: str | None) -> Detected:
    """The stack a host is to bring up: what was given, or what its configuration brings.

    A host of another board is to be left alone, whatever it brings. Of an RK3588 board that brings nothing, its kernel
    decides: one that has a driver, or may have the vendor's.
    """
    if given is not None:
        return Detected(given, "as given")
    if not board.is_rk3588:
        return Detected("none", f"{board.name} is not an RK3588 board: it must be left unharmed")
    for stack, brought in (("vendor", _vendor_support), ("mainline", _mainline_support)):
        reason = next(brought(facts.configuration), None)
        if reason is not None:
            return Detected(stack, reason)
    vendor, mainline = vendor_driver(facts), mainline_driver(facts)
    if mainline.has is Presence.YES or (mainline.has is Presence.UNKNOWN and vendor.has is Presence.NO):
        return Detected("mainline", mainline.why)
    if vendor.has is not Presence.NO:
        return Detected("vendor", vendor.why)
    return Detected("mainline", f"the kernel has neither stack's driver: {mainline.why}")


def _npu_support(configuration: Configuration) -> Iterator[str]:
    yield from _vendor_support(configuration)
    yield from _mainline_support(configuration)


def _vendor_support(configuration: Configuration) -> Iterator[str]:
    """What of the vendor's stack a configuration brings: its driver first, then what its clients need."""
    kernel = configuration.kernel
    module = STACKS["vendor"].module
    yield from (f"boot.extraModulePackages has {one.name}" for one in kernel.extra_packages if module in one.name)
    if kernel.config.get("ROCKCHIP_RKNPU", "n") in ("y", "m"):
        yield f"{kernel.pname} {kernel.version} is built with ROCKCHIP_RKNPU"
    if module in (*kernel.modules, *kernel.initrd_modules):
        yield f"boot.kernelModules has {module}"
    for package in configuration.packages():
        if any(word in package.name for word in ("rknnrt", "rknn-runtime", "rknn-toolkit", "rkllm", "rknpu")):
            yield f"it installs {package.name}"
    yield from (f"a udev rule is about {module}" for one in configuration.udev_rules if module in (one.text or ""))
    if module in configuration.udev_extra_rules:
        yield f"services.udev.extraRules is about {module}"
    yield from (
        f"systemd.tmpfiles has {line.split()[1]}"
        for line in configuration.tmpfiles
        if "librknnrt" in line and len(line.split()) > 1
    )


def _mainline_support(configuration: Configuration) -> Iterator[str]:
    """What of the mainline stack a configuration asks for by name; a kernel that merely has the driver says nothing."""
    kernel = configuration.kernel
    module = STACKS["mainline"].module
    if module in (*kernel.modules, *kernel.initrd_modules):
        yield f"boot.kernelModules has {module}"
    for patch in kernel.patches:
        if patch.config.get("DRM_ACCEL_ROCKET", "n") in ("y", "m"):
            yield f"boot.kernelPatches sets DRM_ACCEL_ROCKET ({patch.name})"
    texts = [one.text or "" for one in configuration.udev_rules] + [configuration.udev_extra_rules]
    if any('"accel"' in text and about_npu(text) for text in texts):
        yield "a udev rule is about the accel node of rocket"
    yield from (f"{name} names libteflon.so" for name, unit in configuration.units.items() if _names_teflon(unit))


def _names_teflon(unit: object) -> bool:
    return "libteflon" in repr(unit)


IN_MEMORY = 4
"""Facts of a whole machine take a few megabytes; a fleet may have hundreds."""


class FactsOnDisk(Mapping[str, Facts]):
    """Facts by scenario, each in a file of its own in `folder`, which the owner removes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: OrderedDict[str, Facts] = OrderedDict()

    def add(self, name: str, facts: Facts) -> None:
        """Put the facts of a scenario on the store."""
        part = self._file(name).with_suffix(".part")
        part.write_bytes(pickle.dumps(facts))
        part.rename(self._file(name))

    def __getitem__(self, name: str) -> Facts:
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        try:
            found: Facts = pickle.loads(self._file(name).read_bytes())
        except FileNotFoundError as error:
            raise KeyError(name) from error
        self._kept[name] = found
        while len(self._kept) > IN_MEMORY:
            self._kept.popitem(last=False)
        return found

    def __iter__(self) -> Iterator[str]:
        return (bytes.fromhex(file.stem).decode() for file in sorted(self.folder.glob("*.facts")))

    def __len__(self) -> int:
        return sum(1 for _ in self.folder.glob("*.facts"))

    def _file(self, name: str) -> Path:
        return self.folder / f"{name.encode().hex()}.facts"


AT_ONCE = 8
"""Hosts that are evaluated before their facts are put away."""


def evaluate_hosts(
    validation: Validation, evaluator: Evaluator, store: FactsOnDisk, progress: Callable[[str], None]
) -> Validation:
    """The subject with its hosts evaluated: a scenario for each, whose facts are on the store.

    What a host's configuration does not tell of its board and stack, and why it was taken for what it is, is kept in
    the scenario's `reasons`. A host that does not evaluate is a scenario, too, of which nothing else is asked.
    """
    scenarios, subjects = dict(validation.scenarios), dict(validation.host_subjects)
    guests = dict(validation.guests)
    hosts = list(validation.hosts.values())
    done, since = 0, time.monotonic()
    for some in _chunks(hosts, AT_ONCE):
        progress(f"evaluating {', '.join(one.name for one in some)} ({done + len(some)} of {len(hosts)})")
        # A host that does not terminate delays its batch, not the whole fleet.
        patience = Deadline.after(evaluator.deadline.seconds, evaluator.deadline.what)
        for host, facts in _evaluated(some, replace(evaluator, deadline=patience)):
            store.add(host.name, facts)
            scenarios[host.name], subjects[host.name] = facts.scenario, facts.subject
            if host.reference.flake:
                guests.setdefault(host.name, GuestHost(host.reference.flake, host.reference.name))
        done += len(some)
    if hosts:
        seconds = time.monotonic() - since
        each = f", {seconds / len(hosts):.1f} s each" if len(hosts) > 1 else ""
        progress(f"evaluated {len(hosts)} host{'s'[: len(hosts) > 1]} in {seconds:.1f} s{each}")
    return replace(validation, scenarios=scenarios, host_subjects=subjects, guests=guests)


def _chunks(hosts: Sequence[Host], size: int) -> Iterator[list[Host]]:
    rest = iter(hosts)
    while some := list(islice(rest, size)):
        yield some


def _evaluated(hosts: Iterable[Host], evaluator: Evaluator) -> Iterator[tuple[Host, Facts]]:
    subjects = {host.name: subject_of(host) for host in hosts}
    # Which platform the machine beside a host has to have is known once the host is evaluated.
    first = {name: requests_of(subject, _bare(name))[""] for name, subject in subjects.items()}
    found = evaluator.evaluate(first)
    second = {
        (host.name, name): request
        for host in hosts
        for name, request in requests_of(subjects[host.name], _bare(host.name, _system(found[host.name]))).items()
        if name and found[host.name].configuration is not None
    }
    words = {key: str(request.to_json()) for key, request in second.items()}
    unique = {words[key]: request for key, request in second.items()}
    beside = evaluator.evaluate(unique) if unique else {}
    for host in hosts:
        mine = {
            name: replace(beside[words[key]], name=name) for key in second if (name := key[1]) and key[0] == host.name
        }
        baseline = mine.pop(BASELINE, Evaluation(BASELINE, None, found[host.name].error, found[host.name].nixpkgs))
        facts = Facts(subjects[host.name], _bare(host.name), found[host.name], baseline, mine)
        yield host, replace(facts, scenario=_scenario(host, facts))


def subject_of(host: Host) -> Subject:
    """A host as the subject of its own scenario."""
    file = host.reference.file
    root = file.parent if file else Path(host.reference.flake)
    return Subject(root if root.is_absolute() else Path("/nowhere"), option=host.option, host=host.reference)


def _bare(name: str, system: str = "aarch64-linux") -> Scenario:
    return Scenario(name, "none", {}, (), {}, system)


def _system(evaluation: Evaluation) -> str:
    return evaluation.configuration.system if evaluation.configuration else "aarch64-linux"


def _scenario(host: Host, facts: Facts) -> Scenario:
    configuration = facts.evaluation.configuration
    if configuration is None:
        given = Detected(host.board or "virt", "not evaluated"), Detected(host.stack or "none", "not evaluated")
        return Scenario(host.name, given[1].value, {}, (given[0].value,), reasons=_reasons(*given))
    board = board_of(configuration, host.board)
    stack = stack_of(facts, BOARDS[board.value], host.stack)
    return Scenario(
        host.name,
        stack.value,
        {},
        (board.value,),
        system=configuration.system,
        expects=host.expects,
        reasons=_reasons(board, stack),
    )


def _reasons(board: Detected, stack: Detected) -> tuple[str, ...]:
    return (f"board {board.value}: {board.reason}", f"stack {stack.value}: {stack.reason}")


def hosts_of(reference: str, base: Path, evaluator: Evaluator) -> dict[str, Host]:
    """The hosts that `FLAKE#NAME` or `FLAKE` (all of them) means. Raises HarnessError naming the nearest ones."""
    flake, _, _ = reference.partition("#")
    place = absolute_flake(flake, base)
    names = evaluator.host_names(place)
    if not names:
        seen = "nixosConfigurations without any"
        raise HarnessError(
            f"{reference}: the flake has no hosts", expected="hosts in its nixosConfigurations", seen=seen
        )
    if "#" not in reference:
        return {name: Host(name, HostReference(name, ("nixosConfigurations", name), flake=place)) for name in names}
    wanted = host_reference(reference, base)
    if wanted.name not in names:
        near = difflib.get_close_matches(wanted.name, names, n=3)
        raise HarnessError(
            f"{reference}: the flake has no host {wanted.name}",
            expected=f"one of {', '.join(names)}" if names else "nixosConfigurations with hosts",
            seen=wanted.name,
            hint=f"did you mean {' or '.join(near)}?" if near else "",
        )
    return {wanted.name: Host(wanted.name, wanted)}
