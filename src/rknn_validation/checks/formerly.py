"""Former ids of checks, for reading reports and settings that were written before they were renamed."""

from __future__ import annotations

from collections.abc import Mapping

FORMERLY: Mapping[str, str] = {
    "evaluation.messages-say-something": "lint.messages-say-something",
    "overlay.arguments-are-in-order": "lint.overlay-arguments-are-in-order",
    "overlay.leaves-the-foundations-alone": "lint.overlay-leaves-the-foundations-alone",
    "overlay.names-its-own-package-by-prev": "lint.overlay-names-its-own-package-by-prev",
    "overlay.uses-the-nixpkgs-it-is-given": "lint.overlay-uses-the-nixpkgs-it-is-given",
    "package.builds-without-network": "lint.builds-without-network",
    "package.copies-what-the-source-has": "lint.copies-what-the-source-has",
    "package.install-succeeds": "lint.install-succeeds",
    "package.installs-something": "lint.installs-something",
    "package.licence-is-the-vendor-s": "lint.licence-is-the-vendor-s",
    "package.platforms-are-the-binary-s": "lint.platforms-are-the-binary-s",
    "package.scripts-parse": "lint.build-scripts-parse",
    "package.source-can-be-unpacked": "lint.source-can-be-unpacked",
    "package.writes-to-its-output-only": "lint.writes-to-its-output-only",
    "source.can-be-downloaded": "lint.source-can-be-downloaded",
    "source.has-a-hash": "lint.source-has-a-hash",
    "source.hash-fits-the-version": "lint.hash-fits-the-version",
    "source.hash-is-real": "lint.hash-is-real",
    "source.hash-is-well-formed": "lint.hash-is-well-formed",
    "source.local-files-exist": "lint.local-files-exist",
    "source.one-hash-is-one-file": "lint.one-hash-is-one-file",
    "source.path-is-in-the-repository": "lint.path-is-in-the-repository",
    "source.stays-the-same": "lint.source-stays-the-same",
    "source.version-agrees": "lint.version-agrees",
    "text.conditions-are-merged-not-updated": "lint.conditions-are-merged",
    "text.instances-have-names-of-their-own": "options.instances-are-kept-apart",
    "text.interpolations-are-not-escaped": "lint.interpolations-are-not-escaped",
    "text.update-loses-nothing": "lint.update-loses-nothing",
}
"""Former id -> the id today."""
