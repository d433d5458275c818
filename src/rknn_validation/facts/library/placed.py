"""What is put at the paths the Python API opens: links, copies and mounts, however they come there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.difference import part
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text import shell, tmpfiles
from rknn_validation.npu.stacks import PYTHON_RUNTIME_PATHS


@dataclass(frozen=True)
class Provider:
    """Something that puts a file where the Python API looks: `target` is "" where it cannot be read.

    `replaces` tells whether an older link gives way, `makes_folder` whether the folder is made first.
    """

    where: str
    path: str
    target: str
    replaces: bool
    makes_folder: bool
    text: str


def providers(facts: Facts) -> tuple[Provider, ...]:
    """Every link or copy the subject makes whose name looks like the runtime library's, or of its folder."""
    return (*_from_tmpfiles(facts), *_from_scripts(facts), *_from_mounts(facts))


def _is_runtime_path(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return path in {"/usr/lib", "/usr/lib64"} or bool(re.match(r"lib_?rknn", name))


def _from_tmpfiles(facts: Facts) -> Iterator[Provider]:
    for text in part(facts).tmpfiles:
        line = tmpfiles.parse(text)
        if isinstance(line, tmpfiles.Line) and line.type in "LC" and _is_runtime_path(line.path):
            target = "" if line.argument == "-" else line.argument
            yield Provider("systemd.tmpfiles.rules", line.path, target, line.replaces, True, text)


def shell_texts(facts: Facts) -> Iterator[tuple[str, str]]:
    """(where, text) of everything the subject has a shell or systemd run when the machine starts or switches."""
    ours = part(facts)
    yield from ((f"system.activationScripts.{name}", text) for name, text in ours.activation_scripts.items())
    for name, unit in ours.units.items():
        service = unit.sections.get("Service", {})
        commands = [
            value.lstrip("@-:+!")
            for key in ("ExecStartPre", "ExecStart", "ExecStartPost")
            for value in service.get(key, ())
        ]
        yield name, "\n".join((*commands, unit.script))
    for rule in ours.rules:
        for program in re.findall(r'RUN[^=]*[+:]?="([^"]*)"', rule.text or ""):
            yield rule.name, program


def _from_scripts(facts: Facts) -> Iterator[Provider]:
    folders = {line.split()[1] for line in part(facts).tmpfiles if line[:1] in "dDvqQ" and len(line.split()) > 1}
    for where, text in shell_texts(facts):
        seen = False
        for link in shell.links(text):
            path = _path_of(link, text)
            if not _is_runtime_path(path):
                continue
            seen = True
            folder = path.rsplit("/", 1)[0]
            forced = "f" in link.flags or bool(re.search(rf"\brm\s+(-\w+\s+)*[^\n]*{re.escape(path)}", text))
            guarded = _only_where_absent(text, link.line, path)
            made = folder in folders or bool(re.search(rf"(mkdir|install\s+-\w*d)[^\n;]*{re.escape(folder)}\b", text))
            yield Provider(where, path, link.target, forced and not guarded, made, link.line)
        path = next((one for one in PYTHON_RUNTIME_PATHS if one in text), "")
        if not seen and path and re.search(r"\b(cp|install|mount|ln)\b", text):
            line = next(line for line in text.splitlines() if path in line)
            target = _copied_from(line, path)
            made = bool(re.search(r"\bmkdir\b|install\s+(-\S+\s+)*-\w*D", text)) or path.rsplit("/", 1)[0] in folders
            yield Provider(where, path, target, True, made, line.strip())


def _only_where_absent(text: str, line: str, path: str) -> bool:
    """Whether the script makes the link only where nothing of that name is there yet."""
    absent = rf"(?:!\s+-[eLhf]\s+[\"']?{re.escape(path)})"
    if re.search(rf"{absent}.*&&\s*\S*\bln\b|(?<!!)\s-[eLhf]\s+[\"']?{re.escape(path)}.*\|\|\s*\S*\bln\b", line):
        return True
    for block in re.findall(r"\bif\b(.*?)\bfi\b", shell.joined(text), re.DOTALL):
        condition, _, body = block.partition("then")
        asks_more = re.search(rf"(?<!!)\s-[eLhf]\s+[\"']?{re.escape(path)}", condition)
        if line in body and re.search(absent, condition) and not asks_more:
            return True
    return False


def _path_of(link: shell.LinkCommand, text: str) -> str:
    """The link's path; where it is a folder, the target's name below it."""
    path = link.path.rstrip("/")
    name = link.target.rsplit("/", 1)[-1]
    into = path in {"/usr/lib", "/usr/lib64", "/usr/local/lib"} and name.endswith(".so") and "T" not in link.flags
    return f"{path}/{name}" if into else path


def _copied_from(line: str, path: str) -> str:
    found = re.search(rf"(\S+)\s+[\"']?{re.escape(path)}", line)
    return found[1].strip("\"'") if found and found[1].startswith("/") else ""


def _from_mounts(facts: Facts) -> Iterator[Provider]:
    for name, unit in part(facts).units.items():
        service = unit.sections.get("Service", {})
        for value in (*service.get("BindReadOnlyPaths", ()), *service.get("BindPaths", ())):
            for word in value.split():
                source, _, rest = word.lstrip("-").partition(":")
                path = rest.partition(":")[0] or source
                if _is_runtime_path(path):
                    yield Provider(name, path, source, True, True, f"{name}: {word}")
