"""What the requests of a batch share is what each of them would have had in a process of its own."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from workers import Kept

from rknn_validation.deadline import Deadline
from rknn_validation.nix.configuration import Evaluation
from rknn_validation.nix.evaluate import HERE, STANDIN, Request, evaluate
from rknn_validation.process import run, tool
from rknn_validation.subject import Subject

pytestmark = pytest.mark.unit

MODULES = Path(__file__).parent / "modules"
SHARING = MODULES / "sharing"
NAMES = ("force", "defaults", "extend", "disable", "order", "packages", "old", "structure", "invalid", "conditions")


def subject(name: str, *overlays: Path) -> Subject:
    return Subject(SHARING, SHARING / f"{name}.nix", ("meta",), overlays)


def requests() -> dict[str, Request]:
    """Quite different subjects, each with and without something beside it."""
    overlay, npu = SHARING / "overlay.nix", MODULES / "overlay.nix"
    variable: dict[str, Any] = {"environment": {"variables": {"BESIDE": "1"}}}
    container: dict[str, Any] = {"boot": {"isContainer": True}, "networking": {"hostName": "other"}}
    own = Subject(MODULES, MODULES / "npu.nix", ("hardware", "npu"), (npu,))
    found = {name: Request(subject(name)) for name in NAMES}
    found |= {f"{name} and a variable": Request(subject(name), {}, variable) for name in NAMES}
    found |= {f"{name} in a container": Request(subject(name), {}, container) for name in NAMES}
    found |= {f"{name} with other packages": Request(subject(name, overlay, npu)) for name in NAMES}
    # Fewer of one machine would not share it.
    found |= {f"{name} elsewhere": Request(subject(name), {}, {}, "x86_64-linux") for name in NAMES[:5]}
    found |= {f"no {name}": Request(subject(name), with_subject=False) for name in ("force", "order")}
    # What is the subject's and what nixpkgs' goes by the subject's root.
    apart = Subject(MODULES / "elsewhere", SHARING / "force.nix", ("meta",), (overlay, npu))
    for beside in ({}, variable, container, variable | container):
        found[f"another root {sorted(beside)}"] = Request(apart, {}, beside)
    # Without overlays the machine is the same for every root.
    found["order under another root"] = Request(Subject(MODULES / "elsewhere", SHARING / "order.nix", ("meta",)))
    troubles = ("none", "throw", "throw-in-a-package", "assertion")
    found |= {trouble: Request(own, {"enable": True, "trouble": trouble}) for trouble in troubles}
    return found


@pytest.fixture(scope="module")
def together(kept: Kept) -> dict[str, Evaluation]:
    deadline = Deadline.after(200, "the batch")
    return kept("sharing", lambda: evaluate(requests(), nixpkgs=None, deadline=deadline), Path(__file__), MODULES)


@pytest.fixture(scope="module")
def apart(kept: Kept) -> dict[str, Evaluation]:
    deadline = Deadline.after(200, "each by itself")

    def make() -> dict[str, Evaluation]:
        return evaluate(requests(), nixpkgs=None, deadline=deadline, share=False)

    return kept("no sharing", make, Path(__file__), MODULES)


def check_same(one: Evaluation, other: Evaluation) -> None:
    assert one.error == other.error
    assert (one.configuration is None) == (other.configuration is None)
    for field in fields(one.configuration) if one.configuration else ():
        assert getattr(one.configuration, field.name) == getattr(other.configuration, field.name), field.name


@pytest.mark.parametrize("name", list(requests()))
def test_sharing_changes_no_result(together: dict[str, Evaluation], apart: dict[str, Evaluation], name: str) -> None:
    check_same(together[name], apart[name])


@pytest.mark.parametrize("name", ["force", "conditions and a variable", "packages with other packages", "throw"])
def test_a_batch_gives_what_a_process_of_its_own_does(together: dict[str, Evaluation], name: str) -> None:
    alone = evaluate({name: requests()[name]}, nixpkgs=None, deadline=Deadline.after(60, name))
    check_same(together[name], alone[name])


def test_a_condition_that_sharing_makes_a_circle_of_is_asked_alone() -> None:
    batch = {
        str(number): Request(subject("circle"), {}, {"networking": {"hostName": str(number)}}) for number in range(5)
    }
    batch["other"] = Request(subject("order"))
    shared = evaluate(batch, nixpkgs=None, deadline=Deadline.after(100, "the batch"))
    alone = evaluate({"0": batch["0"]}, nixpkgs=None, deadline=Deadline.after(60, "alone"))
    assert shared["0"] == alone["0"]
    for name, one in shared.items():
        rules = one.configuration.tmpfiles if one.configuration else ()
        assert ("d /circle - - - - -" in rules) == (name != "other"), one.error


def test_only_what_cannot_be_told_is_evaluated_on_its_own(tmp_path: Path) -> None:
    batch = requests()
    file = tmp_path / "requests.json"
    file.write_text(json.dumps({name: one.to_json() for name, one in batch.items()}))
    command = [tool("nix-instantiate", "install Nix"), "--eval", "--strict", "--json", "--store", "dummy://"]
    command += ["--argstr", "nixpkgs", str(STANDIN), "--argstr", "request", str(file), "--argstr", "share", "yes"]
    done = run([*command, str(HERE / "expression" / "evaluate.nix")], deadline=Deadline.after(100, "the batch"))
    assert done.returncode == 0, done.stderr
    own = {name for name, one in json.loads(done.stdout)["results"].items() if "base" not in one}
    assert {name.split()[0] for name in own} == {"disable", "packages", "invalid", "throw", "throw-in-a-package"}


def test_what_a_base_module_reads_is_listed() -> None:
    command = [tool("nix-instantiate", "install Nix"), "--eval", "--strict", "--json", "--store", "dummy://"]
    command += ["--argstr", "standin", str(STANDIN), str(Path(__file__).parent / "sharing" / "base.nix")]
    done = run(command, deadline=Deadline.after(100, "the base machine"))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["shared"] == found["whole"]


def test_base_modules_are_listed_and_none_hides_what_is_not() -> None:
    nixos = STANDIN / "nixos"
    listed = (nixos / "lib" / "shared" / "reads.nix").read_text()
    names = re.findall(r"^  \./(\S+)$", (nixos / "modules" / "module-list.nix").read_text(), re.MULTILINE)
    assert [name for name in names if f'"{name}"' not in listed] == ["system/specialisation.nix"]
    for name in names:
        # What a module is not given must fail: a default in its place would hide that it reads it.
        text = (nixos / "modules" / name).read_text()
        assert not re.search(r"(?<![.\w])(?:config|cfg|options|opt)(?:\.[\w-]+)* (?:or|\?) ", text), name
