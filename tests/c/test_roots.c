/** @file  Roots that are not stacks, release by release, sound and damaged. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "fake.h"
#include "runtime/roots.h"

#define VARS 0x30000000u
#define HEAP 0xc004000000u

struct made {
	struct fake f;
	struct heap heap;
	taddr next, md, allfin, cleanups;
	VEC(struct root) seen;
	size_t stop_after;
	bool incomplete;
};

static taddr vars_alloc(struct made *d, uint64_t size)
{
	taddr at = d->next;

	d->next += (size + 63) & ~63ull;
	return at;
}

/* One span of noscan objects of 64 bytes at HEAP, one of single pointers behind it. */
static void made_init(struct made *d, int minor)
{
	memset(d, 0, sizeof(*d));
	fake_init(&d->f, minor);
	const struct layout *l = &d->f.rt.L;
	fake_add(&d->f, VARS, 0x10000);
	fake_add(&d->f, HEAP, 2 * HEAP_PAGE);
	d->next = VARS;
	d->md = vars_alloc(d, l->s[LAYOUT_moduledata].size);
	d->f.rt.modules.v[0].addr = d->md;
	d->allfin = vars_alloc(d, 8);
	d->f.rt.L.var[LAYOUT_VAR_allfin] =
		(struct layout_variable){.found = true, .addr = d->allfin};
	if (LAYOUT_HAS(l->cleanupQueue.all)) {
		d->cleanups = vars_alloc(d, l->s[LAYOUT_cleanupQueue].size);
		d->f.rt.L.var[LAYOUT_VAR_gcCleanups] =
			(struct layout_variable){.found = true, .addr = d->cleanups};
	}
	VEC_PUSH(&d->heap.spans, (struct span){.base = HEAP,
					       .elem_size = 64,
					       .npages = 1,
					       .nelems = 100,
					       .flags = SPAN_NOSCAN});
	VEC_PUSH(&d->heap.spans,
		 (struct span){
			 .base = HEAP + HEAP_PAGE, .elem_size = 8, .npages = 1, .nelems = 1000});
	d->f.rt.heap = &d->heap;
	fake_open(&d->f);
}

static void made_free(struct made *d)
{
	VEC_FREE(&d->heap.spans);
	VEC_FREE(&d->seen);
	d->f.rt.heap = NULL;
	fake_free(&d->f);
}

static bool take(void *arg, const struct root *r)
{
	struct made *d = arg;

	VEC_PUSH(&d->seen, *r);
	return d->seen.n != d->stop_after;
}

static void visit(struct made *d)
{
	d->seen.n = 0;
	d->incomplete = false;
	assert_null(roots_each(&d->f.rt, take, d, &d->incomplete));
}

static void assert_root(const struct made *d, size_t i, uint8_t kind, taddr at, taddr value,
			taddr object)
{
	assert_true(i < d->seen.n);
	const struct root *r = &d->seen.v[i];
	assert_int_equal(r->kind, kind);
	assert_int_equal(r->at, at);
	assert_int_equal(r->value, value);
	assert_int_equal(r->object, object);
	assert_int_equal(r->task, UINT32_MAX);
}

/* -- data and bss ---------------------------------------------------------------------------- */

