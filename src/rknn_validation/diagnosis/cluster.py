"""Failures that only a cluster shows."""

from __future__ import annotations

from rknn_validation.diagnosis.model import LIKELY, KnownFailure, Sign

_PODS = ("pod.*", "disrupt.*")

RULES = (
    KnownFailure(
        "pod-user-namespace", "container", "`Permission denied: '/dev/rknpu'` in a pod with `hostUsers: false`",
        "the pod's user namespace has neither the devnode's owner nor its group, so only its mode for others counts",
        "Run the pod without a user namespace, privileged where it has to read the device tree; or give the devnode"
        " mode 0666 on a node that runs nobody else's programs.",
        "ran",
        (Sign(r"Permission denied:? '?/dev/(?:rknpu|accel/|dri/)", _PODS),),
        _PODS,
        certainty=LIKELY,
    ),
    KnownFailure(
        "pod-before-plugin", "container", "`UnexpectedAdmissionError`",
        "kubelet started the pod before the device plugin had registered again, as happens after a reboot",
        "Delete the pod; its controller makes another. Claims (DRA) wait for the driver instead.",
        "kubernetes/kubernetes#125579; kubernetes/kubernetes#128043",
        (Sign(r"UnexpectedAdmissionError", _PODS),),
        _PODS,
        certainty=LIKELY,
    ),
)  # fmt: skip
