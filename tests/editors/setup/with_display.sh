#!/bin/sh
# Run a command with a screen and a window manager of its own.
# usage: with_display.sh WIDTHxHEIGHT COMMAND [ARGUMENT...]
#
# Xvfb chooses a free display number itself and writes it once it listens: two runs never meet.
set -eu
size=$1
shift
scratch=$(mktemp -d)
mkfifo "$scratch/number"
Xvfb -screen 0 "${size}x24" -nolisten tcp -displayfd 3 3>"$scratch/number" >"$scratch/log" 2>&1 &
server=$!
manager=
cleanup() {
  [ -z "$manager" ] || kill "$manager" 2>/dev/null || true
  kill "$server" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$scratch"
}
trap cleanup EXIT
number=$(timeout 30 head -n 1 "$scratch/number") || true
if [ -z "$number" ]; then
  echo "Xvfb did not start:" >&2
  cat "$scratch/log" >&2
  exit 1
fi
export DISPLAY=":$number"
openbox >"$scratch/openbox.log" 2>&1 &
manager=$!
status=0
"$@" || status=$?
exit "$status"
