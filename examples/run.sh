#!/usr/bin/env bash
# Builds an example, runs it until it is READY, takes a core of it, ends it.
# `run.sh --help` tells the rest.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/goctx

usage() {
	cat <<'EOF'
usage: examples/run.sh ID [--fixed] [--core|--live] [-n N] [--out DIR] [-- OPTION…]
       examples/run.sh --list

  --fixed    run the healthy twin
  --core     take a core and end the program (this is the default)
  --live     take no core: keep the program running until Enter, end of input or Ctrl-C
  -n N       scale, see the example's README
  --out DIR  where the program and the core go; a fresh temporary folder if left out
  -- OPTION… further options for the example itself

Prints lines that a shell can eval:
  EXE=…      the program
  CORE=…     its core              (with --core)
  PID=…      its process id        (with --live)

The Go toolchain is $GO, else `go` in PATH, else the newest in the cache that
tests/support/toolchains.py fills. The core is taken with gcore (package gdb); where that is
missing or refused, the kernel makes one as the program aborts.
EOF
}

# die MESSAGE [HINT] [STATUS]
die() {
	printf 'run.sh: %s\n' "$1" >&2
	if [ -n "${2:-}" ]; then
		printf 'hint: %s\n' "$2" >&2
	fi
	exit "${3:-1}"
}

note() {
	printf 'run.sh: %s\n' "$1" >&2
}

list_examples() {
	local mod
	for mod in "$here"/*/go.mod; do
		basename -- "$(dirname -- "$mod")"
	done
}

# --- what was asked -----------------------------------------------------------------------

id='' mode=core out=''
args=()

needs_value() {
	[ "$2" -ge 2 ] || die "$1 needs a value" '' 2
}

while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage; exit 0 ;;
	--list) list_examples; exit 0 ;;
	--fixed | -fixed) args+=(-fixed) ;;
	--core) mode=core ;;
	--live) mode=live ;;
	-n) needs_value "$1" $#; args+=(-n "$2"); shift ;;
	--out) needs_value "$1" $#; out=$2; shift ;;
	--out=*) out=${1#--out=} ;;
	--) shift; args+=("$@"); break ;;
	-*) die "unknown option $1" 'examples/run.sh --help' 2 ;;
	*) [ -z "$id" ] || die "one example at a time: $id or $1?" '' 2; id=${1%/} ;;
	esac
	shift
done

[ -n "$id" ] || { usage >&2; exit 2; }
[[ $id != */* && -f $here/$id/go.mod ]] ||
	die "there is no example called $id" "one of: $(list_examples | tr '\n' ' ')" 2

# --- leaving: nothing stays behind but what was asked for ---------------------------------

pid='' work='' made_out='' finished=''

