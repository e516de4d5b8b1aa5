#include "runtime/sanitized.h"

#include "runtime/stack.h"

/* bytes of g0's stack below its start: C code reports races from deep down */
#define IN_USE_MAX (UINT64_C(1) << 20)
/* bytes below the stack pointer that C code may use (System V ABI) */
#define RED_ZONE 128
#define CODE_PIECE 4096
/* bytes of C code on both sides of a pc that its function may have */
#define CODE_AROUND (UINT64_C(1) << 16)
#define WALKS_MAX 32 /* words that look right but lead nowhere */

/* The functions that change stacks. */
static bool is_switch(const char *func)
{
	return !strcmp(func, "racecall") || !strcmp(func, "asancall") || !strcmp(func, "msancall");
}

/*
 * Those that jump there, so that what their caller pushed is what R12 leads to: assembly of these
 * files.  Functions of Go's have names like theirs, but frames of their own.
 */
static bool is_stub(const char *file)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;

	return !strcmp(name, "race_amd64.s") || !strcmp(name, "asan_amd64.s") ||
	       !strcmp(name, "msan_amd64.s");
}

/* NULL: in no function.  Good until the next one is looked up. */
static const struct pcinfo *info_of(struct runtime *rt, taddr pc)
{
	const struct pcinfo *info = runtime_pcinfo(rt, pc);

	return info->n ? info : NULL;
}

static const struct frame *frame_of(struct runtime *rt, const struct pcinfo *info)
{
	return &rt->frames.v[info->first + info->n - 1u];
}

/* Is @p pc a return address of the CALL AX in one of the functions that change stacks? */
static bool in_switch(struct runtime *rt, taddr pc)
{
	const struct pcinfo *info = runtime_module_of_pc(rt, pc) ? info_of(rt, pc - 1) : NULL;
	uint8_t code[2];

	return info && is_switch(frame_of(rt, info)->func) && target_read(rt->t, pc - 2, code, 2) &&
	       code[0] == 0xff && code[1] == 0xd0;
}

/* Is @p pc a return address behind CALL rel32 of a stub?  (Plugins call the runtime through tables:
 * not of theirs.) */
static bool behind_stub(struct runtime *rt, taddr pc)
{
	uint8_t code[5];
	int32_t rel;

	if (!runtime_module_of_pc(rt, pc) || !target_read(rt->t, pc - 5, code, 5) ||
	    code[0] != 0xe8)
		return false;
	memcpy(&rel, code + 1, 4);
	taddr to = pc + (uint64_t)(int64_t)rel;
	const struct pcinfo *info = info_of(rt, to);
	return info && info->entry == to && is_stub(frame_of(rt, info)->file) &&
	       info_of(rt, pc - 1);
}

/* MOVQ R12, -n(SP) or -n(BP) with n <= 128. */
static bool stores_below(const uint8_t *code, size_t n)
{
	for (size_t i = 0; i + 5 <= n; i++)
		if (code[i] == 0x4c && code[i + 1] == 0x89 &&
		    ((code[i + 2] == 0x64 && code[i + 3] == 0x24 && code[i + 4] & 0x80) ||
		     (code[i + 2] == 0x65 && code[i + 3] & 0x80)))
			return true;
	return false;
}

/*
 * May the function at @p pc have put R12 into the red zone, as one that calls no other may do with
 * what it has to give back?  Old words lie there, so it is not looked at otherwise.  Where
 * functions of C's begin is not always known: all code around is asked.
 */
static bool saves_below(struct runtime *rt, taddr pc)
{
	uint8_t code[CODE_PIECE + 4];
	bool seen = false;

	for (taddr at = (pc & ~(taddr)(CODE_PIECE - 1)) - CODE_AROUND; at < pc + CODE_AROUND;
	     at += CODE_PIECE) {
		size_t n = target_read(rt->t, at, code, sizeof(code)) ? sizeof(code)
			   : target_read(rt->t, at, code, CODE_PIECE) ? CODE_PIECE
								      : 0;
		if (stores_below(code, n))
			return true;
		seen |= n && pc - at < CODE_PIECE;
	}
	return !seen;
}

