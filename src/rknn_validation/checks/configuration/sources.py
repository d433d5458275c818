"""Downloads: pinned by a real hash, from a URL that keeps serving the same file."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem, Unsure
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
_REFERENCE = r"https?://(?:raw\.githubusercontent\.com/([^/]+)/([^/]+)|github\.com/([^/]+)/([^/]+)/raw)/"
_RAW = re.compile(_REFERENCE + r"((?:refs/(?:tags|heads)/)?[^/]+)/(.+)")


def _of_each(facts: Facts, wrong: Callable[[Fetch], Iterator[str]]) -> Iterator[Finding]:
    """What is wrong with each download."""
    for fetch in fetches(facts):
        yield from (Problem(fetch.where, what, str(fetch)) for what in wrong(fetch))
        yield Fine(str(fetch))


@check(
    "lint.source-has-hash",
    "Every download has a hash",
    remedy='Add hash = "sha256-…" to the fetcher (set it to lib.fakeHash once and copy the hash that Nix reports).',
    nothing=NOTHING,
)
def has_a_hash(facts: Facts) -> Iterator[Finding]:
    """Without a hash the fetchers of nixpkgs do not evaluate, and built-in ones take whatever the server sends."""
    yield from _of_each(facts, _unhashed)


def _unhashed(fetch: Fetch) -> Iterator[str]:
    revision = fetch.revision or ""
    pinned = fetch.fetcher in ("fetchGit", "fetchTree") and (_COMMIT.fullmatch(revision) or INTERPOLATED in revision)
    if fetch.hash is None and not pinned:
        yield f"{fetch.fetcher} has no hash, so it does not say which file is meant"


@check(
    "lint.hash-not-placeholder",
    "No hash is a placeholder",
    remedy='Build the package once and replace the placeholder with the hash that Nix reports after "got:".',
    nothing=NOTHING,
)
def hash_is_real(facts: Facts) -> Iterator[Finding]:
    """lib.fakeHash and similar placeholders make every build fail with a hash mismatch."""
    yield from _of_each(facts, _placeholder)


def _placeholder(fetch: Fetch) -> Iterator[str]:
    text = fetch.hash
    if text is not None and text != INTERPOLATED and ("fakeHash" in text or "fakeSha" in text or is_placeholder(text)):
        shown = text or "an empty string"
        yield f"{fetch.hash_attribute} = {shown} is a placeholder: the build fails with a hash mismatch"


@check(
    "lint.hash-well-formed",
    "Every hash is well-formed",
    remedy='Write the hash as "sha256-<44 characters of base 64>"; nix hash to-sri converts other spellings.',
    nothing=NOTHING,
)
def hash_is_well_formed(facts: Facts) -> Iterator[Finding]:
    """Nix refuses a hash of the wrong length, alphabet or algorithm."""
    yield from _of_each(facts, _malformed)
    # The dependencies of a Go, Rust or Node package are pinned by one hash of their own.
    for tree in nix_files(facts):
        for node in tree.tree.walk():
            if isinstance(node, Binding) and node.path[-1] in ("vendorHash", "cargoHash", "npmDepsHash"):
                text = tree.text(node.value)
                if text and INTERPOLATED not in text and not is_placeholder(text) and (why := _unreadable(text, None)):
                    yield Problem(tree.at(node), f"{node.path[-1]} = {text} is not a hash: {why}")


def _malformed(fetch: Fetch) -> Iterator[str]:
    text = fetch.hash
    if text is None or INTERPOLATED in text or any(_placeholder(fetch)):
        return
    algorithm = fetch.hash_attribute if fetch.hash_attribute in ("sha256", "sha512", "sha1", "md5") else None
    if why := _unreadable(text, algorithm):
        yield f"{fetch.hash_attribute} = {text} is not a hash: {why}"


def _unreadable(text: str, algorithm: str | None) -> str:
    """Why Nix cannot read a hash, "" where it can."""
    try:
        parse_hash(text, algorithm)
    except HashError as error:
        return str(error)
    return ""


@check(
    "lint.source-is-pinned",
    "Every download names a commit, tag or release",
    remedy="Replace the branch in the URL with the commit it points to today.",
    nothing=NOTHING,
)
def stays_the_same(facts: Facts) -> Iterator[Finding]:
    """When a branch moves on, the hash no longer matches and the system can no longer be built."""
    for fetch in fetches(facts):
        found = revision_of(fetch)
        if found.kind is Stability.MOVING:
            what = f"it follows {found.name}, which moves: after the next push the hash no longer matches"
            yield Problem(fetch.where, what, str(fetch))
        elif found.kind is Stability.UNKNOWN:
            why = f"{found.name} looks like neither a commit nor a tag: it may be a branch, which moves"
            yield Unsure(fetch.where, why, str(fetch))
        else:
            yield Fine(fetch.where, str(fetch))


@check(
    "lint.source-url-is-downloadable",
    "Every URL can be downloaded without credentials",
    remedy="Use the https URL of the raw file: raw.githubusercontent.com/<owner>/<repository>/<commit>/<path>.",
    nothing=NOTHING,
)
def can_be_downloaded(facts: Facts) -> Iterator[Finding]:
    """A /blob/ page of GitHub is HTML, its git:// is switched off, and file:// and ssh work on one machine only."""
    yield from _of_each(facts, lambda fetch: filter(None, map(_unreachable, fetch.urls)))