static void test_segments(void **state)
{
	(void)state;
	struct made d;
	made_init(&d, 27);
	const struct layout *l = &d.f.rt.L;
	struct module *m = &d.f.rt.modules.v[0];
	taddr data = vars_alloc(&d, 0x9000), bss = vars_alloc(&d, 256),
	      mask = vars_alloc(&d, 0x400);
	m->data = data, m->edata = data + 0x9000; // more than a piece
	m->bss = bss, m->ebss = bss + 20;	  // ends amid a word, which is no pointer
	const uint64_t words[] = {0, 9, 4095, 4096, 0x9000 / 8 - 1};
	for (unsigned i = 0; i < 5; i++) {
		fake_put64(&d.f, data + words[i] * 8, 0x1000 + i);
		fake_put8(&d.f, mask + words[i] / 8,
			  *(uint8_t *)fake_at(&d.f, mask + words[i] / 8, 1) |
				  (uint8_t)(1 << words[i] % 8));
	}
	fake_put64(&d.f, data + 8, 0x2000); // a scalar
	fake_put8(&d.f, mask + 2, 1);	    // a nil pointer
	fake_put(&d.f, d.md, l->moduledata.gcdatamask, mask);
	for (unsigned i = 0; i < 4; i++) // the mask of bss is missing: every word counts
		fake_put64(&d.f, bss + i * 8, 0x3000 + i);
	fake_put(&d.f, d.md, l->moduledata.gcbssmask, 0xdead0000);
	visit(&d);
	assert_false(d.incomplete);
	assert_int_equal(d.seen.n, 7);
	for (unsigned i = 0; i < 5; i++)
		assert_root(&d, i, ROOT_GLOBAL, data + words[i] * 8, 0x1000 + i, 0);
	assert_root(&d, 5, ROOT_GLOBAL, bss, 0x3000, 0);
	assert_root(&d, 6, ROOT_GLOBAL, bss + 8, 0x3001, 0);
	d.stop_after = 3;
	visit(&d);
	assert_int_equal(d.seen.n, 3);
	d.stop_after = 0;
	m->bss = 0xdead0000, m->ebss = 0xdead0100;
	visit(&d);
	assert_true(d.incomplete);
	assert_int_equal(d.seen.n, 5);
	d.f.cancel = 1;
	struct err *err = roots_each(&d.f.rt, take, &d, &d.incomplete);
	assert_int_equal(err->kind, ERR_CANCELED);
	err_free(err);
	made_free(&d);
}

/* -- queues ---------------------------------------------------------------------------------- */

static void test_finalizer_queue(void **state)
{
	(void)state;
	const int minors[] = {19, 24, 27};
	for (unsigned i = 0; i < 3; i++) {
		struct made d;
		made_init(&d, minors[i]);
		const struct layout *l = &d.f.rt.L;
		taddr one = vars_alloc(&d, 4096), two = vars_alloc(&d, 4096);
		fake_put64(&d.f, d.allfin, one);
		fake_put(&d.f, one, l->finBlock.alllink, two);
		fake_put(&d.f, two, l->finBlock.cnt, 2);
		for (unsigned k = 0; k < 10; k++)
			fake_put64(&d.f, two + (uint64_t)l->finBlock.fin.off + k * 8, 0x100 + k);
		visit(&d);
		assert_false(d.incomplete);
		assert_int_equal(d.seen.n, 8); // fn, arg, fint, ot; nret is a number
		for (unsigned k = 0; k < 8; k++)
			assert_int_equal(d.seen.v[k].value,
					 0x100 + k / 4 * 5 + k % 4 + (k % 4 > 1));
		assert_int_equal(d.seen.v[0].kind, ROOT_FINALIZER_QUEUE);
		fake_put(&d.f, two, l->finBlock.cnt, 500); // more than there is room for
		visit(&d);
		assert_true(d.incomplete);
		fake_put(&d.f, two, l->finBlock.cnt, 0);
		fake_put(&d.f, two, l->finBlock.alllink, one); // a loop
		visit(&d);
		assert_true(d.incomplete);
		made_free(&d);
	}
}

static void test_cleanup_queue(void **state)
{
	(void)state;
	for (int minor = 24; minor <= 27; minor++) {
		struct made d;
		made_init(&d, minor);
		const struct layout *l = &d.f.rt.L;
		if (minor >= 25) {
			taddr block = vars_alloc(&d, 512);
			fake_put(&d.f, d.cleanups, l->cleanupQueue.all, block);
			fake_put(&d.f, block, l->cleanupBlock.n, 2);
			for (unsigned k = 0; k < 8; k++)
				fake_put64(&d.f,
					   block + (uint64_t)l->cleanupBlock.cleanups.off + k * 8,
					   0x100 + k);
		}
		visit(&d);
		assert_false(d.incomplete);
		assert_int_equal(d.seen.n, minor == 24 ? 0 : minor == 25 ? 2 : 6);
		for (unsigned k = 0; k < d.seen.n; k++) {
			assert_int_equal(d.seen.v[k].value, 0x100 + k);
			assert_int_equal(d.seen.v[k].kind, ROOT_CLEANUP_QUEUE);
		}
		made_free(&d);
	}
}

