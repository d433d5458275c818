"""Readers of tmpfiles lines, shell values and links, and Nix text."""

from __future__ import annotations

import pytest

from rknn_validation.facts.text import nixtext, shell, tmpfiles

pytestmark = pytest.mark.unit


def test_tmpfiles_line() -> None:
    line = tmpfiles.parse("L+ /usr/lib/librknnrt.so - - - - /nix/store/x-rknn/lib/librknnrt.so")
    assert isinstance(line, tmpfiles.Line)
    assert (line.type, line.replaces, line.argument) == ("L", True, "/nix/store/x-rknn/lib/librknnrt.so")


@pytest.mark.parametrize(
    "text", ["d /run/npu 0755 root render 10d", "r! /x", "z /dev/rknpu :0660 root render", "C+ /a - - - - /b"]
)
def test_tmpfiles_readable(text: str) -> None:
    assert isinstance(tmpfiles.parse(text), tmpfiles.Line)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("L+ usr/lib/x - - - - /y", "not absolute"),
        ("J /x", "not a type"),
        ("d /x rwx", "octal"),
        ("L+ /usr/lib/librknnrt.so - - - /nix/store/x", "age"),
        ("d", "needs a type and a path"),
        ('f "/x', "quotes"),
    ],
)
def test_tmpfiles_unreadable(text: str, why: str) -> None:
    line = tmpfiles.parse(text)
    assert isinstance(line, tmpfiles.Unreadable) and why in line.why


@pytest.mark.parametrize(
    ("value", "elements"),
    [
        ("/a/lib", ["/a/lib"]),
        ("$LD_LIBRARY_PATH:/a", ["", "/a"]),
        ("/a:${LD_LIBRARY_PATH}", ["/a", ""]),
        ("/a${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}", ["/a"]),
        ("${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/a", ["/a"]),
        ("${LD_LIBRARY_PATH:-/b}:/a", ["/b", "/a"]),
        ("/a::/b", ["/a", "", "/b"]),
        ("$OTHER/lib", ["$OTHER/lib"]),
        ("", []),
    ],
)
def test_path_elements_where_the_variable_was_unset(value: str, elements: list[str]) -> None:
    assert shell.elements(value, {"LD_LIBRARY_PATH": ""}) == elements


def test_links() -> None:
    script = "mkdir -p /usr/lib\n# ln -s /no /no\n/nix/store/c/bin/ln -sfn /nix/store/x/lib/a.so \\\n  /usr/lib/\n"
    (link,) = shell.links(script)
    assert (link.flags, link.target, link.path) == ("sfn", "/nix/store/x/lib/a.so", "/usr/lib/a.so")


def test_nix_comments_and_strings_are_no_code() -> None:
    text = "{ a = ''/proc ${/proc/version} ''${no} '''; b = \"/sys\"; /* /dev */ } # /run\n"
    code = nixtext.blank(text)
    assert len(code) == len(text)
    assert "/proc/version" in code
    assert "/sys" not in code and "/dev" not in code and "/run" not in code and "no" not in code
