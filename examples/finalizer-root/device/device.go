// Package device talks to devices.
package device

import (
	"context"
	"runtime"
	"sync/atomic"
)

// deviceKey is where a context carries the device that it belongs to.
type deviceKey struct{}

// Device is an open device. A finalizer closes those that nobody closed.
type Device struct {
	fixed   bool
	name    string
	ctx     context.Context
	cancel  context.CancelFunc
	open    int32
	samples [1024]byte
}

// Open opens a device. The context of its measurements leads back to it.
func Open(parent context.Context, name string, fixed bool) *Device {
	d := &Device{fixed: fixed, name: name, open: 1}
	ctx, cancel := context.WithCancel(parent)
	d.ctx = context.WithValue(ctx, deviceKey{}, d)
	d.cancel = cancel
	runtime.SetFinalizer(d, (*Device).Close)
	return d
}

// Measure takes a sample.
func (d *Device) Measure() {
	if d.ctx.Err() == nil {
		d.samples[0]++
	}
}

// Close ends what is under way on the device.
func (d *Device) Close() {
	if !atomic.CompareAndSwapInt32(&d.open, 1, 0) {
		return
	}
	d.cancel()
	if d.fixed {
		runtime.SetFinalizer(d, nil)
	}
	// the bug: with a finalizer all that d leads to is kept, and d.ctx leads to d
}
