# GVariant values, as far as dconf settings in modules go.
{ lib }:
let
  mk = type: value: {
    _type = "gvariant";
    inherit type value;
    __toString = self: toString self.value;
  };
in
{
  mkValue = mk "any";
  mkUint32 = mk "u";
  mkInt32 = mk "i";
  mkDouble = mk "d";
  mkString = mk "s";
  mkBoolean = mk "b";
  mkArray = mk "a";
  mkEmptyArray = type: mk type [ ];
  mkTuple = mk "r";
  isGVariant = value: value._type or null == "gvariant";
}
