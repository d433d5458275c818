"""The clients of the NPU in a configuration (Python, C programs, services), and whether each finds its library."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rknn_validation.facts.access import closed_to_user, why_not_allowed
from rknn_validation.facts.containers import (
    Container,
    containers,
    library_source,
    of_another_stack,
    why_kept_out,
    why_no_libraries,
)
from rknn_validation.facts.devnodes import devnodes
from rknn_validation.facts.library.interpreters import interpreters, programs_of, runtime_of
from rknn_validation.facts.library.links import api_providers
from rknn_validation.facts.library.packages import contains_runtime, user_packages_option
from rknn_validation.facts.library.search import path_settings, reaches_runtime, routes, teflon_settings
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.facts.services import closed_devnodes
from rknn_validation.facts.text.units import is_on, last

_PLAIN = re.compile(r"(?:bash|python3?|coreutils|dash|busybox|gnu\w+|util-linux|systemd|unit-script)\b")
"""Programs that run what they are given."""
Seen = tuple[str, str]
"""Where, and what was seen there."""


@dataclass(frozen=True)
class LibraryAccess:
    """How clients of one kind come to the library.

    `sure` is enough; `doubtful` only running or building tells; `partial` brings something that does not do it alone.
    `lack` is the message if there is none, `where` the place to fix it.
    """

    sure: tuple[Seen, ...]
    doubtful: tuple[Seen, ...]
    where: str
    lack: str
    partial: tuple[Seen, ...] = ()


def python_clients(facts: Facts) -> LibraryAccess:
    """The interpreters that have the API of the scenario's stack, and whether it finds its library."""
    sure: list[Seen] = []
    doubtful: list[Seen] = []
    partial: list[Seen] = []
    vendor = facts.scenario.stack == "vendor"
    for one in interpreters(facts):
        runtime = runtime_of(facts, one) if vendor else None
        shut = next((seen for where, _, seen in closed_to_owners(facts) if where == one.where), "")
        if one.doubt:
            doubtful.append((one.where, one.doubt))
        elif shut:
            partial.append((one.where, f"only this user has {one.name}, but may not open {shut}"))
        elif runtime is None or runtime.found:
            sure.append((one.where, one.name))
        elif runtime.doubt:
            doubtful.append(
                (one.where, f"whether the API of {one.name} finds the runtime is not known: {runtime.doubt}")
            )
        else:
            partial.append((one.where, f"`Can not find dynamic library on RK3588!` of {one.name}: {runtime.lack}"))
    if not partial and facts.evaluation.not_modelled:
        doubtful += [(where, "what it installs is not modelled") for where in _homes(facts)]
    api = (
        "rknnlite (rknn-toolkit-lite2)"
        if vendor
        else "a TFLite interpreter (tflite_runtime, ai_edge_litert, tensorflow)"
    )
    where, lack = partial[0] if partial else ("environment.systemPackages", f"no Python can import {api}")
    return LibraryAccess(tuple(sure), tuple(doubtful), where, lack, tuple(partial))


@derived
def closed_to_owners(facts: Facts) -> tuple[tuple[str, str, str], ...]:
    """(option, program, devnode) of users who have an interpreter of their own but may not open the devnode."""
    owners = {user_packages_option(name): name for name in facts.configuration.users}
    own = [one for one in interpreters(facts) if one.where in owners and not one.doubt]
    found = [(one.where, one.name, closed_to_user(facts, owners[one.where])) for one in own]
    return tuple(one for one in found if one[2])


def _homes(facts: Facts) -> list[str]:
    """The modules of users' homes that the stand-in does not model."""
    return [one for one in facts.evaluation.not_modelled if one.startswith("home-manager.users")]


def c_clients(facts: Facts) -> LibraryAccess:
    """How C programs find the vendor's runtime."""
    settings = path_settings(facts)
    sure = [(one.where, one.value) for one in settings if reaches_runtime(facts, one)]
    sure += [(one.where, one.seen) for one in routes(facts) if not one.is_setting]
    doubtful: list[Seen] = []
    if links := api_providers(facts):
        why = f"only programs that open {links[0].path} by its full path find the runtime; the loader does not"
        doubtful.append((links[0].where, why))
    for package in facts.configuration.graphics_packages:
        if contains_runtime(package):
            why = f"{package.name} is in /run/opengl-driver/lib, which programs built for it search, and no others"
            doubtful.append(("hardware.graphics.extraPackages", why))
    lack = "C programs do not find librknnrt.so: no LD_LIBRARY_PATH, wrapper, rpath or nix-ld leads to it"
    return LibraryAccess(tuple(sure), tuple(doubtful), "environment.sessionVariables.LD_LIBRARY_PATH", lack)


def promised_python(facts: Facts) -> str:
    """The option about Python that the scenario itself switches on; "" where it switches on none.

    What is on by default promises nothing: the machine that is judged may have been given another value.
    """
    return next(_switched_on(facts.scenario.settings, ""), "")


