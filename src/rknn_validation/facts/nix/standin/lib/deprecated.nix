# Old names that modules still use.
{ lib }:
rec {
  imap = lib.imap1;
  maybeEnv =
    name: default:
    let
      value = builtins.getEnv name;
    in
    if value == "" then default else value;
  setAttr =
    set: name: value:
    set // { ${name} = value; };
  maybeAttr =
    name: default: set:
    set.${name} or default;
  maybeAttrNullable = maybeAttr;
  ifEnable =
    condition: value:
    if condition then
      value
    else
      {
        set = { };
        list = [ ];
        string = "";
      }
      .${builtins.typeOf value} or null;
  nvs = name: value: lib.listToAttrs [ (lib.nameValuePair name value) ];
  checkFlag = set: name: if name == "true" then true else if name == "false" then false else set.${name} or false;
  getValue = set: name: set.${name} or null;
  uniqList = { inputList, acc ? [ ] }: lib.unique (acc ++ inputList);
  closePropagation =
    packages:
    lib.unique (
      lib.concatMap (package: [ package ] ++ closePropagation (package.propagatedBuildInputs or [ ])) (
        lib.filter (package: package != null) packages
      )
    );
  mkEUI64Suffix = _: throw "lib.network: the stand-in does not carry this function of nixpkgs; give --nixpkgs PATH";
}
