/*
 * Short methods of amd64, followed with symbols in place of values (see code.h).  Go's ABIInternal:
 * the receiver is in rax, results in rax and rbx, g in r14, zero in xmm15.  Every instruction that
 * Go's compiler (1.18 to 1.27) writes into such methods is known here, no other.
 */
#include "runtime/code.h"

#define STEPS_MAX 256
#define CALLS_MAX 4
#define SLOTS 48
/* runtime.g: stackguard0, the word that prologues compare with */
#define G_STACKGUARD 0x10
#define G_PANIC 0x20 /* runtime.g: _panic, which wrappers look at */
#define LONGEST 15   /* bytes of an instruction */

enum { RAX = 0, RBX = 3, RSP = 4, RBP = 5, R14 = 14, REGS = 16, NO_REG = 255 };

enum value_kind {
	ANY,
	ZERO,
	PATH,	/* the receiver, n pointers followed from it; plus add */
	FRAME,	/* address in the stack: add bytes from where rsp was at the entry */
	RESULT, /* word `word` of what the method at off[n - 1] in the itab at off[n - 2]
		    returned */
	G,	/* the runtime.g */
	PANIC,	/* its _panic: nil */
};

struct value {
	uint8_t kind, n, word;
	int32_t off[CODE_HOPS + 1];
	int32_t add;
};

enum flags { FLAGS_ANY, FLAGS_STACK, FLAGS_ZERO, FLAGS_NOT_ZERO };

struct slot {
	int32_t at; /* from where rsp was at the entry */
	struct value v;
};

struct machine {
	struct runtime *rt;
	struct value reg[REGS], xmm[REGS][2];
	uint8_t flags; /* outcome of the last compare: enum flags */
	struct slot slot[SLOTS];
	unsigned slots;
	taddr back[CALLS_MAX];
	unsigned calls;
	taddr pc;
	bool returned;
};

/* One instruction, taken apart. */
struct insn {
	taddr at;
	const uint8_t *begin;
	const uint8_t *p; /* what has not been taken apart yet: in the end immediate values */
	const uint8_t *end;
	uint8_t rep, opcode; /* rep: 0, 0xf2, 0xf3 */
	bool size16, wide;   /* operand of 16 bits; of 64 */
	uint8_t reg;
	bool mem;
	uint8_t rm;	      /* the register, when it is none in memory */
	struct value address; /* of memory: its address, ANY when not known */
};

static const struct value any = {.kind = ANY}, zero = {.kind = ZERO};

static struct value plus(struct value v, int64_t n)
{
	int64_t sum;

	if ((v.kind != PATH && v.kind != FRAME) ||
	    __builtin_add_overflow((int64_t)v.add, n, &sum) || sum != (int32_t)sum)
		return n ? any : v;
	v.add = (int32_t)sum;
	return v;
}

static bool same(const struct value *a, const struct value *b)
{
	return a->kind == b->kind && a->n == b->n && a->add == b->add &&
	       !memcmp(a->off, b->off, a->n * sizeof(a->off[0]));
}

/* ---- memory ---- */

static struct value load(struct machine *m, struct value at)
{
	if (at.kind == FRAME)
		for (unsigned i = 0; i < m->slots; i++)
			if (m->slot[i].at == at.add)
				return m->slot[i].v;
	if (at.kind == G && at.add == G_PANIC)
		return (struct value){.kind = PANIC};
	if (at.kind != PATH || at.n > CODE_HOPS)
		return any;
	at.off[at.n++] = at.add;
	at.add = 0;
	return at;
}

/* @return false: it is written elsewhere than into its own frame */
static bool store(struct machine *m, struct value at, unsigned size, struct value v)
{
	if (at.kind != FRAME)
		return false;
	for (unsigned i = 0; i < m->slots;)
		if (m->slot[i].at < at.add + (int32_t)size && at.add < m->slot[i].at + 8)
			m->slot[i] = m->slot[--m->slots];
		else
			i++;
	if (size != 8 || v.kind == ANY)
		return true;
	if (m->slots == SLOTS)
		return false;
	m->slot[m->slots++] = (struct slot){at.add, v};
	return true;
}

