# All overlays of this repository, in the order they are meant to be applied.
[
  (import ./rknn-packages.nix)
  (import ./linux-rknpu.nix)
]
