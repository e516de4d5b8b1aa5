// Program values has one value context for each value below, on
// context.Background, and prints how Go itself prints the value:
//
//	{"type":"values","label":…,"addr":…,"how":…,"want":…}
//
// "how" says what "want" is: "syntax" is %#v, "text" is what the value's own
// String or Error method says, "exact" is the very line, made with fmt from
// the value's parts.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

type record struct {
	Type  string `json:"type"`
	Label string `json:"label"`
	Addr  string `json:"addr"`
	How   string `json:"how"`
	Want  string `json:"want"`
}

type key int

type role uint8

type address struct {
	City string
	Zip  [2]int
}

type user struct {
	Name   string
	Age    int
	Role   role
	Active bool
	Groups []string
	Home   address
}

type locked struct {
	mu   sync.Mutex
	_    [0]func()
	name string
}

type node struct {
	Name string
	Next *node
}

type wide struct{ A, B, C, D, E, F, G, H, I, J int }

type level struct {
	N    int
	Down *level
}

type holder struct {
	ID  string
	Ctx context.Context
}

type traceID [16]byte

// UUID is called as those of the libraries are.
type UUID [16]byte

type apiError struct {
	Code int
	Why  string
}

func (e *apiError) Error() string { return e.Why }

type counters struct {
	Hits  atomic.Int64
	Ready atomic.Bool
	Limit atomic.Uint32
}

var (
	ledger []record
	kept   []context.Context
)

func word(ctx context.Context) string {
	return fmt.Sprintf("0x%x", (*[2]uintptr)(unsafe.Pointer(&ctx))[1])
}

func add(label, how, want string, value interface{}) {
	ctx := context.WithValue(context.Background(), key(len(ledger)), value)
	kept = append(kept, ctx)
	ledger = append(ledger, record{"values", label, word(ctx), how, want})
}

func syntax(label string, value interface{}) {
	add(label, "syntax", fmt.Sprintf("%#v", value), value)
}

func text(label string, value interface{}) {
	add(label, "text", fmt.Sprintf("%v", value), value)
}

func exact(label string, value interface{}, form string, parts ...interface{}) {
	add(label, "exact", fmt.Sprintf(form, parts...), value)
}

func main() {
	structs()
	lists()
	maps()
	bytes()
	bounds()
	failures()
	library()
	numbers()
	out := json.NewEncoder(os.Stdout)
	for _, one := range ledger {
		if err := out.Encode(one); err != nil {
			panic(err)
		}
	}
	fmt.Println("READY")
	_, _ = io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(kept)
}

func structs() {
	ann := user{"Ann", 42, 3, true, []string{"ops", "dev"}, address{"Graz", [2]int{80, 10}}}
	syntax("struct", ann)
	syntax("pointer to a struct", &ann)
	syntax("empty struct", struct{}{})
	syntax("unnamed struct", struct {
		A int
		B string
	}{1, "x"})
	exact("lock in it", &locked{name: "l"}, `*main.locked{name: %q, …}`, "l")
	pointer := &ann
	exact("pointer to a pointer", &pointer, "**main.user{Name: %q, Age: %d, Role: %d, Active: %v, Groups: %#v, Home: %s}", ann.Name, ann.Age, ann.Role, ann.Active,
		ann.Groups, "main.address{City: \"Graz\", Zip: [2]int{80, 10}}")
	number, name := 17, "boxed"
	exact("pointer to an int", &number, "*int(%d)", number)
	exact("pointer to a string", &name, "*string(%q)", name)
	exact("pointer to a named number", &ann.Role, "*main.role(%d)", ann.Role)
	exact("pointer to a slice", &ann.Groups, "*[]string{%q, %q}", ann.Groups[0], ann.Groups[1])
	exact("nil pointer", (*user)(nil), "*main.user nil")
	var any interface{} = &ann.Home
	exact("pointer to an interface", &any, "*interface {}(*main.address{City: %q, Zip: [2]int{%d, %d}})", "Graz", 80, 10)
	exact("nil inside", &node{"last", nil}, "*main.node{Name: %q, Next: *main.node nil}", "last")
}

func lists() {
	syntax("slice of strings", []string{"a", "b\n"})
	syntax("slice of ints", []int{1, -2, 3})
	syntax("empty slice", []int{})
	exact("nil slice", []int(nil), "[]int(nil)")
	syntax("array of ints", [3]int{1, 2, 3})
	syntax("array of strings", [2]string{"x", ""})
	exact("slice of structs", []address{{"Linz", [2]int{40, 20}}, {}}, "[]main.address{{City: %q, Zip: [2]int{%d, %d}}, {City: %q, Zip: [2]int{0, 0}}}", "Linz", 40, 20, "")
	exact("slice of pointers", []*node{{"a", nil}, nil}, "[]*main.node{{Name: %q, Next: *main.node nil}, nil}", "a")
	exact("slice of interfaces", []interface{}{1, "two", role(3), nil}, "[]interface {}{%d, %q, main.role(%d), nil}", 1, "two", 3)
	long := make([]int, 1000)
	for i := range long {
		long[i] = i * i
	}
	exact("long slice", long, "[]int{%d, %d, %d, %d, %d, %d, %d, %d, … %d in all}", long[0], long[1], long[2], long[3], long[4], long[5], long[6], long[7], len(long))
	exact("slice of slices", [][]int{{1}, {2, 3}, nil}, "[][]int{{1}, {2, 3}, (nil)}")
}

