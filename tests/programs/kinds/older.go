//go:build !go1.21

package main

import (
	"context"

	"goctx.test/programs/truth"
)

func newer(*truth.Recorder, context.Context) {}
