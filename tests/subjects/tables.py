"""Reads the tables of this folder: what is wrong with each subject, and what the checks say of it. See README.md."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from rknn_validation.checks.configuration import applicable, ask
from rknn_validation.checks.model import Answer, Status
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.yamlfile import Reader
from rknn_validation.facts.gather import Evaluator, gather_many
from rknn_validation.facts.model import Facts
from rknn_validation.subject.validation import load

TABLES = Path(__file__).parent
GOOD = TABLES / "good"
BASES = {
    "vendor": ("vendor",),
    "server": ("vendor", "server"),
    "kernel": ("vendor", "kernel"),
    "mainline": ("vendor", "mainline"),
    "cdi": ("vendor", "mainline", "cdi"),
    "machine": ("vendor", "machine"),
}
"""The folders of `good/` that make a good subject: a file of a later one takes the place of an earlier one's."""
PARTS = ("options", "device", "driver", "library", "python", "guard", "more", "more-options", "always")
"""Files of the good module that an entry may give as a Nix expression."""
EMPTY = "{ cfg, config, lib, pkgs }:\n{ }\n"
"""A part that a subject does without."""
SCENARIO = ("stack", "settings", "config", "boards", "expects")
SUBJECT = ("module", "option", "imports", "overlays")
EXPECTED = ("defect", "harmless", "check", "also", "machines", "effects", "aborts")
KEYS = (*EXPECTED, "good", *PARTS, "without", "replace", "remove", "write", *SCENARIO, *SUBJECT, "scenarios")
# libyaml's where there is one: every worker reads all tables before it knows its first test.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

EVERYWHERE = "RKNN_ALL_MACHINES"
"""A variable: whether to evaluate all subjects for other machines and other values of their options."""
EFFECTS = frozenset(
    {
        "options.all-used",
        "options.instances-do-not-collide",
        "evaluation.nixpkgs-policy-unchanged",
        "access.security-settings-unchanged",
    }
)
"""Checks that look at what follows from other values of options, or at what the module defines."""


@dataclass(frozen=True)
class Change:
    """A text of a good file and what stands there instead; `reader` and `key` are where the table says so."""

    old: str
    new: str
    reader: Reader
    key: str

    def place(self, good: str) -> int:
        """Where in the file it is. Raises SubjectFileError if that is nowhere, or several places."""
        if good.count(self.old) != 1:
            seen = f"{self.old!r} {good.count(self.old)} times"
            raise self.reader.error(self.key, expected="a text that is in the good file exactly once", seen=seen)
        return good.index(self.old)


@dataclass(frozen=True)
class Subject:
    """One entry of a table: the checks that must fail (none for a harmless variant), and those that may, too.

    `machines`: whether to evaluate the subject for other boards and architectures as well, which takes five times as
    long. It is on where that is what the subject is about; RKNN_ALL_MACHINES=1 has it on for all.
    `effects`: the same for what follows from other values of its options.
    `aborts`: Nix cannot catch its error. In a batch it would be found as well, after an evaluation for nothing.
    """

    name: str
    description: str
    checks: tuple[str, ...]
    also: tuple[str, ...]
    machines: bool
    aborts: bool
    effects: bool
    table: Reader
    entry: Reader

    @property
    def is_harmless(self) -> bool:
        """Whether no check may fail."""
        return not self.checks

    @property
    def needs_variants(self) -> bool:
        """Whether other machines have to be evaluated, too."""
        told = any(check.startswith(("guard.", "disabled.")) for check in self.checks)
        return self.machines or told or bool(os.environ.get(EVERYWHERE))

    @property
    def needs_effects(self) -> bool:
        """Whether what follows from other values of its options has to be evaluated."""
        told = bool(EFFECTS & set(self.checks))
        return self.effects or told or bool(os.environ.get(EVERYWHERE))

    def files(self) -> dict[str, str]:
        """Every file of the subject by its path: those of a good one, changed as the entry says.

        Raises SubjectFileError where a text to change is not in the good file exactly once.
        """
        good = _good(self.entry.choice("good", tuple(BASES), "vendor"))
        found = self._without(good)
        for name, changes in self._changes().items():
            found[name] = _changed(found.get(name, ""), changes)
        for part in PARTS:
            if self.entry.has(part):
                found[f"{part}.nix"] = "{ cfg, config, lib, pkgs }:\n" + self.entry.text(part)
        found |= self.entry.values("write")
        return found | {"validation.yaml": self._validation(found["validation.yaml"])}

    def _without(self, good: Mapping[str, str]) -> dict[str, str]:
        """The good files without the parts and options that `without` names: `python` is both."""
        found = dict(good)
        for name in self.entry.words("without") if self.entry.has("without") else ():
            option = re.compile(rf"^  {name} = [^\n]*{{\n.*?^  }};\n", re.MULTILINE | re.DOTALL)
            found["options.nix"], dropped = option.subn("", found["options.nix"])
            if name in PARTS:
                found[f"{name}.nix"] = EMPTY
            elif not dropped:
                raise self.entry.error("without", expected="parts and options of the good module", seen=name)
        return found

    def _changes(self) -> Mapping[str, list[Change]]:
        """By file, every text of it that is replaced or removed."""
        found: dict[str, list[Change]] = {}
        for name, replaced in self.entry.mappings("replace", required=False):
            found[name] = [Change(old, replaced.text(old), replaced, old) for old in replaced.names()]
        removed = self.entry.mapping("remove") if self.entry.has("remove") else None
        for name in removed.names() if removed else ():
            found.setdefault(name, []).extend(Change(old, "", removed, name) for old in removed.words(name))
        return found

    def _validation(self, good: str) -> str:
        """The good subject's validation.yaml with what the entry says in its place; null takes a key away."""
        data, said = yaml.load(good, Loader=LOADER), self.table.values(self.name)
        data["subject"] |= {key: said[key] for key in SUBJECT if key in said}
        data["subject"] = {key: value for key, value in data["subject"].items() if value is not None}
        scenario = data["scenarios"]["npu"] | {key: said[key] for key in SCENARIO if key in said}
        scenarios = {"npu": {key: value for key, value in scenario.items() if value is not None}}
        return yaml.safe_dump(data | {"scenarios": said.get("scenarios", scenarios)})

    def written(self, folder: Path) -> Path:
        """Write its files below `folder`, where no equal ones are yet, and return its validation.yaml."""
        home, files = folder / self.name, self.files()
        for path in [path for path in home.rglob("*") if path.is_file() and str(path.relative_to(home)) not in files]:
            path.unlink()
        for name, text in files.items():
            path = home / name
            if not path.is_file() or path.read_text() != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        return home / "validation.yaml"


