# A newer Mesa for Teflon.
final: prev: {
  mesa = final.mesa.overrideAttrs { version = "25.3.0"; };
}
