"""The JSON Schema of validation.yaml says what the readers of its keys accept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "subjects"))
import tables

from rknn_validation.common.errors import SubjectFileError
from rknn_validation.common.yamlfile import Reader
from rknn_validation.subject import validation

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((Path(validation.__file__).parent / "validation.schema.json").read_text(encoding="utf-8"))
VALID: Callable[[Any], Any] = fastjsonschema.compile(SCHEMA)
SHA256 = "0" * 64
EVERYTHING: dict[str, Any] = {
    "subject": {
        "module": "module.nix",
        "option": "services.npu",
        "overlays": ["module.nix"],
        "imports": ["module.nix"],
        "packages": ["module.nix"],
        "specialArgs": {"inputs": {"flake": ".#inputs"}},
    },
    "scenarios": {
        "vendor": {
            "stack": "vendor",
            "settings": {"enable": True},
            "boards": ["orangepi-5-plus", "rock-5b"],
            "config": {"networking": {"hostName": "opi01"}},
            "system": "aarch64-linux",
            "expects": ["python", "c", "devnode", "inference", "service:inference"],
        },
        "mainline": {"stack": "mainline"},
    },
    "hosts": {
        "short": ".#opi01",
        "long": {
            "file": "module.nix",
            "attribute": "nodes.opi01",
            "board": "orangepi-5-plus",
            "stack": "vendor",
            "option": "services.npu",
            "groups": ["npu"],
            "expects": [],
        },
        "flake": {"flake": "."},
    },
    "nodes": {
        "opi01": {
            "host": "opi01.internal",
            "user": "admin",
            "port": 22,
            "identity": "key",
            "jump": "admin@gate.internal:22",
            "ssh_config": "config",
            "board": "orangepi-5-plus",
            "scenario": "vendor",
            "expectation": "npu",
            "groups": ["npu"],
            "sudo": "ask",
            "service_user": "npu",
        }
    },
    "guests": {"vendor": "github:example/fleet#opi01"},
    "ignore": {"NPU110": "the bench has one user", "lint.source-is-pinned": "by our mirror"},
    "inference": {
        "vendor": {
            "model": {"url": "https://example.org/model", "sha256": SHA256},
            "input": "array.npy",
            "golden": "array.npy",
            "tolerance": 0.1,
            "correlation": 0.9,
            "cpu_model": {"node": "/model"},
            "cpu_milliseconds": 4,
            "reference_milliseconds": 3.5,
            "faster": 2,
            "runs": 5,
            "python": "python3.12",
        },
        "mainline": False,
    },
    "transitions": ["vendor -> mainline", "vendor -> mainline -> vendor"],
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("module.nix", "array.npy"):
        (tmp_path / name).write_text("{ }\n")
    return tmp_path


def read(directory: Path, content: Any) -> None:
    path = directory / "validation.yaml"
    path.write_text(yaml.safe_dump(content))
    validation.load(path)


def test_what_the_readers_take_is_valid(directory: Path) -> None:
    read(directory, EVERYTHING)
    VALID(EVERYTHING)


def test_every_key_that_is_read_is_in_the_schema(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted: dict[str, set[str]] = {}
    only = Reader.only

    def recording(self: Reader, *known: str) -> None:
        accepted.setdefault(self.where, set()).update(known)
        only(self, *known)

    monkeypatch.setattr(Reader, "only", recording)
    read(directory, EVERYTHING)
    assert len(accepted) > 8
    del accepted["guests"]  # the names of this file's scenarios
    assert {where: described(where) for where in accepted} == accepted


def described(where: str) -> set[str]:
    """The keys that the schema has for a mapping, by its dotted place in a file."""
    schemas = [SCHEMA]
    for word in filter(None, where.split(".")):
        schemas = [
            inner
            for schema in schemas
            for one in alternatives(schema)
            if isinstance(inner := one.get("properties", {}).get(word, one.get("additionalProperties")), dict)
        ]
    return {key for schema in schemas for one in alternatives(schema) for key in one.get("properties", {})}


def alternatives(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """A schema, and those of which a value may fit one."""
    return [schema, *schema.get("anyOf", [])]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((), {"subjects": {}}),
        (("subject",), {"modul": "module.nix"}),
        (("scenarios", "vendor"), {"stacks": "vendor"}),
        (("scenarios", "vendor"), {"stack": "nvidia"}),
        (("scenarios", "vendor"), {"boards": ["orangepi-6"]}),
        (("scenarios", "vendor"), {"expects": ["rust"]}),
        (("hosts", "long"), {"flake": "."}),
        (("hosts",), {"short": "opi01"}),
        (("nodes", "opi01"), {"port": 0}),
        (("nodes", "opi01"), {"hosts": "opi01"}),
        (("inference", "vendor", "model"), {"file": "module.nix"}),
        (("inference", "vendor"), {"input": "array.bin"}),
        ((), {"transitions": "all"}),
    ],
    ids=str,
)
def test_what_the_readers_refuse_is_invalid(directory: Path, place: tuple[str, ...], value: dict[str, Any]) -> None:
    wrong = json.loads(json.dumps(EVERYTHING))
    target = wrong
    for word in place:
        target = target[word]
    target.update(value)
    with pytest.raises(SubjectFileError):
        read(directory, wrong)
    with pytest.raises(fastjsonschema.JsonSchemaException):
        VALID(wrong)


def test_every_subject_file_of_this_repository_is_valid(tmp_path: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split("\0") if Path(name).name == "validation.yaml"]
    for one in tables.subjects().values():
        one.written(tmp_path)
    files += tmp_path.rglob("validation.yaml")
    assert len(files) > 100
    for path in files:
        VALID(yaml.safe_load(path.read_text(encoding="utf-8")))
