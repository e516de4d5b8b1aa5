/**
 * @file  What short methods return, read from their instructions (runtime/code.h).
 *
 * The code is what Go 1.27 makes of the methods in the comments, with and without optimisation, of
 *
 *     type T struct {
 *             x, y int
 *             done chan struct{}  // 0x10
 *             err  error          // 0x18
 *             in   *inner         // 0x28; done at 0x10, err at 0x18 of it
 *             val  inner          // 0x30
 *             ctx  context.Context// 0x58
 *     }
 */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "fake.h"
#include "runtime/code.h"

#define CODE 0x700000u

struct method {
	const char *source;
	unsigned words; /* of the result */
	size_t n;
	const uint8_t *code;
	struct code_result want;
};

#define BYTES(...)                                                \
	sizeof((const uint8_t[]){__VA_ARGS__}), (const uint8_t[]) \
	{                                                         \
		__VA_ARGS__                                       \
	}

static const struct method methods[] = {
	{"return nil",
	 1,
	 BYTES(0x31, 0xc0, /* xor %eax,%eax */
	       0xc3 /* ret */),
	 {.kind = CODE_NIL}},
	{"return nil, an error",
	 2,
	 BYTES(0x31, 0xc0, /* xor %eax,%eax */
	       0x31, 0xdb, /* xor %ebx,%ebx */
	       0xc3),
	 {.kind = CODE_NIL}},
	{"return t.done",
	 1,
	 BYTES(0x48, 0x8b, 0x40, 0x10, /* mov 0x10(%rax),%rax */
	       0xc3),
	 {CODE_FIELD, 1, {0x10}, 0}},
	{"return t.err",
	 2,
	 BYTES(0x48, 0x8b, 0x48, 0x18, /* mov 0x18(%rax),%rcx */
	       0x48, 0x8b, 0x58, 0x20, /* mov 0x20(%rax),%rbx */
	       0x48, 0x89, 0xc8,       /* mov %rcx,%rax */
	       0xc3),
	 {CODE_FIELD, 1, {0x18}, 0}},
	{"return t.in.done",
	 1,
	 BYTES(0x48, 0x8b, 0x48, 0x28, /* mov 0x28(%rax),%rcx */
	       0x48, 0x8b, 0x41, 0x10, /* mov 0x10(%rcx),%rax */
	       0xc3),
	 {CODE_FIELD, 2, {0x28, 0x10}, 0}},
	{"return t.in.err",
	 2,
	 BYTES(0x48, 0x8b, 0x48, 0x28, /* mov 0x28(%rax),%rcx */
	       0x48, 0x8b, 0x41, 0x18, /* mov 0x18(%rcx),%rax */
	       0x48, 0x8b, 0x59, 0x20, /* mov 0x20(%rcx),%rbx */
	       0xc3),
	 {CODE_FIELD, 2, {0x28, 0x18}, 0}},
	{"return t.val.err",
	 2,
	 BYTES(0x48, 0x8b, 0x48, 0x48, /* mov 0x48(%rax),%rcx */
	       0x48, 0x8b, 0x58, 0x50, /* mov 0x50(%rax),%rbx */
	       0x48, 0x89, 0xc8,       /* mov %rcx,%rax */
	       0xc3),
	 {CODE_FIELD, 1, {0x48}, 0}},
	/* Done is the second method of context.Context by name, at 0x20 of its itabs. */
	{"return t.ctx.Done()",
	 1,
	 BYTES(0x49, 0x3b, 0x66, 0x10,	     /* cmp 0x10(%r14),%rsp */
	       0x76, 0x1c,		     /* jbe to the end */
	       0x55,			     /* push %rbp */
	       0x48, 0x89, 0xe5,	     /* mov %rsp,%rbp */
	       0x48, 0x83, 0xec, 0x08,	     /* sub $0x8,%rsp */
	       0x48, 0x8b, 0x48, 0x58,	     /* mov 0x58(%rax),%rcx */
	       0x48, 0x8b, 0x40, 0x60,	     /* mov 0x60(%rax),%rax */
	       0x48, 0x8b, 0x49, 0x20,	     /* mov 0x20(%rcx),%rcx */
	       0xff, 0xd1,		     /* call *%rcx */
	       0x48, 0x83, 0xc4, 0x08,	     /* add $0x8,%rsp */
	       0x5d,			     /* pop %rbp */
	       0xc3,			     /* ret */
	       0x48, 0x89, 0x44, 0x24, 0x08, /* mov %rax,0x8(%rsp) */
	       0xe8, 0x54, 0xdd, 0xfe, 0xff, /* call runtime.morestack_noctxt */
	       0x48, 0x8b, 0x44, 0x24, 0x08, /* mov 0x8(%rsp),%rax */
	       0xeb, 0xcd),		     /* jmp to the start */
	 {CODE_ASKS, 1, {0x58}, 1}},
	{"return t.done, -N",
	 1,
	 BYTES(0x55,					       /* push %rbp */
	       0x48, 0x89, 0xe5,			       /* mov %rsp,%rbp */
	       0x48, 0x83, 0xec, 0x08,			       /* sub $0x8,%rsp */
	       0x48, 0x89, 0x44, 0x24, 0x18,		       /* mov %rax,0x18(%rsp) */
	       0x48, 0xc7, 0x04, 0x24, 0x00, 0x00, 0x00, 0x00, /* movq $0x0,(%rsp) */
	       0x48, 0x8b, 0x4c, 0x24, 0x18,		       /* mov 0x18(%rsp),%rcx */
	       0x84, 0x01,				       /* test %al,(%rcx) */
	       0x48, 0x8b, 0x41, 0x10,			       /* mov 0x10(%rcx),%rax */
	       0x48, 0x89, 0x04, 0x24,			       /* mov %rax,(%rsp) */
	       0x48, 0x83, 0xc4, 0x08,			       /* add $0x8,%rsp */
	       0x5d, 0xc3),
	 {CODE_FIELD, 1, {0x10}, 0}},
	{"return nil, an error, -N",
	 2,
	 BYTES(0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10, /* push, mov, sub $0x10,%rsp */
	       0x48, 0x89, 0x44, 0x24, 0x20,		       /* mov %rax,0x20(%rsp) */
	       0x44, 0x0f, 0x11, 0x3c, 0x24,		       /* movups %xmm15,(%rsp) */
	       0x44, 0x0f, 0x11, 0x3c, 0x24,		       /* movups %xmm15,(%rsp) */
	       0x31, 0xc0, 0x31, 0xdb,			       /* xor, xor */
	       0x48, 0x83, 0xc4, 0x10, 0x5d, 0xc3),	       /* add $0x10,%rsp; pop; ret */
	 {.kind = CODE_NIL}},
	{"return t.ctx.Err(), -N",
	 2,
	 BYTES(0x49, 0x3b, 0x66, 0x10, 0x76, 0x44, /* cmp 0x10(%r14),%rsp; jbe to the end */
	       0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x28, /* push, mov, sub $0x28,%rsp */
	       0x48, 0x89, 0x44, 0x24, 0x38,		       /* mov %rax,0x38(%rsp) */
	       0x44, 0x0f, 0x11, 0x7c, 0x24, 0x08,	       /* movups %xmm15,0x8(%rsp) */
	       0x48, 0x8b, 0x4c, 0x24, 0x38, 0x84, 0x01, /* mov 0x38(%rsp),%rcx; test %al,(%rcx) */
	       0x48, 0x8b, 0x51, 0x58, 0x84, 0x02,	 /* mov 0x58(%rcx),%rdx; test %al,(%rdx) */
	       0x48, 0x8b, 0x41, 0x60,			 /* mov 0x60(%rcx),%rax */
	       0x48, 0x8b, 0x4a, 0x28, 0xff, 0xd1,	 /* mov 0x28(%rdx),%rcx; call *%rcx */
	       0x48, 0x89, 0x44, 0x24, 0x18,		 /* mov %rax,0x18(%rsp) */
	       0x48, 0x89, 0x5c, 0x24, 0x20,		 /* mov %rbx,0x20(%rsp) */
	       0x48, 0x89, 0x44, 0x24, 0x08,		 /* mov %rax,0x8(%rsp) */
	       0x48, 0x89, 0x5c, 0x24, 0x10,		 /* mov %rbx,0x10(%rsp) */
	       0x48, 0x83, 0xc4, 0x28, 0x5d, 0xc3),	 /* add $0x28,%rsp; pop; ret */
	 {CODE_ASKS, 1, {0x58}, 2}},
	{"return t.Done()",
	 1,
	 BYTES(0x49, 0x3b, 0x66, 0x10, 0x76, 0x13,	       /* cmp 0x10(%r14),%rsp; jbe */
	       0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x08, /* push, mov, sub $0x8,%rsp */
	       0xe8, 0x06, 0x00, 0x00, 0x00,		       /* call 6 bytes on */
	       0x48, 0x83, 0xc4, 0x08, 0x5d, 0xc3,	       /* add $0x8,%rsp; pop; ret */
	       0x48, 0x8b, 0x40, 0x10, 0xc3),		       /* (*T).Done */
	 {CODE_FIELD, 1, {0x10}, 0}},

	/* What must not be guessed. */
	{"if t.x > 3 { return t.done }; return nil",
	 1,
	 BYTES(0x48, 0x83, 0x38, 0x03, /* cmpq $0x3,(%rax) */
	       0x7e, 0x05,	       /* jle to xor */
	       0x48, 0x8b, 0x40, 0x10, 0xc3, 0x31, 0xc0, 0xc3),
	 {0}},
	{"t.x = 1; return t.done",
	 1,
	 BYTES(0x48, 0xc7, 0x00, 0x01, 0x00, 0x00, 0x00, /* movq $0x1,(%rax) */
	       0x48, 0x8b, 0x40, 0x10, 0xc3),
	 {0}},
	{"for t.x != 0 {}; return t.done",
	 1,
	 BYTES(0x48, 0x83, 0x38, 0x00, /* cmpq $0x0,(%rax) */
	       0x75, 0xfa,	       /* jne to the start */
	       0x48, 0x8b, 0x40, 0x10, 0xc3),
	 {0}},
	{"return context.Canceled",
	 2,
	 BYTES(0x48, 0x8b, 0x05, 0xd9, 0xfc, 0x0b, 0x00, /* mov 0xbfcd9(%rip),%rax */
	       0x48, 0x8b, 0x1d, 0xda, 0xfc, 0x0b, 0x00, /* mov 0xbfcda(%rip),%rbx */
	       0xc3),
	 {0}},
	{"for {}", 1, BYTES(0xeb, 0xfe), {0}}, /* jmp to itself */
	{"return t.Done(), of itself",
	 1,
	 BYTES(0xe8, 0xfb, 0xff, 0xff, 0xff, 0xc3),
	 {0}}, /* call itself */
	{"halves of two errors",
	 2,
	 BYTES(0x48, 0x8b, 0x58, 0x50,	      /* mov 0x50(%rax),%rbx */
	       0x48, 0x8b, 0x40, 0x18, 0xc3), /* mov 0x18(%rax),%rax */
	 {0}},
	{"half of a word", 1, BYTES(0x8b, 0x40, 0x10, 0xc3), {0}}, /* mov 0x10(%rax),%eax */
	{"the receiver", 1, BYTES(0xc3), {0}},
	{"a number", 1, BYTES(0xb8, 0x05, 0x00, 0x00, 0x00, 0xc3), {0}}, /* mov $0x5,%eax */
	{"an element",
	 1,
	 BYTES(0x48, 0x8b, 0x44, 0xc8, 0x10, 0xc3),
	 {0}}, /* mov 0x10(%rax,%rcx,8),%rax */
	{"five pointers away",
	 1,
	 BYTES(0x48, 0x8b, 0x00, 0x48, 0x8b, 0x00, 0x48, 0x8b, 0x00, /* mov (%rax),%rax … */
	       0x48, 0x8b, 0x00, 0x48, 0x8b, 0x00, 0xc3),
	 {0}},
	{"no instruction", 1, BYTES(0x0f, 0x0b, 0xc3), {0}}, /* ud2 */
};

