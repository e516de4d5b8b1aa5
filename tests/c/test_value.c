/** @file  Values and errors as one line of text. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "fake.h"
#include "runtime/value_internal.h"

struct world {
	struct fake f;
	struct buf out;
	bool addressed; /* what inside() said of its text */
	taddr string, num, any, error, errors_string, errors_string_ptr, error_tab;
};

static void setup(struct world *w, int minor)
{
	struct fake *f = &w->f;

	*w = (struct world){0};
	fake_init(f, minor);
	w->string = fake_type(f, GO_STRING, "string", NULL);
	w->num = fake_type(f, GO_INT, "int", NULL);
	w->any = fake_interface(f, "interface {}", NULL, 0);
	w->error = fake_interface(f, "error", "", 1);
	w->errors_string = fake_struct(f, "errors.errorString", "errors", 16, 1,
				       (struct fake_field[]){{"s", w->string, 0}});
	w->errors_string_ptr = fake_pointer(f, w->errors_string);
	w->error_tab = fake_itab(f, w->error, w->errors_string_ptr);
}

static void teardown(struct world *w)
{
	buf_free(&w->out);
	fake_free(&w->f);
}

static const char *shown(struct world *w, taddr type, taddr data)
{
	w->out.n = 0;
	value_print_eface(&w->f.rt, &w->out, type, data);
	return buf_cstr(&w->out);
}

static const char *said(struct world *w, taddr type, taddr data)
{
	w->out.n = 0;
	assert_true(value_print_error(&w->f.rt, &w->out, type, data) == (type != 0));
	return buf_cstr(&w->out);
}

static const char *inside(struct world *w, taddr type, taddr data)
{
	w->out.n = 0;
	w->addressed = value_print_inside(&w->f.rt, &w->out, type, data);
	return buf_cstr(&w->out);
}

static taddr number(struct world *w, uint64_t v)
{
	taddr at = fake_alloc(&w->f, 8);

	fake_put64(&w->f, at, v);
	return at;
}

static void scalars(void **state)
{
	struct world w;
	struct fake *f = &w.f;

	(void)state;
	setup(&w, 27);
	taddr key = fake_type(f, GO_INT, "main.key", "main"),
	      skey = fake_type(f, GO_STRING, "mw.Key", "app/mw");
	taddr boolean = fake_type(f, GO_BOOL, "bool", NULL),
	      i8 = fake_type(f, GO_INT8, "int8", NULL);
	taddr u64 = fake_type(f, GO_UINT64, "uint64", NULL),
	      dbl = fake_type(f, GO_FLOAT64, "float64", NULL);
	taddr ptr = fake_type(f, GO_UINTPTR, "uintptr", NULL),
	      dur = fake_type(f, GO_INT64, "time.Duration", "time");
	taddr flt = fake_type(f, GO_FLOAT32, "float32", NULL),
	      cplx = fake_type(f, GO_COMPLEX128, "complex128", NULL);

	fake_open(f);
	assert_string_equal(shown(&w, 0, 0), "nil");
	assert_string_equal(shown(&w, key, number(&w, 3)), "main.key(3)");
	assert_string_equal(shown(&w, skey, fake_string(f, "id")), "mw.Key(\"id\")");
	assert_string_equal(shown(&w, boolean, number(&w, 1)), "true");
	assert_string_equal(shown(&w, boolean, number(&w, 0)), "false");
	assert_string_equal(shown(&w, i8, number(&w, 0xff)), "-1");
	assert_string_equal(shown(&w, w.num, number(&w, 1ull << 63)), "-9223372036854775808");
	assert_string_equal(shown(&w, u64, number(&w, UINT64_MAX)), "18446744073709551615");
	assert_string_equal(shown(&w, ptr, number(&w, 255)), "0xff");
	assert_string_equal(shown(&w, dbl, number(&w, 0x3ff8000000000000)), "1.5");
	assert_string_equal(shown(&w, dbl, number(&w, 0x7ff0000000000000)), "+Inf");
	assert_string_equal(shown(&w, flt, number(&w, 0x3dcccccd)), "0.1");
	taddr c = number(&w, 0x3ff0000000000000);

	fake_put64(f, c + 8, 0xc000000000000000);
	assert_string_equal(shown(&w, cplx, c), "(1-2i)");
	assert_string_equal(shown(&w, dur, number(&w, 1500000000)), "1.5s");
	assert_string_equal(shown(&w, dur, number(&w, (uint64_t)-90000000000)), "-1m30s");
	assert_string_equal(shown(&w, dur, number(&w, 1234)), "1.234µs");
	assert_string_equal(shown(&w, dur, number(&w, 7200030000000)), "2h0m0.03s");
	assert_string_equal(shown(&w, dur, number(&w, 0)), "0s");
	assert_string_equal(shown(&w, dur, number(&w, 1ull << 63)), "-2562047h47m16.854775808s");
	assert_string_equal(shown(&w, key, 0xdead0000), "main.key(<unreadable 0xdead0000>)");
	assert_string_equal(shown(&w, 0xdead0000, 0), "<unreadable 0xdead0000>");
	teardown(&w);
}

