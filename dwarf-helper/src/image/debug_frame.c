/*
 * Variables of a frame.  What Go writes (cmd/internal/dwarf/dwarf.go: PutDefaultFunc, putvar,
 * putInlinedFunc; cmd/compile/internal/ssa/debug.go: the lists): a function's frame base is
 * DW_OP_call_frame_cfa; a variable has one expression for all of the function (what is always on
 * the stack), a list of them by pc, or an empty one (optimized away).  An expression has a stack
 * slot or a register, or one of each word that the compiler keeps apart, with DW_OP_piece behind
 * it.  Slots of words kept apart are variables, too, "x.ptr" of x
 * (cmd/compile/internal/ssa/func.go: SplitString, SplitInterface, SplitSlice); since 1.25 they have
 * places.
 */
#include "image/debug_internal.h"

enum {
	VARS_MAX = 1 << 11, /* of one function */
	DEPTH_MAX = 64,	    /* blocks and inlined calls inside each other */
	KNOWN_MAX = 1 << 12,
};

/* What one DIE covers of its function's code. */
struct scope {
	uint32_t outer;	  /* number of the scope around it; 0: the function, all of it */
	uint32_t inlined; /* inlined calls that it lies in */
	const char *func; /* what the innermost of these calls, NULL */
	uint64_t lo, hi;  /* hi 0: a list */
	uint64_t list;
	bool all; /* nothing is said: as far as the one around it */
};

struct var {
	const char *name;
	uint64_t type;
	uint32_t scope;
	bool list; /* off is that of a list; else p, n is the expression */
	uint64_t off;
	const uint8_t *p;
	uint64_t n;
};

/* A function that was asked for. */
struct known {
	uint64_t entry;	     /* first pc */
	struct list_ref ref; /* what its lists have in common */
	VEC(struct scope) scopes;
	VEC(struct var) vars;
};

struct frames {
	VEC(struct known) list;
};

void frames_close(struct frames *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->list.n; i++) {
		VEC_FREE(&f->list.v[i].scopes);
		VEC_FREE(&f->list.v[i].vars);
	}
	VEC_FREE(&f->list);
	free(f);
}

/* ---- reading a function ---- */

static bool low_pc(struct debug *d, Dwarf_Die die, uint64_t *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Addr addr;
	bool ok = dwarf_lowpc(die, &addr, &error) == DW_DLV_OK;

	debug_forget(d, &error);
	if (ok)
		*ret = addr;
	return ok;
}

/* An address in DWARF 4, bytes from the first one in DWARF 5. */
static uint64_t high_pc(struct debug *d, Dwarf_Die die, uint64_t lo)
{
	Dwarf_Error error = NULL;
	Dwarf_Attribute attr = NULL;
	Dwarf_Addr addr = 0;
	uint64_t n;

	if (die_uint(d, die, DW_AT_high_pc, &n))
		return lo + n;
	if (dwarf_attr(die, DW_AT_high_pc, &attr, &error) == DW_DLV_OK) {
		if (dwarf_formaddr(attr, &addr, &error) != DW_DLV_OK)
			addr = 0;
		dwarf_dealloc(d->dbg, attr, DW_DLA_ATTR);
	}
	debug_forget(d, &error);
	return addr;
}

/* An attribute's bytes: DW_FORM_block1 in DWARF 4, DW_FORM_exprloc in DWARF 5. */
static bool expression_of(struct debug *d, Dwarf_Attribute attr, struct var *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Unsigned n;
	Dwarf_Ptr p;
	Dwarf_Block *block;
	bool ok = true;

	if (dwarf_formexprloc(attr, &n, &p, &error) == DW_DLV_OK) {
		ret->p = p;
		ret->n = n;
		return true;
	}
	debug_forget(d, &error);
	if (dwarf_formblock(attr, &block, &error) == DW_DLV_OK) {
		ret->p = block->bl_data; // in the section
		ret->n = block->bl_len;
		dwarf_dealloc(d->dbg, block, DW_DLA_BLOCK);
	} else {
		ok = false;
	}
	debug_forget(d, &error);
	return ok;
}

static void location_of(struct debug *d, Dwarf_Die die, struct var *ret)
{
	Dwarf_Error error = NULL;
	Dwarf_Attribute attr = NULL;

	if (dwarf_attr(die, DW_AT_location, &attr, &error) == DW_DLV_OK) {
		if (!expression_of(d, attr, ret))
			ret->list = die_ref(d, die, DW_AT_location, &ret->off);
		dwarf_dealloc(d->dbg, attr, DW_DLA_ATTR);
	}
	debug_forget(d, &error);
}

