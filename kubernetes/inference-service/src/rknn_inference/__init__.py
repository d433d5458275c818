"""Classifies images over HTTP on the NPU of an RK3588, and on nothing else."""
