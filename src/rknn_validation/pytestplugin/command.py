"""`rknn-validate`: pytest with the suites that judge a subject, wherever it is started."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import shtab

from rknn_validation import __version__
from rknn_validation.pytestplugin import doctor, explain
from rknn_validation.pytestplugin.entry import PLUGIN, SUITES
from rknn_validation.pytestplugin.options import GROUPS

LOOK = "rknn_validation.pytestplugin.look"
"""The plugin for what the command prints."""
SHELLS = ("bash", "zsh", "fish")
DESCRIPTION = """\
Tells whether the RK3588 NPU will work under a NixOS configuration. Without options it judges ./validation.yaml:
it evaluates the configuration (tier unit) and boots emulated boards with it (tier vm).
"""
EPILOG = """\
Every other option is pytest's: -k WORDS, -x, --collect-only, and so on. With pytest-xdist, -n 2 works in two processes.
Plugins of pytest are not loaded by themselves: name them with -p.

examples:
  rknn-validate --flake .#opi01            judge the host opi01 of the flake in this directory
  rknn-validate --flake .#opi01 -m unit    only evaluate it: nothing is booted
  rknn-validate --hardware -m hardware     ask the nodes in validation.yaml over SSH
  rknn-validate --kubernetes --context NAME -m kubernetes
                                           ask the cluster of this context of the kubeconfig
  rknn-validate --explain device.present   what a check asks, and what to do where it fails
  rknn-validate cache                      what the cache holds, and how to empty it

exit status: 0 every check that applies passed; 1 a check failed or could not tell; 2 interrupted; 4 wrong usage.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, the process's own without any. Returns its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["cache"]:
        from rknn_validation.common.cachecommand import main as cache

        return cache(words[1:])
    asked, _ = own_options().parse_known_args(words)
    try:
        status = answer(asked)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has enough, such as head(1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return judge(words) if status is None else status


def answer(asked: argparse.Namespace) -> int | None:
    """Answer what the command answers by itself; None where it is to judge."""
    if asked.explain is not None:
        return explain.main(asked.explain)
    if asked.doctor:
        return doctor.main()
    if asked.help:
        print(everything().format_help(), end="")
    elif asked.version:
        print(f"rknn-validate {__version__} (pytest {pytest.__version__})")
    elif asked.print_completion:
        print(completion(asked.print_completion))
    else:
        return None
    return 0


def judge(words: Sequence[str]) -> int:
    """Run pytest with the suites and these options."""
    if importlib.util.find_spec("xdist") is None and any(word.startswith("-n") for word in words):
        print("rknn-validate: -n needs pytest-xdist: pip install 'rknn-validation[parallel]'", file=sys.stderr)
        return int(pytest.ExitCode.USAGE_ERROR)
    # What other projects have installed here has no say in a verdict. pytest-xdist's processes inherit this.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    plugins = [name for name in (PLUGIN, LOOK, "xdist.plugin") if importlib.util.find_spec(name)]
    load = [word for name in plugins for word in ("-p", name)]
    settings = ["-c", str(SUITES / "command.ini"), f"--rootdir={Path.cwd()}"]
    return int(pytest.main([*settings, *load, *words, str(SUITES)], plugins=[OnlyTheSuites()]))


class OnlyTheSuites:
    """Refuses test paths: a subject that was named without its option would not be the one that is judged."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Whoever names a subject without the option for it is told which one that is."""
        for word in config.option.file_or_dir:
            if word != str(SUITES):
                raise pytest.UsageError(f"{word}: expected an option\n  hint: {_hint(word)}")
        for tier, what in (("hardware", "nodes are"), ("kubernetes", "a cluster is")):
            if config.option.markexpr == tier and not config.getoption(f"--{tier}"):
                raise pytest.UsageError(f"-m {tier}: expected --{tier} beside it, for {what} asked only then")


def _hint(word: str) -> str:
    if "#" in word or (Path(word) / "flake.nix").exists():
        return f"to judge a host of a flake: rknn-validate --flake {word}"
    if word.endswith(".nix"):
        return f"to judge a host of a file: rknn-validate --file {word} -A PATH"
    if word.endswith((".yaml", ".yml")):
        return f"to judge the subject of a file: rknn-validate --subject {word}"
    return "rknn-validate --help lists the options; -k WORDS chooses checks"


def own_options() -> argparse.ArgumentParser:
    """What the command answers by itself, without judging anything."""
    parser = argparse.ArgumentParser("rknn-validate", add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true", help="print this")
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.add_argument("--explain", metavar="CODE|CHECK", help="print what a check or cause is, and what to do")
    parser.add_argument("--doctor", action="store_true", help="print what this machine has and lacks for each tier")
    completes = "print the completion script of a shell"
    parser.add_argument("--print-completion", choices=SHELLS, metavar="|".join(SHELLS), help=completes)
    return parser


def everything() -> argparse.ArgumentParser:
    """All options, for the help and the completion. Those of pytest's that are used most are among them."""
    parser = argparse.ArgumentParser(
        "rknn-validate",
        usage="rknn-validate [OPTION]...\n       rknn-validate cache [OPTION]...",
        description=DESCRIPTION,
        epilog=EPILOG,
        parents=[own_options()],
        add_help=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for title, options in GROUPS.items():
        options(parser.add_argument_group(title).add_argument)
    ours = parser.add_argument_group("pytest")
    tiers = ("unit", "vm", "hardware", "kubernetes")
    ours.add_argument("-m", metavar="TIER", choices=tiers, help="ask this tier alone")
    ours.add_argument("-k", metavar="WORDS", help="ask the questions that match, such as 'opi01 and udev'")
    ours.add_argument("-n", metavar="N", help="work in this many processes")
    ours.add_argument("-v", "--verbose", action="store_true", help="say more")
    ours.add_argument("-x", "--exitfirst", action="store_true", help="stop at the first failure")
    ours.add_argument("--collect-only", action="store_true", help="list the questions, and ask none")
    for action in parser._actions:
        if action.metavar in ("FILE", "DIR"):
            action.complete = shtab.FILE if action.metavar == "FILE" else shtab.DIRECTORY  # type: ignore[attr-defined]
    return parser


def completion(shell: str) -> str:
    """The completion script. Raises SystemExit where the installed shtab does not know the shell."""
    if shell not in shtab.SUPPORTED_SHELLS:
        sys.exit(f"rknn-validate: {shell} needs a newer shtab than {shtab.__version__}: pip install -U shtab")
    parser = everything()
    parser.add_argument("subcommand", nargs="?", choices=("cache",), help="what the cache holds")
    script: str = shtab.complete(parser, shell=shell)
    return script
