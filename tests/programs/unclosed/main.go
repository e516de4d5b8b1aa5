// Program unclosed opens what a library runs goroutines for, and forgets it: response bodies, rows, transactions, commands.  Its argument names what,
// and whether it is ", kept", so that somebody could still close it.  It says READY when all goroutines wait; stdin's end ends it.
package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
)

const many = 20

var kept []any

// ---- a database without data ----

type base struct{}
type conn struct{}
type rows struct{}

func (base) Open(string) (driver.Conn, error)                   { return &conn{}, nil }
func (*conn) Prepare(string) (driver.Stmt, error)               { return nil, errors.New("nothing is prepared") }
func (*conn) Close() error                                      { return nil }
func (*conn) Begin() (driver.Tx, error)                         { return &conn{}, nil }
func (*conn) Commit() error                                     { return nil }
func (*conn) Rollback() error                                   { return nil }
func (*conn) Query(string, []driver.Value) (driver.Rows, error) { return &rows{}, nil }
func (*rows) Columns() []string                                 { return []string{"n"} }
func (*rows) Close() error                                      { return nil }
func (*rows) Next(to []driver.Value) error                      { to[0] = int64(1); return nil }

// ---- what is opened ----

//go:noinline
func get(ctx context.Context, c *http.Client, url string) any {
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		panic(err)
	}
	r, err := c.Do(req)
	if err != nil {
		panic(err)
	}
	return r
}

//go:noinline
func query(ctx context.Context, db *sql.DB) any {
	r, err := db.QueryContext(ctx, "n")
	if err != nil {
		panic(err)
	}
	return r
}

//go:noinline
func begin(ctx context.Context, db *sql.DB) any {
	t, err := db.BeginTx(ctx, nil)
	if err != nil {
		panic(err)
	}
	return t
}

//go:noinline
func run(ctx context.Context) any {
	c := exec.CommandContext(ctx, "true")
	if err := c.Start(); err != nil {
		panic(err)
	}
	return c
}

// opener makes one of what is asked for.
func opener(ctx context.Context, what string) func() any {
	switch what {
	case "bodies", "bodies over HTTP/2":
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}))
		s.EnableHTTP2 = what == "bodies over HTTP/2"
		s.StartTLS()
		return func() any { return get(ctx, s.Client(), s.URL) }
	case "rows", "transactions":
		sql.Register("base", base{})
		db, err := sql.Open("base", "")
		if err != nil {
			panic(err)
		}
		if what == "rows" {
			return func() any { return query(ctx, db) }
		}
		return func() any { return begin(ctx, db) }
	case "commands":
		return func() any { return run(ctx) }
	}
	panic(what)
}

// settle: all but this one wait.
func settle() {
	text := make([]byte, 4<<20)
	for {
		stacks := string(text[:runtime.Stack(text, true)])
		if strings.Count(stacks, " [running") == 1 && !strings.Contains(stacks, " [runnable") {
			return
		}
		runtime.Gosched()
	}
}

func main() {
	root, stop := context.WithCancel(context.Background())
	defer stop()
	what := strings.TrimSuffix(os.Args[1], ", kept")
	keep := what != os.Args[1]
	open := opener(root, what)
	var over sync.WaitGroup
	over.Add(1)
	go func() { // no stack has a word of them left when it has ended
		defer over.Done()
		for i := 0; i < many; i++ {
			if one := open(); keep {
				kept = append(kept, one)
			}
		}
	}()
	over.Wait()
	settle()
	runtime.GC()
	runtime.GC()
	fmt.Println("READY")
	io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(open)
}
