# Whether a value is one of a type's.
{ lib }:

rec {
  nested = type: type.nestedTypes or { };
  # Deeper than the type's own check, which looks at no element.
  fits =
    type: value:
    let
      inner = nested type;
      deep =
        {
          listOf = lib.all (fits inner.elemType) value;
          attrsOf = lib.all (fits inner.elemType) (lib.attrValues value);
          lazyAttrsOf = lib.all (fits inner.elemType) (lib.attrValues value);
          nullOr = value == null || fits inner.elemType value;
          either = fits inner.left value || fits inner.right value;
        }
        .${type.name or ""} or true;
    in
    # A value with mkIf or mkDefault around it is for the module system to open.
    value._type or null != null && !lib.isDerivation value || type.check value && (inner == { } || deep);
}
