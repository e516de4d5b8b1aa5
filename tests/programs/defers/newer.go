//go:build go1.23

package main

func init() { scenarios["range-func"] = rangeFunc }

func each(fs []func()) func(func(func()) bool) {
	return func(yield func(func()) bool) {
		for _, f := range fs {
			if !yield(f) {
				return
			}
		}
	}
}

// The calls belong to the function, not to the loop's body.
func rangeFunc(x *t) {
	a, b, c := closure(1), closure(2), closure(3)
	defer a()
	for f := range each([]func(){b, c}) {
		defer f()
	}
	x.is(c, false)
	x.is(b, false)
	x.is(a, false)
	x.done()
	park()
}
