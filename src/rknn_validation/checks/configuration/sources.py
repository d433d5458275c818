"""Downloads: pinned by a real hash, from an address that keeps meaning the same file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem, Unsure, looked_at
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.syntax import Binding
from rknn_validation.facts.recipes.fetches import UNKNOWN, Fetch, fetches
from rknn_validation.facts.recipes.hashes import HashError, is_placeholder, parse_hash
from rknn_validation.facts.recipes.nixtrees import trees_of
from rknn_validation.facts.recipes.revisions import Kind, followed

NOTHING = "the subject downloads nothing"
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HTTPS_ONLY = re.compile(
    r"(?:https?|git|ssh)://(?:git@)?(?:[\w.-]*\.)?(?:github\.com|githubusercontent\.com|gitlab\.com|codeberg\.org)[:/]"
)


def _problems(facts: Facts, find: Callable[[Fetch], str | None]) -> Iterator[Problem]:
    for fetch in fetches(facts):
        what = find(fetch)
        if what:
            yield Problem(fetch.where, what, str(fetch))


@check(
    "lint.source-has-a-hash",
    stage="lint",
    title="Every download is pinned by a hash",
    remedy='Add hash = "sha256-…" to the fetcher (set it to lib.fakeHash once and take the hash Nix then reports).',
    good="every download has a hash",
    nothing=NOTHING,
)
def has_a_hash(facts: Facts) -> Iterator[Finding]:
    """Without a hash nixpkgs' fetchers refuse to evaluate, and built-in ones take whatever the server sends today."""
    yield from _problems(facts, _unhashed)
    yield from looked_at(fetches(facts))


def _unhashed(fetch: Fetch) -> str | None:
    if fetch.hash is not None:
        return None
    if fetch.fetcher in ("fetchGit", "fetchTree") and _COMMIT.fullmatch(fetch.revision or ""):
        return None
    if fetch.fetcher in ("fetchGit", "fetchTree") and UNKNOWN in (fetch.revision or ""):
        return None
    return f"{fetch.fetcher} is given no hash, so nothing says which file is meant"


@check(
    "lint.hash-is-real",
    stage="lint",
    title="No hash is a placeholder",
    remedy='Build the package once and put the hash Nix reports as "got:" in place of the placeholder.',
    good="no hash is a placeholder",
    nothing=NOTHING,
)
def hash_is_real(facts: Facts) -> Iterator[Finding]:
    """lib.fakeHash and its like make every build fail with a hash mismatch."""
    yield from _problems(facts, _placeholder)
    yield from looked_at(fetches(facts))


def _placeholder(fetch: Fetch) -> str | None:
    text = fetch.hash
    if text is None or text == UNKNOWN:
        return None
    if "fakeHash" in text or "fakeSha" in text or is_placeholder(text):
        return (
            f"{fetch.hash_attribute} = {text or 'an empty string'} is a placeholder: the build ends in a hash mismatch"
        )
    return None


@check(
    "lint.hash-is-well-formed",
    stage="lint",
    title="Every hash is one Nix can read",
    remedy='Write it as hash = "sha256-<44 characters of base 64>"; nix hash to-sri converts other spellings.',
    good="every hash is readable",
    nothing=NOTHING,
)
def hash_is_well_formed(facts: Facts) -> Iterator[Finding]:
    """Nix refuses a hash of the wrong length, alphabet or algorithm."""
    found = (*_problems(facts, _malformed), *_malformed_of_dependencies(facts))
    yield from found
    yield from looked_at(fetches(facts))


def _malformed_of_dependencies(facts: Facts) -> Iterator[Problem]:
    """What a Go, Rust or Node package downloads is pinned by one hash of its own."""
    for tree in trees_of(facts):
        for node in tree.tree.walk():
            if isinstance(node, Binding) and node.path[-1] in ("vendorHash", "cargoHash", "npmDepsHash"):
                text = tree.text(node.value)
                if text and UNKNOWN not in text and not is_placeholder(text):
                    try:
                        parse_hash(text, None)
                    except HashError as error:
                        yield Problem(tree.at(node), f"{node.path[-1]} = {text} is no hash: {error}")


def _malformed(fetch: Fetch) -> str | None:
    text = fetch.hash
    if text is None or UNKNOWN in text or _placeholder(fetch):
        return None
    algorithm = fetch.hash_attribute if fetch.hash_attribute in ("sha256", "sha512", "sha1", "md5") else None
    try:
        parse_hash(text, algorithm)
    except HashError as error:
        return f"{fetch.hash_attribute} = {text} is no hash: {error}"
    return None


@check(
    "lint.source-stays-the-same",
    stage="lint",
    title="Every download names a commit, a tag or a release, not a branch",
    remedy="Replace the branch in the address by the commit it points to today.",
    good="no download follows a branch",
    nothing=NOTHING,
)
def stays_the_same(facts: Facts) -> Iterator[Finding]:
    """A branch moves on: from then on the hash no longer matches and nobody can build the system again."""
    for fetch in fetches(facts):
        found = followed(fetch)
        if found.kind is Kind.MOVING:
            what = f"it follows {found.name}, which moves: after the next push there the hash no longer matches"
            yield Problem(fetch.where, what, str(fetch))
        elif found.kind is Kind.UNKNOWN:
            why = f"{found.name} is no hash and has not the shape of a tag: it may be a branch, which moves"
            yield Unsure(fetch.where, why, str(fetch))
        else:
            yield Fine(fetch.where, str(fetch))


@check(
    "lint.source-can-be-downloaded",
    stage="lint",
    title="Every address leads to the file itself, without credentials",
    remedy="Use the https address of the raw file: raw.githubusercontent.com/<owner>/<repository>/<commit>/<path>.",
    good="every address leads to a file",
    nothing=NOTHING,
)
def can_be_downloaded(facts: Facts) -> Iterator[Finding]:
    """A GitHub /blob/ page is HTML; git:// there is switched off; file:// and ssh exist on one machine only."""
    yield from _problems(facts, _unreachable)
    yield from looked_at(fetches(facts))


def _unreachable(fetch: Fetch) -> str | None:
    for url in fetch.urls:
        if re.match(r"https?://(?:www\.)?github\.com/[^/]+/[^/]+/(?:blob|tree)/", url) and "raw=true" not in url:
            return "a /blob/ or /tree/ address is the web page about the file, not the file"
        if url.startswith(("file:", "/home/", "/tmp/", "/root/", "~")):
            return "it names a file of one machine; the build has no access to it, and no other machine has it"
        if url.startswith(("ssh:", "git@", "git+ssh:")):
            return "it needs an SSH key, which the build sandbox does not have"
        if url.startswith(("http://", "git://")) and _HTTPS_ONLY.match(url):
            return f"this host does not serve {url.split(':')[0]}://; the address must begin with https://"
        if re.match(r"https?://(?:localhost|127\.|192\.168\.|10\.)", url):
            return "it names a server of a private network"
    return None
