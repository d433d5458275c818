# Lists.
{ lib }:
let
  inherit (builtins)
    all
    any
    concatLists
    concatMap
    elem
    elemAt
    filter
    foldl'
    genList
    groupBy
    head
    isList
    length
    listToAttrs
    map
    partition
    sort
    tail
    ;
in
rec {
  inherit
    all
    any
    concatLists
    concatMap
    elem
    elemAt
    filter
    foldl'
    genList
    head
    isList
    length
    map
    partition
    sort
    tail
    ;
  singleton = x: [ x ];
  forEach = list: f: map f list;
  foldr =
    f: start: list:
    let
      count = length list;
      go = index: if index == count then start else f (elemAt list index) (go (index + 1));
    in
    go 0;
  fold = foldr;
  foldl =
    f: start: list:
    let
      go = index: if index < 0 then start else f (go (index - 1)) (elemAt list index);
    in
    go (length list - 1);
  imap0 = f: list: genList (index: f index (elemAt list index)) (length list);
  imap1 = f: list: genList (index: f (index + 1) (elemAt list index)) (length list);
  ifilter0 =
    predicate: list:
    map (elemAt list) (filter (index: predicate index (elemAt list index)) (genList lib.id (length list)));
  flatten = value: if isList value then concatMap flatten value else [ value ];
  remove = unwanted: filter (x: x != unwanted);
  findFirst =
    predicate: default: list:
    let
      index = findFirstIndex predicate null list;
    in
    if index == null then default else elemAt list index;
  findFirstIndex =
    predicate: default: list:
    let
      count = length list;
      go =
        index:
        if index == count then
          default
        else if predicate (elemAt list index) then
          index
        else
          go (index + 1);
    in
    go 0;
  findSingle =
    predicate: default: multiple: list:
    let
      found = filter predicate list;
    in
    if found == [ ] then
      default
    else if length found == 1 then
      head found
    else
      multiple;
  count = predicate: list: length (filter predicate list);
  optional = condition: x: if condition then [ x ] else [ ];
  optionals = condition: list: if condition then list else [ ];
  toList = x: if isList x then x else [ x ];
  range = first: last: if first > last then [ ] else genList (n: first + n) (last - first + 1);
  replicate = n: x: genList (_: x) n;
  groupBy' =
    op: start: key: list:
    builtins.mapAttrs (_: foldl' op start) (groupBy key list);
  inherit groupBy;
  zipListsWith =
    f: left: right:
    genList (n: f (elemAt left n) (elemAt right n)) (lib.min (length left) (length right));
  zipLists = zipListsWith (fst: snd: { inherit fst snd; });
  reverseList =
    list:
    let
      count = length list;
    in
    genList (n: elemAt list (count - n - 1)) count;
  listDfs =
    stopOnCycles: before: list:
    let
      visit =
        current: visited: rest:
        let
          related = partition (x: before x current) rest;
          loops = filter (x: before x current) visited;
        in
        if stopOnCycles && loops != [ ] then
          {
            cycle = current;
            inherit loops visited rest;
          }
        else if related.right == [ ] then
          {
            minimal = current;
            inherit visited rest;
          }
        else
          visit (head related.right) ([ current ] ++ visited) (tail related.right ++ related.wrong);
    in
    visit (head list) [ ] (tail list);
  toposort =
    before: list:
    let
      step = listDfs true before list;
      rest = toposort before (step.visited ++ step.rest);
    in
    if length list < 2 then
      { result = list; }
    else if step ? cycle then
      {
        cycle = reverseList ([ step.cycle ] ++ step.visited);
        inherit (step) loops;
      }
    else if rest ? cycle then
      rest
    else
      { result = [ step.minimal ] ++ rest.result; };
  sortOn =
    key: list:
    map (pair: elemAt pair 1) (
      sort (left: right: head left < head right) (
        map (x: [
          (key x)
          x
        ]) list
      )
    );
  compareLists =
    compare: left: right:
    if left == [ ] then
      if right == [ ] then 0 else -1
    else if right == [ ] then
      1
    else
      let
        first = compare (head left) (head right);
      in
      if first == 0 then compareLists compare (tail left) (tail right) else first;
  naturalSort =
    list:
    let
      key = text: map (part: if isList part then lib.toIntBase10 (head part) else part) (builtins.split "(0|[1-9][0-9]*)" text);
      less = left: right: compareLists lib.compare (elemAt left 0) (elemAt right 0) < 0;
    in
    map (pair: elemAt pair 1) (
      sort less (
        map (text: [
          (key text)
          text
        ]) list
      )
    );
  take = n: sublist 0 n;
  takeEnd = n: list: drop (lib.max 0 (length list - n)) list;
  drop = n: list: sublist n (length list) list;
  dropEnd = n: list: take (lib.max 0 (length list - n)) list;
  sublist =
    start: size: list:
    let
      available = length list - start;
    in
    genList (n: elemAt list (n + start)) (lib.max 0 (lib.min size available));
  hasPrefix = prefix: list: take (length prefix) list == prefix;
  removePrefix =
    prefix: list:
    if hasPrefix prefix list then
      drop (length prefix) list
    else
      throw "lib.lists.removePrefix: First argument is not a list prefix of the second argument";
  commonPrefix =
    left: right:
    let
      pairs = zipListsWith (x: y: x == y) left right;
      size = findFirstIndex (same: !same) (length pairs) pairs;
    in
    take size left;
  last =
    list:
    assert lib.assertMsg (list != [ ]) "lists.last: list must not be empty!";
    elemAt list (length list - 1);
  init =
    list:
    assert lib.assertMsg (list != [ ]) "lists.init: list must not be empty!";
    take (length list - 1) list;
  crossLists = f: foldl' (fs: args: concatMap (g: map g args) fs) [ f ];
  unique = foldl' (seen: x: if elem x seen then seen else seen ++ [ x ]) [ ];
  uniqueStrings = list: builtins.attrNames (groupBy lib.id list);
  allUnique = list: length (unique list) == length list;
  intersectLists = wanted: filter (x: elem x wanted);
  subtractLists = unwanted: filter (x: !elem x unwanted);
  mutuallyExclusive = left: right: !any (x: elem x right) left;
  concatAttrValues = attrs: concatLists (builtins.attrValues attrs);
  replaceElemAt =
    list: index: value:
    assert lib.assertMsg (index >= 0 && index < length list) "lib.lists.replaceElemAt: index is out of bounds";
    imap0 (n: old: if n == index then value else old) list;
  pairsToAttrs = pairs: listToAttrs (map (pair: lib.nameValuePair (elemAt pair 0) (elemAt pair 1)) pairs);
}
