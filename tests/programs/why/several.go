package main

var (
	sharedBy struct {
		table  map[string]*Item
		rows   []*Item
		behind *hub
		direct *Item
		loop   *Item
	}
)

// several keeps one object in five ways; the paths have 1, 2, 2, 3 and 1 pointers
// without those inside of maps.
func several() {
	item := newItem("held five times")
	sharedBy.table = map[string]*Item{"k": item}
	sharedBy.rows = []*Item{nil, item}
	sharedBy.behind = &hub{}
	sharedBy.behind.item = item
	sharedBy.direct = item
	sharedBy.loop = newItem("points to it")
	sharedBy.loop.next = item
	item.next = newItem("points back")
	item.next.next = item // reached through the object itself: no path
	note("shared", at(item), "several", "*main.Item", "main.sharedBy.direct", "main.sharedBy.rows[1]",
		`main.sharedBy.table["k"]`, "main.sharedBy.behind .base.item", "main.sharedBy.loop .next")
}
