/**
 * @file  Marks all that is reached in a core, for tests/test_mark.py to judge.
 *
 *     test_markcore CORE EXE FILE
 *
 * FILE has a line "r ADDR" for each object that must be reached and "d ADDR" for each that must
 * not.  Roots are those of roots.h, threads that run timers, and the live words of all stacks, as
 * in analysis/reach.c: what is left over on a stack keeps nothing.  Printed, one fact a line:
 *
 *     missed ADDR              of r, is not marked
 *     kept ADDR                of d, is marked
 *     lost ADDR SIZE TYPE      the program's own last collection had it marked, we have not, and it
 *                              is not of d
 *     marks OBJECTS BYTES GUESSED UNREAD INCOMPLETE
 *     survivors N              objects that the program's last collection left, those of d not
 *                              counted
 *     free N                   marked slots that are not allocated
 *     roots KIND N
 */
#include <inttypes.h>
#include <stdio.h>

#include "main/session.h"
#include "runtime/livestack.h"
#include "runtime/mark.h"
#include "runtime/roots.h"
#include "runtime/rtype.h"

#define LOST_SHOWN 50

struct facts {
	struct session s;
	struct marks mk;
	struct u64map dropped;
	uint64_t roots[ROOT_KINDS];
};

static bool mark_root(void *arg, const struct root *r)
{
	struct facts *f = arg;

	f->roots[r->kind]++;
	mark_addr(&f->mk, r->value);
	return true;
}

static bool mark_live(void *arg, const struct live_word *w)
{
	struct facts *f = arg;

	mark_addr(&f->mk, w->value);
	return true;
}

static void mark_thread_word(void *arg, uint64_t word)
{
	struct facts *f = arg;

	mark_addr(&f->mk, word);
}

/* As analysis/reach.c does: the live words of stacks, and a whole stack only where nothing is known
 * of it. */
static bool mark_stacks(struct facts *f)
{
	struct runtime *rt = &f->s.rt;
	bool complete = stack_threads(rt, mark_thread_word, f);

	for (size_t i = 0; i < f->s.m.tasks.list.n; i++) {
		const struct task *t = &f->s.m.tasks.list.v[i];
		struct livestack_state state;
		taddr lo, hi;
		if (livestack_each(rt, t, mark_live, f, &state)) {
			complete &= !state.unreadable;
			continue;
		}
		bool known = stack_bounds(rt, t->g, &lo, &hi);
		if (known)
			mark_words(&f->mk, lo, hi);
		complete &= known;
	}
	return complete;
}

static void read_wanted(struct facts *f, const char *path)
{
	char kind;
	unsigned long long addr;
	FILE *in = fopen(path, "r");

	if (!in) {
		perror(path);
		exit(2);
	}
	while (fscanf(in, " %c %llx", &kind, &addr) == 2) {
		bool marked = mark_test(&f->mk, addr);
		struct heap_object o;
		if (kind == 'd' && heap_object_at(&f->s.rt, addr, &o))
			u64map_add(&f->dropped, o.base, 1);
		if ((kind == 'r') != marked)
			printf("%s %llx\n", marked ? "kept" : "missed", addr);
	}
	fclose(in);
}

static void show_lost(struct facts *f, const struct heap_object *o)
{
	const struct rtype *ty = o->header ? rtype_get(&f->s.rt, o->header) : NULL;

	printf("lost %" PRIx64 " %" PRIu64 " %s\n", o->base, o->size,
	       ty			      ? ty->full
	       : o->span->flags & SPAN_NOSCAN ? "noscan"
					      : "?");
}

static bool bit(struct facts *f, taddr bits, uint32_t index)
{
	uint8_t byte;

	return bits && target_u8(f->s.t, bits + index / 8, &byte) && byte >> (index % 8) & 1;
}

/* After a swept collection allocBits are its mark bits: what was made since is behind freeindex, or
 * in spans without any. */
static void compare_collection(struct facts *f)
{
	uint64_t survivors = 0, lost = 0, unallocated = 0;

	for (size_t i = 0; i < f->s.rt.heap->spans.n; i++) {
		const struct span *s = &f->s.rt.heap->spans.v[i];
		for (uint32_t k = 0; k < s->nelems; k++) {
			taddr at = s->base + k * s->elem_size;
			struct heap_object o;
			bool marked = mark_test(&f->mk, at);
			unallocated += marked && !heap_allocated(&f->s.rt, s, k);
			if (s->flags & SPAN_UNSWEPT || !bit(f, s->alloc_bits, k) ||
			    !heap_object_at(&f->s.rt, at, &o) ||
			    u64map_find(&f->dropped, o.base) != U64MAP_NONE)
				continue;
			survivors++;
			if (!marked && lost++ < LOST_SHOWN)
				show_lost(f, &o);
		}
	}
	printf("survivors %" PRIu64 "\nfree %" PRIu64 "\n", survivors, unallocated);
}

static void check(struct err *err)
{
	if (!err)
		return;
	fprintf(stderr, "test_markcore: %s\n", err->msg);
	exit(1);
}

int main(int argc, char **argv)
{
	static volatile sig_atomic_t cancel;
	static struct facts f;
	struct session_options opt = {
		.core = argc > 1 ? argv[1] : NULL, .exe = argc > 2 ? argv[2] : NULL, .mem_fd = -1};
	bool incomplete = false;

	if (argc != 4) {
		fprintf(stderr, "usage: test_markcore CORE EXE FILE\n");
		return 2;
	}
	session_init(&f.s, &opt, &cancel);
	check(session_model(&f.s, &(struct model_options){.no_contexts = true}));
	check(marks_open(&f.s.rt, &f.mk));
	check(roots_each(&f.s.rt, mark_root, &f, &incomplete));
	incomplete |= !mark_stacks(&f);
	check(marks_drain(&f.mk));
	read_wanted(&f, argv[3]);
	compare_collection(&f);
	for (unsigned i = 0; i < ROOT_KINDS; i++)
		if (f.roots[i])
			printf("roots %u %" PRIu64 "\n", i, f.roots[i]);
	printf("marks %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %d\n", f.mk.objects,
	       f.mk.bytes, f.mk.guessed, f.mk.unread, f.mk.incomplete || incomplete);
	u64map_free(&f.dropped);
	marks_close(&f.mk);
	session_close(&f.s);
	return 0;
}
