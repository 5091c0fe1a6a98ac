#!/bin/sh
# Set up the real Krita once. It prints what to give to the tests: a root, or / for this machine itself.
# usage: prepare_krita.sh root      Krita 5.2 in the Debian root of prepare.sh, beside GIMP
#        prepare_krita.sh host      this machine's own Krita, 5.1 on Debian 12; installed if it is not there
# As root, on Debian or a relative of it; at any time again. SCUMBLE_EDITORS_DIR is as for prepare.sh.
#
# About half a minute and 0.7 GB for the root, 0.4 GB for the machine; nothing once it is done.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=${SCUMBLE_EDITORS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/scumble-editors}
packages="krita python3-pyqt5 python3-pyqt5.sip"
screen="xvfb openbox xdotool imagemagick fonts-dejavu-core"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

say() { echo "prepare_krita.sh: $*" >&2; }
[ "$(id -u)" = 0 ] || { say "needs root, for apt-get."; exit 3; }
command -v apt-get >/dev/null || { say "needs apt-get: this set-up is for Debian."; exit 3; }

install_host() {
  apt-get update -q
  # shellcheck disable=SC2086
  apt-get install -y -q --no-install-recommends $packages $screen
}
install_root() {
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  "$here/enter.sh" "$root" "$scratch" apt-get update -q
  # shellcheck disable=SC2086
  "$here/enter.sh" "$root" "$scratch" apt-get install -y -q $packages
  "$here/enter.sh" "$root" "$scratch" apt-get clean
}

mkdir -p "$dir"
case ${1:-} in
  host)
    root=/
    marker=
    missing=
    for package in $packages $screen; do
      dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing=yes
    done
    ;;
  root)
    root=$("$here/prepare.sh")
    # prepare.sh makes the root anew now and then: this marker goes with it.
    marker=$root/.scumble-krita
    wanted="$packages 1"
    missing=$([ "$(cat "$marker" 2>/dev/null)" = "$wanted" ] || echo yes)
    ;;
  *)
    say "usage: prepare_krita.sh root|host"
    exit 2
    ;;
esac
if [ -n "$missing" ]; then
  # The lock of prepare.sh: one set-up at a time.
  exec 9>"$dir/lock"
  flock 9
  if [ -z "$marker" ] || [ "$(cat "$marker" 2>/dev/null)" != "$wanted" ]; then
    "install_$1" 9>&- >"$dir/prepare_krita.log" 2>&1 || {
      say "failed; the end of $dir/prepare_krita.log:"
      tail -n 15 "$dir/prepare_krita.log" >&2
      exit 1
    }
    [ -z "$marker" ] || echo "$wanted" >"$marker"
  fi
fi
echo "$root"
