#!/usr/bin/env bash
# Says which NPU stack this node has, and what is wrong with it. Changes nothing; opens the node once.
#
# rknn-doctor [--root DIR]     DIR: look at the files below it instead (a copied or made-up /proc, /sys, /dev)
#
# One line for each finding: "ok", "WRONG", "????" (could not tell) or "info".
# Exit status: 0 nothing wrong, 1 something is wrong, 2 wrong use, 3 nothing wrong but something could not be told,
# 4 this machine is not an RK3588: nothing to find.
set -u

root=""
case "${1-}" in
"") ;;
--root)
  root="${2-}"
  if [ ! -d "$root" ]; then
    echo "rknn-doctor: --root: no directory '$root'" >&2
    exit 2
  fi
  ;;
*)
  echo "usage: rknn-doctor [--root DIR]" >&2
  exit 2
  ;;
esac

wrong=0
untold=0
ok() { printf 'ok    %s\n' "$*"; }
info() { printf 'info  %s\n' "$*"; }
wrong() {
  printf 'WRONG %s\n' "$*"
  wrong=1
}
untold() {
  printf '????  %s\n' "$*"
  untold=1
}

# The strings of a device-tree property, one a line; nothing where there is none.
strings_of() { [ -r "$1" ] && tr '\0' '\n' <"$1"; }

# The names bound to a platform driver, such as fdab0000.npu.
bound_to() {
  local device
  for device in "$root/sys/bus/platform/drivers/$1"/*.npu; do
    [ -e "$device" ] || [ -L "$device" ] || continue
    basename "$device"
  done
}

# The first line of a status file; nothing where it cannot be read.
first_line() { [ -r "$1" ] && head -n 1 "$1" 2>/dev/null; }

look_at_board() {
  local compatible="$root/proc/device-tree/compatible"
  if [ ! -r "$compatible" ]; then
    untold "board: $compatible cannot be read (no device tree, or masked by a container)"
    return
  fi
  if ! strings_of "$compatible" | grep -q -x -E 'rockchip,rk3588s?'; then
    info "board: $(strings_of "$root/proc/device-tree/model") is not an RK3588: there is no such NPU"
    exit 4
  fi
  ok "board: $(strings_of "$root/proc/device-tree/model"), kernel $(first_line "$root/proc/sys/kernel/osrelease")"
}

# Sets `described` to vendor, mainline or none.
look_at_device_tree() {
  local node compatible status
  described=none
  for node in "$root"/proc/device-tree/npu@* "$root"/proc/device-tree/soc/npu@*; do
    [ -d "$node" ] || continue
    compatible=$(strings_of "$node/compatible" | head -n 1)
    status=$(strings_of "$node/status")
    [ -n "$status" ] || status=okay
    if [ "$status" = okay ]; then
      case "$compatible" in
      rockchip,rk3588-rknpu) described=vendor ;;
      rockchip,rk3588-rknn-core) [ "$described" = vendor ] || described=mainline ;;
      esac
      ok "device tree: $(basename "$node") is $compatible"
    else
      info "device tree: $(basename "$node") ($compatible) is $status"
    fi
  done
  if [ "$described" = none ]; then
    if [ -d "$root/proc/device-tree" ]; then
      wrong "device tree: no NPU node is enabled; no driver can bind (overlay, or a tree that enables it)"
    else
      untold "device tree: $root/proc/device-tree is missing"
    fi
  fi
}

# Sets `stack` to the stack whose driver is bound, or none.
look_at_driver() {
  local vendor mainline
  vendor=$(bound_to RKNPU | tr '\n' ' ')
  mainline=$(bound_to rocket | tr '\n' ' ')
  stack=none
  if [ -n "$vendor" ]; then
    stack=vendor
    ok "driver: rknpu is bound to $vendor"
  elif [ -n "$mainline" ]; then
    stack=mainline
    ok "driver: rocket is bound to $mainline"
    [ "$(bound_to rocket | wc -l)" -eq 3 ] || wrong "driver: rocket is bound to fewer than three cores"
  elif [ ! -d "$root/sys/bus/platform" ] || [ ! -d "$root/proc/device-tree" ]; then
    untold "driver: none is bound, and without a device tree to compare that says nothing"
  elif grep -q -E '^(rknpu|rocket) ' "$root/proc/modules" 2>/dev/null; then
    wrong "driver: $(grep -o -E '^(rknpu|rocket)' "$root/proc/modules" | tr '\n' ' ')is loaded, and bound to nothing"
  elif [ -d "$root/sys/bus/platform/drivers/RKNPU" ] || [ -d "$root/sys/bus/platform/drivers/rocket" ]; then
    wrong "driver: it is built into the kernel, and bound to nothing"
  else
    wrong "driver: neither rknpu nor rocket is loaded"
  fi
  if [ "$stack" = none ] && [ "$described" != none ]; then
    info "driver: the device tree describes the NPU for the $described stack's"
  fi
}

# Sets `node` to the device node a client of the stack opens.
find_node() {
  local device
  node=""
  if [ "$stack" = vendor ]; then
    if [ -e "$root/dev/rknpu" ] || [ -L "$root/dev/rknpu" ]; then
      node=/dev/rknpu
    else
      for device in "$root"/sys/class/drm/renderD*; do
        case "$(readlink "$device/device/driver")" in
        */RKNPU) node=/dev/dri/$(basename "$device") ;;
        esac
      done
    fi
  else
    for device in "$root"/sys/class/accel/accel*; do
      case "$(readlink "$device/device")" in
      */rknn) node=/dev/accel/$(basename "$device") ;;
      esac
    done
  fi
}

