"""`rknn-validate --doctor`."""


def main() -> int:
    return 0
