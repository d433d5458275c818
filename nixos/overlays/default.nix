# All overlays of this repository, in the order in which they are applied.
[
  (import ./rknn-packages.nix)
  (import ./linux-rknpu.nix)
]
