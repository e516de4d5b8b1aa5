// Program making has a goroutine in the middle of context.WithCancel, which asks a parent of a type of its own for its Done.  Contexts that were made
// since lie behind the new one.  It prints the address of the parent and of one that is whole, {"type":"parent"|"whole","addr":…}, and READY.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"goctx.test/programs/truth"
)

type slow struct {
	context.Context
	asked *os.File
}

// Done does not answer.
func (s *slow) Done() <-chan struct{} {
	s.asked.Read(make([]byte, 1))
	return nil
}

var kept []context.Context

func tell(kind string, ctx context.Context) {
	fmt.Printf("{\"type\":%q,\"addr\":%q}\n", kind, truth.Addr(ctx))
}

func main() {
	r, _, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	root, stop := context.WithCancel(context.Background())
	defer stop()
	parent := &slow{root, r}
	go func() {
		ctx, cancel := context.WithCancel(parent)
		defer cancel()
		kept = append(kept, ctx)
	}()
	for text := make([]byte, 1<<20); !strings.Contains(string(text[:runtime.Stack(text, true)]), "IO wait"); {
		runtime.Gosched()
	}
	for i := 0; i < 200; i++ {
		ctx, cancel := context.WithCancel(root)
		defer cancel()
		kept = append(kept, ctx)
	}
	tell("parent", parent)
	tell("whole", kept[20]) // not the last of its span, which looks like the newest
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
}
