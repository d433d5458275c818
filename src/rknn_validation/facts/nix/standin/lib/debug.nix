# Tracing and small tests.
{ lib }:
rec {
  inherit (builtins) addErrorContext trace unsafeGetAttrPos;
  traceIf = condition: message: value: if condition then builtins.trace message value else value;
  traceValFn = f: value: builtins.trace (f value) value;
  traceVal = traceValFn lib.id;
  traceSeq = shown: value: builtins.trace (builtins.deepSeq shown shown) value;
  traceValSeqFn = f: value: traceValFn f (builtins.deepSeq value value);
  traceValSeq = traceValSeqFn lib.id;
  traceSeqN = _: traceSeq;
  traceValSeqNFn = f: _: traceValSeqFn f;
  traceValSeqN = traceValSeqNFn lib.id;
  traceFnSeqN =
    depth: name: f: value:
    traceSeqN depth { fn = name; from = value; } (f value);
  runTests =
    tests:
    lib.concatLists (
      lib.mapAttrsToList (
        name: test:
        lib.optional (lib.hasPrefix "test" name && test.expr != test.expected) {
          inherit name;
          inherit (test) expected;
          result = test.expr;
        }
      ) tests
    );
  throwTestFailures =
    { failures, ... }:
    if failures == [ ] then null else throw "${toString (lib.length failures)} tests failed";
  testAllTrue = expr: {
    inherit expr;
    expected = map (_: true) expr;
  };
}