# alive: is the program, our child, still there (and not just waiting to be reaped)?
alive() {
	local stat
	[ -n "$pid" ] && stat=$(cat "/proc/$pid/stat" 2>/dev/null) && [[ ${stat##*) } != Z* ]]
}

# gone_within SECONDS: waits until the program has ended.
gone_within() {
	local left=$(($1 * 20))
	while alive; do
		[ "$left" -gt 0 ] || return 1
		left=$((left - 1))
		sleep 0.05
	done
}

# end_program closes the program's input, then asks, then kills; by its process id only.
end_program() {
	[ -n "$pid" ] || return 0
	exec 8>&- || true
	if ! gone_within 10; then
		kill -TERM "$pid" 2>/dev/null || true
		gone_within 3 || kill -KILL "$pid" 2>/dev/null || true
	fi
	local status=0
	wait "$pid" 2>/dev/null || status=$?
	pid=''
	return "$status"
}

leave() {
	local status=$?
	trap - EXIT INT TERM HUP
	set +e
	[ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null
	end_program
	[ -z "$work" ] || rm -rf -- "$work"
	if [ -z "$finished" ] && [ -n "$made_out" ]; then
		rm -rf -- "$out"
	fi
	exit "$status"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# --- building -----------------------------------------------------------------------------

# find_go sets go to the Go command.
find_go() {
	if [ -n "${GO:-}" ]; then
		go=$(command -v -- "$GO") || die "GO=$GO is not a command" 'name the go command itself, as in GO=/usr/lib/go-1.26/bin/go'
		return
	fi
	if go=$(command -v go); then
		return
	fi
	go=$(printf '%s\n' "$cache"/toolchains/*/bin/go | sort -V | tail -n 1)
	[ -x "$go" ] || die 'no Go toolchain found' 'set GO, put go into PATH, or fill the cache with: tests/support/toolchains.py 1.27'
}

build() {
	export GOTOOLCHAIN=${GOTOOLCHAIN:-local} GOPROXY=${GOPROXY:-off} GOWORK=off
	export CGO_ENABLED=${CGO_ENABLED:-0} GOFLAGS=${GOFLAGS:--mod=mod}
	export GOCACHE=${GOCACHE:-$cache/gocache}
	(cd -- "$here/$id" && "$go" build -o "$exe" .) >&2 ||
		die "$id does not build with $("$go" version 2>/dev/null || echo "$go")" 'Go 1.19 or later is needed'
}

# --- running ------------------------------------------------------------------------------

# start runs the program with its input held open by descriptor 8, until it says READY.
start() {
	mkfifo -- "$work/in" "$work/out"
	# The subshell execs, so $! is the process id of the program itself.
	(
		ulimit -c unlimited 2>/dev/null || true
		cd -- "$out"
		GOTRACEBACK=crash exec "$exe" ${args[@]+"${args[@]}"}
	) <"$work/in" >"$work/out" 2>"$work/err" &
	pid=$!
	exec 8>"$work/in" 9<"$work/out"
	local line=''
	if ! IFS= read -r -t "${READY_TIMEOUT:-120}" line <&9; then
		cat -- "$work/err" >&2
		alive && die "$id was not READY in time" 'give READY_TIMEOUT=SECONDS, or a smaller -n'
		die "$id ended before it was READY"
	fi
	[ "$line" = "READY pid=$pid" ] || die "$id said \"$line\", not READY pid=$pid"
}

# gcore_core takes a core with GDB while the program stands still.
gcore_core() {
	command -v gcore >/dev/null || { note 'no gcore here (package gdb): the kernel has to make the core'; return 1; }
	if gcore -o "$out/core" "$pid" >"$work/gcore" 2>&1 && [ -s "$out/core.$pid" ]; then
		core=$out/core.$pid
		# GDB before 15 writes reserved address space as zeros, hundreds of megabytes of them.
		fallocate --dig-holes "$core" 2>/dev/null || true
		return 0
	fi
	rm -f -- "$out/core.$pid"
	note "gcore failed: $(grep -v '^$' "$work/gcore" | tail -n 1)"
	return 1
}

# kernel_core has the program abort and finds the core that the kernel wrote of it.
kernel_core() {
	local pattern folder file victim=$pid
	pattern=$(cat /proc/sys/kernel/core_pattern)
	if [[ $pattern == '|'* ]]; then
		die "the kernel hands cores to a program (${pattern%% *})" \
			'install gdb for gcore, or as root: sysctl kernel.core_pattern=core.%p'
	fi
	folder=$out
	[[ $pattern != /* ]] || folder=$(dirname -- "$pattern")
	[ -d "$folder" ] || die "the kernel's folder for cores, $folder, does not exist"
	: >"$work/mark"
	kill -ABRT "$victim"
	gone_within 60 || die "$id did not end on SIGABRT"
	wait "$victim" 2>/dev/null || true
	pid=''
	while IFS= read -r file; do
		if made_by "$victim" "$file"; then
			core=$out/core.$victim
			[ "$file" = "$core" ] || mv -- "$file" "$core"
			return 0
		fi
	done < <(find "$folder" -maxdepth 1 -type f -newer "$work/mark" ! -name "$id")
	die "the kernel wrote no core into $folder" 'install gdb for gcore, or see: ulimit -Hc; cat /proc/sys/kernel/core_pattern'
}

# made_by PID FILE: is FILE an ELF core whose name, or whose being alone here, speaks for PID?
made_by() {
	[ "$(od -An -tx1 -j0 -N4 -- "$2" | tr -d ' ')" = 7f454c46 ] || return 1
	[ "$(od -An -tu2 -j16 -N2 -- "$2" | tr -d ' ')" = 4 ] || return 1
	[[ $2 == *"$1"* || $(dirname -- "$2") == "$out" ]]
}

go='' core=''
find_go
if [ -z "$out" ]; then
	out=$(mktemp -d -- "${TMPDIR:-/tmp}/goctx-$id.XXXXXX")
	made_out=yes
else
	mkdir -p -- "$out"
	out=$(cd -- "$out" && pwd)
fi
work=$(mktemp -d -- "${TMPDIR:-/tmp}/goctx-run.XXXXXX")
exe=$out/$id

build
start
if [ "$mode" = live ]; then
	printf 'EXE=%q\nPID=%d\n' "$exe" "$pid"
	finished=yes # Ctrl-C is a good end here, and a core of one's own needs the program
	note 'running; Enter, end of input or Ctrl-C ends it'
	read -r _ || true
	end_program || note "$id ended with status $?"
	exit 0
fi
if gcore_core; then
	end_program || { cat -- "$work/err" >&2; die "$id did not end cleanly"; }
else
	kernel_core
fi
finished=yes
printf 'EXE=%q\nCORE=%q\n' "$exe" "$core"
