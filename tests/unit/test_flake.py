"""The whole flake evaluates without network or nixpkgs: every output, every host, for every system.

The stand-in takes nixpkgs' place, so what is shown is that this repository's own Nix is right, not that it builds.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hybrid
import pytest

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import run, tool
from rknn_validation.facts.nix.nixpkgs import version

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "flake.nix",
    "flake.lock",
    "nixos",
    "kubernetes",
    "src",
    "pyproject.toml",
    "validation.yaml",
    "README.md",
    "tests/nixos-vm",
)
STANDIN = "src/rknn_validation/facts/nix/standin"
HOSTS = sorted(path.stem for path in (ROOT / "nixos" / "hosts").glob("*.nix") if path.stem != "default")
Nix = Callable[..., subprocess.CompletedProcess[str]]


def without_network() -> list[str]:
    """A command prefix that takes the network away, where the kernel allows it; --offline is always given."""
    prefix = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    usable = shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
    return prefix if usable else []


def newer() -> bool:
    """Whether Nix looks at this machine's system alone, unless told otherwise."""
    return (version(Deadline.after(20, "Nix")) or ()) >= (2, 18)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the flake is made of, to be spoiled at will."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PARTS]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / "tree" / name)
    return tmp_path / "tree"


@pytest.fixture
def nix(tmp_path: Path, tree: Path) -> Nix:
    """`nix(...)` runs a flake command on the copy, with a store and caches of its own."""
    own = {
        "HOME": tmp_path / "home",
        "XDG_CACHE_HOME": tmp_path / "cache",
        "NIX_STORE_DIR": tmp_path / "nix/store",
        "NIX_STATE_DIR": tmp_path / "nix/var",
        "NIX_LOG_DIR": tmp_path / "nix/log",
        "NIX_CONFIG": "experimental-features = nix-command flakes\nbuild-users-group =\n",
    }
    environment = {**os.environ, **{name: str(value) for name, value in own.items()}}
    program = tool("nix", "run ./setup.sh")

    def invoke(
        *arguments: str, nixpkgs: Path | None = tree / STANDIN, locked: bool = False
    ) -> subprocess.CompletedProcess[str]:
        override = ["--override-input", "nixpkgs", f"path:{nixpkgs}"] if nixpkgs else []
        options = ["--no-write-lock-file", *override] if locked or nixpkgs else []
        options += [
            "--offline",
            *(["--all-systems"] if arguments[0] == "flake" and arguments[1] in ("check", "show") and newer() else []),
        ]
        command = [*without_network(), program, *arguments, *options]
        return run(command, deadline=Deadline.after(180, "Nix to evaluate the flake"), environment=environment)

    return invoke


def check(nix: Nix, tree: Path, **more: Any) -> subprocess.CompletedProcess[str]:
    """What `nix flake check` says; without --no-build it would build what nothing here can."""
    return nix("flake", "check", "--no-build", f"path:{tree}", **more)


def spoil(tree: Path, file: str, old: str, new: str) -> None:
    """Replace one text in one file."""
    path = tree / file
    text = path.read_text()
    assert text.count(old) == 1, f"{file} has {text.count(old)} of {old!r}"
    path.write_text(text.replace(old, new))


def test_every_output_and_host_evaluates(nix: Nix, tree: Path) -> None:
    done = check(nix, tree)
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr


@pytest.mark.parametrize("library", hybrid.libraries())
def test_every_output_and_host_evaluates_with_nixpkgs_own_library(
    library: Path, nix: Nix, tree: Path, tmp_path: Path
) -> None:
    done = check(nix, tree, nixpkgs=hybrid.made_of(library, tmp_path / "hybrid"))
    assert done.returncode == 0, done.stderr


def test_outputs_are_those_that_are_promised(nix: Nix, tree: Path) -> None:
    done = nix("flake", "show", "--json", f"path:{tree}")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert sorted(shown["nixosConfigurations"]) == HOSTS
    node = {"rknn-runtime", "rknn-toolkit-lite", "rknn-python", "rknn-driver", "rknn-validation", "default"}
    assert node <= set(shown["packages"]["aarch64-linux"])
    guests = {name for name in shown["packages"]["aarch64-linux"] if name.startswith("guest-")}
    assert guests == {f"guest-{host}" for host in HOSTS} - {"guest-amd01"}
    assert {"rknn-validation", "default"} <= set(shown["packages"]["x86_64-linux"])
    assert {"default", "rknn-packages"} <= set(shown["overlays"])
    assert {"default", "rknn", "role-k3s-worker", "role-k3s-worker-npu"} <= set(shown["nixosModules"])
    for system in ("aarch64-linux", "x86_64-linux"):
        assert {"hosts", "package", "unit"} <= set(shown["checks"][system])
        assert set(shown["devShells"][system]) == {"default"}
        assert shown["apps"][system]["validate"]["type"] == "app"
        assert shown["formatter"][system]["type"] == "derivation"


