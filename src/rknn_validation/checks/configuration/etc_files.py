"""Do files the subject puts below /etc reach a reader?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, check
from rknn_validation.checks.findings import Fine, Problem
from rknn_validation.facts.model import Facts
from rknn_validation.facts.npupart import npu_etc

_LOST = (
    (
        r"udev/(rules|hwdb)\.d/.+",
        "the directory is NixOS's own: use services.udev.extraRules or services.udev.packages",
    ),
    (
        r"systemd/(system|user)/[^/]+\.(service|timer|socket|path|target)",
        "the directory is NixOS's own: use systemd.services",
    ),
    (r"tmpfiles\.d/.+", "the directory is NixOS's own: use systemd.tmpfiles.rules"),
    (r"profile\.d/.+", "NixOS's /etc/profile reads no profile.d: use environment.variables"),
    (r"environment", "nothing on NixOS reads /etc/environment: use environment.sessionVariables"),
    (r"modules", "systemd-modules-load reads modules-load.d: use boot.kernelModules"),
)


@check(
    "evaluation.files-in-etc-are-read",
    stage="evaluation",
    title="files below /etc lie where something reads them",
    remedy="Use the NixOS option the evidence names.",
    nothing="the subject adds no file below /etc for the NPU",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def etc_files_read(facts: Facts) -> Iterator[Problem | Fine]:
    """Some directories other systems read are NixOS's own, where a further file breaks the build, or read by nobody."""
    for file in npu_etc(facts):
        lost = next((why for pattern, why in _LOST if re.fullmatch(pattern, file.path)), None)
        if lost:
            what = "the file breaks the build of /etc, or nothing reads it"
            yield Problem(f"environment.etc.{file.path}", what, lost)
        else:
            yield Fine(f"/etc/{file.path}")
