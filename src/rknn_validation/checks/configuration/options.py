"""The module's options: disabled by default, typed, and each with an effect."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem, Unsure
from rknn_validation.checks.model import ALL_STACKS
from rknn_validation.facts.model import EFFECTS, Facts
from rknn_validation.facts.nix.configuration import OptionDeclaration
from rknn_validation.facts.nix.effects import Effects, OptionEffect
from rknn_validation.facts.nix.gaps import is_opaque
from rknn_validation.facts.recipes.nixfiles import nix_files
from rknn_validation.facts.recipes.reads import option_reads

NOTHING = "the subject has no options of its own"


def own_options(facts: Facts) -> tuple[OptionDeclaration, ...]:
    """The options the subject's own files declare below `subject.option`."""
    prefix = ".".join(facts.subject.option)
    files = {str(tree.path) for tree in nix_files(facts)}
    return tuple(
        one
        for one in facts.configuration.options
        if prefix
        and (one.path == prefix or one.path.startswith(f"{prefix}."))
        and (not one.declared_in or any(name.partition(":")[0] in files for name in one.declared_in))
    )


def name_in(facts: Facts, option: OptionDeclaration) -> str:
    """An option's path below `subject.option`."""
    return option.path.removeprefix(".".join(facts.subject.option)).lstrip(".")


@check(
    "options.disabled-by-default",
    "The module is disabled by default",
    remedy="Declare the option with lib.mkEnableOption, or set default = false.",
    nothing="the subject has no option named enable",
    everywhere=True,
)
def off_by_default(facts: Facts) -> Iterator[Finding]:
    """A module that a whole fleet imports must do nothing until it is enabled."""
    for option in own_options(facts):
        if name_in(facts, option) == "enable":
            where, seen = f"{option.path}.default", repr(option.default)
            if option.has_default and option.default is True:
                yield Problem(where, "every machine that imports the module gets NPU support without enabling it", seen)
            else:
                yield Fine(where, seen)


@check(
    "options.enable-is-boolean",
    "Enable options are booleans",
    remedy="Set type = lib.types.bool on the option.",
    nothing="the subject has no enable option",
    everywhere=True,
)
def enable_is_boolean(facts: Facts) -> Iterator[Finding]:
    """With types.str or no type, enable = "false" enables the module or breaks `mkIf` far from the cause."""
    for option in own_options(facts):
        if option.path.rsplit(".", 1)[-1] in {"enable", "enabled"}:
            where, seen = f"{option.path}.type", option.type or "(none)"
            if "bool" in option.type.lower():
                yield Fine(where, seen)
            else:
                yield Problem(where, "an enable option accepts values other than true and false", seen)


@check(
    "options.default-matches-type",
    "Every default matches its option's type",
    remedy="Set a default of the option's type, or remove the default.",
    nothing="no option of the subject has a default",
    everywhere=True,
)
def default_fits(facts: Facts) -> Iterator[Finding]:
    """Nix checks a default when the option is read: a wrong one fails on the first machine that leaves it unset.

    The option's type says whether it accepts the default. A default that depends on unset options is not judged.
    """
    for option in own_options(facts):
        where, seen = f"{option.path}.default", f"{option.default!r}, type: {option.type}"
        if option.default_fits is False:
            yield Problem(where, "evaluation fails if the option is unset: its default is not of its type", seen)
        elif option.default_fits and is_opaque(str(option.default)):
            yield Aside(f"{option.path}.default contains something that the stand-in does not model")
        elif option.default_fits:
            yield Fine(where, seen)


@check(
    "options.all-used",
    "Every option has an effect",
    remedy="Use the option where its description says it applies, or remove it.",
    nothing=NOTHING,
    needs=(EFFECTS,),
    everywhere=True,
)
def are_used(facts: Facts) -> Iterator[Finding]:
    """Each option is set to another value: where no definition of the module changes, the option has no effect.

    An option may take effect only with other settings, which are not all tried: one read under a condition passes.
    """
    effects = facts.effects or Effects()
    if effects.unknown and own_options(facts):
        yield Unsure("options", "the effect of other values of the options could not be evaluated", effects.unknown)
    for option in effects.options:
        yield _use(facts, option)


def _use(facts: Facts, option: OptionEffect) -> Finding:
    if option.acts == "yes":
        return Fine(option.path, f"changes {', '.join(option.follows) or 'other values'}")
    path, below = option.path.split("."), facts.subject.option
    is_below = bool(below) and tuple(path[: len(below)]) == below
    # An option of a submodule has no fixed path: any use of its name may be a use of it.
    is_member = "*" in path
    places = option_reads(nix_files(facts), path[-1:] if is_member or not is_below else path[len(below) :], below)
    if is_member and places:
        return Fine(option.path, f"read in {places[0].where}")
    under = next((one.where for one in places if one.conditional), "")
    if under:
        return Fine(option.path, f"read under a condition, in {under}")
    if not option.has_value or _is_computed(facts, option):
        return Aside(f"{option.path} is an output: the module gives it no value of its own")
    if option.acts == "unknown" and places:
        return Unsure(option.path, "no other value of its type is known", places[0].where)
    why = "what reads it stays the same" if places else "no line of the module reads it"
    what = f"the option has no effect: {why}"
    return Problem(option.path, what, ", ".join(one.where for one in places[:3]))


def _is_computed(facts: Facts, option: OptionEffect) -> bool:
    """Whether its default is computed from other options: then it is an output of the module."""
    followed = any(option.path in other.follows for other in (facts.effects or Effects()).options)
    declared = next((one for one in own_options(facts) if one.path == option.path), None)
    return followed or (declared is not None and declared.has_default and declared.default_fits is None)


@check(
    "options.instances-do-not-collide",
    "Instances get names of their own",
    remedy='Put the instance\'s name into the attribute name: lib.nameValuePair "npu-model-${name}" { … }.',
    nothing="no option of the subject lists instances",
    needs=(EFFECTS,),
    stacks=ALL_STACKS,
)
def instances_are_kept_apart(facts: Facts) -> Iterator[Finding]:
    """Two instances are evaluated: where both define the same attribute, one of them is lost."""
    effects = facts.effects or Effects()
    for option in effects.options:
        if option.collisions:
            where = ", ".join(option.collisions[:5])
            what = f"two instances of {option.path} define the same attributes: one of them is lost"
            yield Problem(option.path, what, where)
        elif option.collisions is not None:
            yield Fine(option.path, "two instances do not collide")