BROKEN = {
    "misspelled option": (
        ("nixos/hosts/rpi01.nix", "{\n  imports", "{\n  hardware.rknn.enabel = true;\n  imports"),
        r"hardware\.rknn\.enabel' does not exist",
    ),
    "assertion of NixOS": (
        ("nixos/hosts/amd01.nix", "{\n  imports", "{\n  hardware.rknn.enable = true;\n  imports"),
        r"hardware\.rknn is for aarch64-linux",
    ),
    "role for NPU nodes on another board": (
        ("nixos/hosts/rpi01.nix", "role-k3s-worker.nix", "role-k3s-worker-npu.nix"),
        r"broadcom/bcm2711-rpi-4-b\.dtb, which is not an RK3588 board",
    ),
    "NPU support lost": (
        ("nixos/hosts/opi01.nix", "{\n  imports", "{\n  hardware.rknn.enable = false;\n  imports"),
        r"opi01: NPU support is not active",
    ),
    "NPU support leaked": (
        ("nixos/modules/nixos/rknn/guard.nix", "default = cfg.enable && cfg.isRk3588 &&", "default = cfg.enable &&"),
        r"rpi01: NPU support changes its (?:.|\n)*ampere01: NPU|ampere01: NPU(?:.|\n)*rpi01: NPU",
    ),
    "host that nobody expects": (
        ("nixos/flake/fleet.nix", '    rpi01 = "warned";\n', ""),
        r"rpi01: nixos/flake/fleet\.nix does not say",
    ),
    "host that is missing": (
        ("nixos/flake/fleet.nix", '    rpi01 = "warned";\n', '    rpi01 = "warned";\n    rpi02 = "warned";\n'),
        r"rpi02: expected, but there is no such host",
    ),
    "pods without the NPU": (
        ("nixos/profiles/npu-pods.nix", "enable = lib.mkDefault true;", "enable = lib.mkDefault false;"),
        r"opi01: no unit runs the node driver(?:.|\n)*opi03: no unit runs the node driver",
    ),
    "pods by the old interface": (
        (
            "nixos/hosts/opi02.nix",
            "hardware.rknn.stack",
            'services.rknn-node-driver.interface = "device-plugin";\n  hardware.rknn.stack',
        ),
        r"opi02: its node driver does not offer the NPU by DRA",
    ),
    "kernel without the driver": (
        ("nixos/hosts/opi02.nix", 'stack = "mainline";', 'stack = "vendor";'),
        r"opi02: the stack is vendor, not mainline",
    ),
    "package of the other architecture": (
        ("flake.nix", "rknn-runtime = pkgs.rknn.runtime", "rknn-runtime = pkgs.rknn.run-time"),
        r"run-time",
    ),
    "development shell": (
        ("nixos/flake/harness.nix", "packages.pytest-xdist", "packages.pytest-xdits"),
        r"pytest-xdits",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_part_fails_the_check(what: str, nix: Nix, tree: Path) -> None:
    (file, old, new), message = BROKEN[what]
    spoil(tree, file, old, new)
    done = check(nix, tree)
    assert done.returncode != 0
    assert re.search(message, done.stderr), done.stderr


SAMPLE = """
{ pkgs, self, ... }:
{
  sample = pkgs.testers.runNixOSTest {
    name = "sample";
    node.pkgsReadOnly = false;
    nodes.board = {
      imports = [ self.nixosModules.default ];
      nixpkgs.hostPlatform = "aarch64-linux";
      hardware.rknn = {
        enable = true;
        stack = "mainline";
      };
      virtualisation.useNixStoreImage = true;
    };
    testScript = { nodes, ... }: "board.succeed('test -e ${nodes.board.system.build.toplevel}')";
  };
}
"""


def test_nixos_vm_tests_are_packages_and_on_aarch64_checks(nix: Nix, tree: Path) -> None:
    directory = tree / "tests" / "nixos-vm"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "default.nix").write_text(SAMPLE)
    assert check(nix, tree).returncode == 0
    shown = json.loads(nix("flake", "show", "--json", f"path:{tree}").stdout)
    for system in ("aarch64-linux", "x86_64-linux"):
        assert shown["packages"][system]["nixos-test-sample"]["name"] == "vm-test-run-sample"
        assert ("sample" in shown["checks"][system]) == (system == "aarch64-linux")
    # A node is evaluated whole, to its assertions.
    (directory / "default.nix").write_text(SAMPLE.replace("aarch64-linux", "x86_64-linux"))
    done = check(nix, tree)
    assert done.returncode != 0
    assert "hardware.rknn is for aarch64-linux" in done.stderr


@pytest.mark.parametrize("system", ["aarch64-linux", "x86_64-linux"])
def test_a_check_needs_no_builder_of_another_system(system: str, nix: Nix, tree: Path) -> None:
    asked = nix("eval", "--json", f"path:{tree}#checks.{system}", "--apply", "builtins.mapAttrs (_: one: one.drvPath)")
    assert asked.returncode == 0, asked.stderr
    show = ("derivation", "show") if newer() else ("show-derivation",)
    for name, derivation in json.loads(asked.stdout).items():
        done = nix(*show, "--recursive", derivation, nixpkgs=None)
        assert done.returncode == 0, done.stderr
        needed = {path: one["system"] for path, one in json.loads(done.stdout).items()}
        assert set(needed.values()) <= {system, "builtin"}, (name, needed)


def test_the_lock_file_fits_the_flake(nix: Nix, tree: Path) -> None:
    # Nix would have to fetch what is not locked, and cannot here.
    done = nix("flake", "metadata", "--json", f"path:{tree}", nixpkgs=None, locked=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["locks"] == json.loads((ROOT / "flake.lock").read_text())
    spoil(tree, "flake.nix", "nixos-26.05", "nixos-25.11")
    assert nix("flake", "metadata", "--json", f"path:{tree}", nixpkgs=None, locked=True).returncode != 0


def test_the_pin_is_whole(tree: Path) -> None:
    locked = json.loads((tree / "flake.lock").read_text())["nodes"]["nixpkgs"]["locked"]
    assert re.fullmatch(r"[0-9a-f]{40}", locked["rev"])
    assert re.fullmatch(r"sha256-[A-Za-z0-9+/]{43}=", locked["narHash"])
    documented = (ROOT / "docs" / "flake.md").read_text()
    assert locked["rev"] in documented
    assert locked["narHash"] in documented


def test_in_the_development_shell_make_installs_nothing() -> None:
    shell = {**os.environ, "RKNN_PYTHON_ENV": "/shell/python"}
    done = subprocess.run(["make", "-n", "validate"], cwd=ROOT, env=shell, capture_output=True, text=True, check=True)
    assert "/shell/python/bin/python -m rknn_validation" in done.stdout
    # Would fail at once if it did anything: there is no such program.
    subprocess.run(["./setup.sh", "/no/such/python", "/shell/python"], cwd=ROOT, env=shell, check=True, timeout=30)


def ask_a_guest(nix: Nix, tree: Path, host: str, request: dict[str, object] | None, about: str) -> Any:
    """The value of the Nix expression `about`, of a guest `guest` of a host as it is, `plain`."""
    text = "null" if request is None else f"builtins.fromJSON (builtins.readFile {tree}/request.json)"
    (tree / "request.json").write_text(json.dumps(request))
    guest = f"import {tree}/src/rknn_validation/machine/nixos/guest.nix"
    call = f'{guest} {{ name = "{host}"; host = plain; request = {text}; }}'
    apply = f"hosts: let plain = hosts.{host}; guest = {call}; in {about}"
    done = nix("eval", "--impure", "--json", f"path:{tree}#nixosConfigurations", "--apply", apply)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def test_a_guest_is_the_host_as_it_is_and_says_what_was_added(nix: Nix, tree: Path) -> None:
    about = """{
      inherit (guest) about cmdline;
      added = lib.subtractLists (names plain) (names guest.system);
      gone = lib.subtractLists (names guest.system) (names plain);
      stores = guest.system.config.fileSystems."/nix/store".fsType;
      mounts = builtins.attrNames guest.system.config.fileSystems;
    }"""
    about = f"let lib = plain.pkgs.lib; names = system: builtins.attrNames system.config.systemd.units; in {about}"
    told = ask_a_guest(nix, tree, "opi01", None, about)
    assert (told["about"]["host"], told["about"]["scenario"]) == ("opi01", None)
    assert told["about"]["init"] == f"{told['about']['toplevel']}/init"
    assert (told["added"], told["gone"]) == (["harness-agent.service"], [])
    assert (told["mounts"], told["stores"]) == (["/", "/nix/store"], "erofs")
    # Everything that differs is named: file systems, initial ramdisk, the unit, what is masked.
    words = ("file systems", "initial ramdisk", "harness-agent", "masked")
    assert [word in change for word, change in zip(words, told["about"]["changes"], strict=True)] == [True] * 4
    masked = set(re.findall(r"systemd\.mask=(\S+)", told["cmdline"]))
    assert masked and all(unit in told["about"]["changes"][-1] for unit in masked)


VENDOR = {
    "scenario": "vendor",
    "option": ["hardware", "rknn"],
    "settings": {"enable": True, "stack": "vendor"},
    "config": {"systemd": {"services": {"inference": {"script": "sleep infinity"}}}},
}


def test_a_scenario_is_added_to_its_host(nix: Nix, tree: Path) -> None:
    about = "{ inherit (guest) about; has = guest.system.config.systemd.services ? inference; }"
    told = ask_a_guest(nix, tree, "opi01", VENDOR, about)
    assert told["has"] is True
    assert told["about"]["scenario"] == "vendor"
    assert told["about"]["changes"][0] == 'settings of scenario vendor: {"enable":true,"stack":"vendor"}'


@pytest.mark.parametrize(("host", "message"), [("opi02", "conflicting definition"), ("amd01", "x86_64-linux host")])
def test_a_host_that_cannot_carry_the_scenario_is_refused(host: str, message: str, nix: Nix, tree: Path) -> None:
    request = VENDOR if host == "opi02" else None
    assert message in ask_a_guest(nix, tree, host, request, "guest.drvPath")
