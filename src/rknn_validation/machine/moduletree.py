"""The simulated drivers as they are laid into a board, with the indexes depmod makes of them and the image's own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import output
from rknn_validation.common.workspace import workspace
from rknn_validation.machine.image import Image
from rknn_validation.machine.tree import File, Tree


def module_tree(image: Image, names: Iterable[str], deadline: Deadline) -> Tree:
    """The named simulated drivers as `/usr/lib/modules/<release>/updates/*.ko`, with the indexes depmod makes.

    Spares the guest a depmod of its own.
    """
    chosen = tuple(sorted(set(names)))
    if (image, chosen) not in _TREES:
        _TREES[image, chosen] = _module_tree(image, chosen, deadline)
    return _TREES[image, chosen]


_TREES: dict[tuple[Image, tuple[str, ...]], Tree] = {}


def _module_tree(image: Image, names: tuple[str, ...], deadline: Deadline) -> Tree:
    directory = f"/usr/lib/modules/{image.release}"
    tree = {f"{directory}/updates/{name}.ko": File((image.simulated / f"{name}.ko").read_bytes()) for name in names}
    with workspace() as work:
        scratch = work / "lib/modules" / image.release
        output(["tar", "--extract", "--file", image.modules, "--directory", work], deadline)
        (scratch / "updates").mkdir()
        for path, file in tree.items():
            (scratch / "updates" / Path(path).name).write_bytes(file.data)
        output(["depmod", "-b", work, image.release], deadline)
        for index in sorted(scratch.glob("modules.*")):
            tree[f"{directory}/{index.name}"] = File(index.read_bytes())
    return tree
