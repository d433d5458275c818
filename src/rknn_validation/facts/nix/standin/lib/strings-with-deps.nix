# Shell snippets that depend on each other (activation scripts).
{ lib }:
rec {
  noDepEntry = text: {
    inherit text;
    deps = [ ];
  };
  fullDepEntry = text: deps: { inherit text deps; };
  packEntry = deps: {
    inherit deps;
    text = "";
  };
  stringAfter = deps: text: { inherit text deps; };
  # Texts in dependency order, each once.
  textClosureList =
    all: wanted:
    let
      visit =
        state: name:
        if state.done ? ${name} then
          state
        else
          let
            entry = if builtins.isAttrs all.${name} then all.${name} else noDepEntry all.${name};
            before = builtins.foldl' visit (state // { done = state.done // { ${name} = true; }; }) entry.deps;
          in
          before // { texts = before.texts ++ [ entry.text ]; };
    in
    (builtins.foldl' visit {
      done = { };
      texts = [ ];
    } wanted).texts;
  textClosureMap =
    f: all: wanted:
    lib.concatStringsSep "\n" (map f (textClosureList all wanted));
}
