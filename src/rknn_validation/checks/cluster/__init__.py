"""Checks asked of a live Kubernetes cluster through kubectl (tier `kubernetes`). One file per topic."""

from rknn_validation.checks.cluster import disrupt, offer, pod, ready
from rknn_validation.checks.cluster.registry import CLUSTER_CHECKS, DISRUPTING, STAGES, ask

__all__ = ["CLUSTER_CHECKS", "DISRUPTING", "STAGES", "ask"]

TOPICS = (offer, ready, pod, disrupt)
"""Importing a topic declares its checks."""