def _switched_on(settings: Mapping[str, Any], above: str) -> Iterator[str]:
    for name, value in settings.items():
        path = f"{above}.{name}" if above else name
        if value is True and any(word in path.lower() for word in ("python", "toolkit")):
            yield path
        elif isinstance(value, Mapping):
            yield from _switched_on(value, path)


@dataclass(frozen=True)
class ServiceClient:
    """A service that is expected to use the NPU: the `units` of that name, what keeps it, how it finds the library."""

    units: tuple[str, ...]
    problems: tuple[Seen, ...]
    library: LibraryAccess


def service_client(facts: Facts, name: str) -> ServiceClient:
    """The service of this name, as the configuration has it."""
    units = facts.configuration.units
    full = next((one for one in _names(name) if one in units), "")
    if not full:
        near = difflib.get_close_matches(f"{name}.service", [one for one in units if one.endswith(".service")], n=2)
        hint = f"; there is {' and '.join(near)}" if near else ""
        return ServiceClient(
            (), ((f"{name}.service", f"there is no such service{hint}"),), LibraryAccess((), (), "", "")
        )
    unit = units[full]
    problems: list[Seen] = [] if unit.enabled else [(full, "the service is switched off (enable = false)")]
    problems += [(full, why) for why in _kept_out(facts, unit)]
    return ServiceClient((full,), tuple(problems), _library_of(facts, full))


def _kept_out(facts: Facts, unit: Unit) -> Iterator[str]:
    """Why the service may not open the devnode."""
    inside = _containers_of(facts, unit.name)
    if inside:
        # The container's own devices count: what runs it is root, and opens none.
        reasons = [list(why_kept_out(facts, one)) for one in inside]
        yield from reasons[0] if all(reasons) else ()
    elif is_on(last(unit, "PrivateDevices")):
        yield "PrivateDevices=true: its /dev has no NPU"
    elif why := why_not_allowed(facts, unit):
        yield why
    # Of a driver of unknown flavour one devnode will be there, and one that lets it in may be that.
    shut = () if inside else closed_devnodes(facts, unit)
    if shut and len(shut) == len(devnodes(facts)):
        yield f"it may not open {shut[0]}: give it SupplementaryGroups = [ the devnode's group ]"


def _names(name: str) -> tuple[str, ...]:
    """The unit, or that of a container of this name."""
    return tuple(f"{kind}{name}.service" for kind in ("", "podman-", "docker-", "container@"))


def _containers_of(facts: Facts, name: str) -> tuple[Container, ...]:
    return tuple(one for one in containers(facts) if one.unit == name)


def _library_of(facts: Facts, name: str) -> LibraryAccess:
    inside = _containers_of(facts, name)
    return _library_inside(facts, name, inside) if inside else _library_outside(facts, name)


def _library_inside(facts: Facts, name: str, inside: tuple[Container, ...]) -> LibraryAccess:
    """A container has its image's libraries, and of the host's what is mounted in it."""
    sure = [(name, seen) for one in inside if (seen := library_source(facts, one))]
    mainline = facts.scenario.stack == "mainline"
    reasons = {one.image: of_another_stack(facts, one) if mainline else why_no_libraries(one) for one in inside}
    unknown = [image for image, why in reasons.items() if not why]
    doubtful = [(name, f"what the image {image} contains is not known") for image in unknown]
    return LibraryAccess(tuple(sure), tuple(doubtful), name, next(filter(None, reasons.values()), ""))


def _library_outside(facts: Facts, name: str) -> LibraryAccess:
    unit = facts.configuration.units[name]
    mainline = facts.scenario.stack == "mainline"
    settings = [one for one in path_settings(facts) if one.unit == name or "globalEnvironment" in one.where]
    sure = [(one.where, one.value) for one in settings if mainline or reaches_runtime(facts, one)]
    if mainline and facts.configuration.graphics_enabled:
        sure.append(("hardware.graphics.enable", "/run/opengl-driver/lib has libteflon.so"))
    if mainline:
        sure += [(one.where, one.value) for one in teflon_settings(facts) if one.where.startswith(name)]
    if not mainline:
        sure += [(one.where, one.text) for one in api_providers(facts) if one.unit in ("", name)]
        sure += [(one.where, one.name) for one in interpreters(facts) if one.unit == name and not one.doubt]
        sure += [(one.where, one.seen) for one in routes(facts) if not one.is_setting and one.seen in str(unit)]
    doubtful = [(one.where, one.doubt) for one in interpreters(facts) if one.unit == name and one.doubt]
    if not settings and not doubtful and _is_opaque(unit):
        doubtful = [(name, "whether the programs it runs find the library by themselves is not known")]
    lack = f"nothing gives {name} the library: {'libteflon.so' if mainline else 'librknnrt.so'} is on no path it has"
    return LibraryAccess(tuple(sure), tuple(doubtful), name, lack)


def _is_opaque(unit: Unit) -> bool:
    """Whether the service runs a program of a package of its own, which may be linked to the library or wrapped."""
    return any(not _PLAIN.match(one["name"]) for one in programs_of(unit))
