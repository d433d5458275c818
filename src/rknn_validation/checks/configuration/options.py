"""The options the subject offers: off until asked for, of the right type, and each of some use."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem, Unsure
from rknn_validation.facts.model import EFFECTS, Facts
from rknn_validation.facts.nix.configuration import OptionDeclaration
from rknn_validation.facts.nix.effects import Effects, OptionEffect
from rknn_validation.facts.nix.missing import is_opaque
from rknn_validation.facts.recipes.nixtrees import trees_of
from rknn_validation.facts.recipes.optionreads import reads

BOTH = ("rk3588", "other")
NOTHING = "the subject has no options of its own"


def own_options(facts: Facts) -> tuple[OptionDeclaration, ...]:
    """The options the subject's own files declare below `subject.option`."""
    prefix = ".".join(facts.subject.option)
    files = {str(tree.path) for tree in trees_of(facts)}
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
    "options.enable-is-off-by-default",
    stage="options",
    title="importing the module does not switch it on",
    remedy="Declare it with lib.mkEnableOption, or give it default = false.",
    good="off until it is asked for",
    nothing="the subject has no option named enable",
    stacks=ALL_STACKS,
    boards=BOTH,
)
def off_by_default(facts: Facts) -> Iterator[Finding]:
    """A module imported for a whole fleet must do nothing until somebody asks."""
    for option in own_options(facts):
        if name_in(facts, option) == "enable":
            where, seen = f"{option.path}.default", repr(option.default)
            if option.has_default and option.default is True:
                yield Problem(
                    where, "every machine that imports the module gets the NPU support, asked for or not", seen
                )
            else:
                yield Fine(where, seen)


@check(
    "options.enable-is-a-boolean",
    stage="options",
    title="switches take true and false and nothing else",
    remedy="Give the option type = lib.types.bool.",
    good="every switch is a boolean",
    nothing="the subject has no switch",
    stacks=ALL_STACKS,
    boards=BOTH,
)
def enable_is_boolean(facts: Facts) -> Iterator[Finding]:
    """With types.str or no type, enable = "false" switches it on or breaks `mkIf` far from the cause."""
    for option in own_options(facts):
        if option.path.rsplit(".", 1)[-1] in {"enable", "enabled"}:
            where, seen = f"{option.path}.type", option.type or "(none)"
            if "bool" in option.type.lower():
                yield Fine(where, seen)
            else:
                yield Problem(where, "a switch accepts values that are neither true nor false", seen)


@check(
    "options.default-fits-the-type",
    stage="options",
    title="every default is a value the option would accept",
    remedy="Give a default of the option's type, or no default at all.",
    good="every default is of its option's type",
    nothing="no option of the subject has a default",
    stacks=ALL_STACKS,
    boards=BOTH,
)
def default_fits(facts: Facts) -> Iterator[Finding]:
    """Defaults are checked when the option is read: a wrong one waits for the first machine that leaves it unset.

    The type itself says whether it accepts the default. A default made of what has no value yet says nothing.
    """
    for option in own_options(facts):
        where, seen = f"{option.path}.default", f"{option.default!r}, type: {option.type}"
        if option.default_fits is False:
            yield Problem(where, "leaving the option unset breaks evaluation: its default is not of its type", seen)
        elif option.default_fits and is_opaque(str(option.default)):
            yield Aside(f"{option.path}.default is something that the stand-in does not model")
        elif option.default_fits:
            yield Fine(where, seen)


@check(
    "options.are-used",
    stage="options",
    title="every option acts on something",
    remedy="Use the option where its description says it matters, or remove it.",
    good="setting an option changes something",
    nothing=NOTHING,
    needs=(EFFECTS,),
    stacks=ALL_STACKS,
    boards=BOTH,
)
def are_used(facts: Facts) -> Iterator[Finding]:
    """Each option is set to another value it accepts: where nothing the module defines differs, it does nothing.

    What acts in other settings only is not tried in all of them: where the text reads it under a condition, it passes.
    """
    effects = facts.effects or Effects()
    if effects.unknown and own_options(facts):
        yield Unsure("options", "what follows from other values of the options could not be evaluated", effects.unknown)
    for option in effects.options:
        yield _use(facts, option)


def _use(facts: Facts, option: OptionEffect) -> Finding:
    if option.acts == "yes":
        return Fine(option.path, f"changes {', '.join(option.follows) or 'what other settings come to'}")
    path, below = option.path.split("."), facts.subject.option
    is_below = bool(below) and tuple(path[: len(below)]) == below
    # What is one of several has no path of its own: any reading of that name may be of it.
    is_member = "*" in path
    places = reads(trees_of(facts), path[-1:] if is_member or not is_below else path[len(below) :], below)
    if is_member and places:
        return Fine(option.path, f"read in {places[0].where}")
    under = next((one.where for one in places if one.conditional), "")
    if under:
        return Fine(option.path, f"read under a condition, in {under}")
    if not option.has_value or _is_computed(facts, option):
        return Aside(f"{option.path} is for others to read: the module gives it no value of its own")
    if option.acts == "unknown" and places:
        return Unsure(option.path, "no other value of its type is known to try", places[0].where)
    what = "setting it changes nothing: " + (
        "what reads it comes to the same" if places else "no line of the module reads it"
    )
    return Problem(option.path, what, ", ".join(one.where for one in places[:3]))


def _is_computed(facts: Facts, option: OptionEffect) -> bool:
    """Whether its default is made of other options' values: then it is what the module tells others."""
    followed = any(option.path in other.follows for other in (facts.effects or Effects()).options)
    declared = next((one for one in own_options(facts) if one.path == option.path), None)
    return followed or (declared is not None and declared.has_default and declared.default_fits is None)


@check(
    "options.instances-are-kept-apart",
    stage="options",
    title="what is made for each of several things is named after it",
    remedy='Put the name into the attribute: lib.nameValuePair "npu-model-${name}" { … }.',
    good="two instances come to two of everything",
    nothing="no option of the subject lists instances",
    needs=(EFFECTS,),
    stacks=ALL_STACKS,
)
def instances_are_kept_apart(facts: Facts) -> Iterator[Finding]:
    """With two instances both arrive: of several attributes of the same name only one is kept."""
    effects = facts.effects or Effects()
    for option in effects.options:
        if option.collisions:
            where = ", ".join(option.collisions[:5])
            what = f"of two instances in {option.path} only one arrives: both are given the same place"
            yield Problem(option.path, what, where)
        elif option.lists:
            yield Fine(option.path, "two instances, and both arrive")