static const size_t count = sizeof(methods) / sizeof(*methods);

/* The result of @p n bytes of code that nothing follows; each byte read beyond is seen by the
 * sanitizer. */
static struct code_result ask(const uint8_t *code, size_t n, unsigned words,
			      const struct arch *arch)
{
	struct fake f;

	fake_init(&f, 27);
	memcpy(fake_add(&f, CODE, n), code, n);
	fake_open(&f);
	f.t.arch = arch;
	struct code_result r = code_returns(&f.rt, CODE, words);
	fake_free(&f);
	return r;
}

static bool same(const struct code_result *a, const struct code_result *b)
{
	return a->kind == b->kind && a->n == b->n && a->method == b->method &&
	       !memcmp(a->off, b->off, a->n * sizeof(a->off[0]));
}

static void returned(void **state)
{
	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct method *m = &methods[i];
		struct code_result r = ask(m->code, m->n, m->words, &arch_amd64);

		if (!same(&r, &m->want))
			fail_msg("%s: kind %d, %d offsets from %d on, method %d", m->source, r.kind,
				 r.n, r.off[0], r.method);
	}
}

/* One word of an interface value alone is no answer, unless it is its type and nil. */
static void of_two_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct method *m = &methods[i];

		if (m->words == 1 && m->want.kind == CODE_FIELD)
			assert_int_equal(ask(m->code, m->n, 2, &arch_amd64).kind, CODE_UNTOLD);
	}
}

