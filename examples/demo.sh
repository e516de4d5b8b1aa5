#!/usr/bin/env bash
# Build one leaking example with Go, take a core of it, and look at it through GDB: info, tree, blocked.
#
#   demo.sh [BUILD]     BUILD: where `make` put the helper (default: build)
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-build}
case $build in /*) ;; *) build=$root/$build ;; esac
export GOCTX_HELPER=$build/goctx
out=$(mktemp -d "${TMPDIR:-/tmp}/goctx-demo.XXXXXX")
trap 'rm -rf "$out"' EXIT

echo "== examples/lost-cancel: built, started, core taken, ended"
eval "$("$root/examples/run.sh" lost-cancel --core --out "$out")"
for command in info tree blocked; do
	echo
	echo "(gdb) goctx $command"
	[ "$command" = blocked ] && command="blocked --limit 8"
	gdb -batch -nx -iex 'set auto-load no' -x "$root/gdb/goctx-gdb.py" -ex "goctx $command" "$EXE" "$CORE" 2>&1 |
		grep -v -e '^\[New LWP' -e '^Core was generated' -e '^Program terminated' -e '^#0 ' -e '^warning: ' \
			-e '^\[Current thread' -e '^Using host libthread_db' -e '^\[Thread debugging' -e '^$' || true
done
