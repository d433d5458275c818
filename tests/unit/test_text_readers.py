"""Readers of tmpfiles lines, shell values and links, and Nix text."""

from __future__ import annotations

from pathlib import Path

import pytest

from rknn_validation.facts.recipes import nixfiles
from rknn_validation.facts.text import shell, tmpfiles

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


READ = """
FOO="a b"$X ln -sfn "${pkg:-x}/lib" \\
  /usr/lib/ 2>/dev/null || true
if [ ! -e /dev/rknpu ] && test -n "$x"; then mknod -m 0666 /dev/rknpu c 10 1; fi
cat > $out/a <<'EOF'
chmod 777 /dev/rknpu
EOF
install -Dm644 "$src" $out/lib/modules/$KVER/{extra,misc}/"  a $KVER"
x=$(chmod 777 /dev/mem)
for i in a; do chmod 666 /dev/$i; done
"""


def test_commands_of_a_script() -> None:
    link, true, asked, tested, made, shown, copied, looped = shell.commands(READ, {"out": "$out", "src": "@src@"})
    assert (link.words, link.line, link.certain) == (("ln", "-sfn", "@…@/lib", "/usr/lib/"), 2, False)
    assert link.assigned == (("FOO", "a b@X@"),)
    assert true.under == (shell.ShellCondition(link.words, succeeded=False),)
    assert asked.words == ("[", "!", "-e", "/dev/rknpu", "]")
    assert made.words[0] == "mknod"
    assert [one.words for one in made.under] == [asked.words, tested.words]
    assert (shown.writes, shown.given, shown.certain) == (("$out/a",), "chmod 777 /dev/rknpu\n", True)
    assert copied.words[2:] == (
        "@src@",
        "$out/lib/modules/@KVER@/extra/  a @KVER@",
        "$out/lib/modules/@KVER@/misc/  a @KVER@",
    )
    assert (looped.words, looped.certain) == (("chmod", "666", "/dev/@i@"), False)


def test_commands_inside_substitutions_and_behind_wrappers() -> None:
    assert ("chmod", "777", "/dev/mem") in [one.words for one in shell.all_commands(READ)]
    (command,) = shell.all_commands("exec env A=b /nix/store/c/bin/chmod -v 0666 /dev/rknpu")
    assert (command.program, command.options, command.arguments) == ("chmod", ("-v",), ("0666", "/dev/rknpu"))


@pytest.mark.parametrize("script", ["", "if", "fi )(", "a 'b", "x <<EOF", "${", "a | | b", "\0"])
def test_scripts_with_syntax_errors_are_still_read(script: str) -> None:
    assert isinstance(shell.all_commands(script), tuple)


def test_exports() -> None:
    script = 'export A=1 LD_LIBRARY_PATH="/x:$LD_LIBRARY_PATH"\n# LD_LIBRARY_PATH=/no\nLD_LIBRARY_PATH=/y program'
    assert [value for value, _ in shell.exports(script, "LD_LIBRARY_PATH")] == ["/x:$LD_LIBRARY_PATH", "/y"]


def _tree(text: str, folder: Path) -> nixfiles.NixFile:
    (folder / "default.nix").write_text(text)
    tree = nixfiles.read_nix_file(folder / "default.nix", folder)
    assert tree is not None
    return tree


def test_nix_comments_and_strings_are_not_read_as_code(tmp_path: Path) -> None:
    text = "{ a = ''x ${config.b.c} ''${b.c} '''b.c'''; b = \"b.c\"; /* b.c */ } # b.c\n"
    assert len(list(nixfiles.places_naming(_tree(text.replace("''';", "'';"), tmp_path), "b", "c"))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "{ b.c.d = 1; }",
        "{ b = { c = { d = 1; }; }; }",
        "{ b = mkIf x { c.d = 1; }; }",
        "{ x = config.b.c.d; }",
        "{ x = { y.b.c = 1; }; }",
    ],
)
def test_options_are_found_in_every_notation(text: str, tmp_path: Path) -> None:
    assert len(list(nixfiles.places_naming(_tree(text, tmp_path), "b", "c"))) == 1
    assert not list(nixfiles.places_naming(_tree(text, tmp_path), "c", "b"))
