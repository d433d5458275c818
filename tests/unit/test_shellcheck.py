"""What shellcheck says of scripts, as far as it breaks them."""

from __future__ import annotations

import pytest

from rknn_validation.facts import scripts

pytestmark = pytest.mark.unit


def problems(script: str) -> tuple[str, ...]:
    return scripts.judge([script])[script].problems


@pytest.mark.parametrize(
    "script",
    [
        "",
        "echo $UNQUOTED `date`\nfor x in $(ls *); do rm $x; done\n",  # style, all of it
        "#!/bin/sh\nif [ -e /dev/rknpu ]; then exec server; fi\n",
        "#!/nix/store/00000000000000000000000000000000-bash/bin/bash\nshopt -s nullglob\n",
        "[[ $1 =~ ^(a|b)$ ]] && (( $2 > 1 )) || exit 1\n",
        "f() { local x=1; echo $x; }\nf\n",
        "x=(1 2)\necho ${x[@]} $@\n",
        "cat <<EOF\n$(date)\nEOF\n",
        "exec @package@/bin/server --model @…@\n",
    ],
)
def test_style_findings_do_not_break_a_script(script: str) -> None:
    assert problems(script) == ()


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("if true; then\n  echo a\n", "line 1"),
        ("#!/bin/sh\necho 'never closed\n", "line 2"),
        ("echo a\r\necho b\r\n", "line 1"),
        ("echo a\nlocal x=1\n", "line 2"),
        ("for x in a; do\n  echo $x\n", "line 1"),
        ("}\n", "line 1"),
    ],
)
def test_errors_in_a_script_name_the_line(script: str, line: str) -> None:
    found = problems(script)
    assert found and any(one.startswith(line) for one in found), found


def test_shellcheck_starts_once_for_all_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    ask = scripts._ask
    monkeypatch.setattr(scripts, "_ask", lambda program, scripts: started.append(len(scripts)) or ask(program, scripts))
    several = [f"echo {number} of many\n" for number in range(5)]
    assert set(scripts.judge(several)) == set(several)
    scripts.judge(several)
    assert started == [5]


def test_without_shellcheck_no_script_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert scripts.judge(["echo never seen before\n"]) == {}