static void strings(void **state)
{
	struct world w;
	struct fake *f = &w.f;
	char text[200], want[300];

	(void)state;
	setup(&w, 27);
	fake_open(f);
	assert_string_equal(shown(&w, w.string, fake_string(f, "")), "\"\"");
	assert_string_equal(
		shown(&w, w.string,
		      fake_string(f, "a\n\t\x1b[31m \"q\" \\ \xff é\xc2\x9b \xe2\x80\xae.")),
		"\"a\\n\\t\\x1b[31m \\\"q\\\" \\\\ \\xff é\\u009b \\u202e.\"");
	memset(text, 'x', sizeof(text));
	text[64] = '\0';
	snprintf(want, sizeof(want), "\"%s\"", text);
	assert_string_equal(shown(&w, w.string, fake_string(f, text)), want);
	text[64] = 'y';
	text[65] = '\0';
	snprintf(want, sizeof(want), "\"%.64s\"…", text);
	assert_string_equal(shown(&w, w.string, fake_string(f, text)), want);
	memcpy(text + 62, "€€", 7); // the cut must not halve it
	snprintf(want, sizeof(want), "\"%.62s\"…", text);
	assert_string_equal(shown(&w, w.string, fake_string(f, text)), want);
	taddr wild = fake_alloc(f, 16);

	fake_put64(f, wild, 0x1230);
	fake_put64(f, wild + 8, UINT64_MAX);
	assert_string_equal(shown(&w, w.string, wild), "<unreadable 0x1230>");
	teardown(&w);
}

