"""Downloads of the vendor's files, held against what is known of them: where they lie, and their hashes."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Problem, looked_at
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.fetches import UNKNOWN, Fetch, fetches
from rknn_validation.facts.recipes.hashes import HashError, is_placeholder, parse_hash
from rknn_validation.facts.recipes.recipes import recipes
from rknn_validation.facts.recipes.wheels import fetched_wheel, wheel_of
from rknn_validation.npu import versions

NOTHING = "the subject downloads nothing"
_REFERENCE = r"https?://(?:raw\.githubusercontent\.com/([^/]+)/([^/]+)|github\.com/([^/]+)/([^/]+)/raw)/"
_RAW = re.compile(_REFERENCE + r"((?:refs/(?:tags|heads)/)?[^/]+)/(.+)")


def raw_file(url: str) -> tuple[str, str, str] | None:
    """(repository, commit or tag or branch, path) of a raw GitHub address."""
    found = _RAW.fullmatch(url.split("?")[0])
    if not found or UNKNOWN in found[5]:
        return None
    return found[2] or found[4], found[5].removeprefix("refs/tags/"), found[6]


def digest(fetch: Fetch) -> str | None:
    """The sha256 in base 16 where one is given and readable."""
    if not fetch.hash or UNKNOWN in fetch.hash or is_placeholder(fetch.hash):
        return None
    try:
        found = parse_hash(fetch.hash, "sha256" if fetch.hash_attribute == "sha256" else None)
    except HashError:
        return None
    return found.digest if found.algorithm == "sha256" else None


@check(
    "lint.path-is-in-the-repository",
    stage="lint",
    title="Files are fetched from where the vendor's repository has them",
    remedy="In rknn-toolkit2 the runtime is rknpu2/runtime/Linux/librknn_api/aarch64/librknnrt.so, wheels are in "
    "rknn-toolkit-lite2/packages/.",
    good="no path is known to be wrong",
    nothing=NOTHING,
)
def path_is_in_repository(facts: Facts) -> Iterator[Finding]:
    """Another path, or a wheel of one version at the commit of another, is a 404."""
    found = [Problem(one.where, what, str(one)) for one in fetches(facts) for what in _misplaced(one)]
    yield from found
    yield from looked_at(fetches(facts))


def _misplaced(fetch: Fetch) -> Iterator[str]:
    repository = (fetch.repository or ("", ""))[1]
    asked = fetch.revision or ""
    if repository == "rknn-toolkit2" and asked in versions.RELEASED:
        yield f"{repository} has no tag {asked}; its releases are tagged v{asked}"
    for url in fetch.urls:
        parts = raw_file(url)
        if parts is None or UNKNOWN in url:
            continue
        repository, reference, path = parts
        if versions.misplaced_runtime(repository, path):
            known = " or ".join(versions.RUNTIME_PATHS[repository.lower()])
            yield f"{repository} has no {path} (it is {known}): the download is a 404"
        wheel = wheel_of(posixpath.basename(path))
        released = versions.COMMITS.get(reference) or _tag(reference)
        if wheel and released and repository == "rknn-toolkit2" and wheel.version != released:
            yield f"at {reference} lie the wheels of {released}, not of {wheel.version}: the download is a 404"


def _tag(reference: str) -> str | None:
    version = reference.removeprefix("v")
    return version if version in versions.RELEASED else None


@check(
    "lint.hash-fits-the-version",
    stage="lint",
    title="The vendor's files have the hashes these files are known to have",
    remedy="Check version, Python tag and hash against each other; nix-prefetch-url tells the hash of an address.",
    good="no hash contradicts what is known of the vendor's files",
    nothing=NOTHING,
)
def hash_fits_the_version(facts: Facts) -> Iterator[Finding]:
    """A hash of another version, or of no published file: the build ends in a mismatch, or in the wrong file."""
    every = fetches(facts)
    found = [Problem(one.where, what, str(one)) for one in every for what in (*_wheel_hash(one), *_other_hash(one))]
    yield from found
    yield from looked_at(every)


def _wheel_hash(fetch: Fetch) -> Iterator[str]:
    wheel, seen = fetched_wheel(fetch), digest(fetch)
    if wheel is None or seen is None or wheel.name != "rknn_toolkit_lite2" or UNKNOWN in wheel.python:
        return
    known = versions.TOOLKIT_LITE_WHEELS.get(wheel.version, {}).get(wheel.python)
    if known and known != seen:
        owner = _owner_of(seen)
        whose = f"it is that of {owner}" if owner else f"the published file has {known}"
        yield f"the hash is not that of {wheel.version} {wheel.python}: {whose}"


def _other_hash(fetch: Fetch) -> Iterator[str]:
    seen = digest(fetch)
    if seen is None:
        return
    tree = versions.TREE_HASHES.get(fetch.revision or "")
    if tree and fetch.fetcher == "fetchFromGitHub" and "sparseCheckout" not in fetch.attrs and fetch.hash != tree:
        yield f"commit {fetch.revision} has the hash {tree}"
    for url in fetch.urls:
        parts = raw_file(url)
        if parts is None or posixpath.basename(parts[2]) != versions.LIBRARY or "/aarch64/" not in url:
            continue
        released = versions.COMMITS.get(parts[1]) or _tag(parts[1])
        known = versions.RUNTIME_HASHES.get(released or "")
        if known and known != seen and parts[0] in versions.RUNTIME_PATHS:
            yield f"{versions.LIBRARY} {released} has the sha256 {known}"


def _owner_of(seen: str) -> str | None:
    wheels = versions.TOOLKIT_LITE_WHEELS.items()
    return next((f"{version} {tag}" for version, tags in wheels for tag, known in tags.items() if known == seen), None)


@check(
    "lint.one-hash-is-one-file",
    stage="lint",
    title="Two different files do not carry the same hash",
    remedy="Compute each file's own hash.",
    nothing=NOTHING,
)
def one_hash_is_one_file(facts: Facts) -> Iterator[Finding]:
    """A hash copied along with the fetcher: one of the two can never be built."""
    every = fetches(facts)
    files: dict[str, dict[str, Fetch]] = defaultdict(dict)
    for fetch in every:
        seen, name = digest(fetch), _file_name(fetch)
        if seen and name and UNKNOWN not in name:
            files[seen].setdefault(name, fetch)
    found = [
        Problem(one.where, f"the same hash as {other}, which is another file", str(one))
        for names in files.values()
        for other in list(names)[:1]
        for one in list(names.values())[1:]
    ]
    yield from found
    yield from looked_at(every)


def _file_name(fetch: Fetch) -> str | None:
    wheel = fetched_wheel(fetch)
    if wheel:
        return f"{wheel.name}-{wheel.version}-{wheel.python}"
    if fetch.urls and fetch.fetcher in ("fetchurl",):
        return posixpath.basename(fetch.urls[0].split("?")[0])
    if fetch.fetcher.startswith("fetchFrom") and fetch.repository:
        # A fork and its origin have the same tree at the same commit.
        revision = (fetch.revision or "").removeprefix("refs/tags/")
        return f"{fetch.repository[1]}@{revision}" if revision else None
    return None


@check(
    "lint.version-agrees",
    stage="lint",
    title="A package's version is that of what it downloads",
    remedy="Write the version once (finalAttrs.version or rec) and use it in the address.",
    good="versions agree with addresses",
    nothing="no recipe states a version",
)
def version_agrees(facts: Facts) -> Iterator[Finding]:
    """A version that says one thing and a file that is another: whoever pairs it with a model or runtime is misled."""
    found: list[Problem] = []
    seen: list[str] = []
    for recipe in recipes(facts):
        source, version = recipe.source, recipe.text("version")
        if not isinstance(source, Fetch) or version is None or versions.version_numbers(version) is None:
            continue
        downloaded = _downloaded_version(source)
        seen.append(f"{recipe.where}: {version}, {source}")
        if downloaded and not _same(version, downloaded):
            found.append(Problem(recipe.where, f"{recipe.name} says {version} and downloads {downloaded}", str(source)))
    yield from found
    yield from looked_at(seen)


def _same(one: str, other: str) -> bool:
    """Whether two versions agree as far as both go: 2.3 and 2.3.0 do."""
    pairs = zip(versions.version_numbers(one) or (), versions.version_numbers(other) or (), strict=False)
    return all(left == right for left, right in pairs)


def _downloaded_version(fetch: Fetch) -> str | None:
    wheel = fetched_wheel(fetch)
    if wheel and versions.version_numbers(wheel.version):
        return wheel.version
    repository = fetch.repository
    if repository is None or repository[1].lower() not in ("rknn-toolkit2", "rknpu2"):
        return None
    parts = raw_file(fetch.urls[0]) if fetch.urls else None
    reference = (fetch.revision or (parts[1] if parts else "")).removeprefix("refs/tags/")
    return versions.COMMITS.get(reference) or (reference if re.match(r"v\d", reference) else None)