/* ---- taking apart ---- */

static bool take(struct insn *in, unsigned n, int64_t *ret)
{
	int8_t b;
	int32_t d;

	if (in->end - in->p < (int)n)
		return false;
	if (n == 1) {
		memcpy(&b, in->p, 1);
		*ret = b;
	} else if (n == 4) {
		memcpy(&d, in->p, 4);
		*ret = d;
	} else {
		memcpy(ret, in->p, 8);
	}
	in->p += n;
	return true;
}

static struct value sum_of(struct machine *m, unsigned base, unsigned index, int64_t disp)
{
	if (index != NO_REG)
		return any;
	struct value v = m->reg[base];
	if (v.kind == G) {
		v.add = (int32_t)disp;
		return v;
	}
	return plus(v, disp);
}

/* The operand that may lie in memory, and the register beside it. */
static bool modrm(struct machine *m, struct insn *in, uint8_t rex)
{
	if (in->p >= in->end)
		return false;
	uint8_t b = *in->p++, mod = b >> 6, base = (b & 7) | (rex & 1) << 3, index = NO_REG;
	int64_t disp = 0;

	in->reg = (b >> 3 & 7) | (rex & 4) << 1;
	in->mem = mod != 3;
	in->rm = base;
	if (!in->mem)
		return true;
	if ((b & 7) == 4) {
		if (in->p >= in->end)
			return false;
		uint8_t sib = *in->p++;
		base = (sib & 7) | (rex & 1) << 3;
		index = (sib >> 3 & 7) | (rex & 2) << 2;
		index = index == 4 ? NO_REG : index;
		if (mod == 0 && (sib & 7) == 5) {
			in->address = any;
			return take(in, 4, &disp);
		}
	} else if (mod == 0 && (b & 7) == 5) { // relative to rip: a variable
		in->address = any;
		return take(in, 4, &disp);
	}
	if (mod && !take(in, mod == 1 ? 1 : 4, &disp))
		return false;
	in->address = sum_of(m, base, index, disp);
	return true;
}

static struct value operand(struct machine *m, const struct insn *in)
{
	return in->mem ? load(m, in->address) : m->reg[in->rm];
}

static bool put_operand(struct machine *m, const struct insn *in, unsigned size, struct value v)
{
	if (in->mem)
		return store(m, in->address, size, v);
	m->reg[in->rm] = v;
	return true;
}

static unsigned size_of(const struct insn *in)
{
	return in->wide ? 8 : in->size16 ? 2 : 4;
}

/* Address of the one that follows, when all of this one has been taken. */
static taddr next(const struct insn *in)
{
	return in->at + (taddr)(in->p - in->begin);
}

/* ---- what they do ---- */

/* Known to be zero, or not to be: the receiver is no nil pointer, no panic is under way. */
static void compare_zero(struct machine *m, struct value v)
{
	if (v.kind == ZERO || v.kind == PANIC)
		m->flags = FLAGS_ZERO;
	else if ((v.kind == PATH && !v.n) || v.kind == FRAME)
		m->flags = FLAGS_NOT_ZERO;
	else
		m->flags = FLAGS_ANY;
}

/* @return false: which way it goes is not known */
static bool jump_if(struct machine *m, const struct insn *in, uint8_t condition, int64_t by)
{
	enum { BELOW_EQUAL = 6, EQUAL = 4, NOT_EQUAL = 5 };

	if (condition == BELOW_EQUAL && m->flags == FLAGS_STACK)
		return true; // there is room
	if ((condition != EQUAL && condition != NOT_EQUAL) ||
	    (m->flags != FLAGS_ZERO && m->flags != FLAGS_NOT_ZERO))
		return false;
	if ((condition == EQUAL) == (m->flags == FLAGS_ZERO))
		m->pc = next(in) + (taddr)by;
	return true;
}

