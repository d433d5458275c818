"""The evaluation: what it hands on, what it isolates, and that it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from workers import Kept

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import MissingToolError
from rknn_validation.facts.nix.configuration import Configuration, Evaluation
from rknn_validation.facts.nix.evaluate import evaluate
from rknn_validation.facts.nix.failure import explain
from rknn_validation.facts.nix.request import Request
from rknn_validation.subject.validation import Subject, load

pytestmark = pytest.mark.unit

MODULES = Path(__file__).parent / "modules"
SUBJECT = Subject(MODULES, MODULES / "npu.nix", ("hardware", "npu"), (MODULES / "overlay.nix",))
AWKWARD = {"quotes": "\"'`${x}\n\\", "list": [1, 2.5, None, True], "package": "pkgs.hello"}


def soon(seconds: float = 60) -> Deadline:
    return Deadline.after(seconds, "the evaluation")


def request(trouble: str = "none", **more: Any) -> Request:
    return Request(SUBJECT, {"enable": True, "trouble": trouble, **more})


def ask(requests: dict[str, Request], seconds: float = 60) -> dict[str, Evaluation]:
    return evaluate(requests, nixpkgs=None, deadline=soon(seconds))


def configuration(one: Evaluation) -> Configuration:
    assert one.configuration is not None, one.error
    return one.configuration


@pytest.fixture(scope="module")
def results(kept: Kept) -> dict[str, Evaluation]:
    """One batch of everything that can go wrong quickly."""
    return kept("what can go wrong", everything, Path(__file__), MODULES)


def everything() -> dict[str, Evaluation]:
    troubles = ("throw", "throw-in-a-package", "missing-attribute", "missing-package", "recursion", "assertion")
    return ask(
        {
            "fine": request(text="pkgs.hello ${builtins.currentTime}", data=AWKWARD),
            "off": Request(SUBJECT, {"enable": False}),
            "baseline": Request(SUBJECT, with_subject=False),
            "foreign": Request(SUBJECT, {"enable": True}, system="x86_64-linux"),
            "unknown option": Request(SUBJECT, {"enable": True, "no-such-option": 1}),
            "wrong type": Request(SUBJECT, {"enable": "yes"}),
            "unknown namespace": Request(SUBJECT, {}, {"services": {"surely-not-carried": {"enable": True}}}),
            **{trouble: request(trouble) for trouble in troubles},
        }
    )


def test_yaml_values_reach_nix_unchanged(results: dict[str, Evaluation]) -> None:
    found = configuration(results["fine"])
    assert found.variables["NPU_TEXT"] == "pkgs.hello ${builtins.currentTime}"
    text = found.etc["npu.json"].text
    assert text is not None
    assert '"quotes":"\\"\'`${x}\\n\\\\"' in text
    assert '"list":[1,2.5,null,true]' in text
    assert '"package":"pkgs.hello"' in text


def test_a_configuration_has_what_the_module_sets(results: dict[str, Evaluation]) -> None:
    found, before = configuration(results["fine"]), configuration(results["baseline"])
    assert found.system == "aarch64-linux"
    assert [one.text for one in found.udev_rules if one.name == "60-npu.rules"] == ['KERNEL=="npu"\n']
    assert set(found.kernel.modules) - set(before.kernel.modules) == {"npu"}
    unit = found.units["npu.service"]
    assert unit.script == "npu --serve\n" or unit.script == "npu --serve"
    assert unit.wanted_by == ("multi-user.target",)
    assert "npu-tools" in {package.pname for package in unit.path}
    assert 'export NPU_TEXT="' in found.set_environment
    assert [one.path for one in found.options] == [
        f"hardware.npu.{name}" for name in ("data", "enable", "text", "trouble")
    ]
    assert {one.path: one.is_defined for one in found.options}["hardware.npu.text"]


def test_a_package_of_the_subject_is_described(results: dict[str, Evaluation]) -> None:
    (package,) = (one for one in configuration(results["fine"]).system_packages if one.pname == "npu-tools")
    assert (package.version, package.origin, package.main_program) == ("1.2", "subject", "npu")
    assert package.source is not None
    assert package.source.urls == ("https://example.org/npu-tools-1.2.tar.gz",)
    assert package.source.fetcher == "fetchurl"
    assert [(one.name, one.free) for one in package.licenses] == [("unfree", False)]
    assert package.platforms == ("aarch64-linux",)
    assert package.inputs["buildInputs"] == ("zlib",)
    assert package.phases["installPhase"] == "make install"
    assert package.attrs["NPU_LEVEL"] == "3"
    assert package.out_path.startswith("/nix/store/") and package.out_path.endswith("-npu-tools-1.2")


def test_the_baseline_has_nothing_of_the_subject(results: dict[str, Evaluation]) -> None:
    before, off = configuration(results["baseline"]), configuration(results["off"])
    assert before.options == ()
    assert "NPU_TEXT" not in before.variables
    assert before.system_packages == off.system_packages
    assert before.etc == off.etc


def test_failed_assertions_do_not_stop_the_evaluation(results: dict[str, Evaluation]) -> None:
    broken = [one.message for one in configuration(results["assertion"]).assertions if not one.holds]
    assert broken == ["no NPU on this machine"]


def test_a_package_nixpkgs_refuses_is_reported(results: dict[str, Evaluation]) -> None:
    (failure,) = configuration(results["foreign"]).failures
    assert failure.kind == "subject"
    assert "npu-tools-1.2" in failure.message
    assert "is not available on the requested hostPlatform" in failure.message


def test_an_unfree_predicate_of_the_host_is_respected() -> None:
    subject = load(Path(__file__).resolve().parents[3] / "validation.yaml").subject
    assert subject is not None
    settings = {"enable": True, "stack": "vendor"}
    forbids = {"nixpkgs": {"config": {"allowUnfree": False}}}
    found = ask({"silent": Request(subject, settings), "forbids": Request(subject, settings, forbids)})
    assert configuration(found["silent"]).failures == ()
    refused = found["forbids"].error
    assert refused is not None
    assert "rknn-runtime-2.3.2" in refused.message and "unfree" in refused.message


def test_a_package_that_throws_does_not_hide_the_rest(results: dict[str, Evaluation]) -> None:
    found = configuration(results["throw-in-a-package"])
    (failure,) = found.failures
    assert "no source for it" in failure.message
    assert "modules/npu.nix:" in failure.position
    assert found.kernel.modules == configuration(results["fine"]).kernel.modules


@pytest.mark.parametrize("name", ["fine", "throw-in-a-package", "missing-attribute"])
def test_a_batch_gives_the_same_results_as_single_evaluations(results: dict[str, Evaluation], name: str) -> None:
    wanted = request(name) if name != "fine" else request(text="pkgs.hello ${builtins.currentTime}", data=AWKWARD)
    assert ask({name: wanted})[name] == results[name]


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("throw", "subject", "thrown on purpose"),
        ("missing-attribute", "subject", "attribute 'nowhere' missing"),
        ("recursion", "subject", "infinite recursion encountered"),
        ("unknown option", "subject", "hardware.npu.no-such-option"),
        ("wrong type", "subject", "is not of type `boolean'"),
    ],
)
def test_an_error_does_not_stop_the_other_evaluations(
    results: dict[str, Evaluation], name: str, kind: str, words: str
) -> None:
    error = results[name].error
    assert error is not None and results[name].configuration is None
    assert error.kind == kind
    assert words in error.message
    assert "\x1b" not in error.message


@pytest.mark.parametrize(
    ("name", "what"),
    [("missing-package", "pkgs.surely-no-such-thing"), ("unknown namespace", "services.surely-not-carried")],
)
def test_a_name_nixpkgs_may_have_is_unknown(results: dict[str, Evaluation], name: str, what: str) -> None:
    assert results[name].not_modelled == (what,)
    assert configuration(results[name]).failures == ()


@pytest.mark.parametrize("name", ["throw", "missing-attribute", "recursion"])
def test_an_error_names_its_position(results: dict[str, Evaluation], name: str) -> None:
    error = results[name].error
    assert error is not None
    file, line, _ = error.position.rsplit(":", 2)
    assert Path(file) == SUBJECT.module
    assert int(line) > 40


def test_an_error_without_a_module_has_no_position_in_the_subject() -> None:
    nobody = Subject(Path("/nowhere"), Path("/nowhere"), ("_",))
    found = explain("error: something of the machine", nobody, standin=True)
    assert (found.message, found.position) == ("something of the machine", "")


def test_every_evaluation_names_its_nixpkgs(results: dict[str, Evaluation]) -> None:
    assert {one.nixpkgs for one in results.values()} == {"stand-in"}


def children() -> set[int]:
    return {int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def test_an_evaluation_that_does_not_terminate_is_killed_at_its_deadline() -> None:
    before = children()
    found = ask({"endless": request("endless"), "fine": request()}, seconds=2)
    assert found["endless"].error is not None
    assert found["endless"].error.kind == "deadline"
    assert found["fine"].error is None
    assert children() == before


def test_an_evaluation_is_killed_at_its_memory_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rknn_validation.facts.nix.instantiate.MEMORY", 400 * 2**20)
    found = ask({"hungry": request("hungry"), "fine": request()}, seconds=60)
    assert found["hungry"].error is not None
    assert found["hungry"].error.kind == "deadline"
    assert found["fine"].error is None


def test_missing_nix_is_reported_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingToolError) as error:
        ask({"fine": request()})
    assert "nix-instantiate" in str(error.value)
    assert "nix-bin" in error.value.hint


def test_a_command_over_several_lines_is_one_as_systemd_reads_it() -> None:
    config = {"systemd": {"services": {"agent": {"serviceConfig": {"ExecStart": "/run/wrappers/bin/a \\\n --b"}}}}}
    found = configuration(ask({"agent": Request(SUBJECT, {"enable": False}, config)})["agent"])
    assert found.units["agent.service"].sections["Service"]["ExecStart"] == ("/run/wrappers/bin/a   --b",)
