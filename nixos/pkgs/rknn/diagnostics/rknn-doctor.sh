#!/usr/bin/env bash
# Reports the NPU stack of this machine and its problems. Changes nothing; opens the device node once.
#
# rknn-doctor [OPTION]...
#   --root DIR        read the files below DIR instead (a copy of another machine's /proc, /sys, /dev)
#   --json            print one JSON object instead of lines
#   --save FILE       write that object to FILE as well
#   --watch [SECONDS] print what the NPU is doing, again and again; on a terminal in place, else a line each time
#
# One line for each finding: "ok", "WRONG", "????" (unknown) or "info". A code such as NPU781 is explained by
# rknn-validate --explain and in docs/findings/.
# Exit status: 0 nothing is wrong, 1 something is wrong, 2 wrong usage, 3 nothing is known to be wrong but something is
# unknown, 4 this machine is not an RK3588.
set -u

root=""
format=lines
save=""
every=""
while [ $# -gt 0 ]; do
  case "$1" in
  --root)
    root="${2-}"
    if [ ! -d "$root" ]; then
      echo "rknn-doctor: --root: no directory '$root'" >&2
      exit 2
    fi
    shift
    ;;
  --json) format=json ;;
  --save)
    save="${2-}"
    [ -n "$save" ] || {
      echo "rknn-doctor: --save: expected a file" >&2
      exit 2
    }
    shift
    ;;
  --watch)
    every=2
    case "${2-}" in
    "" | *[!0-9]*) ;;
    *)
      every=$2
      shift
      ;;
    esac
    ;;
  *)
    echo "usage: rknn-doctor [--root DIR] [--json] [--save FILE] [--watch [SECONDS]]" >&2
    exit 2
    ;;
  esac
  shift
done

wrong=0
unknown=0
findings=""

json() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//[[:cntrl:]]/ }"
}

# say WORD CODE TEXT: one finding. CODE may be empty.
say() {
  local word=$1 code=$2 text=$3 level=""
  findings+="${findings:+,}{\"status\":$(json "$word"),\"code\":$(json "$code"),\"topic\":$(json "${text%%:*}"),"
  findings+="\"text\":$(json "${text#*: }")}"
  [ "$format" = lines ] || return 0
  # Levels of the journal, which it takes off again: an error, a warning.
  if [ -n "${JOURNAL_STREAM-}" ]; then
    case "$word" in
    wrong) level="<3>" ;;
    unknown) level="<4>" ;;
    esac
  fi
  case "$word" in
  wrong) word=WRONG ;;
  unknown) word="????" ;;
  esac
  printf '%s%-5s %s%s\n' "$level" "$word" "$text" "${code:+ ($code)}"
}

ok() { say ok "" "$*"; }
info() { say info "" "$*"; }

# wrong CODE TEXT
wrong() {
  say wrong "$1" "$2"
  wrong=1
}

unknown() {
  say unknown "" "$*"
  unknown=1
}

# conclude STATUS: write the JSON object where it was asked for, and end.
conclude() {
  local words=(ok wrong usage unknown other-board) object
  object="{\"verdict\":\"${words[$1]}\",\"status\":$1,\"time\":\"$(date -u +%FT%TZ)\",\"stack\":\"$stack\","
  object+="\"findings\":[$findings]}"
  [ "$format" = lines ] || printf '%s\n' "$object"
  if [ -n "$save" ]; then
    # So that nobody ever reads half of it.
    printf '%s\n' "$object" >"$save.new" && mv "$save.new" "$save" || exit 2
  fi
  exit "$1"
}

watch() {
  local line
  while :; do
    line=$(rknn-readings ${root:+--root "$root"} --line) || exit 2
    if [ -t 1 ]; then
      printf '\033[H\033[2J%s\n' "${line//, /$'\n'}"
      rknn-readings ${root:+--root "$root"} --clients | while read -r pid command seconds; do
        printf '  %s %s, runs for %s s\n' "$pid" "$command" "$seconds"
      done
    else
      printf '%s\n' "$line"
    fi
    sleep "$every"
  done
}

# The strings of a device-tree property, one per line; nothing if there is none.
strings_of() { [ -r "$1" ] && tr '\0' '\n' <"$1"; }

# The NPU devices bound to a platform driver, such as fdab0000.npu.
bound_to() {
  local device
  for device in "$root/sys/bus/platform/drivers/$1"/*.npu; do
    [ -e "$device" ] || [ -L "$device" ] || continue
    basename "$device"
  done
}

# The first line of a status file; nothing if it cannot be read.
first_line() { [ -r "$1" ] && head -n 1 "$1" 2>/dev/null; }

look_at_board() {
  local compatible="$root/proc/device-tree/compatible"
  if [ ! -r "$compatible" ]; then
    unknown "board: $compatible cannot be read (no device tree, or masked by a container)"
    return
  fi
  if ! strings_of "$compatible" | grep -q -x -E 'rockchip,rk3588s?'; then
    info "board: $(strings_of "$root/proc/device-tree/model") is not an RK3588: it has no such NPU"
    conclude 4
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
      wrong NPU781 "device tree: no NPU node is enabled; no driver can bind (overlay, or a tree that enables it)"
    else
      unknown "device tree: $root/proc/device-tree is missing"
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
    [ "$(bound_to rocket | wc -l)" -eq 3 ] || wrong NPU784 "driver: rocket is bound to fewer than three cores"
  elif [ ! -d "$root/sys/bus/platform" ] || [ ! -d "$root/proc/device-tree" ]; then
    unknown "driver: none is bound; without a device tree it is unknown whether one should be"
  elif grep -q -E '^(rknpu|rocket) ' "$root/proc/modules" 2>/dev/null; then
    wrong NPU826 "driver: $(grep -o -E '^(rknpu|rocket)' "$root/proc/modules" | tr '\n' ' ')is loaded, but not bound to the NPU"
  elif [ -d "$root/sys/bus/platform/drivers/RKNPU" ] || [ -d "$root/sys/bus/platform/drivers/rocket" ]; then
    wrong NPU826 "driver: it is built into the kernel, but not bound to the NPU"
  else
    wrong NPU430 "driver: neither rknpu nor rocket is loaded"
  fi
  if [ "$stack" = none ] && [ "$described" != none ]; then
    info "driver: the device tree describes the NPU for the $described stack"
  fi
}

# Sets `devnode` to the device node that a client of the stack opens.
find_devnode() {
  local device
  devnode=""
  if [ "$stack" = vendor ]; then
    if [ -e "$root/dev/rknpu" ] || [ -L "$root/dev/rknpu" ]; then
      devnode=/dev/rknpu
    else
      for device in "$root"/sys/class/drm/card*; do # the runtime opens the card, not the render node
        case "$(readlink "$device/device/driver")" in
        */RKNPU) devnode=/dev/dri/$(basename "$device") ;;
        esac
      done
    fi
  else
    for device in "$root"/sys/class/accel/accel*; do
      case "$(readlink "$device/device")" in
      */rknn) devnode=/dev/accel/$(basename "$device") ;;
      esac
    done
  fi
}