/* -- specials -------------------------------------------------------------------------------- */

static taddr add_special(struct made *d, size_t span, uint64_t offset, uint8_t kind)
{
	const struct layout *l = &d->f.rt.L;
	taddr at = vars_alloc(d, 128);

	fake_put(&d->f, at, l->special.offset, offset);
	fake_put(&d->f, at, l->special.kind, kind);
	fake_put(&d->f, at, l->special.next, d->heap.spans.v[span].specials);
	d->heap.spans.v[span].specials = at;
	return at;
}

/* Numbers as in each release's runtime/mheap.go. */
static void specials(int minor, uint8_t finalizer, uint8_t weak, uint8_t cleanup)
{
	struct made d;
	made_init(&d, minor);
	const struct layout *l = &d.f.rt.L;
	taddr object = HEAP + HEAP_PAGE + 16;
	for (uint8_t kind = 1; kind <= 10; kind++)
		if (kind != finalizer && kind != weak && kind != cleanup)
			fake_put64(&d.f, add_special(&d, 0, 70, kind) + 24,
				   0x666); // profile records and the like
	fake_put64(&d.f, object, 0x777);
	taddr f = add_special(&d, 1, 18, finalizer); // set for an inner byte
	fake_put(&d.f, f, l->specialfinalizer.fn, 0x100);
	taddr w = weak ? add_special(&d, 0, 130, weak) : 0,
	      c = cleanup ? add_special(&d, 0, 64, cleanup) : 0;
	if (w)
		fake_put(&d.f, w, l->specialWeakHandle.handle, 0x200);
	if (c) {
		fake_put(&d.f, c, l->specialCleanup.fn, 0x300);
		if (LAYOUT_HAS(l->specialCleanup.cleanup_arg))
			fake_put(&d.f, c, l->specialCleanup.cleanup_arg, 0x301);
	}
	visit(&d);
	assert_false(d.incomplete);
	size_t i = 0;
	if (c)
		assert_root(&d, i++, ROOT_CLEANUP, c + (uint64_t)l->specialCleanup.fn.off, 0x300,
			    HEAP + 64);
	if (c && minor >= 26)
		assert_root(&d, i++, ROOT_CLEANUP, c + (uint64_t)l->specialCleanup.cleanup_arg.off,
			    0x301, HEAP + 64);
	if (w)
		assert_root(&d, i++, ROOT_SPECIAL, w + (uint64_t)l->specialWeakHandle.handle.off,
			    0x200, HEAP + 128);
	assert_root(&d, i++, ROOT_FINALIZER, f + (uint64_t)l->specialfinalizer.fn.off, 0x100,
		    object);
	assert_root(&d, i++, ROOT_FINALIZER, object, 0x777, object);
	assert_int_equal(d.seen.n, i);
	fake_put(&d.f, f, l->special.offset, 8 * 1000); // behind the last object
	visit(&d);
	assert_true(d.incomplete);
	fake_put(&d.f, f, l->special.offset, 16);
	fake_put(&d.f, f, l->special.next, f); // a loop
	visit(&d);
	assert_true(d.incomplete);
	fake_put(&d.f, f, l->special.next, 0xdead0000);
	visit(&d);
	assert_true(d.incomplete);
	made_free(&d);
}

static void test_specials(void **state)
{
	(void)state;
	specials(19, 1, 0, 0);
	specials(22, 1, 0, 0);
	specials(23, 1, 2, 0);
	specials(24, 1, 2, 6);
	specials(25, 2, 3, 7);
	specials(26, 2, 3, 7);
	specials(27, 2, 3, 7);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(root_kind_name(ROOT_GLOBAL), "global");
	assert_string_equal(root_kind_name(ROOT_CLEANUP_QUEUE), "cleanup");
	assert_string_equal(root_kind_name(ROOT_REGISTER), "register");
	assert_string_equal(root_kind_name(200), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segments),      cmocka_unit_test(test_finalizer_queue),
		cmocka_unit_test(test_cleanup_queue), cmocka_unit_test(test_specials),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
