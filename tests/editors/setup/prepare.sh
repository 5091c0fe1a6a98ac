#!/bin/sh
# Set up the real editors once: a Debian root with GIMP 3, a virtual screen and what drives a mouse.
# usage: prepare.sh      (as root, on Debian or a relative of it; run it again at any time)
#
# SCUMBLE_EDITORS_DIR    where the root lives, ~/.cache/scumble-editors unless it says otherwise
# SCUMBLE_DEBIAN_MIRROR  the Debian mirror to use, instead of the one that this machine uses
#
# Needs the mirror, about two minutes and 1.2 GB the first time; nothing once the marker is there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=${SCUMBLE_EDITORS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/scumble-editors}
release=trixie
root=$dir/$release
packages="gimp xvfb openbox xdotool imagemagick fonts-dejavu-core"
# The marker names what was installed: another list of packages sets the root up anew.
marker=$root/.scumble-editors
wanted="$release $packages 1"

mkdir -p "$dir"
exec 9>"$dir/lock"
flock 9
if [ "$(cat "$marker" 2>/dev/null)" = "$wanted" ]; then
  echo "$root"
  exit 0
fi

say() { echo "prepare.sh: $*" >&2; }
[ "$(id -u)" = 0 ] || { say "needs root, for debootstrap and chroot."; exit 3; }
command -v apt-get >/dev/null || { say "needs apt-get: this set-up is for Debian."; exit 3; }
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

own_mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' 2>/dev/null |
    grep -v security | head -n 1
}

{
  if ! command -v debootstrap >/dev/null || [ -z "$(own_mirror)" ]; then
    apt-get update -q
    apt-get install -y -q --no-install-recommends debootstrap
  fi
  # Without one of this machine's debootstrap takes its own.
  mirror=${SCUMBLE_DEBIAN_MIRROR:-$(own_mirror)}
  rm -rf "$root"
  say "debootstrap $release from ${mirror:-the usual mirror}"
  debootstrap --variant=minbase --include=ca-certificates "$release" "$root" ${mirror:+"$mirror"}

  # No services, no recommended packages, no manuals, no fsync per file: smaller and faster.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  printf 'Acquire::Languages "none";\nAPT::Install-Recommends "false";\n' >"$root/etc/apt/apt.conf.d/90scumble"
  printf 'path-exclude=/usr/share/%s/*\n' doc man help >"$root/etc/dpkg/dpkg.cfg.d/90scumble"
  echo force-unsafe-io >>"$root/etc/dpkg/dpkg.cfg.d/90scumble"
  # A proxy of this machine is the root's as well.
  apt-config dump | grep -E '^Acquire::https?::Proxy' >"$root/etc/apt/apt.conf.d/91proxy" || true

  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  "$here/enter.sh" "$root" "$scratch" apt-get update -q
  # shellcheck disable=SC2086
  "$here/enter.sh" "$root" "$scratch" apt-get install -y -q $packages
  "$here/enter.sh" "$root" "$scratch" apt-get clean
  "$here/enter.sh" "$root" "$scratch" gimp-console --version
} 9>&- >"$dir/prepare.log" 2>&1 || {
  say "failed; the end of $dir/prepare.log:"
  tail -n 15 "$dir/prepare.log" >&2
  exit 1
}
echo "$wanted" >"$marker"
echo "$root"
