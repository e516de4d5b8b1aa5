//go:build !goctx_cgo

package truth

// Cgo tells whether this build contains C.
const Cgo = false

// BlockInC is only there in the cgo variant.
func BlockInC(int) int { panic("built without cgo") }
