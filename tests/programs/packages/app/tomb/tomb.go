// Package tomb has a path that the linker writes as gopkg.in/tomb%2ev2.
package tomb

// Tomb has a goroutine that waits for what never comes.
type Tomb struct{ alive int }

// Go starts it.
func (t *Tomb) Go() {
	dead := make(chan struct{})
	go func() { t.wait(dead) }()
}

//go:noinline
func (t *Tomb) wait(dead chan struct{}) {
	<-dead
	t.alive = 0
}
