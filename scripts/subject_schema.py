"""Writes the JSON Schema of validation.yaml, for editors, from what the readers of its keys accept.

python scripts/subject_schema.py            write it
python scripts/subject_schema.py --check    exit 1 where it is out of date

In a file, this line makes an editor with the YAML language server use it:
    # yaml-language-server: $schema=PATH/validation.schema.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from rknn_validation.npu.boards import BOARDS  # noqa: E402
from rknn_validation.npu.stacks import STACK_NAMES  # noqa: E402
from rknn_validation.subject import inventory, validation  # noqa: E402
from rknn_validation.subject.expects import SERVICE, WORDS  # noqa: E402
from rknn_validation.subject.inference import STACKS_WITH_MODELS  # noqa: E402

TARGET = ROOT / "src" / "rknn_validation" / "subject" / "validation.schema.json"
Schema = dict[str, Any]


def text(description: str, **more: Any) -> Schema:
    return {"type": "string", "minLength": 1, "description": description, **more}


def choice(words: Any, description: str, **more: Any) -> Schema:
    return {"enum": sorted(words), "description": description, **more}


def words(items: Schema, description: str, least: int = 1) -> Schema:
    return {"type": "array", "items": items, "minItems": least, "uniqueItems": True, "description": description}


def number(description: str, **more: Any) -> Schema:
    return {"type": "number", "minimum": 0, "description": description, **more}


def mapping(description: str, properties: Schema, required: tuple[str, ...] = (), **more: Any) -> Schema:
    found = {"type": "object", "description": description, "properties": properties, "additionalProperties": False}
    return {**found, **({"required": list(required)} if required else {}), **more}


def named(description: str, values: Schema) -> Schema:
    return {"type": "object", "description": description, "additionalProperties": values}


def data(description: str) -> Schema:
    return {"type": "object", "description": description}


PART = text("a file, relative to this one, or an attribute of a flake such as .#nixosModules.npu")
OPTION = text("the dotted path of its options, such as hardware.rknn", pattern=r"^[^.]+(\.[^.]+)*$")
STACK = choice(STACK_NAMES, "the stack that it is meant to bring up")
EXPECTS = words(
    {"anyOf": [{"enum": list(WORDS)}, {"type": "string", "pattern": f"^{SERVICE}[^\\s/:]+$"}]},
    "what has to work there: python, c, devnode, inference, service:NAME; unmet is a failure, never a skip",
    least=0,
)
GROUPS = words(text("a group's name"), "groups, for --group")


def subject() -> Schema:
    """A module or packages."""
    properties = {
        "module": PART,
        "option": OPTION,
        "overlays": words(PART, "overlays of nixpkgs", least=0),
        "imports": words(PART, "modules that it needs beside it", least=0),
        "packages": words(PART, "packages that are judged without a module", least=0),
        "specialArgs": data("arguments of its modules: plain data, {flake: .#ATTRIBUTE} or {file: FILE}"),
    }
    some = [{"required": [name]} for name in ("module", "packages", "overlays")]
    return mapping("a module, or packages and overlays alone", properties, anyOf=some)


def scenario() -> Schema:
    """A set of option values."""
    properties = {
        "stack": STACK,
        "settings": data("values of the options below subject.option"),
        "boards": words(choice(BOARDS, "a board"), "the boards that it is meant for (default: orangepi-5-plus)"),
        "config": data("values of any other option of NixOS"),
        "system": choice(("aarch64-linux", "x86_64-linux"), "the machine's system"),
        "expects": EXPECTS,
    }
    return mapping("a named set of option values", properties, ("stack",))


def host() -> Schema:
    """A host as it is deployed."""
    properties = {
        "flake": text("a flake such as ., or a host of one such as .#opi01"),
        "file": text("a file that is no flake, such as default.nix"),
        "attribute": text("which attribute of it is the host, such as nodes.opi01"),
        "board": choice(BOARDS, "the board (default: as its configuration says)"),
        "stack": {**STACK, "description": "the stack that it is to bring up (default: as its configuration says)"},
        "option": OPTION,
        "groups": GROUPS,
        "expects": EXPECTS,
    }
    ways = [{"required": ["flake"]}, {"required": ["file"]}]
    whole = mapping("a host as it is deployed", properties, oneOf=ways)
    return {"anyOf": [text("a host of a flake, such as .#opi01", pattern="#."), whole]}


def node() -> Schema:
    """A machine to ask over SSH."""
    properties = {
        "host": text("its name or address; opi0[1-3].internal for a name such as opi0[1-3]"),
        "user": text("who logs in (default: root, or as ssh_config says)"),
        "port": {"type": "integer", "minimum": 1, "maximum": 65535, "description": "the port of its SSH server"},
        "identity": text("the file of the private key"),
        "jump": text("a jump host, such as admin@gate.internal:22"),
        "ssh_config": text("a configuration file of ssh"),
        "board": choice(BOARDS, "the board"),
        "scenario": text("the scenario or host of this file that is deployed there"),
        "expectation": choice(inventory.EXPECTATIONS, "npu: it has to work; guarded: the node has to be unharmed"),
        "groups": GROUPS,
        "sudo": choice(inventory.SUDO, "how commands are run as root"),
        "service_user": text("the account whose services use the NPU"),
    }
    return mapping("a machine to ask with --hardware", properties, ("host", "board", "scenario"))


def model() -> Schema:
    """A file with a model."""
    properties = {
        "file": text("on this machine, relative to this file"),
        "url": text("fetched by the node; needs sha256", pattern="^https?://"),
        "node": text("an absolute path on the node", pattern="^/"),
        "sha256": text("its SHA-256", pattern="^[0-9a-f]{64}$"),
    }
    ways = [{"required": [name]} for name in ("file", "url", "node")]
    return mapping("one of file, url and node", properties, oneOf=ways)


def inference() -> Schema:
    """The model that nodes run."""
    properties = {
        "model": model(),
        "input": text("the input, as numpy.save() wrote it", pattern=r"\.npy$"),
        "golden": text("what the first output has to be", pattern=r"\.npy$"),
        "tolerance": number("the largest difference of one value"),
        "correlation": number("the least correlation of all values", maximum=1),
        "cpu_model": model(),
        "cpu_milliseconds": number("how long the processor takes, where no cpu_model is run"),
        "reference_milliseconds": number("how long a run takes on such a board, for --level 2"),
        "faster": number("how many times as fast as the processor the NPU has to be"),
        "runs": number("how many runs are timed"),
        "python": text("the interpreter on the node"),
    }
    own = mapping("a model to run", properties, ("model", "input", "golden"))
    stacks = {stack: {"anyOf": [{"const": False}, own]} for stack in STACKS_WITH_MODELS}
    return {"anyOf": [{"const": False}, mapping("models by stack; false: run none", stacks)]}


def schema() -> Schema:
    """The whole file."""
    properties = {
        "subject": subject(),
        "scenarios": named("option values to judge the module with", scenario()),
        "hosts": named("hosts to judge as they are deployed", host()),
        "nodes": named("machines to ask with --hardware", node()),
        "guests": named("hosts whose systems boot, by scenario", text("such as .#opi01", pattern="#.")),
        "inference": inference(),
        "transitions": {
            "anyOf": [{"const": "none"}, words(text("a -> b, or a -> b -> a", pattern="->"), "", least=0)],
            "description": "which switches between scenarios are judged (default: all)",
        },
        "ignore": named("findings to live with: the code or id of a check, and why", text("why it is ignored")),
    }
    assert tuple(properties) == validation.KEYS
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "validation.yaml of rknn-validate"}
    some = [{"required": ["hosts"]}, {"required": ["subject", "scenarios"]}]
    return {**head, **mapping("What is judged. Paths are relative to the file.", properties, anyOf=some)}


def main() -> int:
    """Write or check."""
    wanted = json.dumps(schema(), indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") != wanted:
            print(f"{TARGET.relative_to(ROOT)} is out of date: run scripts/subject_schema.py", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