def _changed(good: str, changes: Iterable[Change]) -> str:
    """The text of a good file with all the changes; further lines of one are indented like the line it stands in."""
    text = good
    for at, change in sorted(((change.place(good), change) for change in changes), key=lambda one: -one[0]):
        line = good[:at].rpartition("\n")[2]
        indent = line[: len(line) - len(line.lstrip())]
        new = change.new.rstrip("\n").replace("\n", f"\n{indent}")
        text = text[:at] + new + text[at + len(change.old) :]
    return text


@cache
def _good(base: str) -> Mapping[str, str]:
    folders = [GOOD / name for name in BASES[base]]
    return {
        str(path.relative_to(folder)): path.read_text()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


Answers = Mapping[str, Mapping[str, Answer]]
"""Answers by scenario and check."""


@cache
def subjects() -> Mapping[str, Subject]:
    """Every subject of every table in this folder by its name, see `read`."""
    return read(TABLES)


def read(folder: Path) -> Mapping[str, Subject]:
    """The subjects of a folder's tables by their names. Raises SubjectFileError for what a table cannot say."""
    found: dict[str, Subject] = {}
    for path in sorted(folder.glob("*.yaml")):
        with path.open() as file:
            table = Reader(path, yaml.compose(file, Loader=LOADER), "")
        for name in table.names():
            if name in found:
                raise table.error(name, expected="a name of its own", seen=f"it in {found[name].table.path.name}, too")
            found[name] = _subject(table, name)
    return found


def _subject(table: Reader, name: str) -> Subject:
    entry = table.mapping(name)
    entry.only(*KEYS)
    if entry.has("defect") == entry.has("harmless") or entry.has("harmless") == entry.has("check"):
        raise table.error(name, expected="`defect` and `check`, or `harmless`", seen=", ".join(entry.names()))
    return Subject(
        name=name,
        description=entry.text("defect" if entry.has("defect") else "harmless"),
        checks=_checks(entry, "check"),
        also=_checks(entry, "also"),
        machines=_is_on(entry, "machines"),
        aborts=_is_on(entry, "aborts"),
        effects=_is_on(entry, "effects"),
        table=table,
        entry=entry,
    )


def _checks(entry: Reader, key: str) -> tuple[str, ...]:
    if not entry.has(key):
        return ()
    return (entry.text(key),) if entry.is_text(key) else entry.words(key)


def _is_on(entry: Reader, key: str) -> bool:
    return entry.has(key) and entry.choice(key, ("true",)) == "true"


def evaluated(wanted: Iterable[Subject], folder: Path) -> dict[str, Mapping[str, Facts]]:
    """The facts of the given subjects by name and scenario; written below `folder` and evaluated together.

    How a subject behaves on other machines is evaluated for harmless modules and for those meant to fail there.
    """
    expected = {one.name: one for one in wanted}
    together = [name for name, one in expected.items() if not one.aborts]
    alone = [[name] for name, one in expected.items() if one.aborts]
    thin = {name for name, one in expected.items() if not one.needs_variants}
    unmoved = {name for name, one in expected.items() if not one.needs_effects}
    deadline = Deadline.after(600, "the subjects to evaluate")

    def build(names: list[str]) -> dict[str, dict[str, Facts]]:
        validations = {name: load(expected[name].written(folder)) for name in names}
        evaluator = Evaluator(None, deadline)
        return gather_many(validations, evaluator, without_perturbations=thin, without_effects=unmoved)

    with ThreadPoolExecutor(max_workers=2) as pool:
        return {name: gathered for part in pool.map(build, [together, *alone]) for name, gathered in part.items()}


def answers(gathered: Mapping[str, Facts]) -> Answers:
    """What every applicable check says of a subject."""
    return {scenario: _asked(facts) for scenario, facts in gathered.items()}


def _asked(facts: Facts) -> dict[str, Answer]:
    return {check.id: ask(check, facts) for check in applicable(facts)}


def red(given: Answers) -> dict[str, list[str]]:
    """The checks that failed or could not tell, with what they said in which scenario."""
    found: dict[str, list[str]] = {}
    for scenario, asked in given.items():
        for check, answer in asked.items():
            if answer.status in {Status.FAIL, Status.INCONCLUSIVE}:
                shown = "".join(f"\n      {one.source}: {one.output[:500]}" for one in answer.evidence[:4])
                found.setdefault(check, []).append(f"{scenario}: {answer.status.value}: {answer.reason}{shown}")
    return found