static bool push(struct machine *m, struct value v)
{
	m->reg[RSP] = plus(m->reg[RSP], -8);
	return store(m, m->reg[RSP], 8, v);
}

static bool ret(struct machine *m)
{
	m->reg[RSP] = plus(m->reg[RSP], 8);
	if (m->calls)
		m->pc = m->back[--m->calls];
	else
		m->returned = true;
	return true;
}

static bool call(struct machine *m, const struct insn *in, int64_t by)
{
	if (m->calls == CALLS_MAX || !push(m, any))
		return false;
	m->back[m->calls++] = next(in);
	m->pc = next(in) + (taddr)by;
	return true;
}

/* Through a register: a method of an interface value whose itab and data word come from
 * neighbouring words. */
static bool call_method(struct machine *m, struct value code)
{
	struct value data = m->reg[RAX], itab = code;

	if (code.kind != PATH || code.add || code.n < 2)
		return false;
	itab.n--;
	itab.off[itab.n - 1] += 8; // where the data word stands
	if (!same(&itab, &data))
		return false;
	struct value frame = m->reg[RSP], base = m->reg[RBP], g = m->reg[R14];
	for (unsigned i = 0; i < REGS; i++)
		m->reg[i] = m->xmm[i][0] = m->xmm[i][1] = any;
	m->reg[RSP] = frame;
	m->reg[RBP] = base;
	m->reg[R14] = g;
	m->xmm[15][0] = m->xmm[15][1] = zero;
	for (unsigned word = 0; word < 2; word++) {
		code.kind = RESULT;
		code.word = (uint8_t)word;
		m->reg[word ? RBX : RAX] = code;
	}
	return true;
}

/* add, sub, cmp with an immediate value */
static bool arithmetic(struct machine *m, struct insn *in, unsigned bytes)
{
	enum { ADD = 0, AND = 4, SUB = 5, CMP = 7 };
	struct value v = operand(m, in);
	int64_t n;

	if (!take(in, bytes, &n))
		return false;
	unsigned op = in->reg & 7;
	if (op == CMP) {
		compare_zero(m, n || !in->wide ? any : v);
		return true;
	}
	m->flags = FLAGS_ANY;
	if (op == ADD || op == SUB)
		return put_operand(m, in, size_of(in),
				   in->wide && !in->mem ? plus(v, op == ADD ? n : -n) : any);
	return op == AND && put_operand(m, in, size_of(in), any);
}

static bool move_wide(struct machine *m, const struct insn *in, bool to_memory, unsigned words)
{
	struct value *x = m->xmm[in->reg & (REGS - 1)];

	if (!in->mem) {
		struct value *other = m->xmm[in->rm];
		memcpy(to_memory ? other : x, to_memory ? x : other, sizeof(m->xmm[0]));
		return words == 2;
	}
	for (unsigned i = 0; i < words; i++) {
		struct value at = plus(in->address, 8 * (int)i);
		if (to_memory && !store(m, at, 8, x[i]))
			return false;
		if (!to_memory)
			x[i] = load(m, at);
	}
	if (!to_memory && words == 1)
		x[1] = zero;
	return true;
}

