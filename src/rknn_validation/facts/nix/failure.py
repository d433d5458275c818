"""Explains Nix's errors: whether the subject is at fault, where the error is, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.facts.nix.command import STANDIN
from rknn_validation.facts.nix.configuration import EvaluationError
from rknn_validation.facts.nix.gaps import MARK, NEEDED, NOT_IN_NIXPKGS, OTHERS, spared, used
from rknn_validation.facts.nix.namespaces import is_mistaken, split_path
from rknn_validation.facts.nix.origins import OWN, of_attribute, of_variable
from rknn_validation.facts.nix.parse import nix_files_below
from rknn_validation.facts.nix.request import arguments_wanted, attributes_taken
from rknn_validation.subject.validation import Subject


@dataclass(frozen=True)
class Refusal:
    """`kind` as EvaluationError has it, and what to say in front of Nix's own words."""

    kind: str
    words: str


_KNOWN = (
    (
        r"path '/nix/store/[^']*\.drv' is not valid|allow-import-from-derivation",
        Refusal(
            "unknown",
            "it imports the result of a derivation, which must be built first: use --allow-import-from-derivation",
        ),
    ),
    (
        r"access to (?:absolute )?path '(?P<one>[^']+)' is forbidden in (?:restricted|pure)",
        Refusal("subject", "it reads {one}, a path outside the flake: pure evaluation forbids that"),
    ),
    (
        r"access to URI '(?P<one>[^']+)' is forbidden in (?:restricted|pure)",
        Refusal("subject", "it fetches {one} without a hash: pure evaluation forbids that"),
    ),
    (
        r"Neither nixpkgs\.hostPlatform nor the legacy option nixpkgs\.system has been set|"
        r"option [`']nixpkgs\.hostPlatform' (?:is used but not defined|was accessed but has no value)",
        Refusal("subject", 'the host has no platform: set nixpkgs.hostPlatform = "aarch64-linux"'),
    ),
    (
        r"(?P<one>\S+) is not here: the flake's input",
        Refusal("unknown", "an input of the flake is not on this machine"),
    ),
    (
        r"Read-only file system|(?:creating|opening) (?:directory|file|lock file) '/nix[^']*': Permission denied",
        Refusal("unknown", "Nix cannot write to its store: run it as a user who may, or use the Nix daemon"),
    ),
    (r"No space left on device", Refusal("unknown", "the disk is full")),
)


def refusal(message: str, subject: Subject) -> Refusal | None:
    """What is known about an error; None where Nix's own words have to do."""
    asked = _wants(message, subject)
    if asked is not None:
        return asked
    for pattern, known in _KNOWN:
        found = re.search(pattern, message)
        if found:
            return Refusal(known.kind, known.words.format(**found.groupdict()))
    return None


def _wants(message: str, subject: Subject) -> Refusal | None:
    """A module that wants an argument which NixOS does not give it, and the subject neither."""
    found = re.search(
        r"attribute '(?P<a>[^']+)' missing|does not carry (?P<b>[\w'-]+)|wants `(?P<c>[^`]+)`|"
        r"called without required argument '(?P<d>[^']+)'",
        message,
    )
    name = next(filter(None, found.groups()), "") if found else ""
    if not name or name in subject.special_args or subject.host is not None:
        return None
    if not (found and found["c"]) and not any(name in arguments_wanted(file) for file in subject.files):
        return None
    example = f"{{flake: .#{name}}}" if name in ("inputs", "self") else "…"
    return Refusal(
        "unknown",
        f"the module needs the argument {name}, which NixOS does not pass: set it in the subject file, "
        f"specialArgs: {{{name}: {example}}} (plain data, {{file: a/file.nix}} or {{flake: .#attribute}})",
    )


ANSI = re.compile(r"\x1b\[[0-9;]*m")
POSITION = re.compile(r"at (/[^\s:]+:\d+:\d+)")
UNKNOWN = "stand-in does not carry"
"""Words with which the stand-in says that the real nixpkgs has to answer."""
UNDECLARED = re.compile(r"The option [`'](?P<path>[^\n]+?)' does not exist\.")
NO_SUCH_FILE = re.compile(r"'[^']*/standin/nixos/[^']*': No such file")
OFFLINE = re.compile(r"unable to download '[^']*': (?:Could ?n[o']t resolve|Couldn't connect|Failed to connect)")
ARGUMENT = re.compile(r"while evaluating the module argument `([^']+)' in \"([^\"]*)\"")
OF_NIXOS = frozenset({"config", "lib", "modulesPath", "name", "options", "pkgs", "specialArgs", "utils"})
"""Arguments that every module is given."""
FOLDERS = 500
"""Folders looked through for the words of an error."""

PACKAGES = re.compile(r"package|pkgs|kernel|python|toolkit|runtime$", re.IGNORECASE)
"""Options with such names hold what the package set makes."""


