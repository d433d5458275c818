#!/usr/bin/env bash
# Reads what the NPU of this machine is doing. Changes nothing, and opens no device node.
#
# rknn-readings [--root DIR]              metrics in Prometheus' text format
# rknn-readings [--root DIR] --clients    processes that have the device node open: PID, command, seconds they run
# rknn-readings [--root DIR] --line       the readings in one line, for people
# rknn-readings [--root DIR] --serve      answer one HTTP request on standard input (a socket of systemd's)
#
# What the kernel does not tell is left out: rocket has no load, and a container sees no kernel log. Names and units are
# those of the Kubernetes node driver's metrics, where it has the same.
set -u

root=""
if [ "${1-}" = --root ]; then
  root="${2-}"
  shift 2
fi
VERDICT=/run/rknn/verdict.json

first_line() { [ -r "$1" ] && head -n 1 "$1" 2>/dev/null; }

# Whether a platform driver has an NPU.
is_bound() {
  local device
  for device in "$root/sys/bus/platform/drivers/$1"/*.npu; do
    if [ -L "$device" ] || [ -e "$device" ]; then return 0; fi
  done
  return 1
}

# The stack whose driver is bound, or none.
stack_of() { if is_bound RKNPU; then echo vendor; elif is_bound rocket; then echo mainline; else echo none; fi; }

# Every device node of the NPU that there is.
devnodes() {
  local device
  [ ! -e "$root/dev/rknpu" ] || echo "$root/dev/rknpu"
  for device in "$root"/sys/class/drm/card* "$root"/sys/class/drm/renderD*; do
    case "$(readlink "$device/device/driver")" in
    */RKNPU) echo "$root/dev/dri/$(basename "$device")" ;;
    esac
  done
  for device in "$root"/sys/class/accel/accel*; do
    case "$(readlink "$device/device")" in
    */rknn) echo "$root/dev/accel/$(basename "$device")" ;;
    esac
  done
}

# `CORE PERCENT` lines.
load() {
  local file
  for file in "$root/sys/kernel/debug/rknpu/load" "$root/proc/rknpu/load"; do
    if [ -r "$file" ]; then
      grep -o -E 'Core[0-9]+: *[0-9]+%' "$file" | sed -E 's/Core([0-9]+): *([0-9]+)%/\1 \2/'
      return
    fi
  done
}

