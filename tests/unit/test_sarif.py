"""SARIF: findings at the line that their evidence leads to, in the form that forges read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from rknn_validation.checks.model import Evidence, Status, Verdict
from rknn_validation.report import files
from rknn_validation.report.collect import Collection
from rknn_validation.report.places import Place, Places
from rknn_validation.subject.validation import load

pytestmark = pytest.mark.unit

MODULE = """\
{ config, lib, pkgs, ... }:
{
  config = lib.mkIf true {
    services.udev.extraRules = ''
      # the NPU
      KERNEL=="rknpu", MODE="0666"
    '';
    boot = {
      kernelModules = [ "rknpu" ];
    };
    environment.etc.one.text = "KERNEL==\\"accel0\\", GROUP=\\"npu\\"";
  };
  imports = [ ./more.nix ];
}
"""
SUBJECT = """\
subject: {module: module.nix}
scenarios:
  board:
    stack: vendor
ignore:
  NPU112: the only user is root
"""


def closed(required: str, optional: str = "", **more: Any) -> dict[str, Any]:
    """An object with these properties and no others, as every object of the published schema is."""
    names = {name: more.get(name, {}) for name in (*required.split(), *optional.split())}
    return {"type": "object", "required": required.split(), "properties": names, "additionalProperties": False}


def many(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


MESSAGE = closed("text", text={"type": "string", "minLength": 1})
LEVEL = {"enum": ["none", "note", "warning", "error"]}
URI = closed("uri", "uriBaseId", uri={"type": "string", "pattern": r"^[\w.~%/:+@-]+$"})
REGION = closed("startLine", startLine={"type": "integer", "minimum": 1})
RESULT = closed(
    "ruleId ruleIndex kind level message locations partialFingerprints",
    "suppressions",
    ruleIndex={"type": "integer", "minimum": 0},
    kind={"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
    level=LEVEL,
    message=MESSAGE,
    locations=many(
        closed(
            "physicalLocation", physicalLocation=closed("artifactLocation region", artifactLocation=URI, region=REGION)
        )
    ),
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
    suppressions=many(closed("kind justification", kind={"enum": ["inSource", "external"]})),
)
RULE = closed("id", "name shortDescription help", shortDescription=MESSAGE, help=MESSAGE)
INVOCATION = closed(
    "executionSuccessful",
    "toolExecutionNotifications",
    executionSuccessful={"type": "boolean"},
    toolExecutionNotifications=many(closed("message", "level", message=MESSAGE, level=LEVEL)),
)
RUN = closed(
    "tool results",
    "invocations originalUriBaseIds columnKind",
    tool=closed("driver", driver=closed("name", "version rules", rules=many(RULE))),
    invocations=many(INVOCATION),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results=many(RESULT),
)
LOG = fastjsonschema.compile(
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **closed("version runs", "$schema", version={"const": "2.1.0"}, runs=many(RUN)),
    }
)
"""The published schema's rules for the objects that we write; what it does not define is refused, as there."""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / ".git").mkdir()
    (tmp_path / "module.nix").write_text(MODULE)
    (tmp_path / "more.nix").write_text("{\n  hardware.deviceTree.filter = null;\n}\n")
    (tmp_path / "validation.yaml").write_text(SUBJECT)
    return Places(load(tmp_path / "validation.yaml"))


def verdict(check: str, status: Status, source: str, output: str = "", **more: str) -> Verdict:
    seen = (Evidence(source, output),)
    return Verdict(check, "it holds", "udev", "unit", "board", "", status, "it does not", "Mend it.", seen, **more)


@pytest.mark.parametrize(
    ("source", "output", "file", "line"),
    [
        ("module.nix:9", "", "module.nix", 9),
        ("99-local.rules:1", 'open to all\nKERNEL=="rknpu", MODE="0666"', "module.nix", 6),
        ("99-local.rules:1", 'KERNEL=="accel0", GROUP="npu"', "module.nix", 11),
        ("boot.kernelModules", "", "module.nix", 9),
        ("environment.etc.one", "", "module.nix", 11),
        ("hardware.deviceTree", "", "more.nix", 2),
        ("boot.kernelPackages", "linux", "validation.yaml", 3),
        ("another.nix:7", "", "validation.yaml", 3),
        ("systemctl status", "failed", "validation.yaml", 3),
    ],
)
def test_evidence_leads_to_a_line(places: Places, source: str, output: str, file: str, line: int) -> None:
    found = places.of(verdict("udev.rules-valid", Status.FAIL, source, output))
    assert found == Place(places.validation.path.parent / file, line)


def test_a_scenario_that_is_not_there_leads_to_the_file(places: Places) -> None:
    one = Verdict("udev.rules-valid", "", "", "vm", "off->on", "", Status.FAIL, "", "")
    assert places.of(one) == Place(places.validation.path, 1)


def test_the_log_follows_the_published_schema(places: Places, tmp_path: Path) -> None:
    made = Collection(tmp_path / "report", finished=True, ignore=places.validation.ignored)
    made.start()
    made.add(verdict("access.not-world-writable", Status.FAIL, "99-local.rules:1", 'KERNEL=="rknpu", MODE="0666"'))
    made.add(verdict("udev.rules-valid", Status.INCONCLUSIVE, "module.nix:4"))
    made.add(verdict("udev.rules-match-npu", Status.PASS, "module.nix:4"))
    ignored = verdict("access.users-in-device-group", Status.FAIL, "users.users.root")
    made.add(ignored.unless_ignored(places.validation.ignored))
    files.write(made, {"subject": str(places.validation.path), "started": ""}, places)
    log = json.loads((tmp_path / "report" / "findings.sarif").read_text())
    LOG(log)
    (run,) = log["runs"]
    first, unclear, suppressed = run["results"]
    assert (first["ruleId"], first["kind"], first["level"]) == ("NPU110", "fail", "error")
    assert first["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "module.nix",
        "uriBaseId": "SRCROOT",
    }
    # What could not be told is no failure, and a kind other than `fail` has no level.
    assert (unclear["kind"], unclear["level"]) == ("open", "none")
    assert suppressed["suppressions"] == [{"kind": "external", "justification": "the only user is root"}]
    assert [run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] for one in run["results"]] == [
        "NPU110",
        unclear["ruleId"],
        "NPU112",
    ]
    notices = [one["message"]["text"] for one in run["invocations"][0]["toolExecutionNotifications"]]
    assert any("NPU112" in text and "the only user is root" in text for text in notices)


@pytest.mark.parametrize("damage", [{"kind": "maybe"}, {"level": "fatal"}, {"line": 3}, {"message": {}}])
def test_the_rules_refuse_what_the_schema_does(damage: dict[str, Any]) -> None:
    good = {"ruleId": "NPU110", "ruleIndex": 0, "kind": "fail", "level": "error", "message": {"text": "x"}}
    good |= {"locations": [], "partialFingerprints": {}}
    run = {"tool": {"driver": {"name": "x"}}, "results": [good]}
    LOG({"version": "2.1.0", "runs": [run]})
    with pytest.raises(fastjsonschema.JsonSchemaException):
        LOG({"version": "2.1.0", "runs": [{**run, "results": [{**good, **damage}]}]})
