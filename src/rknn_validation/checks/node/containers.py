"""Containers that use the NPU: what a program in one of them finds, in its namespaces, its cgroup and as its user.

Nothing of the container itself is run: many have no shell. A process joins its cgroup, takes its user's identity, and
looks from its root directory, which has all that the container mounts or masks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.registry import HARDWARE_CHECKS, NodeUnderTest
from rknn_validation.common.errors import HarnessError

NODES = r"""
nodes() {
  [ ! -c /dev/rknpu ] || echo /dev/rknpu
  for one in /sys/class/drm/card* /sys/class/drm/renderD*; do
    case "$(readlink "$one/device/driver")" in */RKNPU) echo "/dev/dri/${one##*/}";; esac
  done
  for one in /sys/class/accel/accel*; do
    case "$(readlink "$one/device")" in */rknn) echo "/dev/accel/${one##*/}";; esac
  done
}
"""
"""The node's own devnodes of the NPU."""

# A container is a process with a root directory of its own; the first process of each mount namespace speaks for it.
_FIND = r"""
numbers=" $(for node in $(nodes); do stat -L -c %%t:%%T "$node"; done | tr '\n' ' ')"
own=$(stat -L -c %%d:%%i /proc/self/root/)
leaders() {
  for pid in $(ls /proc | grep -x '[0-9]*' | sort -n); do
    root=$(stat -L -c %%d:%%i "/proc/$pid/root/" 2>/dev/null) || continue
    [ "$root" != "$own" ] || continue
    space=$(readlink "/proc/$pid/ns/mnt") || continue
    case " $seen " in *" $space "*) continue;; esac
    seen="$seen $space"
    echo "$pid"
  done
}
maps_npu() {
  # With all of the node's /dev it is an agent of the node, such as a device plugin, and no client of the NPU.
  [ "$(stat -c %%d "/proc/$1/root/dev")" != "$(stat -c %%d /dev)" ] || return 1
  for file in "/proc/$1/root"/dev/* "/proc/$1/root"/dev/dri/* "/proc/$1/root"/dev/accel/*; do
    [ ! -c "$file" ] || case "$numbers" in *" $(stat -L -c %%t:%%T "$file") "*) return 0;; esac
  done
  return 1
}
named() {
  for engine in docker podman nerdctl; do
    command -v "$engine" >/dev/null && "$engine" inspect -f '{{.State.Pid}}' "$1" 2>/dev/null && return
  done
  if command -v crictl >/dev/null; then
    id=$(crictl ps -q --name "^$1\$" 2>/dev/null | head -n 1)
    [ -z "$id" ] || { crictl inspect -o go-template --template '{{.info.pid}}' "$id" && echo && return; }
  fi
  [ ! -d "/proc/$1/root" ] || echo "$1"
  machinectl show -p Leader --value "$1" 2>/dev/null && return
  for pid in $(leaders); do
    if grep -q -F "$1" "/proc/$pid/cgroup"; then echo "$pid"; return; fi
  done
}
"""
_LOOK = r"""
look() {
  pid=$1
  cd "/proc/$pid/root" || { printf 'unknown\t%%s\n' "$2"; return; }
  printf 'container\t%%s\t%%s\n' "$pid" "$2"
  [ -r sys/firmware/devicetree/base/compatible ] && [ -L "proc/device-tree" ] && echo tree || printf 'masked\n'
  for node in $(nodes); do
    if [ ! -e ".$node" ] && [ ! -L ".$node" ]; then printf 'absent\t%%s\n' "$node"; continue; fi
    there=$(stat -L -c '%%t:%%T' ".$node"); here=$(stat -L -c '%%t:%%T' "$node")
    [ -c ".$node" ] && [ "$there" = "$here" ] || { printf 'another\t%%s\n' "$node"; continue; }
    said=$(as_user "$pid" ".$node" 2>&1) && printf 'opens\t%%s\n' "$node" || printf 'shut\t%%s\t%%s\n' "$node" "$said"
  done
  paths=$({ cat "/proc/$pid/environ" 2>/dev/null; } | tr "\\0" "\\n" | sed -n 's/^LD_LIBRARY_PATH=//p' | tr ':' ' ')
  for folder in /usr/lib /usr/lib64 /usr/lib/aarch64-linux-gnu /usr/local/lib /lib /run/opengl-driver/lib $paths; do
    file=$folder/LIBRARY
    for hop in 1 2 3 4 5 6 7 8; do
      [ -L ".$file" ] || break
      target=$(readlink ".$file")
      case "$target" in /*) file=$target;; *) file=${file%%/*}/$target;; esac
    done
    if [ -f ".$file" ]; then
      kind=$(head -c 4 ".$file" | tail -c 3)
      printf 'library\t%%s\t%%s\n' "$folder/LIBRARY" "$([ "$kind" = ELF ] && echo good || echo 'not a library')"
    elif [ -L ".$folder/LIBRARY" ]; then
      printf 'library\t%%s\tleads to %%s, which is not in the container\n' "$folder/LIBRARY" "$file"
    fi
  done
  grep -q -F LIBRARY /proc/[0-9]*/maps 2>/dev/null && for file in /proc/[0-9]*/maps; do
    [ "$(readlink "${file%%maps}ns/mnt")" = "$(readlink "/proc/$pid/ns/mnt")" ] || continue
    used=$(grep -o -m 1 '/[^ ]*LIBRARY' "$file") && printf 'library\t%%s\tgood\n' "$used"
  done
}
as_user() {
  line=$(grep -E '^[0-9]+:([^:]*,)?devices[,:]' "/proc/$1/cgroup"); folder=/sys/fs/cgroup/devices
  [ -n "$line" ] || { line=$(grep '^0::' "/proc/$1/cgroup"); folder=/sys/fs/cgroup; }
  group=$folder${line##*:}
  ids() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status"; }
  uid=$(ids Uid | cut -f2); gid=$(ids Gid | cut -f2); groups=$(ids Groups | sed 's/ *$//' | tr ' ' ',')
  sh -c 'echo $$ >"$0/cgroup.procs" || { echo "its cgroup cannot be joined"; exit 9; }
    node=$1; shift; exec setpriv "$@" -- sh -c "exec 3<>\"\$0\"" "$node"' "$group" "$2" \
    --reuid="$uid" --regid="$gid" ${groups:+--groups="$groups"} $([ -n "$groups" ] || echo --clear-groups)
}
"""
_EVERY = 'for pid in $(leaders); do if maps_npu "$pid"; then look "$pid" "$(tail -n 1 /proc/$pid/cgroup)"; fi; done'
_NAMED = 'for name in NAMES; do pid=$(named "$name" | grep -m 1 -x "[1-9][0-9]*"); ' + (
    'if [ -n "$pid" ]; then look "$pid" "$name"; else printf "unknown\\t%%s\\n" "$name"; fi; done'
)
ENDED = "looked into every container"
CANNOT_JOIN = "its cgroup cannot be joined"


