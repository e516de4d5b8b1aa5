package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"runtime"
	"time"

	"golang.org/x/sync/semaphore"
)

const most = 3 // at a time

var background = context.Background()

// ---- semaphores ----

type kitchen struct{ stoves *semaphore.Weighted }

//go:noinline
func (k *kitchen) cook(twice bool) {
	k.stoves.Acquire(background, 1)
	defer k.stoves.Release(1)
	holds(k.stoves, "semaphore")
	if !twice {
		time.Sleep(hour)
	}
	took <- 1
	<-goOn
	k.stoves.Acquire(background, 1)
	k.stoves.Release(1)
}

func newKitchen() *kitchen { return &kitchen{semaphore.NewWeighted(most)} }

// acquired: a semaphore whose holders are at work.
func acquired() record {
	k := newKitchen()
	start(most, func() { k.cook(false) })
	settle()
	start(many, func() { k.cook(false) })
	settle()
	return record{}
}

//go:noinline
func (k *kitchen) serve() {
	holds(k.stoves, "semaphore")
	time.Sleep(hour)
	k.stoves.Release(1)
}

// handed: acquired by who starts the workers, released by these.
func handed() record {
	k := newKitchen()
	for i := 0; i < most; i++ {
		k.stoves.Acquire(background, 1)
		start(1, k.serve)
	}
	settle()
	start(many, func() { k.cook(false) })
	settle()
	return record{}
}

// twice: all who have acquired want once more.
func twice() record {
	k := newKitchen()
	start(most, func() { k.cook(true) })
	for i := 0; i < most; i++ {
		<-took
	}
	for i := 0; i < most; i++ {
		goOn <- 1
	}
	settle()
	start(many, func() { k.cook(false) })
	settle()
	return record{Hang: many + most, Cycle: true}
}

// ---- pools ----

type fake struct{}
type fakeConn struct{ id int }
type fakeStmt struct{}
type fakeTx struct{}
type fakeRows struct{ left int }

func (fake) Open(string) (driver.Conn, error)               { return &fakeConn{1}, nil }
func (*fakeConn) Prepare(string) (driver.Stmt, error)       { return fakeStmt{}, nil }
func (*fakeConn) Close() error                              { return nil }
func (*fakeConn) Begin() (driver.Tx, error)                 { return fakeTx{}, nil }
func (fakeStmt) Close() error                               { return nil }
func (fakeStmt) NumInput() int                              { return -1 }
func (fakeStmt) Exec([]driver.Value) (driver.Result, error) { return driver.RowsAffected(1), nil }
func (fakeStmt) Query([]driver.Value) (driver.Rows, error)  { return &fakeRows{left: 3}, nil }
func (fakeTx) Commit() error                                { return nil }
func (fakeTx) Rollback() error                              { return nil }
func (*fakeRows) Columns() []string                         { return []string{"id"} }
func (*fakeRows) Close() error                              { return nil }
func (r *fakeRows) Next(v []driver.Value) error {
	if r.left--; r.left < 0 {
		return io.EOF
	}
	v[0] = int64(r.left)
	return nil
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

type shop struct {
	db      *sql.DB
	prepare *sql.Stmt // of all goroutines: it holds no connection
}

func newShop() *shop {
	sql.Register("fake", fake{})
	db, err := sql.Open("fake", "")
	check(err)
	db.SetMaxOpenConns(most)
	stmt, err := db.Prepare("select id")
	check(err)
	_, err = stmt.Exec()
	check(err)
	return &shop{db, stmt}
}

//go:noinline
func (s *shop) list(detail func()) {
	rows, err := s.db.Query("select id")
	check(err)
	defer rows.Close()
	for rows.Next() {
		holds(s.db, "pool")
		detail()
	}
}

//go:noinline
func (s *shop) count() {
	_, err := s.prepare.Exec()
	check(err)
}

// scanned: connections of those who read rows, and are at work.
func scanned() record {
	s := newShop()
	start(most, func() { s.list(func() { time.Sleep(hour) }) })
	settle()
	start(many, s.count)
	settle()
	return record{}
}

type purchase struct {
	id int
	tx *sql.Tx
}

//go:noinline
func (s *purchase) run(db *sql.DB) {
	holds(db, "pool")
	time.Sleep(hour)
	s.tx.Commit()
}

// transactions: the same with transactions of a context, and one connection taken out.
func transactions() record {
	s := newShop()
	ctx, cancel := context.WithCancel(background)
	stop = cancel
	start(most-1, func() {
		tx, err := s.db.BeginTx(ctx, nil)
		check(err)
		(&purchase{1, tx}).run(s.db)
	})
	start(1, func() {
		c, err := s.db.Conn(ctx)
		check(err)
		holds(s.db, "pool")
		time.Sleep(hour)
		c.Close()
	})
	settle()
	start(many, s.count)
	settle()
	return record{}
}

// queries: all who read rows want another connection for each.
func queries() record {
	s := newShop()
	start(most, func() {
		s.list(func() {
			took <- 1
			<-goOn
			s.count()
		})
	})
	for i := 0; i < most; i++ {
		<-took
	}
	for i := 0; i < most; i++ {
		goOn <- 1
	}
	settle()
	start(many, s.count)
	settle()
	return record{Hang: many + most, Cycle: true}
}

//go:noinline
func (s *shop) first() {
	rows, err := s.db.Query("select id")
	check(err)
	rows.Next()
}

// forgotten: rows that nobody has any more, and nobody closed.
func forgotten() record {
	s := newShop()
	for i := 0; i < most; i++ {
		s.first()
	}
	start(many, s.count)
	settle()
	runtime.KeepAlive(s)
	print(record{Type: "forgotten"})
	return record{}
}