static void add_var(struct debug *d, Dwarf_Die die, uint32_t scope, struct known *k)
{
	struct var v = {.scope = scope};

	if (k->vars.n >= VARS_MAX || !die_variable(d, die, &v.name, &v.type) || *v.name == '.')
		return; // .autotmp_7 has a place that it need not be at
	location_of(d, die, &v);
	VEC_PUSH(&k->vars, v);
}

static uint32_t add_scope(struct debug *d, Dwarf_Die die, uint32_t outer, struct known *k)
{
	struct scope s = {.outer = outer,
			  .inlined = k->scopes.v[outer].inlined,
			  .func = k->scopes.v[outer].func};

	if (die_tag(d, die) == DW_TAG_inlined_subroutine) {
		s.inlined++;
		s.func = die_function(d, die);
	}
	if (low_pc(d, die, &s.lo))
		s.hi = high_pc(d, die, s.lo);
	else if (!die_ref(d, die, DW_AT_ranges, &s.list))
		s.all = true;
	VEC_PUSH(&k->scopes, s);
	return (uint32_t)k->scopes.n - 1;
}

static void read_scope(struct debug *d, Dwarf_Die parent, uint32_t scope, int depth,
		       struct known *k)
{
	Dwarf_Die die = die_child(d, parent);

	while (die) {
		int tag = die_tag(d, die);
		if (tag == DW_TAG_variable || tag == DW_TAG_formal_parameter)
			add_var(d, die, scope, k);
		else if ((tag == DW_TAG_lexical_block || tag == DW_TAG_inlined_subroutine) &&
			 depth < DEPTH_MAX && k->scopes.n < VARS_MAX)
			read_scope(d, die, add_scope(d, die, scope, k), depth + 1, k);
		die_next(d, &die);
	}
}

/* Is the frame base what the places are counted from?  Other compilers' is a register. */
static bool counts_from_cfa(struct debug *d, Dwarf_Die die)
{
	Dwarf_Error error = NULL;
	Dwarf_Attribute attr = NULL;
	struct var v = {0};
	bool ok = false;

	if (dwarf_attr(die, DW_AT_frame_base, &attr, &error) == DW_DLV_OK) {
		ok = expression_of(d, attr, &v) && v.n == 1 && v.p[0] == DW_OP_call_frame_cfa;
		dwarf_dealloc(d->dbg, attr, DW_DLA_ATTR);
	}
	debug_forget(d, &error);
	return ok;
}

static bool read_function(struct debug *d, const struct unit *u, Dwarf_Die die, void *arg)
{
	struct known *k = arg;
	uint64_t entry;

	if (!low_pc(d, die, &entry) || entry != k->entry)
		return false;
	k->ref = (struct list_ref){.die = u->die, .version = u->version};
	Dwarf_Die cu = die_at(d, u->die);
	if (cu)
		low_pc(d, cu, &k->ref.base);
	die_free(d, cu);
	VEC_PUSH(&k->scopes, (struct scope){.all = true});
	if (counts_from_cfa(d, die))
		read_scope(d, die, 0, 0, k);
	return true;
}

static const struct known *known_at(struct debug *d, const char *func, uint64_t entry)
{
	if (!d->frames)
		d->frames = mem_zalloc(sizeof(*d->frames));
	struct frames *f = d->frames;
	for (size_t i = 0; i < f->list.n; i++)
		if (f->list.v[i].entry == entry)
			return &f->list.v[i];
	if (f->list.n >= KNOWN_MAX)
		return NULL;
	struct known k = {.entry = entry};
	debug_functions(d, func, read_function, &k);
	VEC_PUSH(&f->list, k);
	return &f->list.v[f->list.n - 1];
}

/* ---- expressions ---- */

static bool leb(const uint8_t **p, const uint8_t *end, bool sign, int64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 63 && *p < end;) {
		uint8_t byte = *(*p)++;
		v |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (byte >= 0x80)
			continue;
		if (sign && byte & 0x40)
			v |= ~UINT64_C(0) << shift;
		*ret = (int64_t)v;
		return true;
	}
	return false;
}

/* One operation of a piece.  @return false: not one of Go's */
static bool operation(const uint8_t **p, const uint8_t *end, struct debug_piece *piece)
{
	uint8_t op = *(*p)++;
	int64_t n = 0;

	if (op == DW_OP_call_frame_cfa || (op == DW_OP_fbreg && leb(p, end, true, &n))) {
		piece->in_frame = true;
		piece->cfa = n;
		return true;
	}
	if (op == DW_OP_deref && piece->in_frame && !piece->boxed)
		return piece->boxed = true;
	return (op >= DW_OP_reg0 && op <= DW_OP_reg31) ||
	       (op == DW_OP_regx && leb(p, end, false, &n));
}

