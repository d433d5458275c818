#!/usr/bin/env bash
# Makes docs/images/report.png: the HTML report on the example of docs/first-verdict.md, in a real browser.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
browser=$(command -v chromium-headless-shell chromium chromium-browser google-chrome | head -n 1)

# Reports show where the subject is. This place says nothing about the machine that made the picture.
scratch=/tmp/fleet
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch"
cp -r docs/example nixos "$scratch"
sed -i 's,\.\./\.\./nixos,../nixos,' "$scratch/example/validation.yaml"

# The example is broken on purpose, so the run fails.
PYTHONPATH=src "$python" -m rknn_validation -m unit --subject "$scratch/example/validation.yaml" \
  --report "$scratch/report" >/dev/null || true
"$browser" --no-sandbox --hide-scrollbars --disable-lcd-text --window-size=1100,700 \
  --screenshot="$PWD/docs/images/report.png" "file://$scratch/report/index.html" 2>/dev/null