func maps() {
	syntax("map of ints", map[string]int{"b": 2, "a": 1, "c": 3})
	syntax("map by numbers", map[int]bool{3: true, -1: false, 2: true})
	syntax("empty map", map[string]int{})
	exact("nil map", map[string]int(nil), "map[string]int(nil)")
	exact("map of slices", http.Header{"Accept": {"*/*"}, "X-Request-Id": {"7f3a"}}, `http.Header{%q: {%q}, %q: {%q}}`, "Accept", "*/*", "X-Request-Id", "7f3a")
	exact("map of pointers", map[role]*address{4: {"Wien", [2]int{10, 10}}}, "map[main.role]*main.address{%d: {City: %q, Zip: [2]int{%d, %d}}}", 4, "Wien", 10, 10)
	twenty := map[int]int{}
	for i := 0; i < 20; i++ {
		twenty[i*7] = i
	}
	exact("larger map", twenty, "map[int]int{0: 0, 7: 1, 14: 2, 21: 3, 28: 4, 35: 5, 42: 6, 49: 7, … %d in all}", len(twenty))
	exact("map of large values", map[string][40]int64{"k": {1, 2}}, "map[string][40]int64{%q: {1, 2, 0, 0, 0, 0, 0, 0, … 40 in all}}", "k")
}

