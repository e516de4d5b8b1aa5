#include "analysis/owners.h"

#include <sys/mman.h>

#include "runtime/livestack.h"

#define MORE 1 /* index of the set of more than OWNERS_MOST */

void owners_open(const struct model *m, const struct slots *slots, const uint64_t *white,
		 struct owners *ret)
{
	*ret = (struct owners){.m = m, .slots = slots, .white = white};
	ret->set_bytes = (slots->words + 1) * 64 * sizeof(*ret->set);
	// From the kernel, so that pages of slots that nobody here reaches are never made.
	ret->set = mmap(NULL, ret->set_bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ret->set == MAP_FAILED)
		mem_out();
	ret->inside = mem_zalloc((slots->words + 1) * sizeof(*ret->inside));
	VEC_PUSH(&ret->sets, (struct owner_set){0});
	VEC_PUSH(&ret->sets, (struct owner_set){.n = OWNERS_MOST + 1});
	ret->masks = ptrmasks_open(m->rt);
	ptrwords_init(&ret->reader, m->rt, ret->masks);
}

void owners_close(struct owners *o)
{
	if (o->set)
		munmap(o->set, o->set_bytes);
	free(o->inside);
	VEC_FREE(&o->sets);
	VEC_FREE(&o->todo);
	u64map_free(&o->next);
	if (o->masks)
		ptrmasks_close(o->masks);
	*o = (struct owners){0};
}

/* The set of those and of the goroutine under way. */
static uint32_t with(struct owners *o, uint32_t set)
{
	struct owner_set s = o->sets.v[set];

	for (uint32_t k = 0; k < s.n && s.n <= OWNERS_MOST; k++)
		if (s.task[k] == o->task)
			return set;
	if (s.n >= OWNERS_MOST)
		return MORE;
	uint32_t at =
		u64map_add(&o->next, (uint64_t)set << 32 | (o->task + 1ul), (uint32_t)o->sets.n);
	if (at == o->sets.n) {
		s.task[s.n++] = o->task;
		VEC_PUSH(&o->sets, s);
	}
	return at;
}

static bool is_white(const struct owners *o, uint64_t slot)
{
	return slot != UINT64_MAX && o->white[slot / 64] >> slot % 64 & 1;
}

static void meet(struct owners *o, taddr a, bool inside)
{
	uint64_t slot = slots_at(o->slots, a);

	if (!is_white(o, slot))
		return;
	if (inside)
		o->inside[slot / 64] |= UINT64_C(1) << slot % 64;
	uint32_t set = with(o, o->set[slot]);
	if (set == o->set[slot])
		return;
	o->set[slot] = set;
	VEC_PUSH(&o->todo, a);
}

static bool on_stack(void *arg, const struct live_word *w)
{
	meet(arg, w->value, false);
	return true;
}

/* A function value that lies on a stack: what it has captured are its variables. */
static bool is_closure(const struct owners *o, taddr base)
{
	taddr code;

	return target_u64(o->m->rt->t, base, &code) && runtime_module_of_pc(o->m->rt, code);
}

/* The words of a context of the library lead on to its parent alone. */
static uint64_t words_of(const struct owners *o, taddr base)
{
	uint32_t i = model_at(o->m, base);
	uint8_t kind = i == CTX_NONE ? CTX_KINDS : o->m->ctxs.v[i].kind;

	return ctx_kind_has_done(kind) ? 2 : UINT64_MAX;
}

static void enter(struct owners *o, taddr a)
{
	uint32_t span = slots_span(o->slots, a), index = slots_index(&o->slots->spans[span], a);
	uint64_t slot = o->slots->spans[span].word * 64ull + index;
	taddr base = o->slots->spans[span].base + index * o->slots->spans[span].size;
	struct ptr_object obj;
	struct ptr_chunk c;

	if (o->slots->spans[span].noscan ||
	    !ptrwords_span(&o->reader, &o->m->rt->heap->spans.v[span]))
		return;
	bool inside = o->inside[slot / 64] >> slot % 64 & 1 || !is_closure(o, base);
	ptrwords_object(&o->reader, index, 0, words_of(o, base), &obj);
	while (ptrwords_next(&o->reader, &obj, &c))
		for (uint64_t bits = c.mask; bits; bits &= bits - 1)
			meet(o, ptr_chunk_word(&c, (unsigned)__builtin_ctzll(bits)), inside);
}

void owners_add(struct owners *o, uint32_t task)
{
	struct livestack_state st = {0};

	o->task = task;
	livestack_each(o->m->rt, &o->m->tasks.list.v[task], on_stack, o, &st);
	o->unread |= st.unreadable;
	while (o->todo.n && !runtime_canceled(o->m->rt))
		enter(o, o->todo.v[--o->todo.n]);
	o->todo.n = 0;
	o->unread |= o->reader.unread > 0;
}

const struct owner_set *owners_of(const struct owners *o, taddr a)
{
	uint64_t slot = slots_at(o->slots, a);

	return is_white(o, slot) ? &o->sets.v[o->set[slot]] : NULL;
}

bool owners_inside(const struct owners *o, taddr a)
{
	uint64_t slot = slots_at(o->slots, a);

	return slot != UINT64_MAX && o->inside[slot / 64] >> slot % 64 & 1;
}
