"""Do files the subject puts below /etc reach a reader?"""

from __future__ import annotations

import re

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import baseline
from rknn_validation.facts.model import Facts

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


@CONFIGURATION_CHECKS.check(
    "evaluation.files-in-etc-are-read",
    stage="evaluation",
    title="files below /etc lie where something reads them",
    remedy="Use the NixOS option the evidence names.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def etc_files_read(facts: Facts) -> Answer:
    """Some directories other systems read are NixOS's own, where a further file breaks the build, or read by nobody."""
    before = baseline(facts).etc
    ours = [path for path in facts.configuration.etc if path not in before]
    lost = [
        Evidence(f"environment.etc.{path}", why)
        for path in ours
        for pattern, why in _LOST
        if re.fullmatch(pattern, path)
    ]
    if lost:
        return failed("the file breaks the build of /etc, or nothing reads it", *lost)
    return passed(f"{len(ours)} files") if ours else skipped("the subject adds no file below /etc")
