"""Loads the harness's plugin for this repository's own suites."""

pytest_plugins = ("rknn_validation.pytestplugin.plugin",)
