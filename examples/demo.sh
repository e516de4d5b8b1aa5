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

# show COMMAND…: one goctx command in a GDB of its own.  What GDB itself says when it opens a core
# (every thread, the line of assembly it stands at) is no part of the demonstration.
show() {
	printf '\n(gdb) goctx %s\n' "$*"
	gdb -batch -nx -iex 'set auto-load no' -iex 'set debuginfod enabled off' -x "$root/gdb/goctx-gdb.py" \
		-ex 'python import os' \
		-ex 'python gdb.execute("file " + os.environ["EXE"], to_string=True)' \
		-ex 'python gdb.execute("core-file " + os.environ["CORE"], to_string=True)' \
		-ex "goctx $*" </dev/null
}

echo "examples/lost-cancel: built with Go, started, a core taken of it …"
answer=$("$root/examples/run.sh" lost-cancel --core --out "$out")
eval "$answer"
export EXE CORE

show info
show tree
show blocked --limit 8
cat <<'EOF'

The refused clients are all still there: an early return skipped their cancel, and two goroutines wait
on each of their contexts (examples/lost-cancel/README.md).  To look around on your own:

  eval "$(examples/run.sh lost-cancel)"
  gdb -q -x gdb/goctx-gdb.py "$EXE" "$CORE"       then: goctx tree, help goctx
EOF