/* Opcodes behind 0f. */
static bool two_bytes(struct machine *m, struct insn *in)
{
	int64_t disp;

	switch (in->opcode) {
	case 0x10:
	case 0x28:
	case 0x6f: // movups, movaps, movdqu xmm, m
	case 0x11:
	case 0x29:
	case 0x7f:
		if (in->rep == 0xf2 || (in->rep == 0xf3 && in->opcode < 0x60) ||
		    (!in->rep && in->opcode > 0x60 && !in->size16))
			return false;
		return move_wide(m, in, in->opcode & 1 && in->opcode != 0x6f, 2);
	case 0x7e: // movq xmm, m
		return in->rep == 0xf3 && move_wide(m, in, false, 1);
	case 0xd6: // movq m, xmm
		return in->size16 && in->mem && move_wide(m, in, true, 1);
	case 0x57:
	case 0xef: // xorps, pxor
		for (unsigned i = 0; i < 2; i++)
			m->xmm[in->reg][i] = !in->mem && in->reg == in->rm ? zero : any;
		return true;
	case 0x1f: // nop
		return true;
	case 0xb6:
	case 0xb7: // movzx
		m->reg[in->reg] = any;
		return true;
	default:
		return in->opcode >> 4 == 8 && take(in, 4, &disp) &&
		       jump_if(m, in, in->opcode & 15, disp);
	}
}

/* cmp: of the stack's bound, else of no interest */
static bool compare(struct machine *m, const struct insn *in)
{
	bool guard = in->mem && in->address.kind == G && in->address.add == G_STACKGUARD;

	m->flags = guard && in->opcode == 0x3b && m->reg[in->reg].kind == FRAME ? FLAGS_STACK
										: FLAGS_ANY;
	return true;
}

/* Opcodes with an operand that may lie in memory. */
static bool with_operand(struct machine *m, struct insn *in)
{
	int64_t n;

	switch (in->opcode) {
	case 0x89:
		return put_operand(m, in, size_of(in), in->wide ? m->reg[in->reg] : any);
	case 0x8b:
		m->reg[in->reg] = in->wide ? operand(m, in) : any;
		return true;
	case 0x88:
		return in->mem && store(m, in->address, 1, any);
	case 0x8d:
		m->reg[in->reg] = in->mem && in->wide ? in->address : any;
		return true;
	case 0x31:
	case 0x33:
		m->flags = FLAGS_ANY;
		if (in->mem || in->reg != in->rm)
			return false;
		m->reg[in->rm] = zero;
		return true;
	case 0x85:
		compare_zero(m, in->wide && !in->mem && in->reg == in->rm ? m->reg[in->rm] : any);
		return true;
	case 0x84: // test al, [x]: is it nil?
		m->flags = FLAGS_ANY;
		return true;
	case 0x39:
	case 0x3b:
		return compare(m, in);
	case 0x83:
		return arithmetic(m, in, 1);
	case 0x81:
		return arithmetic(m, in, 4);
	case 0xc7:
		return !in->size16 && (in->reg & 7) == 0 && take(in, 4, &n) &&
		       put_operand(m, in, size_of(in), n ? any : zero);
	case 0xc6:
		return (in->reg & 7) == 0 && take(in, 1, &n) && in->mem &&
		       store(m, in->address, 1, any);
	case 0xff:
		if ((in->reg & 7) == 2)
			return call_method(m, operand(m, in));
		return (in->reg & 7) == 4 && call_method(m, operand(m, in)) && ret(m);
	default:
		return false;
	}
}

/* Opcodes without one.  @return -1: it has one */
static int without_operand(struct machine *m, struct insn *in, uint8_t rex)
{
	uint8_t reg = (in->opcode & 7) | (rex & 1) << 3;
	int64_t n;

	switch (in->opcode) {
	case 0x90:
		return true;
	case 0xc3:
		return ret(m);
	case 0xe8:
		return take(in, 4, &n) && call(m, in, n);
	case 0xe9:
	case 0xeb:
		if (!take(in, in->opcode == 0xe9 ? 4 : 1, &n))
			return false;
		m->pc = next(in) + (taddr)n;
		return true;
	}
	switch (in->opcode & 0xf8) {
	case 0x50:
		return push(m, m->reg[reg]);
	case 0x58:
		m->reg[reg] = load(m, m->reg[RSP]);
		m->reg[RSP] = plus(m->reg[RSP], 8);
		return true;
	case 0x70:
	case 0x78:
		return take(in, 1, &n) && jump_if(m, in, in->opcode & 15, n);
	case 0xb8:
		if (!take(in, in->wide ? 8 : 4, &n))
			return false;
		m->reg[reg] = n ? any : zero;
		return true;
	}
	return -1;
}