def _unreachable(url: str) -> str | None:
    if re.match(r"https?://(?:www\.)?github\.com/[^/]+/[^/]+/(?:blob|tree)/", url) and "raw=true" not in url:
        return "a /blob/ or /tree/ URL is the web page about the file, not the file"
    if url.startswith(("file:", "/home/", "/tmp/", "/root/", "~")):
        return "it names a file on one machine; the build cannot access it, and no other machine has it"
    if url.startswith(("ssh:", "git@", "git+ssh:")):
        return "it needs an SSH key, which the build sandbox does not have"
    if url.startswith(("http://", "git://")) and _HTTPS_ONLY.match(url):
        return f"this server does not serve {url.split(':')[0]}://; the URL must begin with https://"
    if re.match(r"https?://(?:localhost|127\.|192\.168\.|10\.)", url):
        return "it names a server in a private network"
    return None


def raw_file(url: str) -> tuple[str, str, str] | None:
    """(repository, commit or tag or branch, path) of a raw GitHub URL."""
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
    "lint.source-path-exists",
    "Downloaded paths exist in the vendor's repository",
    remedy="Correct the path: in rknn-toolkit2 the runtime is rknpu2/runtime/Linux/librknn_api/aarch64/librknnrt.so, "
    "and wheels are in rknn-toolkit-lite2/packages/.",
    nothing=NOTHING,
)
def path_is_in_repository(facts: Facts) -> Iterator[Finding]:
    """Another path, or a wheel of one version at the commit of another, is a 404."""
    yield from _of_each(facts, _misplaced)


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
            yield f"{reference} has the wheels of {released}, not of {wheel.version}: the download is a 404"


def _tag(reference: str) -> str | None:
    version = reference.removeprefix("v")
    return version if version in versions.RELEASED else None


@check(
    "lint.hash-matches-version",
    "Hashes match the vendor's published files",
    remedy="Compare version, Python tag and hash; nix-prefetch-url prints the hash of a URL.",
    nothing=NOTHING,
)
def hash_fits_the_version(facts: Facts) -> Iterator[Finding]:
    """With the hash of another version, or of no published file, the build fails or takes the wrong file."""
    yield from _of_each(facts, _wheel_hash)
    yield from _of_each(facts, _other_hash)


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
    "lint.hashes-are-distinct",
    "Different files have different hashes",
    remedy="Compute the hash of each file.",
    nothing=NOTHING,
)
def one_hash_is_one_file(facts: Facts) -> Iterator[Finding]:
    """When a hash was copied along with the fetcher, one of the two files can never be built."""
    files: dict[str, dict[str, Fetch]] = defaultdict(dict)
    for fetch in fetches(facts):
        seen, name = digest(fetch), _file_name(fetch)
        if seen and name and INTERPOLATED not in name:
            files[seen].setdefault(name, fetch)
        yield Fine(str(fetch))
    for names in files.values():
        first, *others = names
        for one in others:
            yield Problem(names[one].where, f"it has the hash of {first}, which is another file", str(names[one]))


def _file_name(fetch: Fetch) -> str | None:
    wheel = fetched_wheel(fetch)
    if wheel:
        return f"{wheel.name}-{wheel.version}-{wheel.python}"
    if fetch.urls and fetch.fetcher == "fetchurl":
        return posixpath.basename(fetch.urls[0].split("?")[0])
    if fetch.fetcher.startswith("fetchFrom") and fetch.repository:
        # A fork and its origin have the same tree at the same commit.
        revision = (fetch.revision or "").removeprefix("refs/tags/")
        return f"{fetch.repository[1]}@{revision}" if revision else None
    return None


@check(
    "lint.version-matches-source",
    "A package's version matches what it downloads",
    remedy="Write the version once (finalAttrs.version or rec) and use it in the URL.",
    nothing="no recipe states a version",
)
def version_agrees(facts: Facts) -> Iterator[Finding]:
    """A wrong version misleads whoever pairs the package with a model or a runtime."""
    for recipe in recipes(facts):
        source, version = recipe.source, recipe.text("version")
        if not isinstance(source, Fetch) or version is None or versions.version_numbers(version) is None:
            continue
        downloaded = _downloaded_version(source)
        yield Fine(f"{recipe.where}: {version}, {source}")
        if downloaded and not _same(version, downloaded):
            what = f"{recipe.name} has version {version} and downloads {downloaded}"
            yield Problem(recipe.where, what, str(source))


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
