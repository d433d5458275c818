"""The subject's Nix files and packages: their text, what they download, and what their scripts install."""
