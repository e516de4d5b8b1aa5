#!/bin/sh
# Install the Debian packages that a target of the Makefile needs, or say exactly what to install.
#
#   deps.sh build|demo|check           install what is missing (apt, with sudo when not root)
#   deps.sh --say build|demo|check     only say what is missing; exit 1 when something is
set -eu

say=no
if [ "${1-}" = --say ]; then
	say=yes
	shift
fi

build="gcc make libc6-dev libdwarf-dev libelf-dev zlib1g-dev"
case "${1-}" in
build) wanted="$build" ;;
demo) wanted="$build gdb python3 golang-go" ;;
# binutils: programs are stripped and looked into; the keyring: Go toolchains come from Debian's suites.
check) wanted="$build binutils ca-certificates clang-format debian-archive-keyring gdb gdbserver libcmocka-dev python3 python3-pytest python3-pytest-xdist" ;;
*)
	echo "usage: deps.sh [--say] build|demo|check" >&2
	exit 2
	;;
esac

if ! command -v dpkg-query >/dev/null 2>&1; then
	# Not Debian: the compiler will tell what is missing, under that system's own names.
	exit 0
fi

missing=
for p in $wanted; do
	case $(dpkg-query -W -f '${Status}' "$p" 2>/dev/null || true) in
	*"ok installed") ;;
	*)
		# A Go from elsewhere serves the demo as well as Debian's.
		if [ "$p" = golang-go ] && command -v "${GO:-go}" >/dev/null 2>&1; then continue; fi
		missing="$missing $p"
		;;
	esac
done
[ -n "$missing" ] || exit 0

# give_up HINT: name the packages and what to do; the end of this script.
give_up() {
	echo "goctx: missing packages:$missing" >&2
	echo "hint: $1" >&2
	exit 1
}

by_hand="apt-get update && apt-get install --no-install-recommends$missing"
with_sudo="sudo apt-get update && sudo apt-get install --no-install-recommends$missing"

as_root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 || give_up "as root: $by_hand"
	as_root=sudo
fi
if [ "$say" = yes ]; then
	[ -z "$as_root" ] || give_up "$with_sudo"
	give_up "$by_hand"
fi

echo "installing:$missing"
# sudo may ask for a password, but only a person can give one.
if [ -n "$as_root" ]; then
	if [ -t 0 ]; then
		sudo -v || give_up "as root: $by_hand"
	else
		sudo -n true 2>/dev/null || give_up "$with_sudo"
	fi
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
install_them() {
	# shellcheck disable=SC2086
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing \
		>"$log" 2>&1 </dev/null
}
# An old package list names files that the mirror no longer has, a new machine has no list at all:
# it is renewed when the first try fails.
renew_and_install() {
	$as_root apt-get update -q >"$log" 2>&1 </dev/null || return 1
	install_them
}
if ! install_them && ! renew_and_install; then
	grep -E '^[EW]: ' "$log" >&2 || tail -n 5 "$log" >&2
	give_up "try by hand: ${as_root:+sudo }apt-get install$missing"
fi