@dataclass
class Container:
    """What was seen in one: whether its device tree is masked, and lines about devnodes and libraries."""

    name: str
    known: bool = True
    masked: bool = False
    nodes: list[tuple[str, str, str]] = field(default_factory=list)
    """What is so (`opens`, `shut`, `absent`, `another`), which devnode, and what was said."""
    libraries: list[tuple[str, str]] = field(default_factory=list)
    """Where one is, and what it is (`good`, or what is wrong)."""


def _look(node: NodeUnderTest) -> tuple[list[Container], Evidence]:
    names = node.expectation.containers
    library = node.expectation.brought_up.library
    script = NODES + (_FIND + _LOOK).replace("LIBRARY", library)
    script += _NAMED.replace("NAMES", " ".join("%s" for _ in names)) if names else _EVERY
    script += f"\necho {ENDED}"
    # Without arguments, nothing is filled in.
    ran = node.run(script, *names) if names else node.run(script.replace("%%", "%"))
    if ENDED not in ran.lines:
        raise HarnessError("the containers of the node could not be looked into", seen=ran.evidence.output)
    found: list[Container] = []
    for line in ran.lines:
        word, *more = line.split("\t")
        if word in ("container", "unknown"):
            found.append(Container(more[-1].rpartition("/")[2], known=word == "container"))
        elif word == "masked":
            found[-1].masked = True
        elif word == "library":
            found[-1].libraries.append((more[0], more[1]))
        elif word in ("opens", "shut", "absent", "another"):
            found[-1].nodes.append((word, more[0], more[1] if len(more) > 1 else ""))
    return found, Evidence("what containers find", ran.evidence.output)


