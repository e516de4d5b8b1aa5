//go:build go1.24

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
)

func init() {
	situations["testing"] = func() {
		testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "TestMany", F: testMany}}, nil, nil)
	}
}

// testMany: of many tests that run side by side one is under way; package testing keeps the contexts of the others, which have ended.
func testMany(t *testing.T) {
	ended := make(chan bool, 60)
	for i := 0; i < 60; i++ {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			context.AfterFunc(t.Context(), func() { ended <- true })
		})
	}
	t.Run("last", func(t *testing.T) {
		t.Parallel()
		for i := 0; i < 60; i++ {
			<-ended
		}
		settle()
		runtime.GC()
		runtime.GC()
		fmt.Println("READY")
		io.Copy(io.Discard, os.Stdin)
	})
}
