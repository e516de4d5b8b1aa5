// Program tree makes a random tree of contexts, the same for the same seed,
// and tells its shape; see package truth. Beside it stand hubs: parents with
// so many children, some of them gone again, that their maps are caught in
// every stage of growth.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"goctx.test/programs/truth"
)

var (
	seed      = flag.Int64("seed", 1, "of the random numbers")
	count     = flag.Int("n", 1000, "number of contexts in the tree")
	depth     = flag.Int("depth", 12, "greatest depth")
	cancels   = flag.Int("cancel-percent", 10, "share of the cancelable contexts that is canceled")
	valueRate = flag.Int("values-percent", 25, "share of the contexts that carries a value")
	// 8 fill one group or bucket. 106 and 836 are just past the limit at which
	// maps up to Go 1.23 begin to move to a larger table, bit by bit.
	hubSizes = flag.String("hubs", "1,8,9,106,836,3000", "numbers of children of the hubs")
)

// A node is a context of the tree and the function that ends it.
type node struct {
	ctx    context.Context
	cancel context.CancelFunc // nil when it has none
	depth  int
}

// wrapper is a custom context, transparent to package context.
type wrapper struct {
	context.Context
	id int
}

type key int

func main() {
	flag.Parse()
	rng := rand.New(rand.NewSource(*seed))
	r := truth.NewRecorder()
	nodes := grow(r, rng)
	hubs, err := makeHubs(r, rng)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tree:", err)
		os.Exit(2)
	}
	prune(rng, nodes)
	litter(nodes)
	r.Finish()
	runtime.KeepAlive(nodes)
	runtime.KeepAlive(hubs)
}

// grow makes the tree: each context under a random one that is there already.
func grow(r *truth.Recorder, rng *rand.Rand) []node {
	nodes := []node{{ctx: context.Background()}, {ctx: context.TODO()}}
	for i := 0; i < *count; i++ {
		parent := nodes[rng.Intn(len(nodes))]
		if rng.Intn(3) == 0 { // favour the young ones, for long branches
			parent = nodes[len(nodes)-1-rng.Intn(1+len(nodes)/20)]
		}
		if parent.depth >= *depth {
			parent = nodes[rng.Intn(2)]
		}
		made := sprout(rng, parent.ctx, i)
		made.depth = parent.depth + 1
		r.Keep(fmt.Sprintf("node %d", i), made.ctx, parent.ctx)
		nodes = append(nodes, made)
	}
	return nodes
}

// sprout makes a child of a random kind.
func sprout(rng *rand.Rand, parent context.Context, i int) node {
	if rng.Intn(100) < *valueRate {
		return node{ctx: context.WithValue(parent, key(i%7), fmt.Sprintf("value %d", i))}
	}
	switch pick := rng.Intn(100); {
	case pick < 60:
		ctx, cancel := context.WithCancel(parent)
		return node{ctx: ctx, cancel: cancel}
	case pick < 85:
		ctx, cancel := context.WithTimeout(parent, time.Hour+time.Duration(rng.Intn(1e6))*time.Second)
		return node{ctx: ctx, cancel: cancel}
	case pick < 92:
		return node{ctx: &wrapper{parent, i}}
	case pick < 95:
		return node{ctx: context.WithValue(parent, key(i), i)}
	}
	return newerKind(parent)
}

// prune cancels some contexts, in random order, so that entries of children
// maps go away one by one and whole branches at once.
func prune(rng *rand.Rand, nodes []node) {
	for _, i := range rng.Perm(len(nodes)) {
		if nodes[i].cancel != nil && rng.Intn(100) < *cancels {
			nodes[i].cancel()
		}
	}
}

// makeHubs makes parents with given numbers of children. Of every other hub a
// third of the children is canceled again, in random order; the last loses
// all of them.
func makeHubs(r *truth.Recorder, rng *rand.Rand) ([]node, error) {
	var hubs []node
	for i, word := range strings.Split(*hubSizes, ",") {
		if word == "" {
			continue
		}
		size, err := strconv.Atoi(word)
		if err != nil || size < 0 {
			return nil, fmt.Errorf("%q is no number of children", word)
		}
		hubs = append(hubs, makeHub(r, rng, size, false))
		if i%2 == 1 {
			hubs = append(hubs, makeHub(r, rng, size, true))
		}
	}
	emptied, cancel := context.WithCancel(context.Background())
	r.Keep("hub emptied", emptied, context.Background())
	for i := 0; i < 300; i++ {
		_, stop := context.WithCancel(emptied)
		defer stop()
	}
	return append(hubs, node{ctx: emptied, cancel: cancel}), nil
}

func makeHub(r *truth.Recorder, rng *rand.Rand, size int, thin bool) node {
	label := fmt.Sprintf("hub %d", size)
	if thin {
		label += " thinned"
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.Keep(label, ctx, context.Background())
	stops := make([]context.CancelFunc, size)
	for i := range stops {
		var child context.Context
		child, stops[i] = context.WithCancel(ctx)
		r.Keep("", child, ctx)
	}
	if thin {
		for _, i := range rng.Perm(size)[:size/3] {
			stops[i]()
		}
	}
	return node{ctx: ctx, cancel: cancel}
}

// litter makes contexts and drops them: none of them may be found.
//
//go:noinline
func litter(nodes []node) {
	for i := 0; i < 2000; i++ {
		ctx, cancel := context.WithCancel(nodes[i%len(nodes)].ctx)
		_ = context.WithValue(ctx, key(i), "litter")
		cancel()
	}
}
