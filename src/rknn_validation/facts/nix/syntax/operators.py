"""How strongly Nix operators bind."""

# Operator -> (binding strength, strength its right side must have).
BINARY = {
    "|>": (1, 2),
    "<|": (1, 1),
    "->": (2, 2),
    "||": (3, 4),
    "&&": (4, 5),
    "==": (5, 6),
    "!=": (5, 6),
    "<": (6, 7),
    ">": (6, 7),
    "<=": (6, 7),
    ">=": (6, 7),
    "//": (7, 7),
    "+": (9, 10),
    "-": (9, 10),
    "*": (10, 11),
    "/": (10, 11),
    "++": (11, 11),
}
NOT, HAS, NEGATE = 8, 12, 13
"""The same for `!`, `?` and unary minus."""
