//go:build goctx_cgo

package truth

// The cgo variant of the programs: C in the executable, so that it is linked
// by the system's linker, and goroutines that can be inside a C function.

/*
#include <unistd.h>

static long goctx_block(int fd)
{
	char c;
	return (long)read(fd, &c, 1);
}
*/
import "C"

// Cgo tells whether this build contains C.
const Cgo = true

// BlockInC reads a byte from a descriptor inside a C function.
//
//go:noinline
func BlockInC(fd int) int { return int(C.goctx_block(C.int(fd))) }