# Hertz. The mainline NPU's clock belongs to the firmware (SCMI).
frequency() {
  local file hertz
  for file in "$root"/sys/class/devfreq/*.npu/cur_freq "$root/sys/kernel/debug/rknpu/freq" \
    "$root/sys/kernel/debug/clk/scmi_clk_npu/clk_rate"; do
    hertz=$(first_line "$file")
    case "$hertz" in
    "" | *[!0-9]*) ;;
    *)
      echo "$hertz"
      return
      ;;
    esac
  done
}

# Thousandths of a degree Celsius.
temperature() {
  local zone
  for zone in "$root"/sys/class/thermal/thermal_zone*; do
    case "$(first_line "$zone/type")" in
    npu*) first_line "$zone/temp" && return ;;
    esac
  done
}

# Jobs that the driver gave up since the kernel booted, as far as its log goes back; nothing if that cannot be read.
resets() {
  local log
  [ -z "$root" ] || return
  log=$(dmesg 2>/dev/null) || return
  grep -c -E 'RKNPU: (soft reset|job timeout)|NPU job timed out' <<<"$log"
}

# `PID COMMAND SECONDS` lines. A device is told by its numbers: a container has a device node of its own.
clients() {
  local wanted pid file uptime started
  [ -z "$root" ] || return 0
  wanted=$(devnodes | while read -r file; do stat -L -c ' %t:%T ' "$file"; done)
  [ -n "$wanted" ] || return 0
  uptime=$(cut -d. -f1 /proc/uptime)
  # A process may be gone before it is looked at.
  printf '%s\0' /proc/[0-9]*/fd/* | xargs -0 stat -L -c '%t:%T %n' 2>/dev/null | while read -r numbers file; do
    [ "$numbers" = 0:0 ] || ! grep -q -F " $numbers " <<<"$wanted" || echo "$file" | cut -d/ -f3
  done | sort -n -u | while read -r pid; do
    started=$(sed 's/^.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)
    [ -z "$started" ] || echo "$pid $(first_line "/proc/$pid/comm" | tr -c '[:alnum:]._:\n-' _) $((uptime - started / 100))"
  done
}

driver_version() {
  local file
  for file in "$root/sys/kernel/debug/rknpu/version" "$root/proc/rknpu/version"; do
    if [ -r "$file" ]; then
      first_line "$file" | grep -o -E '[0-9]+\.[0-9]+\.[0-9]+'
      return
    fi
  done
}

runtime_version() {
  grep -a -o -m 1 -E 'librknnrt version: [0-9.]+' "$root/usr/lib/librknnrt.so" 2>/dev/null | grep -o -E '[0-9.]+$'
}

# The last verdict that rknn-doctor left: ok, wrong, unknown or other-board.
verdict() { grep -o -E '"verdict": *"[a-z-]+"' "$root$VERDICT" 2>/dev/null | grep -o -E '[a-z-]+"$' | tr -d '"'; }

metric() { printf '# HELP %s %s\n# TYPE %s %s\n' "$1" "$3" "$1" "$2"; }

single() { [ -z "$4" ] || { metric "$1" "$2" "$3" && printf '%s %s\n' "$1" "$4"; }; }

metrics() {
  local core percent celsius last
  metric rknn_npu_info gauge "What the device is, in labels."
  printf 'rknn_npu_info{stack="%s",driver_version="%s",runtime_version="%s"} 1\n' \
    "$(stack_of)" "$(driver_version)" "$(runtime_version)"
  if [ -n "$(load)" ]; then
    metric rknn_npu_load_ratio gauge "Load of a core, 0 to 1, as the vendor's driver tells it."
    load | while read -r core percent; do
      printf 'rknn_npu_load_ratio{core="%s"} %d.%02d\n' "$core" $((percent / 100)) $((percent % 100))
    done
  fi
  single rknn_npu_frequency_hertz gauge "Clock of the NPU." "$(frequency)"
  celsius=$(temperature)
  case "$celsius" in
  "" | *[!0-9]*) ;;
  *)
    celsius=$(printf '%d.%03d' $((celsius / 1000)) $((celsius % 1000)))
    single rknn_npu_temperature_celsius gauge "Temperature of the NPU's thermal zone." "$celsius"
    ;;
  esac
  [ -n "$root" ] || single rknn_npu_clients gauge "Processes that have the device node open." "$(clients | wc -l)"
  single rknn_npu_resets_total counter "Jobs that the driver gave up since boot, as far as the log goes back." "$(resets)"
  last=$(verdict)
  if [ -n "$last" ]; then
    metric rknn_npu_verdict gauge "The last verdict of rknn-doctor, in a label."
    printf 'rknn_npu_verdict{verdict="%s"} 1\n' "$last"
    single rknn_npu_verdict_timestamp_seconds gauge "When it was given." "$(stat -c %Y "$root$VERDICT")"
  fi
}

line() {
  local hertz celsius users
  hertz=$(frequency)
  celsius=$(temperature)
  users=$(clients | while read -r pid command _; do printf ' %s[%s]' "$command" "$pid"; done)
  printf '%s: %s load%s, ' "$(date -u +%FT%TZ)" "$(stack_of)" "$(load | while read -r _ percent; do printf ' %s%%' "$percent"; done)"
  printf '%s, ' "${hertz:+$((hertz / 1000000)) MHz}" "${celsius:+$((celsius / 1000)) °C}"
  printf 'clients:%s, resets: %s, ' "${users:- none}" "$(resets)"
  printf 'driver %s, runtime %s, verdict: %s\n' "$(driver_version)" "$(runtime_version)" "$(verdict)"
}

# One request, and the end of the connection.
serve() {
  local request header body status="404 Not Found"
  read -r -t 10 request || exit 0
  while read -r -t 10 header && [ -n "${header%$'\r'}" ]; do :; done
  body="expected /metrics"
  case "$request" in
  "GET /metrics "*)
    status="200 OK"
    body=$(metrics)
    ;;
  esac
  # In bytes, as the header counts.
  LC_ALL=C
  printf 'HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n' "$status"
  printf 'Content-Length: %s\r\n\r\n%s\n' $((${#body} + 1)) "$body"
}

case "${1-}" in
"") metrics ;;
--clients) clients ;;
--line) line ;;
--serve) serve ;;
*)
  echo "usage: rknn-readings [--root DIR] [--clients|--line|--serve]" >&2
  exit 2
  ;;
esac