def _of_each(judge: Callable[[Container], tuple[str, str]]) -> Callable[[NodeUnderTest], Answer]:
    """A check of containers: `judge` gives a container's status and the reason.

    The status is `fail`, `unknown`, `fine`, or `open`: unknown of a container that somebody named, and no matter of one
    that only maps an NPU, for nobody said that it uses it.
    """

    def asked(node: NodeUnderTest) -> Answer:
        containers, seen = _look(node)
        if not containers:
            return skipped("no container maps an NPU; --container NAME names one that should")
        missing = [one.name for one in containers if not one.known]
        if missing:
            return inconclusive(f"there is no running container {', '.join(missing)}", seen)
        told = [(one.name, *judge(one)) for one in containers]
        if all(found == "open" for _, found, _ in told) and not node.expectation.containers:
            return skipped("; ".join(f"container {name}: {reason}" for name, _, reason in told))
        unknown = {"unknown", "open"} if node.expectation.containers else {"unknown"}
        for statuses, answer in (({"fail"}, failed), (unknown, inconclusive)):
            wrong = [f"container {name}: {reason}" for name, found, reason in told if found in statuses]
            if wrong:
                return answer("; ".join(wrong), seen)
        return passed("; ".join(f"container {name}: {reason}" for name, _, reason in told), seen)

    asked.__doc__ = judge.__doc__
    return asked


@HARDWARE_CHECKS.check(
    "container.device-tree-visible",
    "Containers can read the device tree",
    remedy="Give it to the container: a bind mount of /sys/firmware, or securityContext.procMount and "
    "--security-opt systempaths=unconfined, for the runtime identifies the chip by it.",
    stacks=("vendor",),
)
@_of_each
def device_tree_visible(container: Container) -> tuple[str, str]:
    """/proc/device-tree as it is in the container: engines mask /sys/firmware, where it leads."""
    if container.masked:
        return "fail", "its device tree is masked: the runtime cannot identify the chip"
    return "fine", "the device tree can be read"


@HARDWARE_CHECKS.check(
    "container.has-devnode",
    "Containers have the NPU's devnode",
    remedy="Map the devnode that this node's driver has: /dev/rknpu, or card and render node of the NPU, or "
    "/dev/accel/accel0. After the driver was loaded again, start the container anew.",
)
@_of_each
def has_devnode(container: Container) -> tuple[str, str]:
    """Each devnode of the node's driver is in the container, under its name and with its number."""
    stale = [path for what, path, _ in container.nodes if what == "another"]
    absent = [path for what, path, _ in container.nodes if what == "absent"]
    if stale:
        return "fail", f"{', '.join(stale)} is another device than the node's"
    if not container.nodes:
        return "unknown", "the node itself has no devnode of the NPU"
    if absent:
        return "fail", f"it lacks {', '.join(absent)}, which a client of the node's driver opens"
    return "fine", f"it has {', '.join(path for _, path, _ in container.nodes)}"


@HARDWARE_CHECKS.check(
    "container.may-open-devnode",
    "Containers may open the NPU",
    remedy="Pass the device with --device, CDI or the node driver, so that its cgroup allows it; a user that is not "
    "root needs the devnode's group (--group-add, supplementalGroups).",
)
@_of_each
def may_open(container: Container) -> tuple[str, str]:
    """The devnode is opened in the container's cgroup and as its user: EPERM is the cgroup's, EACCES the mode's."""
    for what, path, said in container.nodes:
        if what == "shut" and CANNOT_JOIN in said:
            return "unknown", CANNOT_JOIN
        if what == "shut":
            who = "its device cgroup denies it" if "not permitted" in said else "its user may not"
            return "fail", f"{path} cannot be opened: {who} ({said.rpartition(': ')[2]})"
    opened = [path for what, path, _ in container.nodes if what == "opens"]
    return ("fine", f"{', '.join(opened)} can be opened") if opened else ("unknown", "it has no devnode to open")


@HARDWARE_CHECKS.check(
    "container.library-found",
    "Containers have the runtime library",
    remedy="Mount the library into the container, or install it there: librknnrt.so in /usr/lib for the vendor's "
    "Python API. A library from the Nix store needs its whole closure (hardware.rknn.cdi.enable mounts it).",
)
@_of_each
def library_found(container: Container) -> tuple[str, str]:
    """The library where the container's linker and the vendor's API look, or in the memory of its processes."""
    good = [path for path, what in container.libraries if what == "good"]
    if good:
        return "fine", f"it has {good[0]}"
    if container.libraries:
        path, what = container.libraries[0]
        return "fail", f"{path} is {what}" if not what.startswith("leads") else f"{path} {what}"
    return "open", "no library where programs look; a program may bring its own, or use none"