/* A REX prefix comes last. */
static uint8_t prefixes(struct insn *in)
{
	for (; in->p < in->end; in->p++) {
		if (*in->p == 0x66)
			in->size16 = true;
		else if (*in->p == 0xf2 || *in->p == 0xf3)
			in->rep = *in->p;
		else
			break;
	}
	uint8_t rex = in->p < in->end && *in->p >> 4 == 4 ? *in->p++ : 0;
	in->wide = rex & 8;
	return rex;
}

static bool has_modrm_of_two(uint8_t opcode)
{
	return opcode >> 4 != 8; // all that two_bytes() knows but the jumps
}

/* @return false: not understood, m->pc is where it stands */
static bool step(struct machine *m)
{
	uint64_t have = target_extent(m->rt->t, m->pc);
	unsigned n = have < LONGEST ? (unsigned)have : LONGEST;
	const uint8_t *p = target_ptr(m->rt->t, m->pc, n);
	struct insn in = {.at = m->pc, .begin = p, .p = p, .end = p + (p ? n : 0)};
	uint8_t rex = p ? prefixes(&in) : 0;
	taddr at = m->pc;
	int done;

	if (in.p >= in.end)
		return false;
	in.opcode = *in.p++;
	if (in.opcode == 0x0f) {
		if (in.p >= in.end)
			return false;
		in.opcode = *in.p++;
		done = (!has_modrm_of_two(in.opcode) || modrm(m, &in, rex)) && two_bytes(m, &in);
	} else {
		done = in.rep ? 0 : without_operand(m, &in, rex);
		if (done < 0)
			done = modrm(m, &in, rex) && with_operand(m, &in);
	}
	if (done && m->pc == at && !m->returned)
		m->pc = next(&in);
	return done;
}

/* What is in rax (and rbx) now. */
static struct code_result result(const struct machine *m, unsigned words)
{
	const struct value *v = &m->reg[RAX];
	struct value second = *v;
	struct code_result r = {0};

	if (v->kind == ZERO) {
		r.kind = CODE_NIL;
		return r;
	}
	if (v->kind == PATH)
		second.off[second.n - (second.n > 0)] += 8;
	if (words == 2 && (m->reg[RBX].kind != v->kind || !same(&second, &m->reg[RBX]) ||
			   m->reg[RBX].word != (v->kind == RESULT)))
		return r;
	unsigned n = v->kind == RESULT ? v->n - 1u : v->n;
	if ((v->kind != PATH && v->kind != RESULT) || v->add || v->word || !n || n > CODE_HOPS)
		return r;
	r.kind = v->kind == PATH ? CODE_FIELD : CODE_ASKS;
	r.n = (uint8_t)n;
	memcpy(r.off, v->off, n * sizeof(r.off[0]));
	int32_t fun = v->kind == RESULT
			      ? v->off[v->n - 1] - (int32_t)(m->rt->L.s[LAYOUT_itab].size - 8)
			      : 0;
	if (fun < 0 || fun % 8)
		return (struct code_result){0};
	r.method = fun / 8;
	return r;
}

struct code_result code_returns_amd64(struct runtime *rt, taddr entry, unsigned words)
{
	struct machine *m = mem_zalloc(sizeof(*m));
	struct code_result r = {0};

	m->rt = rt;
	m->pc = entry;
	m->reg[RAX].kind = PATH;
	m->reg[RSP].kind = FRAME;
	m->reg[R14].kind = G;
	m->xmm[15][0] = m->xmm[15][1] = zero;
	for (unsigned i = 0; i < STEPS_MAX && !m->returned; i++)
		if (!step(m))
			break;
	if (m->returned)
		r = result(m, words);
	free(m);
	return r;
}