look_at_devnode() {
  local mode message
  [ "$stack" != none ] || return
  find_devnode
  if [ -z "$devnode" ]; then
    wrong NPU840 "devnode: the driver is bound, but there is no device node (udev)"
    return
  fi
  if [ -L "$root$devnode" ]; then
    wrong NPU841 "devnode: $devnode is a link to $(readlink "$root$devnode"); clients then use the wrong ioctl numbers"
    return
  fi
  if [ ! -e "$root$devnode" ]; then
    wrong NPU840 "devnode: $devnode does not exist, though the kernel has the device (udev, or a container without it)"
    return
  fi
  mode=$(stat -c %a "$root$devnode")
  case "$mode" in
  *0) ok "devnode: $devnode, $(stat -c '%U:%G' "$root$devnode"), mode $mode" ;;
  *) wrong NPU866 "devnode: $devnode has mode $mode, open to all users; the driver trusts its clients' addresses (use 0660)" ;;
  esac
  if [ -n "$root" ]; then
    info "devnode: not opened, because it belongs to another machine"
  elif message=$( (exec 3<>"$devnode") 2>&1); then
    ok "devnode: it can be opened"
  else
    case "$message" in
    *ermission*) unknown "devnode: $(id -un) may not open it; run as root or as a member of $(stat -c %G "$devnode")" ;;
    *) wrong NPU492 "devnode: it cannot be opened: ${message##*: } (mainline: the MMU nodes are disabled)" ;;
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
    case "$version" in
    '') ;;
    *v0.9.2 | *v0.9.3) wrong NPU821 "version: $version: cores 1 and 2 take no jobs; use 0.9.8" ;;
    *) ok "version: $version" ;;
    esac
    if [ -z "$root" ] && [ -n "$devnode" ] && [ ! -L "$devnode" ] && command -v rknpu-query >/dev/null; then
      ask_driver || [ -n "$version" ] || unknown "version: the driver did not answer"
    elif [ -z "$version" ]; then
      unknown "version: debugfs cannot be read (root only), and the driver was not asked"
    fi
    ;;
  mainline) info "version: that of the kernel; rocket has none of its own" ;;
  esac
}

ask_driver() {
  local answers name value
  answers=$(rknpu-query "$devnode" 2>/dev/null) || return 1
  while read -r name value; do
    case "$name=$value" in
    hardware-version=4294967295) wrong NPU841 "version: hardware version -1: this is not the NPU's device node" ;;
    driver-version=*) ok "version: the driver answers $((value / 10000)).$((value / 100 % 100)).$((value % 100))" ;;
    iommu=0) wrong NPU785 "iommu: off; only contiguous memory (CMA) can be used, which is a few megabytes" ;;
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
  # An absolute link would lead from another root to this machine's files.
  while [ -n "$root" ] && [ -L "$target" ] && [[ "$(readlink "$target")" = /* ]]; do
    target=$root$(readlink "$target")
  done
  if [ ! -e "$target" ]; then
    if [ -L "$root$library" ]; then
      wrong NPU891 "library: $library is a dangling link to $(readlink "$root$library")"
    elif [ "$stack" = vendor ]; then
      wrong NPU892 "library: $library does not exist, and the vendor's Python API only looks there"
    else
      wrong NPU904 "library: $library does not exist (hardware.graphics.enable, Mesa 25.3 or later)"
    fi
    return
  fi
  target=$(readlink -f "$target")
  if [ ! -r "$target" ]; then
    wrong NPU543 "library: $target cannot be read by $(id -un)"
  elif [ "$(head -c 4 "$target" | tail -c 3)" != ELF ]; then
    wrong NPU893 "library: $target is not a library (a Git LFS pointer, or an incomplete download)"
  else
    ok "library: $library is $target"
    info "library: $(grep -a -o -m 1 -E 'librknnrt version: [0-9.]+' "$target" || echo "it names no version")"
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
devnode=""
[ -z "$every" ] || watch
look_at_board
look_at_device_tree
look_at_driver
look_at_devnode
look_at_versions
look_at_library
look_at_state
if [ "$wrong" -ne 0 ]; then conclude 1; fi
if [ "$unknown" -ne 0 ]; then conclude 3; fi
conclude 0