look_at_node() {
  local mode message
  [ "$stack" != none ] || return
  find_node
  if [ -z "$node" ]; then
    wrong "node: the driver is bound, and there is no device node (udev)"
    return
  fi
  if [ -L "$root$node" ]; then
    wrong "node: $node is a link to $(readlink "$root$node"); clients then ask with the wrong numbers"
    return
  fi
  if [ ! -e "$root$node" ]; then
    wrong "node: $node does not exist, though the kernel has the device (udev, or a container without it)"
    return
  fi
  mode=$(stat -c %a "$root$node")
  case "$mode" in
  *0) ok "node: $node, $(stat -c '%U:%G' "$root$node"), mode $mode" ;;
  *) wrong "node: $node has mode $mode, open to everybody; the driver trusts what its clients hand it (0660)" ;;
  esac
  if [ -n "$root" ]; then
    info "node: not opened, it is another machine's"
  elif message=$( (exec 3<>"$node") 2>&1); then
    ok "node: it opens"
  else
    case "$message" in
    *ermission*) untold "node: $(id -un) may not open it; ask as root or as a member of $(stat -c %G "$node")" ;;
    *) wrong "node: it does not open: ${message##*: } (mainline: the MMU nodes are disabled)" ;;
    esac
  fi
}

look_at_versions() {
  local file version=""
  case "$stack" in
  vendor)
    for file in "$root/sys/kernel/debug/rknpu/version" "$root/proc/rknpu/version"; do
      [ -n "$version" ] || version=$(first_line "$file")
    done
    if [ -n "$version" ]; then
      ok "version: $version"
    fi
    if [ -z "$root" ] && [ -n "$node" ] && [ ! -L "$node" ] && command -v rknpu-query >/dev/null; then
      ask_driver || [ -n "$version" ] || untold "version: the driver did not answer"
    elif [ -z "$version" ]; then
      untold "version: debugfs cannot be read (root only), and the driver was not asked"
    fi
    ;;
  mainline) info "version: rocket has none of its own; it is the kernel's" ;;
  esac
}

ask_driver() {
  local answers name value
  answers=$(rknpu-query "$node" 2>/dev/null) || return 1
  while read -r name value; do
    case "$name=$value" in
    hardware-version=4294967295) wrong "version: the driver answers hardware version -1: this is not the NPU's node" ;;
    driver-version=*) ok "version: the driver answers $((value / 10000)).$((value / 100 % 100)).$((value % 100))" ;;
    iommu=0) wrong "iommu: off; only contiguous memory (CMA) can be used, a few megabytes" ;;
    *) info "$name: $value" ;;
    esac
  done <<<"$answers"
}

look_at_library() {
  local library target
  case "$stack" in
  vendor) library=/usr/lib/librknnrt.so ;;
  mainline) library=/run/opengl-driver/lib/libteflon.so ;;
  *) return ;;
  esac
  target=$root$library
  # Below another root an absolute link leads back to this machine's files.
  while [ -n "$root" ] && [ -L "$target" ] && [[ "$(readlink "$target")" = /* ]]; do
    target=$root$(readlink "$target")
  done
  if [ ! -e "$target" ]; then
    if [ -L "$root$library" ]; then
      wrong "library: $library is a dangling link to $(readlink "$root$library")"
    elif [ "$stack" = vendor ]; then
      wrong "library: $library does not exist, and the vendor's Python API looks nowhere else"
    else
      wrong "library: $library does not exist (hardware.graphics.enable, Mesa 25.3 or later)"
    fi
    return
  fi
  target=$(readlink -f "$target")
  if [ ! -r "$target" ]; then
    wrong "library: $target cannot be read by $(id -un)"
  elif [ "$(head -c 4 "$target" | tail -c 3)" != ELF ]; then
    wrong "library: $target is no library (a pointer of Git LFS, or a torn download)"
  else
    ok "library: $library is $target"
    info "library: $(grep -a -o -m 1 -E 'librknnrt version: [0-9.]+' "$target" || echo "it tells no version")"
  fi
}

look_at_state() {
  local file zone
  for file in "$root"/sys/class/devfreq/*.npu/cur_freq; do
    [ -r "$file" ] && info "frequency: $(($(first_line "$file") / 1000000)) MHz"
  done
  for file in "$root/sys/kernel/debug/rknpu/load" "$root/proc/rknpu/load"; do
    [ -r "$file" ] && info "$(first_line "$file")" && break
  done
  for zone in "$root"/sys/class/thermal/thermal_zone*; do
    case "$(first_line "$zone/type")" in
    npu*) info "temperature: $(($(first_line "$zone/temp") / 1000)) °C" ;;
    esac
  done
}

described=none
stack=none
node=""
look_at_board
look_at_device_tree
look_at_driver
look_at_node
look_at_versions
look_at_library
look_at_state
if [ "$wrong" -ne 0 ]; then exit 1; fi
if [ "$untold" -ne 0 ]; then exit 3; fi
exit 0