func bytes() {
	exact("bytes", []byte("hello\x00\xff"), "[]byte(%s)", `"hello\x00\xff"`)
	exact("raw message", json.RawMessage(`{"a":1}`), "%T(%q)", json.RawMessage(nil), `{"a":1}`)
	exact("no bytes", []byte{}, `[]byte("")`)
	exact("nil bytes", []byte(nil), `[]byte(nil)`)
	long := strings.Repeat("0123456789", 50)
	exact("many bytes", []byte(long), "[]byte(%q…)", long[:64])
	id := traceID{0x4b, 0xf9, 0x2f, 0x35, 15: 0x36}
	exact("trace id", id, "main.traceID(%s)", hex.EncodeToString(id[:]))
	exact("pointer to a trace id", &id, "*main.traceID(%s)", hex.EncodeToString(id[:]))
	sum := sha256.Sum256([]byte("x"))
	exact("checksum", sum, "[32]uint8(%x)", sum)
	exact("long array", [64]byte{1, 2}, "[64]uint8(0102%s…)", strings.Repeat("0", 12))
	u := UUID{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}
	exact("uuid", u, "main.UUID(%x-%x-%x-%x-%x)", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
	exact("ids in a struct", &struct{ Trace traceID }{id}, "*struct { Trace main.traceID }{Trace: main.traceID(%x)}", id)
}

func bounds() {
	ring := &node{Name: "ring"}
	ring.Next = &node{"second", ring}
	exact("ring", ring, "*main.node{Name: %q, Next: *main.node{Name: %q, Next: *main.node %p}}", "ring", "second", ring)
	self := []interface{}{1, nil}
	self[1] = self
	add("slice in itself", "bounded", "", self)
	loop := map[string]interface{}{}
	loop["me"] = loop
	add("map in itself", "bounded", "", loop)
	exact("many fields", wide{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, "main.wide{A: 1, B: 2, C: 3, D: 4, E: 5, F: 6, G: 7, H: 8, …}")
	deep := &level{0, nil}
	for i := 1; i < 100; i++ {
		deep = &level{i, deep}
	}
	add("deep", "bounded", "", deep)
	tree := map[string]interface{}{}
	for i := 0; i < 8; i++ {
		branch := map[string]interface{}{}
		for k := 0; k < 8; k++ {
			branch[strings.Repeat(string(rune('a'+k)), 60)] = []string{strings.Repeat("v", 100), strings.Repeat("w", 100)}
		}
		tree[fmt.Sprint("branch", i)] = branch
	}
	add("bushy", "bounded", "", tree)
	ctx, cancel := context.WithCancel(context.Background())
	kept = append(kept, context.WithValue(context.Background(), "cancel", cancel))
	exact("context inside", holder{"h", ctx}, "main.holder{ID: %q, Ctx: *context.cancelCtx %s}", "h", word(ctx))
}

func failures() {
	exact("error", errors.New("boom"), "*errors.errorString(%q)", "boom")
	wrapped := fmt.Errorf("outer: %w", io.ErrUnexpectedEOF)
	exact("wrapped error", wrapped, "*fmt.wrapError(%q)", wrapped)
	file := &fs.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT}
	exact("path error", file, "*fs.PathError(%q)", file)
	exact("error of the program", &apiError{7, "quota"}, "*main.apiError{Code: %d, Why: %q}", 7, "quota")
	exact("error in a struct", struct{ Err error }{wrapped}, "struct{Err: *fmt.wrapError(%q)}", wrapped)
	exact("number of an error", syscall.ENOENT, "syscall.Errno(%#x)", int(syscall.ENOENT))
}

func library() {
	for _, ip := range []string{"10.0.0.1", "::1", "2001:db8::8:800:200c:417a", "::", "1:0:0:2:0:0:0:3", "fe80::1:0:0:1"} {
		text("IP "+ip, net.ParseIP(ip))
		text("Addr "+ip, netip.MustParseAddr(ip))
		text("AddrPort "+ip, netip.AddrPortFrom(netip.MustParseAddr(ip), 8443))
		text("TCPAddr "+ip, &net.TCPAddr{IP: net.ParseIP(ip), Port: 80})
		text("IPAddr "+ip, &net.IPAddr{IP: net.ParseIP(ip)})
		text("Prefix "+ip, netip.PrefixFrom(netip.MustParseAddr(ip), 17))
	}
	text("IP of four bytes", net.IPv4(1, 2, 3, 4).To4())
	text("no Addr", netip.Addr{})
	text("Addr with a zone", netip.MustParseAddr("fe80::1%eth0"))
	text("UDPAddr with a zone", &net.UDPAddr{IP: net.ParseIP("fe80::1"), Port: 53, Zone: "eth0"})
	text("address without a host", &net.TCPAddr{Port: 9})
	text("UnixAddr", &net.UnixAddr{Name: "/run/x.sock", Net: "unix"})
	_, ipnet, _ := net.ParseCIDR("10.1.0.0/16")
	text("IPNet", ipnet)
	_, ipnet6, _ := net.ParseCIDR("2001:db8::/33")
	exact("IPNet of IPv6", *ipnet6, "%v", ipnet6)
	text("hardware address", net.HardwareAddr{0, 0x1b, 0x63, 0x84, 0x45, 0xe6})
	exact("strange IP", net.IP{1, 2, 3}, "net.IP(%s)", `"\x01\x02\x03"`)
	exact("nil IP", net.IP(nil), "net.IP(nil)")
	exact("addresses in a struct", struct {
		IP  net.IP
		Net *net.IPNet
	}{net.ParseIP("::2"), ipnet}, "struct{IP: %v, Net: %v}", net.ParseIP("::2"), ipnet)
	for _, at := range []string{"https://ann:p%40ss@example.com:8443/a%2Fb/c d?q=1&r=2#frag%20ment", "/only/path?x", "mailto:a@b.c", "//host/x", "http://h?q", "a:b",
		"http://[fe80::1]:80/ü", "file:///etc/x", "*", "http://h/%7Bx%7D", "urn:x:y?+z", "http://h/a;b,c?%41", "http://h/a%2Fb/[c]!'%28", "http://h/(x)*!#(y)!*z"} {
		u, err := url.Parse(at)
		if err != nil {
			panic(err)
		}
		text("URL "+at, u)
	}
	u, _ := url.Parse("https://example.com/x")
	exact("URL in a struct", &http.Request{Method: "GET", URL: u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"A": {"b"}}},
		`*http.Request{Method: %q, URL: %v, Proto: %q, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"A": {"b"}}, Body: nil, GetBody: func nil, …}`, "GET", u, "HTTP/1.1")
}

func numbers() {
	for _, n := range []string{"0", "1", "-5", "18446744073709551616", "1000000000000000000", "-1000000000000000000000000000000000001",
		"13407807929942597099574024998205846127479365820592393377723561443721764030073546976801874298166903427690031858186486050853753882811946569946433649006084095"} {
		big, ok := new(big.Int).SetString(n, 10)
		if !ok {
			panic(n)
		}
		text("big.Int "+n, big)
	}
	text("big.Rat", big.NewRat(-3, 4))
	var c counters
	c.Hits.Store(-7)
	c.Ready.Store(true)
	c.Limit.Store(9)
	exact("atomics", &c, "*main.counters{Hits: %d, Ready: %v, Limit: %d}", c.Hits.Load(), c.Ready.Load(), c.Limit.Load())
	exact("pointer to an atomic", &c.Hits, "*atomic.Int64(%d)", c.Hits.Load())
	var p atomic.Pointer[address]
	p.Store(&address{"Rom", [2]int{0, 1}})
	exact("atomic pointer", &p, "*atomic.Pointer[main.address](*main.address{City: %q, Zip: [2]int{0, 1}})", "Rom")
	var v atomic.Value
	v.Store("held")
	exact("atomic value", &v, "*atomic.Value(%q)", v.Load())
}
