"""The options the subject offers: off until asked for, of the right type, and each of some use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text.nixtext import subject_files
from rknn_validation.nix.configuration import OptionDeclaration


def own_options(facts: Facts) -> tuple[OptionDeclaration, ...]:
    """The options the subject's own files declare below `subject.option`."""
    prefix = ".".join(facts.subject.option)
    files = {str(file.path) for file in subject_files(facts.subject)}
    return tuple(
        one
        for one in facts.configuration.options
        if (one.path == prefix or one.path.startswith(f"{prefix}."))
        and (not one.declared_in or any(name.partition(":")[0] in files for name in one.declared_in))
    )


def name_in(facts: Facts, option: OptionDeclaration) -> str:
    """An option's path below `subject.option`."""
    return option.path.removeprefix(".".join(facts.subject.option)).lstrip(".")


@CONFIGURATION_CHECKS.check(
    "options.enable-is-off-by-default",
    stage="options",
    title="importing the module does not switch it on",
    remedy="Declare it with lib.mkEnableOption, or give it default = false.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def off_by_default(facts: Facts) -> Answer:
    """A module imported for a whole fleet must do nothing until somebody asks."""
    option = next((one for one in own_options(facts) if name_in(facts, one) == "enable"), None)
    if option is None:
        return skipped("the subject has no option named enable")
    seen = Evidence(f"{option.path}.default", repr(option.default))
    if option.has_default and option.default is True:
        return failed("every machine that imports the module gets the NPU support, asked for or not", seen)
    return passed("off until it is asked for", seen)


@CONFIGURATION_CHECKS.check(
    "options.enable-is-a-boolean",
    stage="options",
    title="switches take true and false and nothing else",
    remedy="Give the option type = lib.types.bool.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def enable_is_boolean(facts: Facts) -> Answer:
    """With types.str or no type, enable = "false" switches it on or breaks `mkIf` far from the cause."""
    switches = [one for one in own_options(facts) if one.path.rsplit(".", 1)[-1] in {"enable", "enabled"}]
    wrong = [one for one in switches if "bool" not in one.type.lower()]
    if wrong:
        return failed("a switch accepts values that are neither true nor false", *(_typed(one) for one in wrong))
    return passed(f"{len(switches)} switches are booleans")


@CONFIGURATION_CHECKS.check(
    "options.default-fits-the-type",
    stage="options",
    title="every default is a value the option would accept",
    remedy="Give a default of the option's type, or no default at all.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def default_fits(facts: Facts) -> Answer:
    """Defaults are checked when the option is read: a wrong one waits for the first machine that leaves it unset."""
    options = own_options(facts)
    wrong = [one for one in options if one.has_default and _misfit(one)]
    if wrong:
        shown = (Evidence(f"{one.path}.default", f"{one.default!r}, type: {one.type}") for one in wrong)
        return failed("leaving the option unset breaks evaluation: its default is not of its type", *shown)
    return passed(f"{sum(one.has_default for one in options)} defaults fit their types")


def _misfit(option: OptionDeclaration) -> bool:
    kind, value = option.type.lower().strip(), option.default
    if isinstance(value, dict) or (value is None and "null" in kind):
        return False
    if kind in {"boolean", "bool"}:
        return not isinstance(value, bool)
    if kind in {"string", "str"}:
        return not isinstance(value, str)
    if kind.startswith("list of"):
        return not isinstance(value, list)
    if kind.startswith(("signed integer", "unsigned integer", "positive integer", "integer")):
        return isinstance(value, bool) or not isinstance(value, int)
    if kind.startswith("one of") and isinstance(value, str):
        return f'"{value}"' not in kind and f'"{value.lower()}"' not in kind
    return kind.startswith("one of") and value is None


@CONFIGURATION_CHECKS.check(
    "options.are-used",
    stage="options",
    title="every option is read somewhere",
    remedy="Use the option where its description says it matters, or remove it.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def are_used(facts: Facts) -> Answer:
    """An option nobody reads is a promise nobody keeps: setting it changes nothing."""
    files = subject_files(facts.subject)
    code = "\n".join(_without_declarations(file.code) for file in files)
    readable = {one.path for one in own_options(facts)}
    # Hidden ones are names of former times, kept to say what became of them.
    asked = [one for one in own_options(facts) if not one.read_only and one.visible]
    idle = [one for one in asked if not _is_read(name_in(facts, one), code, readable)]
    if idle:
        shown = (Evidence(one.path, f"declared in {', '.join(one.declared_in) or '?'}, read nowhere") for one in idle)
        return failed("setting it changes nothing: no line of the module reads it", *shown)
    return passed(f"{len(readable)} options are read")


@lru_cache(maxsize=256)
def _without_declarations(code: str) -> str:
    """The code without what declares: `name = mkOption` and `name = mkEnableOption`, and without `options.…` paths."""
    code = re.sub(r"[\w.'-]+\s*=\s*(?:lib\.|libs?\.)?(?:mkOption|mkEnableOption|mkPackageOption)\b", " ", code)
    return re.sub(r"\boptions\.[\w.]+\s*=", " ", code)


def _is_read(name: str, code: str, readable: set[str]) -> bool:
    if not name or re.search(r"\bwith\s+(?:cfg|config\.[\w.]+)\s*;", code):
        return True
    last = name.rsplit(".", 1)[-1]
    # `cfg.name`, `cfg.runtime.name`, `inherit (cfg) name`, `cfg ? name`, getAttr by a string, whole-set uses.
    if any(re.search(pattern, code) for pattern in _reads(name, last)):
        return True
    # An option inside a set that is used as a whole (`cfg.runtime`, `cfg.settings`) counts as read.
    parents = name.split(".")[:-1]
    return any(
        re.search(rf"\.{re.escape('.'.join(parents[: depth + 1]))}(?![\w.'-])", code) for depth in range(len(parents))
    )


def _reads(name: str, last: str) -> Iterator[str]:
    yield rf"\.{re.escape(name)}(?![\w'-])"
    yield rf"\binherit\s*\([^)]*\)[^;]*(?<![\w'-]){re.escape(last)}(?![\w'-])[^;]*;"
    if "." in name:
        # `runtime = cfg.runtime;` and then `runtime.package`.
        tail = ".".join(name.split(".")[-2:])
        yield rf"(?<![\w'-]){re.escape(tail)}(?![\w'-])"
    # mapAttrs, filterAttrs and the like over the whole of cfg.
    yield r"\b(?:mapAttrs\w*|filterAttrs|attrValues|removeAttrs|attrNames|toJSON|generators)\b[^;]*\bcfg(?![\w.'-])"


def _typed(option: OptionDeclaration) -> Evidence:
    return Evidence(f"{option.path}.type", option.type or "(none)")