static void structs(void **state)
{
	struct world w;
	struct fake *f = &w.f;

	(void)state;
	setup(&w, 24);
	taddr pt = fake_struct(f, "main.pt", "main", 16, 2,
			       (struct fake_field[]){{"X", w.num, 0}, {"Y", w.num, 8}});
	taddr empty = fake_struct(f, "main.empty", "main", 0, 0, NULL), ptr = fake_pointer(f, pt);
	taddr one = fake_struct(f, "main.one", "main", 8, 1, (struct fake_field[]){{"P", ptr, 0}});
	taddr deep = fake_struct(f, "main.deep", "main", 88, 6,
				 (struct fake_field[]){{"A", pt, 0},
						       {"B", w.any, 16},
						       {"C", w.error, 32},
						       {"S", w.string, 48},
						       {"E", w.num, 64},
						       {"F", w.num, 72}});
	taddr bare = fake_struct(f, "struct { a int }", NULL, 8, 1,
				 (struct fake_field[]){{"a", w.num, 0}});
	taddr time = fake_struct(f, "time.Time", "time", 24, 2,
				 (struct fake_field[]){{"wall", w.num, 0}, {"ext", w.num, 8}});
	taddr at = fake_alloc(f, 96), when = fake_alloc(f, 24);

	fake_open(f);
	fake_put64(f, at, 1);
	fake_put64(f, at + 8, (uint64_t)-2);
	assert_string_equal(shown(&w, pt, at), "main.pt{X: 1, Y: -2}");
	assert_string_equal(shown(&w, bare, at), "struct{a: 1}");
	assert_string_equal(shown(&w, empty, 0), "main.empty{}");
	assert_string_equal(shown(&w, ptr, 0), "*main.pt nil");
	assert_string_equal(shown(&w, one, 0xc000001000),
			    "main.one{P: *main.pt 0xc000001000}"); // stored in the word
	fake_put_iface(f, at + 16, w.num, at);
	fake_put_iface(f, at + 32, w.error_tab, 0xc000000010);
	fake_put_string(f, at + 48, "s");
	assert_string_equal(
		shown(&w, deep, at),
		"main.deep{A: main.pt{…}, B: 1, C: *errors.errorString 0xc000000010, S: \"s\", …}");
	fake_put_iface(f, at + 16, 0, 0);
	fake_put_iface(f, at + 32, 0xdead0000, 0);
	assert_string_equal(
		shown(&w, deep, at),
		"main.deep{A: main.pt{…}, B: nil, C: <unreadable 0xc000000020>, S: \"s\", …}");
	fake_put_iface(f, at + 16, w.any, at + 16); // an interface that holds itself
	assert_string_equal(shown(&w, w.any, at + 16), "…");
	fake_put64(f, when, 120000000);
	fake_put64(f, when + 8, 62135596800 + 1700000000);
	assert_string_equal(shown(&w, time, when), "2023-11-14T22:13:20.12Z");
	teardown(&w);
}

static void references(void **state)
{
	struct world w;
	struct fake *f = &w.f;
	char want[100];

	(void)state;
	setup(&w, 24);
	taddr byte = fake_type(f, GO_UINT8, "uint8", NULL), bytes = fake_slice(f, byte, "[]uint8");
	taddr id = fake_array(f, byte, 4, "[4]uint8"), nums = fake_array(f, w.num, 4, "[4]int");
	taddr map = fake_map(f, w.string, w.num, "map[string]int"),
	      func = fake_type(f, GO_FUNC, "func()", NULL);
	taddr at = fake_alloc(f, 24), m = fake_alloc(f, f->rt.L.s[LAYOUT_swissMap].size);

	fake_open(f);
	assert_string_equal(shown(&w, bytes, at), "[]byte(nil)");
	fake_put64(f, at, FAKE_HEAP);
	fake_put64(f, at + 8, 12);
	assert_string_equal(shown(&w, bytes, at), "[]byte(len 12)");
	assert_string_equal(shown(&w, id, at + 8), "[4]uint8(0c000000)");
	assert_string_equal(shown(&w, nums, at), "[4]int{…}");
	assert_string_equal(shown(&w, map, 0), "map[string]int(nil)");
	fake_put(f, m, f->rt.L.swissMap.used, 1);
	assert_string_equal(shown(&w, map, m), "map[string]int(1 entry)");
	fake_put(f, m, f->rt.L.swissMap.used, 3);
	assert_string_equal(shown(&w, map, m), "map[string]int(3 entries)");
	assert_string_equal(shown(&w, map, 0xdead0000), "map[string]int(<unreadable 0xdead0000>)");
	assert_string_equal(shown(&w, func, 0), "func nil");
	snprintf(want, sizeof(want), "func 0x%llx",
		 (unsigned long long)at); // no function table here
	assert_string_equal(shown(&w, func, at), want);
	w.out.n = 0;
	value_print_type(&f->rt, &w.out, w.errors_string_ptr);
	buf_char(&w.out, ' ');
	value_print_type(&f->rt, &w.out, 0);
	buf_char(&w.out, ' ');
	value_print_type(&f->rt, &w.out, 0x10);
	assert_string_equal(buf_cstr(&w.out), "*errors.errorString nil <unreadable 0x10>");
	teardown(&w);
}

