package main

var (
	byValue  func() string
	byRef    func() string
	method   func() string
	handlers map[string]func() string
)

//go:noinline
func returning(item *Item) func() string {
	return func() string { return item.name }
}

//go:noinline
func moving(item *Item) func() string {
	return func() string {
		item = item.next
		return item.name
	}
}

//go:noinline
func (i *Item) Name() string { return i.name }

func functions() {
	keep("capture", "global", func(i *Item) { byValue = returning(i) },
		"main.byValue", capture("item", 8, "main.returning.func1"))
	keep("capture by reference", "global", func(i *Item) { byRef = moving(i) },
		append([]string{"main.byRef"}, captureShared("item", 8, "main.moving.func1")...)...)
	keep("method value", "global", func(i *Item) { method = i.Name },
		"main.method", "receiver of main.(*Item).Name-fm")
	keep("closures in a map", "global", func(i *Item) {
		handlers = map[string]func() string{"h": returning(i)}
	}, `main.handlers["h"]`, capture("item", 8, "main.returning.func1"))
}
