"""The readers behind the package checks: hashes, wheels, URLs, build scripts, recipes."""

from __future__ import annotations

from pathlib import Path

import pytest

from rknn_validation.checks.configuration.sources import raw_file
from rknn_validation.facts.library.toolkits import parse_wheel_name
from rknn_validation.facts.recipes.fetches import (
    Hash,
    HashError,
    Stability,
    is_placeholder,
    parse_hash,
    revision_in_address,
    stability,
)
from rknn_validation.facts.recipes.installs import follow_install
from rknn_validation.facts.recipes.nixfiles import elf_problem, files_of_subject
from rknn_validation.facts.scripts import syntax_error
from rknn_validation.facts.text.shell import commands
from rknn_validation.npu import versions
from rknn_validation.subject.validation import Subject

pytestmark = pytest.mark.unit

DIGEST = versions.RUNTIME_HASHES["2.3.2"]
SPELLINGS = [
    ("sha256-0x/BnIW4X2CRsr0PavnZYtUmSk5BC/tTZALskrrHOOg=", None),
    ("0x/BnIW4X2CRsr0PavnZYtUmSk5BC/tTZALskrrHOOg=", "sha256"),
    (DIGEST, "sha256"),
    (f"sha256:{DIGEST}", None),
    ("1s1qqyx95v02ci9zn2s19r52dmb2v7wnl3xxna8n0pxqhnfc27yk", "sha256"),
    ("sha256:1s1qqyx95v02ci9zn2s19r52dmb2v7wnl3xxna8n0pxqhnfc27yk", "sha256"),
]


@pytest.mark.parametrize(("text", "algorithm"), SPELLINGS)
def test_every_spelling_of_a_hash_is_the_same_hash(text: str, algorithm: str | None) -> None:
    assert parse_hash(text, algorithm) == Hash("sha256", DIGEST)


@pytest.mark.parametrize(
    ("text", "algorithm", "why"),
    [
        (f"sha256-{DIGEST}", None, "44 characters of base 64"),
        ("sha256-0x/BnIW4X2CRsr0PavnZYtUmSk5BC/tTZALskrrHOOg", None, "not 43"),
        ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "sha256", "not 40"),
        ("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "sha256", "a sha1 hash"),
        (DIGEST, None, "which algorithm"),
        ("1s1qqyx95v02ci9zn2s19r52dmb2v7wnl3xxna8n0pxqhnfc27ye", "sha256", "base 32"),
        ("TODO", "sha256", "not 4"),
    ],
)
def test_an_invalid_hash_is_refused_with_a_reason(text: str, algorithm: str | None, why: str) -> None:
    with pytest.raises(HashError, match=why):
        parse_hash(text, algorithm)


@pytest.mark.parametrize(
    "text", ["", "0" * 64, "0" * 52, "sha256-" + "A" * 43 + "=", "sha256:" + "1" * 52, "deadbeef" * 8]
)
def test_placeholders_are_recognised(text: str) -> None:
    assert is_placeholder(text)


def test_real_hashes_are_not_placeholders() -> None:
    real = [*versions.RUNTIME_HASHES.values(), *versions.TREE_HASHES.values(), *(text for text, _ in SPELLINGS)]
    real += [digest for tags in versions.TOOLKIT_LITE_WHEELS.values() for digest in tags.values()]
    assert not [text for text in real if is_placeholder(text)]
    assert len(set(real)) >= len(real) - 1


def test_wheel_names_contain_interpreter_and_platform() -> None:
    wheel = parse_wheel_name(f"rknn_toolkit_lite2-2.3.2-cp312-cp312-{versions.WHEEL_PLATFORM}.whl")
    assert wheel is not None
    assert (wheel.version, wheel.interpreter, wheel.is_for_aarch64_linux) == ("2.3.2", "3.12", True)
    old = parse_wheel_name("rknn_toolkit_lite2-1.4.0-cp37-cp37m-linux_aarch64.whl")
    assert old is not None and old.interpreter == "3.7"
    other = parse_wheel_name("rknn_toolkit2-1.6.0%2B81f21f4d-cp310-cp310-linux_x86_64.whl")
    assert other is not None and (other.version, other.is_for_aarch64_linux) == ("1.6.0", False)
    pure = parse_wheel_name("six-1.16.0-py2.py3-none-any.whl")
    assert pure is not None and (pure.interpreter, pure.is_for_aarch64_linux) == (None, True)
    assert parse_wheel_name("librknnrt.so") is None


GITHUB = "https://github.com/airockchip/rknn-toolkit2"
RAW = "https://raw.githubusercontent.com/airockchip/rknn-toolkit2"