/* Cut anywhere: before its return nothing is told, behind it what the whole tells. */
static void cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct method *m = &methods[i];
		const uint8_t *ret = memchr(m->code, 0xc3, m->n);
		size_t needed = ret ? (size_t)(ret - m->code) + 1 : m->n;

		for (size_t n = 1; n < m->n; n++) {
			struct code_result r = ask(m->code, n, m->words, &arch_amd64);
			if (n < needed)
				assert_int_equal(r.kind, CODE_UNTOLD);
			else
				assert_true(r.kind == CODE_UNTOLD || same(&r, &m->want));
		}
	}
}

/* Any byte another one: the sanitizer is the judge, and offsets stay within bounds. */
static void damaged(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 3000; round++) {
		const struct method *m = &methods[(size_t)random() % count];
		uint8_t code[128];

		assert_true(m->n <= sizeof(code));
		memcpy(code, m->code, m->n);
		for (long k = random() % 3; k >= 0; k--)
			code[(size_t)random() % m->n] = (uint8_t)random();
		struct code_result r = ask(code, m->n, m->words, &arch_amd64);
		assert_true(r.kind <= CODE_ASKS && r.n <= CODE_HOPS && r.method >= 0);
		assert_int_equal(r.n > 0, r.kind == CODE_FIELD || r.kind == CODE_ASKS);
	}
}

/* Code of a processor that nobody has a reader for. */
static void another_processor(void **state)
{
	struct arch other = arch_amd64;

	(void)state;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(ask(methods[i].code, methods[i].n, methods[i].words, &other).kind,
				 CODE_UNTOLD);
}

/* Where the field is, followed from a receiver. */
static void places(void **state)
{
	struct code_result r = {CODE_FIELD, 2, {0x28, 0x10}, 0};
	struct fake f;
	taddr at;

	(void)state;
	fake_init(&f, 27);
	taddr t = fake_alloc(&f, 0x68), in = fake_alloc(&f, 0x28);
	assert_false(code_place(&f.rt, &r, t, &at)); // t.in is nil
	fake_put64(&f, t + 0x28, in);
	assert_true(code_place(&f.rt, &r, t, &at));
	assert_int_equal(at, in + 0x10);
	assert_false(code_place(&f.rt, &r, 0x10, &at));
	fake_open(&f);
	fake_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(returned),
		cmocka_unit_test(of_two_words),
		cmocka_unit_test(cut),
		cmocka_unit_test(damaged),
		cmocka_unit_test(another_processor),
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests_name("code", tests, NULL, NULL);
}