def explain(message: str, subject: Subject, *, standin: bool) -> EvaluationError:
    """The error of one failed evaluation. `message` is all that Nix wrote on standard error."""
    text = spared(ANSI.sub("", message))
    text = "\n".join(line for line in text.splitlines() if not line.startswith("warning:")).strip()
    positions = POSITION.findall(text)
    short = headline(text).partition(OTHERS)[0].strip()
    inside = (one for one in positions if one.startswith(f"{subject.root}/"))
    position = next(inside, "") or _written(short, subject) or (positions[0] if positions else "")
    if "out of memory" in text or "GC Warning" in text or "std::bad_alloc" in text:
        return EvaluationError("deadline", "the evaluation reached its memory limit: it does not terminate", position)
    if OFFLINE.search(text):
        # builtins.fetchurl and its kin download while evaluating: without a network nothing is known.
        return EvaluationError("unknown", short, position)
    known = refusal(short, subject) or _wanted_by_imports(short, text, subject)
    if known is not None:
        return EvaluationError(known.kind, short, position, known.words)
    opaque = bool(used(message)) and (MARK in short or bool(NEEDED.search(short)))
    kind = "unknown" if standin and (opaque or _standin_cannot_tell(short, text, subject)) else "subject"
    return EvaluationError(kind, short, position)


def _wanted_by_imports(short: str, text: str, subject: Subject) -> Refusal | None:
    """A module whose `imports` need an argument that is missing: Nix looks for it in what they would import."""
    if "infinite recursion" not in short:
        return None
    own = f"{subject.root}/"
    names = [name for name, key in ARGUMENT.findall(text) if name not in OF_NIXOS and key.startswith(own)]
    return refusal(f"wants `{names[0]}`", subject) if names else None


def headline(message: str) -> str:
    """The error itself, with its position. Nix 2.8 begins with it; Nix 2.26 says "error:", its trace, and then it."""
    text = ANSI.sub("", message)
    errors = [part.strip() for part in re.split(r"(?m)^\s*error:", text) if part.strip()]
    return (errors[-1] if errors else text).split("\n\n       …", 1)[0].strip()


def _written(message: str, subject: Subject) -> str:
    """Where a definition Nix quotes, or the text it was made to throw, stands in the subject."""
    quoted = re.search(rf"In `({re.escape(str(subject.root))}/[^']+)'", message)
    if quoted:
        return f"{quoted[1]}:1:1"
    line = message.splitlines()[0].strip() if message.strip() else ""
    if len(line) <= 5:
        return ""
    folders = {path if path.is_dir() else path.parent for path in subject.files}
    files = {path for folder in folders for path in nix_files_below(folder, FOLDERS) if path.is_file()}
    for path in sorted(files):
        for number, text in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if line in text:
                return f"{path}:{number}:{text.index(line) + 1}"
    return ""


def _standin_cannot_tell(short: str, text: str, subject: Subject) -> bool:
    if UNKNOWN in text or NO_SUCH_FILE.search(text):
        return True
    undeclared = UNDECLARED.search(short)
    if undeclared:
        return not is_mistaken(split_path(undeclared["path"]), subject.option, short)
    required = re.search(r"called without required argument ['\"]([^'\"]+)['\"]", short)
    if required and "callPackageWith" in short:
        return not NOT_IN_NIXPKGS.search(required[1])
    if "called with unexpected argument" in short and _in_standin(re.search(r"function at (/[^\s:]+)", short)):
        return True
    missing = re.search(r"attribute '([^']+)' missing|undefined variable '([^']+)'", short)
    if missing is None:
        return False
    return _lacks(missing[1], missing[2], short, text, subject)


def _in_standin(found: re.Match[str] | None) -> bool:
    return found is not None and found[1].startswith(f"{STANDIN}/")


def _lacks(attribute: str | None, variable: str | None, short: str, text: str, subject: Subject) -> bool:
    """Whether it may be the stand-in that lacks a name, and not what the subject wrote itself."""
    name = attribute or variable or ""
    if NOT_IN_NIXPKGS.search(name):
        return False
    where = POSITION.search(short)
    if where is None or _in_standin(re.match(r"at (/[^\s:]+)", where[0])):
        return True
    file, line = where[1].rsplit(":", 2)[:2]
    find = of_attribute if attribute else of_variable
    if name in attributes_taken(Path(file), subject.special_args):
        return False
    origin = find(Path(file), int(line), name)
    if origin.kind != "config":
        return origin.is_foreign and not _reads_own_option(name, text, subject)
    path = (*subject.option, *origin.path[1:]) if origin.path[:1] == (OWN,) else origin.path
    if path and PACKAGES.search(path[-1]):
        return True
    if "*" in path:
        # A member of a collection the subject's options hold.
        return path[: len(subject.option)] != subject.option
    return not is_mistaken((*path, name), subject.option)


def _reads_own_option(name: str, text: str, subject: Subject) -> bool:
    """Whether `config.<...>.name` was read below the subject's own options, somewhere in the trace."""
    for read in re.findall(r"^\s*\d+\|.*?\b(?:config|options)\.([\w.\"-]+)", text, re.MULTILINE):
        parts = split_path(read)
        if name in parts and is_mistaken(parts[: parts.index(name) + 1], subject.option):
            return True
    return False
