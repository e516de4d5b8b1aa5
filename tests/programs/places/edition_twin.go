//go:build goctx_twin

package main

import "os"

// The program rebuilt after a line was changed: all behind it moves.
var edition = "second, of " + os.Args[0]
