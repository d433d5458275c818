# All of a request's data, or the first error in it.
#
# This file and others that an error's trace leads through are small: for every step of a trace, Nix 2.8 reads the file
# byte by byte from its beginning to show a line of it.
data: builtins.deepSeq data data
