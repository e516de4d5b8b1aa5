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
check) wanted="$build gdb python3 python3-pytest libcmocka-dev ca-certificates" ;;
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

if [ "$say" = yes ]; then
	echo "goctx: missing packages:$missing" >&2
	echo "hint: sudo apt-get install$missing" >&2
	exit 1
fi

as_root=
if [ "$(id -u)" != 0 ]; then
	if command -v sudo >/dev/null 2>&1; then
		as_root=sudo
	else
		echo "goctx: missing packages:$missing" >&2
		echo "hint: as root: apt-get install$missing" >&2
		exit 1
	fi
fi
echo "installing:$missing"
# An old package list names files that the mirror no longer has: renew it when the first try fails.
install_them() {
	# shellcheck disable=SC2086
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
if ! install_them 2>/dev/null; then
	$as_root apt-get update -qq
	install_them || {
		echo "goctx: apt-get could not install:$missing" >&2
		echo "hint: try by hand: apt-get install$missing" >&2
		exit 1
	}
fi
