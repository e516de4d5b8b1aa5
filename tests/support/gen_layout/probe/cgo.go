//go:build goctx_cgo

package main

// struct probe { long value; };
// static long probe_value(struct probe *p) { return p->value; }
import "C"

// The C compiler's debug information stands beside Go's own.
func init() {
	_ = C.probe_value(&C.struct_probe{value: 1})
}
