# Whether a value fits a type, its elements included.
{ lib }:

rec {
  nested = type: type.nestedTypes or { };
  # A type's own check does not look at elements.
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
    # The module system checks values inside mkIf and mkDefault.
    value._type or null != null && !lib.isDerivation value || type.check value && (inner == { } || deep);
}
