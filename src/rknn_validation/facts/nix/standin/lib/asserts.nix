# Assertions with a message.
{ lib }:
rec {
  assertMsg = holds: message: if holds then true else throw message;
  assertOneOf =
    name: value: allowed:
    assertMsg (lib.elem value allowed)
      "${name} must be one of ${lib.generators.toPretty { } allowed}, but is: ${lib.generators.toPretty { } value}";
  assertEachOneOf =
    name: values: allowed:
    assertMsg (lib.all (value: lib.elem value allowed) values)
      "each element in ${name} must be one of ${lib.generators.toPretty { } allowed}, but is: ${lib.generators.toPretty { } values}";
  checkAssertWarn =
    assertions: warnings: value:
    let
      broken = map (entry: entry.message) (lib.filter (entry: !entry.assertion) assertions);
    in
    if broken != [ ] then
      throw "\nFailed assertions:\n${lib.concatStringsSep "\n" (map (message: "- ${message}") broken)}"
    else
      lib.showWarnings warnings value;
}
