"""Is every part of the module read?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, check
from rknn_validation.checks.findings import Finding, Fine, Problem
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.nixtrees import trees_of
from rknn_validation.facts.recipes.parts import unread_parts


@check(
    "evaluation.parts-of-the-module-are-imported",
    stage="evaluation",
    title="every file of the module that sets something is imported",
    remedy="Add the file to imports, or remove it.",
    good="every part is read",
    nothing="the subject has no files that can be read",
    stacks=ALL_STACKS,
)
def parts_are_imported(facts: Facts) -> Iterator[Finding]:
    """A file beside the module that acts on its options and that nothing names has no effect, and nothing says so."""
    for path in unread_parts(facts):
        what = f"a part of the module is never read: it acts on {'.'.join(facts.subject.option)}, and no file names it"
        yield Problem(path.name, what)
    yield from (Fine(tree.path.name) for tree in trees_of(facts))
