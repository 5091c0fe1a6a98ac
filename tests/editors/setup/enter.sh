#!/bin/sh
# Run a command inside the editors' root and leave nothing behind.
# usage: enter.sh ROOT WORK COMMAND [ARGUMENT...]      (as root)
#
# WORK has the same path inside as outside, so that a socket or a file that one side names is what the
# other side finds. The machine's own root is at /host. Mounts and processes live in namespaces of
# their own: when COMMAND ends, so does every process it left (Xvfb, plug-ins, a daemon), and every mount.
# The network is the machine's, so that 127.0.0.1 is the same on both sides.
set -eu
ROOT=$(realpath "$1")
WORK=$(realpath "$2")
shift 2
export ROOT WORK
exec unshare --mount --pid --fork --kill-child --propagation private sh -eu -c '
  root=$ROOT
  work=$WORK
  unset ROOT WORK
  mkdir -p "$root/host"
  mount --rbind / "$root/host"
  mount -t proc proc "$root/host/proc"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/dev/shm"
  mount -t tmpfs tmpfs "$root/tmp"
  mkdir -p "$root$work"
  mount --bind "$work" "$root$work"
  exec chroot "$root" "$@"
' sh "$@"
