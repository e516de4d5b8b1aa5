/*
 * Variables of frames: by DWARF the one that a stack word belongs to.
 */
#include "runtime/typed_internal.h"

#define WORDS_MAX 256 /* bytes of a variable whose pointers are looked at */
#define OBJECT_MAX                                                 \
	(UINT64_C(128) << 10) /* bytes of a variable on the stack: \
				 cmd/compile/internal/ir, MaxStackVarSize */

struct parts {
	const struct debug_local *local;
	taddr cfa, base; /* where the variable would begin, if the word at hand lay where it does */
};

/* The part that holds byte @p off of the variable.  @return 0: it is not on the stack */
static taddr part_at(const struct parts *p, uint64_t off)
{
	for (size_t i = 0; i < p->local->n; i++) {
		const struct debug_piece *piece = &p->local->piece[i];
		if (piece->in_frame && off >= piece->off &&
		    (!piece->size || off - piece->off < piece->size))
			return p->cfa + (uint64_t)piece->cfa + (off - piece->off);
	}
	return 0;
}

bool pointer_word(struct pointer_search *s, taddr a, uint64_t *ret)
{
	if (s->parts)
		a = part_at(s->parts, a - s->parts->base);
	return a && target_u64(s->rt->t, a, ret);
}

struct local_search {
	struct pointer_search *s;
	taddr cfa;
	const char *func; /* of the frame */
	uint8_t how;	  /* enum how */
	bool found;
};

/* What a variable has to do with the word at hand, the best first. */
enum how {
	HOW_LIES,   /* it lies in the variable */
	HOW_POINTS, /* it lies in what the variable points to, which is on the stack, too */
	HOW_ALIKE,  /* it is a copy that the compiler made of one in the variable */
	HOWS
};

static bool unbox(struct pointer_search *s, const struct debug_local *v)
{
	*s->ret = typed_value((struct type_ref){.die = v->type}, s->target);
	s->ret->inner = true;
	return true;
}

/* "&x" is the slot with the address of x. */
static void put_name(struct local_search *l, const struct debug_local *v)
{
	pointer_link(l->s, (struct link){.kind = LINK_LOCAL,
					 .name = v->name + (v->name[0] == '&'),
					 .func = v->func ? v->func : l->func});
}

/* Nothing has been found after all. */
static bool take_back(struct pointer_search *s, size_t via)
{
	if (s->via)
		links_cut(s->via, via);
	if (s->type) {
		s->type->iface = s->type->func = NULL;
		s->type->name.n = 0;
	}
	s->quiet = false;
	s->nested = 0;
	*s->ret = (struct typed){.addr = s->target};
	return false;
}

/* The word lies in that part of a variable: is it a pointer by the variable's type? */
static bool in_piece(struct local_search *l, const struct debug_local *v,
		     const struct debug_piece *piece, uint64_t off)
{
	struct pointer_search *s = l->s;
	struct parts parts = {v, l->cfa, s->at - off};
	size_t via = s->via ? s->via->list.n : 0;

	put_name(l, v);
	s->parts = &parts;
	bool ok = piece->boxed
			  ? unbox(s, v)
			  : pointer_in_type(s, (struct type_ref){.die = v->type}, parts.base, 0);
	s->parts = NULL;
	s->ret->inner |= v->name[0] == '&';
	return ok || take_back(s, via);
}

/* Bytes of a part. */
static uint64_t size_of(struct runtime *rt, const struct debug_local *v,
			const struct debug_piece *piece)
{
	struct type_info t;

	if (piece->boxed)
		return 8;
	if (piece->size || !type_get(rt, (struct type_ref){.die = v->type}, &t))
		return piece->size;
	return t.size > piece->off ? t.size - piece->off : 0;
}

/* The word at s->at, which is that of the variable, is a pointer to where the word at hand lies. */
static bool through(struct local_search *l, const struct debug_local *v,
		    const struct debug_piece *piece, uint64_t off, taddr start, taddr at)
{
	struct pointer_search *s = l->s;
	size_t via = s->via ? s->via->list.n : 0;
	taddr target = s->target;
	struct typed there;

	s->target = start;
	bool ok = in_piece(l, v, piece, off);
	s->target = target;
	there = *s->ret;
	uint64_t size = ok ? typed_size(s->rt, &there) : 0;
	if (!size || at - start >= size)
		return take_back(s, via);
	typed_follow(s->rt, &there, at, target, s->via, s->type, s->ret);
	return true;
}

/* Any pointer among the words of a part. */
static bool any_word(struct local_search *l, const struct debug_local *v,
		     const struct debug_piece *piece, taddr start, uint64_t size)
{
	struct pointer_search *s = l->s;
	taddr at = s->at;
	uint64_t word;
	bool found = false;

	for (uint64_t off = 0; off + 8 <= size && off < WORDS_MAX && !found; off += 8) {
		s->at = start + off;
		if (!target_u64(s->rt->t, s->at, &word))
			continue;
		if (l->how == HOW_ALIKE)
			found = word == s->target && in_piece(l, v, piece, piece->off + off);
		else
			found = word <= at && at - word < OBJECT_MAX &&
				through(l, v, piece, piece->off + off, word, at);
	}
	s->at = at;
	return found;
}

static bool on_local(void *arg, const struct debug_local *v)
{
	struct local_search *l = arg;

	for (size_t i = 0; i < v->n && !l->found; i++) {
		const struct debug_piece *piece = &v->piece[i];
		uint64_t size = size_of(l->s->rt, v, piece);
		taddr start = l->cfa + (uint64_t)piece->cfa;
		uint64_t off = l->s->at - start;
		if (!piece->in_frame)
			continue;
		if (l->how == HOW_LIES)
			l->found = off < size && in_piece(l, v, piece, piece->off + off);
		else
			l->found = any_word(l, v, piece, start, size);
	}
	return !l->found;
}

bool typed_local(struct runtime *rt, uint32_t info, taddr sp, taddr at, taddr target,
		 struct links *via, struct pointer_type *type, struct typed *ret)
{
	const struct pcinfo *p = info < rt->pcs.n ? &rt->pcs.v[info] : NULL;
	struct typed to = {.addr = target};
	struct pointer_search s = {
		.rt = rt, .at = at, .target = target, .via = via, .type = type, .ret = &to};

	if (!p || !p->n || p->frame_size < 0 || !typed_debug(rt))
		return false;
	const char *func = rt->frames.v[p->first + p->n - 1u].func;
	struct local_search l = {.s = &s,
				 .cfa = sp + (uint64_t)p->frame_size + rt->t->arch->frame.pushed,
				 .func = func};
	if (!func)
		return false;
	/* Names of functions are looked up on the way, which may move rt->pcs. */
	const taddr entry = p->entry - rt->bias, pc = p->pc - rt->bias;
	for (; l.how < HOWS && !l.found; l.how++)
		debug_frame_each(typed_debug(rt), func, entry, pc, on_local, &l);
	if (!l.found)
		return false;
	if (to.shape == TYPED_UNKNOWN) {
		bool inner = to.inner;
		typed_object(rt, target, &to);
		to.inner = inner;
	}
	if (type && !type->name.n && !type->func)
		typed_name(rt, &to, type);
	*ret = to;
	return true;
}