/* Lengths, pointers and maps that lie; the program values tells the truth. */
static void insides(void **state)
{
	struct world w;
	struct fake *f = &w.f;

	(void)state;
	setup(&w, 27);
	taddr byte = fake_type(f, GO_UINT8, "uint8", NULL), bytes = fake_slice(f, byte, "[]uint8");
	taddr pt = fake_struct(f, "main.pt", "main", 16, 2,
			       (struct fake_field[]){{"X", w.num, 0}, {"S", w.num, 8}});
	taddr ptr = fake_pointer(f, pt), num_ptr = fake_pointer(f, w.num);
	taddr list = fake_slice(f, pt, "[]main.pt"), anys = fake_slice(f, w.any, "[]interface {}");
	taddr map = fake_map(f, w.string, w.num, "map[string]int");
	taddr nat = fake_slice(f, fake_type(f, GO_UINT, "big.Word", "math/big"), "big.nat");
	taddr big = fake_pointer(
		f,
		fake_struct(f, "big.Int", "math/big", 32, 2,
			    (struct fake_field[]){{"neg", fake_type(f, GO_BOOL, "bool", NULL), 0},
						  {"abs", nat, 8}}));
	taddr at = fake_alloc(f, 64), m = fake_alloc(f, f->rt.L.s[LAYOUT_swissMap].size);

	fake_open(f);
	assert_string_equal(inside(&w, num_ptr, 0xdead0000), "*int 0xdead0000");
	assert_true(w.addressed);
	assert_string_equal(inside(&w, ptr, 0), "*main.pt nil");
	assert_false(w.addressed);
	assert_string_equal(inside(&w, ptr, at), "*main.pt{X: 0, S: 0}");
	assert_false(w.addressed); // what it leads to is shown instead
	assert_string_equal(inside(&w, ptr, FAKE_HEAP + FAKE_HEAP_SIZE - 8),
			    "*main.pt{X: 0, S: <unreadable 0xc000800000>}");
	fake_put64(f, at, 0xdead0000);
	fake_put64(f, at + 8, UINT64_MAX);
	assert_string_equal(inside(&w, bytes, at), "[]byte(<unreadable 0xdead0000>)");
	assert_string_equal(inside(&w, bytes, 0xdead0000), "<unreadable 0xdead0000>");
	assert_non_null(
		strstr(inside(&w, list, at),
		       "[]main.pt{{X: <unreadable 0xdead0000>, S: <unreadable 0xdead0008>}, "));
	assert_non_null(strstr(buf_cstr(&w.out), ", … 18446744073709551615 in all}"));
	fake_put64(f, at, at);
	fake_put_iface(f, at + 16, anys, at); // the list's second and last element is the list
	fake_put64(f, at + 8, 2);
	fake_put_iface(f, at, anys, at);
	assert_true(strlen(inside(&w, anys, at)) < 2 * VALUE_MAX_LINE);
	fake_put(f, m, f->rt.L.swissMap.used, UINT64_MAX);
	assert_string_equal(inside(&w, map, m), "map[string]int(18446744073709551615 entries)");
	assert_string_equal(inside(&w, map, 0xdead0000), "map[string]int(<unreadable 0xdead0000>)");
	fake_put64(f, at, 1);
	fake_put64(f, at + 8, 0xdead0000);
	fake_put64(f, at + 16, 1);
	assert_string_equal(inside(&w, big, at),
			    "*big.Int{neg: true, abs: big.nat{<unreadable 0xdead0000>}}");
	fake_put64(f, at + 8, at);
	assert_string_equal(inside(&w, big, at), "*big.Int(-1)");
	fake_put64(f, at + 16, UINT64_MAX);
	assert_string_equal(inside(&w, big, at), "*big.Int(-18446744073709551615 words)");
	teardown(&w);
}

