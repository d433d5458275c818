#!/usr/bin/env bash
# Installs what the harness needs: Debian packages (only those missing) and a virtual environment.
# Safe to repeat; does nothing, and needs no network, when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")"
python=${1:-python3}
venv=${2:-.venv}
browser=${3:-}

# `nix develop` brings everything below.
[ -z "${RKNN_PYTHON_ENV:-}" ] || exit 0

# What must exist -> the Debian package that brings it. Elsewhere (`nix develop`) PATH has them already.
wanted=(
  nix-instantiate:nix-bin
  qemu-system-aarch64:qemu-system-arm
  aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu
  dtc:device-tree-compiler
  mkfs.erofs:erofs-utils
  xz:xz-utils
  make:make
  cpio:cpio
  modprobe:kmod
  shellcheck:shellcheck
  ssh:openssh-client
)
missing=()
for entry in "${wanted[@]}"; do
  command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
done
if command -v dpkg-query >/dev/null && [ "$python" = python3 ] && ! python3 -c 'import ensurepip' 2>/dev/null; then
  missing+=(python3-venv)
fi
# A quarter of a gigabyte that judging a subject does not need: only for those who test the report.
if [ -n "$browser" ] && ! command -v chromium-headless-shell chromium chromium-browser google-chrome >/dev/null; then
  missing+=(chromium-headless-shell)
fi
if command -v dpkg-query >/dev/null && ! [ -e /usr/aarch64-linux-gnu/include/stdio.h ]; then
  missing+=(libc6-dev-arm64-cross)
fi
# Tests start a server of their own. One that comes with the package is not left running, or to run at the next boot.
if command -v dpkg-query >/dev/null && ! [ -x /usr/sbin/sshd ]; then
  missing+=(openssh-server)
fi
# Tests ask a node as an ordinary user, by way of sudo.
if command -v dpkg-query >/dev/null && ! [ -x /usr/bin/sudo ]; then
  missing+=(sudo)
fi
if [ "${#missing[@]}" -gt 0 ]; then
  echo "setup: installing ${missing[*]}"
  if ! command -v apt-get >/dev/null; then
    echo "setup: expected these programs on PATH, and there is no apt-get to install them; try: nix develop" >&2
    exit 1
  fi
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
  if [[ " ${missing[*]} " == *" openssh-server "* ]] && [ -d /run/systemd/system ]; then
    "${as_root[@]}" systemctl disable --now ssh.service ssh.socket
  fi
fi

# The environment is made anew only when what it is made from has changed.
stamp="$venv/.made-from"
made_from=$("$python" --version; cat pyproject.toml constraints.txt)
if ! [ -e "$stamp" ] || [ "$(cat "$stamp")" != "$made_from" ]; then
  echo "setup: making $venv"
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
  printf '%s\n' "$made_from" >"$stamp"
fi
