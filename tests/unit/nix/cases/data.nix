# Lists and attribute sets.
{ lib }:
let
  numbers = [
    3
    1
    2
  ];
  tree = {
    a.b = 1;
    a.c = 2;
    d = 3;
  };
in
{
  lists-basic = [
    (lib.optional true 1)
    (lib.optional false 1)
    (lib.optionals true numbers)
    (lib.toList 1)
    (lib.toList numbers)
    (lib.flatten [
      1
      [
        2
        [ 3 ]
      ]
      4
    ])
    (lib.remove 1 numbers)
    (lib.range 2 5)
    (lib.range 5 2)
    (lib.reverseList numbers)
    (lib.singleton 1)
  ];
  lists-take = [
    (lib.take 2 numbers)
    (lib.take 9 numbers)
    (lib.drop 1 numbers)
    (lib.drop 9 numbers)
    (lib.takeEnd 2 numbers)
    (lib.dropEnd 1 numbers)
    (lib.sublist 1 1 numbers)
    (lib.last numbers)
    (lib.init numbers)
    (lib.head numbers)
  ];
  lists-fold = [
    (lib.foldr (a: b: "(${toString a}${b})") "e" numbers)
    (lib.foldl (a: b: "(${a}${toString b})") "e" numbers)
    (lib.foldl' (a: b: a + b) 0 numbers)
    (lib.fold (a: b: [ a ] ++ b) [ ] numbers)
  ];
  lists-find = [
    (lib.findFirst (x: x > 1) 0 numbers)
    (lib.findFirst (x: x > 9) 0 numbers)
    (lib.lists.findFirstIndex (x: x == 2) null numbers)
    (lib.findSingle (x: x == 3) "none" "many" numbers)
    (lib.findSingle (x: x > 1) "none" "many" numbers)
    (lib.any (x: x > 2) numbers)
    (lib.all (x: x > 2) numbers)
    (lib.count (x: x > 1) numbers)
    (lib.elem 2 numbers)
  ];
  lists-sort = [
    (lib.sort (a: b: a < b) numbers)
    (lib.sortOn (x: -x) numbers)
    (lib.naturalSort [
      "disk11"
      "disk8"
      "disk100"
      "disk9"
    ])
    (lib.compareLists lib.compare [ 1 2 ] [ 1 3 ])
    (lib.unique [
      3
      1
      3
      2
      1
    ])
    (lib.uniqueStrings [
      "b"
      "a"
      "b"
    ])
    (lib.allUnique numbers)
  ];
  lists-sets = [
    (lib.intersectLists [ 1 2 3 ] [ 3 4 1 ])
    (lib.subtractLists [ 3 2 ] [
      1
      2
      3
      4
    ])
    (lib.mutuallyExclusive [ 1 ] [ 2 ])
    (lib.lists.hasPrefix [ 3 ] numbers)
    (lib.lists.removePrefix [ 3 ] numbers)
    (lib.lists.commonPrefix [ 1 2 3 ] [
      1
      2
      4
    ])
  ];
  lists-map = [
    (lib.imap0 (n: x: n * x) numbers)
    (lib.imap1 (n: x: n * x) numbers)
    (lib.forEach numbers (x: x + 1))
    (lib.concatMap (x: [
      x
      x
    ]) numbers)
    (lib.zipLists [ 1 2 ] [
      "a"
      "b"
      "c"
    ])
    (lib.zipListsWith (a: b: a + b) [ 1 2 ] [
      3
      4
    ])
    (lib.crossLists (a: b: "${a}${b}") [
      [
        "1"
        "2"
      ]
      [
        "3"
        "4"
      ]
    ])
    (lib.genList (n: n * n) 4)
    (lib.lists.replicate 2 "a")
    (lib.ifilter0 (n: _: n > 0) numbers)
  ];
  lists-group = [
    (lib.partition (x: x > 1) numbers)
    (lib.groupBy (x: if x > 1 then "big" else "small") numbers)
    (lib.groupBy' (a: b: a + b) 0 (x: if x > 1 then "big" else "small") numbers)
    (lib.toposort (a: b: a < b) numbers)
    (lib.listDfs true (a: b: a == "/" && b != "/") [
      "/home"
      "/"
      "other"
    ])
  ];
  lists-toposort-cycle = lib.toposort (a: b: a != b) [
    1
    2
  ] ? cycle;
  attrs-paths = [
    (lib.attrByPath [ "a" "b" ] 0 tree)
    (lib.attrByPath [ "a" "x" ] 0 tree)
    (lib.hasAttrByPath [ "a" "b" ] tree)
    (lib.hasAttrByPath [ "d" "b" ] tree)
    (lib.setAttrByPath [ "x" "y" ] 1)
    (lib.getAttrFromPath [ "a" "c" ] tree)
    (lib.attrsets.longestValidPathPrefix [ "a" "b" "z" ] tree)
    (lib.attrVals [ "d" ] tree)
    (lib.getAttrs [ "d" ] tree)
    (lib.showAttrPath [
      "a"
      "b.c"
    ])
  ];
  attrs-filter = [
    (lib.filterAttrs (name: _: name == "d") tree)
    (lib.filterAttrsRecursive (_: value: value != 1) tree)
    (lib.catAttrs "d" [
      tree
      { }
    ])
    (lib.collect lib.isInt tree)
    (lib.removeAttrs tree [ "a" ])
  ];
  attrs-map = [
    (lib.mapAttrs (name: value: name) tree)
    (lib.mapAttrs' (name: value: lib.nameValuePair "x${name}" 1) tree)
    (lib.mapAttrsToList (name: _: name) tree)
    (lib.attrsToList { a = 1; })
    (lib.mapAttrsRecursive (path: value: lib.concatStringsSep "-" (path ++ [ (toString value) ])) tree)
    (lib.mapAttrsRecursiveCond (set: !(set ? b)) (path: value: path) tree)
    (lib.mapAttrsToListRecursive (path: value: path) tree)
    (lib.concatMapAttrs (name: value: { "${name}1" = 1; "${name}2" = 2; }) { a = 1; })
    (lib.genAttrs [ "a" "b" ] (name: name + name))
    (lib.genAttrs' [ 1 2 ] (n: lib.nameValuePair "n${toString n}" n))
    (lib.cartesianProduct {
      a = [
        1
        2
      ];
      b = [ 3 ];
    })
    (lib.mapCartesianProduct ({ a, b }: a + b) {
      a = [ 1 ];
      b = [
        2
        3
      ];
    })
  ];
  attrs-fold = [
    (lib.foldlAttrs (acc: name: value: acc + name) "" {
      b = 1;
      a = 2;
    })
    (lib.foldAttrs (item: acc: [ item ] ++ acc) [ ] [
      { a = 1; }
      { a = 2; }
      { b = 3; }
    ])
    (lib.mergeAttrsList [
      { a = 1; }
      {
        a = 2;
        b = 3;
      }
    ])
    (lib.zipAttrs [
      { a = 1; }
      { a = 2; }
    ])
    (lib.zipAttrsWith (name: values: values) [
      { a = 1; }
      { b = 2; }
    ])
    (lib.zipAttrsWithNames [ "a" ] (_: values: values) [
      { a = 1; }
      {
        a = 2;
        b = 3;
      }
    ])
  ];
  attrs-update = [
    (lib.recursiveUpdate tree { a.b = 9; e = 4; })
    (lib.recursiveUpdateUntil (path: _: _: path == [ "a" ]) tree { a.b = 9; })
    (lib.overrideExisting { a = 1; } { a = 2; b = 3; })
    (lib.optionalAttrs true tree)
    (lib.optionalAttrs false tree)
    (lib.matchAttrs { a.b = 1; } tree)
    (lib.matchAttrs { a.b = 2; } tree)
    (lib.updateManyAttrsByPath [
      {
        path = [
          "a"
          "b"
        ];
        update = old: old + 1;
      }
      {
        path = [ "e" ];
        update = _: 5;
      }
    ] tree)
  ];
  attrs-outputs =
    let
      package = {
        outPath = "out-path";
        dev = "dev-path";
        bin = "bin-path";
      };
    in
    [
      (lib.getDev package)
      (lib.getBin package)
      (lib.getOutput "doc" { out = "o"; })
      (lib.getLib { lib = "l"; out = "o"; })
    ];
  attrs-is-derivation = [
    (lib.isDerivation { type = "derivation"; })
    (lib.isDerivation { })
    (lib.isDerivation "x")
  ];
}