/* Without DW_OP_piece there is one, of the whole variable. */
static bool pieces_of(const uint8_t *p, uint64_t n, struct debug_local *ret)
{
	const uint8_t *end = p + n;
	struct debug_piece piece = {0};
	int64_t size;

	ret->n = 0;
	while (p < end) {
		if (*p != DW_OP_piece) {
			if (!operation(&p, end, &piece))
				return false;
			continue;
		}
		p++;
		if (!leb(&p, end, false, &size) || size <= 0 || ret->n >= DEBUG_PIECES_MAX)
			return false;
		piece.size = (uint64_t)size;
		ret->piece[ret->n++] = piece;
		piece = (struct debug_piece){.off = piece.off + piece.size};
	}
	if (!ret->n)
		ret->piece[ret->n++] = piece;
	return true;
}

/* ---- asking ---- */

static bool in_scope(struct debug *d, const struct known *k, uint32_t scope, uint64_t pc)
{
	struct list_ref ref = k->ref;

	for (; scope; scope = k->scopes.v[scope].outer) {
		const struct scope *s = &k->scopes.v[scope];
		ref.off = s->list;
		if (!s->all && (s->hi ? pc < s->lo || pc >= s->hi : !lists_covers(d, &ref, pc)))
			return false;
	}
	return true;
}

/* @return false: it is nowhere */
static bool place_at(struct debug *d, const struct known *k, const struct var *v, uint64_t pc,
		     struct debug_local *ret)
{
	struct list_ref ref = k->ref;
	const uint8_t *p = v->p;
	uint64_t n = v->n;

	ref.off = v->off;
	if (v->list)
		p = lists_location(d, &ref, pc, &n);
	ret->name = v->name;
	ret->type = v->type;
	ret->func = k->scopes.v[v->scope].func;
	return p && n && pieces_of(p, n, ret);
}

/* Where a word that the compiler keeps apart belongs in its variable.  @return false: it is no such
 * word */
static bool is_part(const struct var *part, const struct var *of, uint64_t *off_ret)
{
	static const struct {
		const char *name;
		uint8_t off;
	} words[] = {{"ptr", 0}, {"len", 8}, {"cap", 16}, {"itab", 0}, {"type", 0}, {"data", 8}};
	size_t n = strlen(of->name);

	if (part->scope != of->scope || strncmp(part->name, of->name, n) || part->name[n] != '.')
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(part->name + n + 1, words[i].name)) {
			*off_ret = words[i].off;
			return true;
		}
	return false;
}

/* The variable by its words.  @return false: it has none that are anywhere */
static bool gather(struct debug *d, const struct known *k, const struct var *v, uint64_t pc,
		   struct debug_local *ret)
{
	struct debug_local word;
	uint64_t off;

	*ret = (struct debug_local){
		.name = v->name, .type = v->type, .func = k->scopes.v[v->scope].func};
	for (size_t i = 0; i < k->vars.n && ret->n < DEBUG_PIECES_MAX; i++) {
		if (!is_part(&k->vars.v[i], v, &off) || !place_at(d, k, &k->vars.v[i], pc, &word) ||
		    word.n != 1)
			continue;
		ret->piece[ret->n] = word.piece[0];
		ret->piece[ret->n].off = off;
		ret->piece[ret->n++].size = 8;
	}
	return ret->n;
}

/* @return false: no more are wanted */
static bool visit(struct debug *d, const struct known *k, const struct var *v, uint64_t pc,
		  debug_frame_fn *fn, void *arg)
{
	struct debug_local local;

	if (!in_scope(d, k, v->scope, pc))
		return true;
	if (place_at(d, k, v, pc, &local) && !fn(arg, &local))
		return false;
	return !gather(d, k, v, pc, &local) || fn(arg, &local);
}

void debug_frame_each(struct debug *d, const char *func, uint64_t entry, uint64_t pc,
		      debug_frame_fn *fn, void *arg)
{
	const struct known *k = known_at(d, func, entry);
	uint32_t deepest = 0;
	bool more = k != NULL;

	for (size_t i = 0; more && i < k->scopes.n; i++)
		if (k->scopes.v[i].inlined > deepest)
			deepest = k->scopes.v[i].inlined;
	for (uint32_t depth = 0; more && depth <= deepest; depth++)
		for (size_t i = 0; i < k->vars.n && more; i++)
			if (k->scopes.v[k->vars.v[i].scope].inlined == depth &&
			    !strchr(k->vars.v[i].name, '.'))
				more = visit(d, k, &k->vars.v[i], pc, fn, arg);
}