@pytest.mark.parametrize(
    ("url", "moves"),
    [
        (f"{RAW}/master/x.so", True),
        (f"{GITHUB}/raw/main/x.so", True),
        (f"{GITHUB}/raw/refs/heads/v2/x.so", True),
        (f"{GITHUB}/archive/master.tar.gz", True),
        (f"{GITHUB}/archive/refs/heads/master.zip", True),
        (f"{GITHUB}/releases/latest/download/x.so", True),
        ("https://huggingface.co/a/b/resolve/main/m.rknn", True),
        (f"{RAW}/42aa1d426c0a9e0869b6374edba009f7208a1926/main/x.so", False),
        (f"{RAW}/v2.3.2/master/x.so", False),
        (f"{GITHUB}/archive/refs/tags/v2.3.2.tar.gz", False),
        (f"{GITHUB}/archive/v2.3.2.tar.gz", False),
        (f"{GITHUB}/releases/download/v2.3.2/x.so", False),
        ("https://example.org/main/x.tar.gz", False),
    ],
)
def test_branches_are_distinguished_from_commits_and_tags(url: str, moves: bool) -> None:
    found = revision_in_address(url)
    assert (found is not None and found.kind is Stability.MOVING) is moves


def test_raw_urls_are_parsed() -> None:
    assert raw_file(f"{RAW}/v2.3.2/a/b.so") == ("rknn-toolkit2", "v2.3.2", "a/b.so")
    assert raw_file(f"{GITHUB}/raw/refs/tags/v2.3.2/a/b.so") == ("rknn-toolkit2", "v2.3.2", "a/b.so")
    assert raw_file(f"{GITHUB}/releases/download/v2.3.2/b.so") is None


def test_the_runtimes_path_is_known_only_for_vendor_repositories() -> None:
    assert versions.misplaced_runtime("rknn-toolkit2", "runtime/RK3588/Linux/librknn_api/aarch64/librknnrt.so")
    assert not versions.misplaced_runtime("rknpu2", "runtime/RK3588/Linux/librknn_api/aarch64/librknnrt.so")
    assert not versions.misplaced_runtime("my-binaries", "librknnrt.so")


HEAD = b"\x7fELF\x02\x01\x01" + b"\0" * 9 + b"\x03\0"


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (HEAD + b"\xb7\0" + b"\0" * 44, None),
        (HEAD + b"\x3e\0" + b"\0" * 44, "x86_64"),
        (HEAD + b"\x28\0" + b"\0" * 44, "ARM"),
        (b"version https://git-lfs.github.com/spec/v1\n", "LFS"),
        (b"<html>", "no ELF"),
        (b"", "no ELF"),
    ],
)
def test_libraries_are_recognised_by_their_first_bytes(head: bytes, why: str | None) -> None:
    problem = elf_problem(head)
    assert problem is None if why is None else why in (problem or "")


def test_commands_expand_variables_and_mark_uncertain_ones() -> None:
    script = """
      dest="$out/lib" # where to
      mkdir -p $dest ${dest}/{a,b}
      test -e x || cp y $dest
      for f in *.so; do
        cp "$f" $dest
      done
      echo "a; b" && cp z \\
        $unknown 2>/dev/null
      cp $(stripHash $src) q
    """
    found = {command.words: command.certain for command in commands(script, {"out": "$out"})}
    assert found[("mkdir", "-p", "$out/lib", "$out/lib/a", "$out/lib/b")]
    assert not found[("cp", "y", "$out/lib")]
    assert not found[("cp", "@f@", "$out/lib")]
    assert found[("echo", "a; b")]
    assert found[("cp", "z", "@unknown@")]
    assert found[("cp", "@stripped@", "q")]


INSTALLED = [
    ("install -Dm644 $src $out/lib/librknnrt.so", "$out/lib/librknnrt.so"),
    ('install -D -m 0755 "$src" "${out}/lib/librknnrt.so"', "$out/lib/librknnrt.so"),
    ("install -Dm644 -t $out/lib a/librknnrt.so", "$out/lib/librknnrt.so"),
    ("mkdir -p $out/lib\ncp a/librknnrt.so $out/lib/", "$out/lib/librknnrt.so"),
    ("mkdir -p $out/{lib,include}; cp -v a/librknnrt.so $out/lib", "$out/lib/librknnrt.so"),
    ("install -d $out/lib && install -m755 librknnrt.so $out/lib/", "$out/lib/librknnrt.so"),
    ("cd rknpu2; mkdir -p $out/lib; cp librknnrt.so $out/lib/librknnrt.so", "$out/lib/librknnrt.so"),
    ("mkdir -p $out/lib; cp $src $out/lib/$(stripHash $src)", "$out/lib/@stripped@"),
    ("mkdir -p $out/lib; cp $src $out/lib/", "$out/lib/<hash>-"),
    ("mkdir -p $out; cp $src $out/lib", "$out/lib"),
]


@pytest.mark.parametrize(("script", "path"), INSTALLED)
def test_install_scripts_are_followed(script: str, path: str) -> None:
    result = follow_install(script, source_is_file=True)
    assert list(result.files) == [path]
    assert not result.problems


@pytest.mark.parametrize(
    "script",
    [
        "cp $src $out/lib/librknnrt.so",
        "cp a.so $out/lib/",
        "mkdir $out/lib",
        "mkdir -p $out; cp a.so $out/lib/",
        "install -m644 a.so $out/lib/a.so",
        "ln -s /a $out/lib/a",
    ],
)
def test_missing_directories_are_reported(script: str) -> None:
    assert follow_install(script, source_is_file=True).problems


