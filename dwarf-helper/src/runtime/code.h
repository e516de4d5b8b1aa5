/**
 * @file  What a short method returns, and what a function refers to, read from instructions.
 *
 * Methods such as `func (c *T) Done() <-chan struct{} { return nil }` are a handful of
 * instructions.  They are followed with symbols in place of values, from the entry to the return:
 * along one path, without loops, through wrappers, inlined calls, direct calls and what builds
 * without optimisation do.  The receiver is not nil on that path, and no panic is under way.  A
 * branch that depends on anything else, a lock, a write into the object, an instruction that is not
 * known: the answer is CODE_UNTOLD, never a guess.
 *
 * Registers and the layout of frames are those of Go's ABIInternal (cmd/compile/abi-internal.md).
 * One reader a processor, code_NAME.c; code.c chooses it by target.arch.  Where there is none every
 * answer is CODE_UNTOLD.
 */
#ifndef GOCTX_RUNTIME_CODE_H
#define GOCTX_RUNTIME_CODE_H

#include "runtime/runtime.h"

enum code_kind {
	CODE_UNTOLD, /* not a short method, or not understood */
	CODE_NIL,    /* always nil */
	CODE_FIELD,  /* what stands in a field */
	CODE_ASKS,   /* what a method of the interface value in a field returns */
};

#define CODE_HOPS 4 /* pointers followed from the receiver on */

/**
 * What it returns.  The place of the field: start at the receiver, add off[0]; for every further
 * offset follow the pointer that stands there and add it.  {16}: a field of the receiver; {8, 24}:
 * of what the pointer in field 8 points to.
 */
struct code_result {
	uint8_t kind; /* enum code_kind */
	uint8_t n;    /* of offsets: CODE_FIELD and CODE_ASKS only */
	int32_t off[CODE_HOPS];
	int32_t method; /* CODE_ASKS: which one, counted in the interface type's methods, which are
			   in the order of their names */
};

/**
 * What does the method at @p entry return?
 * @param words  1 for a pointer, channel, map or func, 2 for an interface value
 * Cost: at most some hundred instructions.  Any number of threads.
 */
struct code_result code_returns(struct runtime *rt, taddr entry, unsigned words);

enum code_ref {
	REF_CALL,    /* calls what is at `to` */
	REF_ADDRESS, /* names the address `to`, relative to itself */
	REF_LOAD,    /* loads a word from `to` bytes behind what a register points to, but for the
			stack's */
};

/** What an instruction at about @p pc refers to. */
typedef void code_ref_fn(void *arg, enum code_ref kind, taddr pc, taddr to);

/** Visit them: none is left out, but bytes that only look like one are among them.  @return false:
 * there is no reader for this processor, or the code could not be read */
bool code_refs_each(struct runtime *rt, taddr entry, taddr end, code_ref_fn *fn, void *arg);

/** A direct call at @p pc of what is at @p to. */
typedef void code_call_fn(void *arg, taddr pc, taddr to);

/**
 * Visit the direct calls in [start, end) of any of the @p n addresses at @p to, which ascend: in
 * order, none left out.  Bytes inside of another instruction that look like such a call are
 * visited too; a distance of 32 bits that leads to one of a few functions is hardly ever chance.
 * @param unread_ret  bytes of it that could not be read
 * Cost: one pass over the code, 0.5 ms for 1 MiB; Ctrl-C ends it.
 * @return false: there is no reader for this processor
 */
bool code_calls_each(struct runtime *rt, taddr start, taddr end, const taddr *to, size_t n,
		     code_call_fn *fn, void *arg, uint64_t *unread_ret);

/** The readers, for code.c. */
struct code_result code_returns_amd64(struct runtime *rt, taddr entry, unsigned words);
void code_refs_amd64(const uint8_t *code, size_t n, taddr entry, code_ref_fn *fn, void *arg);
#define CODE_CALL_AMD64 5 /* bytes of a direct call */
void code_calls_amd64(const uint8_t *code, size_t n, taddr entry, const taddr *to, size_t targets,
		      code_call_fn *fn, void *arg);

/** Address of the field, for a receiver at @p base.  @return false: none, a nil pointer on the way,
 * unreadable */
static inline bool code_place(struct runtime *rt, const struct code_result *r, taddr base,
			      taddr *ret)
{
	*ret = base + (taddr)(int64_t)r->off[0];
	for (unsigned i = 1; i < r->n; i++) {
		if (!target_u64(rt->t, *ret, &base) || !base)
			return false;
		*ret = base + (taddr)(int64_t)r->off[i];
	}
	return r->n != 0;
}

#endif
