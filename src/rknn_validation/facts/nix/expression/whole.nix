# All of a request's data, or the first error in it.
#
# A small file, as are the others an error's trace leads through: to show a line of it, Nix 2.8 reads a file byte by
# byte from its beginning, for every step of the trace.
data: builtins.deepSeq data data
