package main

import (
	"math/rand"
	"strconv"
	"time"
)

const (
	bufferBytes = 64 << 10
	shelfSize   = 4096 // sessions of one map
)

// heap is what a service keeps besides its contexts: sessions with users, tags
// and items, in maps by number, and buffers.
type heap struct {
	bytes   uint64 // about
	tasks   int
	buffers [][]byte
	shelves []map[uint64]*session
	last    *session

	scrap       *session // what was dropped last
	scrapBuffer []byte
}

type session struct {
	id      uint64
	user    *user
	tags    map[string]string // of one in eight
	items   []*item
	started time.Time
	prev    *session
}

type user struct {
	name  string
	roles []string
}

type item struct {
	next  *item
	price float64
	note  [24]byte
}

var roles = []string{"reader", "writer", "auditor"}

// grow brings what is kept to about that many bytes: a third of it in buffers,
// unless there shall be pointers only.
func (h *heap) grow(random *rand.Rand, bytes uint64, pointers bool) {
	for i := 0; h.bytes < bytes; i++ {
		if !pointers && uint64(len(h.buffers))*bufferBytes*3 < h.bytes {
			h.addBuffer(random)
			continue
		}
		h.addSession(random)
		if i%2 == 0 {
			h.scrap, _ = newSession(random, uint64(i)) // garbage of the next moment
		}
	}
}

// churn makes and drops about that many bytes, as much in buffers as in
// sessions, so that the heap gets as large as the collector lets it.
func (h *heap) churn(random *rand.Rand, bytes uint64) {
	var made, inBuffers uint64
	for i := uint64(0); made < bytes; i++ {
		if inBuffers < made/2 {
			h.scrapBuffer = make([]byte, bufferBytes)
			h.scrapBuffer[i%bufferBytes] = 1
			inBuffers += bufferBytes
			made += bufferBytes
			continue
		}
		var n uint64
		h.scrap, n = newSession(random, i)
		made += n
	}
}

// addBuffer keeps a buffer of a size near bufferBytes, with something in it.
func (h *heap) addBuffer(random *rand.Rand) {
	buffer := make([]byte, bufferBytes-random.Intn(bufferBytes/4))
	random.Read(buffer[:len(buffer)/8])
	for i := len(buffer) / 8; i < len(buffer); i += 64 {
		buffer[i] = byte(i >> 6)
	}
	h.buffers = append(h.buffers, buffer)
	h.bytes += bufferBytes
}

// addSession keeps a session.
func (h *heap) addSession(random *rand.Rand) {
	if n := len(h.shelves); n == 0 || len(h.shelves[n-1]) == shelfSize {
		h.shelves = append(h.shelves, map[uint64]*session{})
	}
	shelf := h.shelves[len(h.shelves)-1]
	id := uint64(len(h.shelves)-1)*shelfSize + uint64(len(shelf))
	one, bytes := newSession(random, id)
	one.prev = h.last
	shelf[id] = one
	h.last = one
	h.bytes += bytes + 24 // with its part of the map
}

// newSession makes a session and tells about how large it is.
//
//go:noinline
func newSession(random *rand.Rand, id uint64) (*session, uint64) {
	one := &session{
		id:      id,
		user:    &user{name: "user-" + strconv.FormatUint(id, 36), roles: roles[:1+id%3]},
		started: time.Unix(1700000000+int64(id), 0),
	}
	bytes := uint64(96 + 48 + 16)
	n := 1 + random.Intn(6)
	one.items = make([]*item, n)
	var next *item
	for i := range one.items {
		next = &item{next: next, price: float64(i)}
		one.items[i] = next
	}
	bytes += uint64(n) * (8 + 48)
	if random.Intn(8) == 0 {
		one.tags = map[string]string{"region": roles[id%3], "name": one.user.name}
		bytes += 48 + 288
	}
	return one, bytes
}
