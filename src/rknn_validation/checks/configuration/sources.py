"""Downloads: pinned by a real hash, from an URL that keeps serving the same file."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem, Unsure, looked_at
from rknn_validation.facts.library.toolkits import fetched_wheel, parse_wheel_name
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.syntax import Binding
from rknn_validation.facts.recipes.fetches import (
    INTERPOLATED,
    Fetch,
    HashError,
    Stability,
    fetches,
    is_placeholder,
    parse_hash,
    revision_of,
)
from rknn_validation.facts.recipes.nixfiles import nix_files
from rknn_validation.facts.recipes.recipes import recipes
from rknn_validation.npu import versions

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
    "Every download has a hash",
    remedy='Add hash = "sha256-…" to the fetcher (set it to lib.fakeHash once and copy the hash that Nix reports).',
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
    if fetch.fetcher in ("fetchGit", "fetchTree") and INTERPOLATED in (fetch.revision or ""):
        return None
    return f"{fetch.fetcher} is given no hash, so nothing says which file is meant"


@check(
    "lint.hash-is-real",
    "No hash is a placeholder",
    remedy='Build the package once and replace the placeholder with the hash that Nix reports after "got:".',
    nothing=NOTHING,
)
def hash_is_real(facts: Facts) -> Iterator[Finding]:
    """lib.fakeHash and its like make every build fail with a hash mismatch."""
    yield from _problems(facts, _placeholder)
    yield from looked_at(fetches(facts))


def _placeholder(fetch: Fetch) -> str | None:
    text = fetch.hash
    if text is None or text == INTERPOLATED:
        return None
    if "fakeHash" in text or "fakeSha" in text or is_placeholder(text):
        return (
            f"{fetch.hash_attribute} = {text or 'an empty string'} is a placeholder: the build ends in a hash mismatch"
        )
    return None


@check(
    "lint.hash-is-well-formed",
    "Every hash is well-formed",
    remedy='Write the hash as "sha256-<44 characters of base 64>"; nix hash to-sri converts other spellings.',
    nothing=NOTHING,
)
def hash_is_well_formed(facts: Facts) -> Iterator[Finding]:
    """Nix refuses a hash of the wrong length, alphabet or algorithm."""
    found = (*_problems(facts, _malformed), *_malformed_of_dependencies(facts))
    yield from found
    yield from looked_at(fetches(facts))


def _malformed_of_dependencies(facts: Facts) -> Iterator[Problem]:
    """What a Go, Rust or Node package downloads is pinned by one hash of its own."""
    for tree in nix_files(facts):
        for node in tree.tree.walk():
            if isinstance(node, Binding) and node.path[-1] in ("vendorHash", "cargoHash", "npmDepsHash"):
                text = tree.text(node.value)
                if text and INTERPOLATED not in text and not is_placeholder(text):
                    try:
                        parse_hash(text, None)
                    except HashError as error:
                        yield Problem(tree.at(node), f"{node.path[-1]} = {text} is no hash: {error}")


def _malformed(fetch: Fetch) -> str | None:
    text = fetch.hash
    if text is None or INTERPOLATED in text or _placeholder(fetch):
        return None
    algorithm = fetch.hash_attribute if fetch.hash_attribute in ("sha256", "sha512", "sha1", "md5") else None
    try:
        parse_hash(text, algorithm)
    except HashError as error:
        return f"{fetch.hash_attribute} = {text} is no hash: {error}"
    return None


@check(
    "lint.source-stays-the-same",
    "Every download names a commit, tag or release",
    remedy="Replace the branch in the URL with the commit it points to today.",
    nothing=NOTHING,
)
def stays_the_same(facts: Facts) -> Iterator[Finding]:
    """A branch moves on: from then on the hash no longer matches and nobody can build the system again."""
    for fetch in fetches(facts):
        found = revision_of(fetch)
        if found.kind is Stability.MOVING:
            what = f"it follows {found.name}, which moves: after the next push there the hash no longer matches"
            yield Problem(fetch.where, what, str(fetch))
        elif found.kind is Stability.UNKNOWN:
            why = f"{found.name} is no hash and has not the shape of a tag: it may be a branch, which moves"
            yield Unsure(fetch.where, why, str(fetch))
        else:
            yield Fine(fetch.where, str(fetch))


@check(
    "lint.source-can-be-downloaded",
    "Every URL can be downloaded without credentials",
    remedy="Use the https URL of the raw file: raw.githubusercontent.com/<owner>/<repository>/<commit>/<path>.",
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


_REFERENCE = r"https?://(?:raw\.githubusercontent\.com/([^/]+)/([^/]+)|github\.com/([^/]+)/([^/]+)/raw)/"
_RAW = re.compile(_REFERENCE + r"((?:refs/(?:tags|heads)/)?[^/]+)/(.+)")


def raw_file(url: str) -> tuple[str, str, str] | None:
    """(repository, commit or tag or branch, path) of a raw GitHub address."""
    found = _RAW.fullmatch(url.split("?")[0])
    if not found or INTERPOLATED in found[5]:
        return None
    return found[2] or found[4], found[5].removeprefix("refs/tags/"), found[6]


def digest(fetch: Fetch) -> str | None:
    """The sha256 in base 16 where one is given and readable."""
    if not fetch.hash or INTERPOLATED in fetch.hash or is_placeholder(fetch.hash):
        return None
    try:
        found = parse_hash(fetch.hash, "sha256" if fetch.hash_attribute == "sha256" else None)
    except HashError:
        return None
    return found.digest if found.algorithm == "sha256" else None


@check(
    "lint.path-is-in-the-repository",
    "Downloaded paths exist in the vendor's repository",
    remedy="Correct the path: in rknn-toolkit2 the runtime is rknpu2/runtime/Linux/librknn_api/aarch64/librknnrt.so, "
    "and wheels are in rknn-toolkit-lite2/packages/.",
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
        if parts is None or INTERPOLATED in url:
            continue
        repository, reference, path = parts
        if versions.misplaced_runtime(repository, path):
            known = " or ".join(versions.RUNTIME_PATHS[repository.lower()])
            yield f"{repository} has no {path} (it is {known}): the download is a 404"
        wheel = parse_wheel_name(posixpath.basename(path))
        released = versions.COMMITS.get(reference) or _tag(reference)
        if wheel and released and repository == "rknn-toolkit2" and wheel.version != released:
            yield f"at {reference} lie the wheels of {released}, not of {wheel.version}: the download is a 404"


def _tag(reference: str) -> str | None:
    version = reference.removeprefix("v")
    return version if version in versions.RELEASED else None


@check(
    "lint.hash-fits-the-version",
    "Hashes match the vendor's published files",
    remedy="Compare version, Python tag and hash; nix-prefetch-url prints the hash of a URL.",
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
    if wheel is None or seen is None or wheel.name != "rknn_toolkit_lite2" or INTERPOLATED in wheel.python:
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
    "Different files have different hashes",
    remedy="Compute the hash of each file.",
    nothing=NOTHING,
)
def one_hash_is_one_file(facts: Facts) -> Iterator[Finding]:
    """A hash copied along with the fetcher: one of the two can never be built."""
    every = fetches(facts)
    files: dict[str, dict[str, Fetch]] = defaultdict(dict)
    for fetch in every:
        seen, name = digest(fetch), _file_name(fetch)
        if seen and name and INTERPOLATED not in name:
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
    "A package's version matches what it downloads",
    remedy="Write the version once (finalAttrs.version or rec) and use it in the URL.",
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