static void errors(void **state)
{
	(void)state;
	for (int minor = 21; minor <= 27; minor += 6) {
		struct world w;
		struct fake *f = &w.f;

		setup(&w, minor);
		taddr late = fake_struct(f, "context.deadlineExceededError", "context", 0, 0, NULL);
		taddr number_type = fake_type(f, GO_UINTPTR, "syscall.Errno", "syscall");
		taddr signal = fake_type(f, GO_STRING, "signal.signalError", "os/signal");
		taddr wrap =
			fake_pointer(f, fake_struct(f, "fmt.wrapError", "fmt", 32, 2,
						    (struct fake_field[]){{"msg", w.string, 0},
									  {"err", w.error, 16}}));
		taddr path =
			fake_pointer(f, fake_struct(f, "fs.PathError", "io/fs", 48, 3,
						    (struct fake_field[]){{"Op", w.string, 0},
									  {"Path", w.string, 16},
									  {"Err", w.error, 32}}));
		taddr list = fake_slice(f, w.error, "[]error");
		taddr join = fake_pointer(f, fake_struct(f, "errors.joinError", "errors", 24, 1,
							 (struct fake_field[]){{"errs", list, 0}}));
		taddr number_tab = fake_itab(f, w.error, number_type),
		      join_tab = fake_itab(f, w.error, join);
		taddr other = fake_type(f, GO_INT, "main.code", "main");
		taddr p = fake_alloc(f, 48), j = fake_alloc(f, 24), errs = fake_alloc(f, 16 * 100);

		fake_open(f);
		taddr plain = fake_string(f, "boom\n");

		assert_string_equal(said(&w, 0, 0), "");
		assert_string_equal(said(&w, w.errors_string_ptr, plain), "boom\n");
		assert_string_equal(said(&w, late, FAKE_HEAP), "context deadline exceeded");
		assert_string_equal(said(&w, number_type, number(&w, 2)),
				    "no such file or directory");
		assert_string_equal(said(&w, number_type, number(&w, 4000)), "errno 4000");
		assert_string_equal(said(&w, number_type, number(&w, 0)), "errno 0");
		assert_string_equal(said(&w, signal, fake_string(f, "interrupt signal received")),
				    "interrupt signal received");
		assert_string_equal(said(&w, wrap, fake_string(f, "outer: boom")), "outer: boom");
		fake_put_string(f, p, "open");
		fake_put_string(f, p + 16, "/x");
		fake_put_iface(f, p + 32, number_tab, number(&w, 13));
		assert_string_equal(said(&w, path, p), "open /x: permission denied");
		fake_put_iface(f, p + 32, 0, 0);
		assert_string_equal(said(&w, path, p), "open /x: <nil>");
		fake_put_iface(f, p + 32, 0x18, 0); // no such table: the rest is not made up
		assert_non_null(strstr(said(&w, path, p), "*fs.PathError 0x"));
		assert_string_equal(said(&w, path, 0), "*fs.PathError nil");
		fake_put64(f, j, errs);
		fake_put64(f, j + 8, 2);
		fake_put_iface(f, errs, w.error_tab, plain);
		fake_put_iface(f, errs + 16, number_tab, number(&w, 5));
		assert_string_equal(said(&w, join, j), "boom\n\ninput/output error");
		for (unsigned i = 0; i < 100; i++) // one that joins itself, many times
			fake_put_iface(f, errs + 16 * i, join_tab, j);
		fake_put64(f, j + 8, UINT64_MAX);
		assert_true(strlen(said(&w, join, j)) < 10000);
		assert_string_equal(said(&w, other, number(&w, 7)), "main.code(7)");
		assert_string_equal(said(&w, 0xdead0000, 0), "<unreadable 0xdead0000>");
		teardown(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars),    cmocka_unit_test(strings), cmocka_unit_test(structs),
		cmocka_unit_test(references), cmocka_unit_test(insides), cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