@pytest.mark.parametrize(
    "script", ["make install", "for f in *; do cp $f $out; done", "tar xf $src -C $out", "cp -r a $out"]
)
def test_scripts_that_cannot_be_followed_are_not_complete(script: str) -> None:
    result = follow_install(script, source_is_file=False)
    assert not result.complete


def test_syntax_errors_are_reported() -> None:
    assert syntax_error('echo "x') is not None
    assert syntax_error("if true; then echo; fi") is None


def test_a_subject_is_its_module_and_what_that_leads_to(tmp_path: Path) -> None:
    (tmp_path / "module.nix").write_text("{ imports = [ ./more ]; x = ./gone.nix; }")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "default.nix").write_text('{ y = rec { v = "2.3.2"; u = "a/${v}"; }; }')
    (tmp_path / "overlay.nix").write_text("final: prev: { other = final.callPackage ./other.nix { }; }")
    (tmp_path / "other.nix").write_text('{ fetchurl }: fetchurl { url = "http://x"; }')
    (tmp_path / "stray.nix").write_text("{ }")
    subject = Subject(tmp_path, tmp_path / "module.nix", ("x",), overlays=(tmp_path / "overlay.nix",))
    trees = {tree.path.name: tree for tree in files_of_subject(subject)}
    assert set(trees) == {"module.nix", "default.nix", "overlay.nix", "other.nix"}
    assert trees["default.nix"].about_npu and not trees["other.nix"].about_npu
    assert trees["default.nix"].text(trees["default.nix"].names["u"]) == "a/2.3.2"
    (tmp_path / "module.nix").write_text("{ }")
    assert {tree.path.name for tree in files_of_subject(subject)} <= {
        "module.nix",
        "overlay.nix",
        "other.nix",
        "default.nix",
    }


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("42aa1d426c0a9e0869b6374edba009f7208a1926", Stability.FIXED),
        ("42aa1d4", Stability.FIXED),
        ("v2.3.2", Stability.FIXED),
        ("6.1-rc3", Stability.FIXED),
        ("refs/tags/whatever", Stability.FIXED),
        ("release-1.2.3", Stability.FIXED),
        ("b4210", Stability.FIXED),
        ("v${…}", Stability.FIXED),
        ("main", Stability.MOVING),
        ("refs/heads/${…}", Stability.MOVING),
        ("linux-6.6.y", Stability.MOVING),
        ("nixos-unstable", Stability.MOVING),
        ("rk-6.1-rkr5.1", Stability.UNKNOWN),
        ("rknpu-fixes", Stability.UNKNOWN),
    ],
)
def test_a_revision_is_a_hash_or_a_tag_or_unknown(text: str, kind: Stability) -> None:
    assert stability(text) is kind


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://gitlab.com/o/r/-/raw/master/x.so", Stability.MOVING),
        ("https://gitlab.freedesktop.org/o/r/-/archive/25.3.0/r-25.3.0.tar.gz", Stability.FIXED),
        ("https://github.com/o/r/archive/refs/heads/main.tar.gz", Stability.MOVING),
        ("https://github.com/o/r/archive/refs/tags/main.tar.gz", Stability.FIXED),
        ("https://codeload.github.com/o/r/tar.gz/main", Stability.MOVING),
        ("https://github.com/o/r/pull/12.patch", Stability.MOVING),
        ("https://git.kernel.org/x/linux.git/plain/a.dts?h=linux-6.12.y", Stability.MOVING),
        ("https://huggingface.co/o/r/resolve/main/m.rknn", Stability.MOVING),
        ("https://raw.githubusercontent.com/o/r/some-topic/x.so", Stability.UNKNOWN),
        ("https://github.com/o/r/releases/download/v1/x.so", None),
        ("https://example.org/main/x.so", None),
    ],
)
def test_the_revision_that_a_url_follows(url: str, kind: Stability | None) -> None:
    found = revision_in_address(url)
    assert (found.kind if found else None) is kind


@pytest.mark.parametrize(
    "script",
    [
        "mkdir -p $out\ncp -r $src/. $out/\nln -s librknnrt.so $out/lib/librknn_api.so",
        "mkdir -p $out\ncp -r lib $out/\nln -s ../librknnrt.so $out/lib/aarch64/librknnrt.so",
        "mkdir -p $out/share\ncp -a tree/* $out/share/\nln -s a $out/share/x/b",
    ],
)
def test_a_tree_that_is_copied_whole_may_bring_the_folder(script: str) -> None:
    assert not follow_install(script, source_is_file=False).problems


def test_a_tree_that_is_copied_elsewhere_does_not() -> None:
    script = "mkdir -p $out/share\ncp -r tree $out/share/\nln -s librknnrt.so $out/lib/librknn_api.so"
    assert follow_install(script, source_is_file=False).problems