struct search {
	struct runtime *rt;
	struct stack_regs start; /* pc: of the switching function */
	int32_t frame_size;	 /* its */
	taddr found;		 /* 0: none yet */
	int walks;
	bool several; /* or too many to try */
};

static bool go_on(void *arg, taddr pc, taddr sp, uint32_t info)
{
	(void)arg;
	(void)pc;
	(void)sp;
	(void)info;
	return true;
}

/* Can the goroutine's stack pointer have been @p word in the switching function? */
static bool fits(struct search *s, uint64_t word)
{
	taddr at = word + (uint64_t)s->frame_size, pc;
	bool complete;

	if (word % 8 || word < s->start.lo || at < word || at >= s->start.hi ||
	    !target_u64(s->rt->t, at, &pc) || !behind_stub(s->rt, pc))
		return false;
	if (s->walks++ >= WALKS_MAX) {
		s->several = true;
		return false;
	}
	s->start.sp = word;
	stack_walk(s->rt, &s->start, go_on, NULL, &complete);
	return complete;
}

static void try_words(struct search *s, taddr lo, taddr hi)
{
	uint64_t word;

	for (taddr at = lo; at < hi && !s->several; at += 8) {
		if (!target_u64(s->rt->t, at, &word))
			s->several = true; /* the right one may be there */
		else if (word != s->found && fits(s, word)) {
			s->several = s->found != 0;
			s->found = word;
		}
	}
}

/* Of the function that changes stacks, sp left to be found.  @return false: the thread is not below
 * it */
static bool find_switch(struct runtime *rt, const struct sanitized_g0 *g0,
			const struct sanitized_regs *r, struct stack_regs *ret, int32_t *frame_size)
{
	taddr top = g0->sched_sp & ~UINT64_C(15), pc; /* the return address of the CALL is below */

	if (rt->t->arch != &arch_amd64)
		return false;
	if (r->sp < g0->lo || r->sp > g0->sched_sp || g0->sched_sp > g0->hi || top - 8 < g0->lo)
		return false;
	ret->exact_pc = r->sp == g0->sched_sp || r->sp == top; /* before the CALL or behind it */
	if (!ret->exact_pc) {
		if (r->sp > top - 8 || !target_u64(rt->t, top - 8, &pc) || !in_switch(rt, pc))
			return false;
		ret->pc = pc;
		*frame_size = info_of(rt, pc - 1)->frame_size;
		return true;
	}
	const struct pcinfo *here = info_of(rt, r->pc);
	if (!here || !is_switch(frame_of(rt, here)->func))
		return false;
	ret->pc = r->pc;
	*frame_size = here->frame_size;
	return true;
}

bool sanitized_in(struct runtime *rt, const struct sanitized_g0 *g0, const struct sanitized_regs *r)
{
	struct stack_regs at = {0};
	int32_t frame_size;

	return find_switch(rt, g0, r, &at, &frame_size);
}

enum sanitized sanitized_start(struct runtime *rt, const struct sanitized_g0 *g0,
			       const struct sanitized_regs *r, struct stack_regs *ret)
{
	struct search s = {.rt = rt, .start = {.lo = ret->lo, .hi = ret->hi}};

	if (!find_switch(rt, g0, r, &s.start, &s.frame_size))
		return SANITIZED_NOT;
	if (s.frame_size < 0 || s.frame_size % 8 || g0->sched_sp - r->sp > IN_USE_MAX || !r->all)
		return SANITIZED_UNTOLD;
	/* C code may be in a module's text, with a name, but has no frame sizes.  Go's that it
	 * calls back keeps nothing in R12. */
	const struct pcinfo *here = info_of(rt, r->pc);
	bool in_c = !here || here->frame_size < 0;
	if ((s.start.exact_pc || in_c) && fits(&s, r->kept))
		s.found = r->kept;
	else if (!s.start.exact_pc)
		try_words(&s,
			  (r->sp - (in_c && saves_below(rt, r->pc) ? RED_ZONE : 0)) & ~UINT64_C(7),
			  (g0->sched_sp & ~UINT64_C(15)) - 8);
	if (!s.found || s.several)
		return SANITIZED_UNTOLD;
	s.start.sp = s.found;
	*ret = s.start;
	return SANITIZED_TOLD;
}
