/*
 * Inlined frames: src/runtime/symtabinl.go (1.21+), the same data in symtab.go before.
 *
 * The table PCDATA_InlTreeIndex (pcln_data.c) gives for a pc an index into the array of inlinedCall
 * that FUNCDATA_InlTree points to, or -1 when the code there is the function's own.  The call site
 * of an inlined call is described by another pc, parentPc: file, line and index at entry + parentPc
 * are those of the caller.
 */
#include "image/pcln_internal.h"

enum { MAX_DEPTH = 512 }; /* a loop of parents in a damaged table ends here */

/* Where the two tables of a function are. */
struct inl_tables {
	uint32_t index; /* pc table of indexes, offset in pctab */
	uint32_t tree;	/* array of inlinedCall, offset in gofunc */
};

static bool find_tables(const struct pclntab *t, const struct pcln_func *f, struct inl_tables *ret)
{
	const struct pcln_shape *s = &t->shape;

	return s->inl_size > 0 && s->inl_name_off >= 0 && s->inl_parent_pc >= 0 &&
	       pcln_pcdata_table(t, f, PCDATA_INL_TREE_INDEX, &ret->index) && ret->index &&
	       pcln_funcdata_offset(t, f, FUNCDATA_INL_TREE, &ret->tree) &&
	       ret->tree != FUNCDATA_NONE;
}

/* The inlined call number @p index: its name and id, and the pc that stands for its call site. */
static bool read_call(const struct pclntab *t, const struct inl_tables *tables, int32_t index,
		      struct pcln_frame *ret, uint32_t *parent_pc_ret)
{
	const struct pcln_shape *s = &t->shape;
	uint64_t off = tables->tree + (uint64_t)(uint32_t)index * (uint32_t)s->inl_size;
	uint32_t name;

	if (off > t->gofunc.n || t->gofunc.n - off < (uint32_t)s->inl_size)
		return false;
	if (!pcln_u32(&t->gofunc, off + (uint32_t)s->inl_name_off, &name) ||
	    !pcln_u32(&t->gofunc, off + (uint32_t)s->inl_parent_pc, parent_pc_ret))
		return false;
	ret->func = pcln_text(&t->funcnametab, name);
	ret->inlined = true;
	if (s->inl_func_id >= 0 && s->inl_func_id < s->inl_size)
		ret->func_id = t->gofunc.p[off + (uint32_t)s->inl_func_id];
	return true;
}

size_t pcln_expand(const struct pclntab *t, const struct pcln_func *f, taddr pc,
		   struct pcln_frame *frames, size_t max)
{
	struct inl_tables tables;
	size_t n = 0;

	if (!max)
		return 0;
	bool more = find_tables(t, f, &tables);
	for (int depth = 0; more && depth < MAX_DEPTH; depth++) {
		struct pcln_frame frame = {0};
		int32_t index;
		uint32_t parent_pc;
		if (!pcln_value(t, tables.index, f->entry, pc, &index) || index < 0 ||
		    !read_call(t, &tables, index, &frame, &parent_pc))
			break;
		if (n + 1 < max) {
			pcln_position(t, f, pc, &frame.file, &frame.line);
			frames[n++] = frame;
		}
		if (parent_pc >= f->end - f->entry)
			break;
		pc = f->entry + parent_pc;
	}
	frames[n] = (struct pcln_frame){.func = f->name, .func_id = f->func_id};
	pcln_position(t, f, pc, &frames[n].file, &frames[n].line);
	return n + 1;
}

enum { LOOKED_AT = 1 << 16 }; /* bytes of a function's code */

bool pcln_inlined_each(const struct pclntab *t, const struct pcln_func *f, pcln_call_fn *fn,
		       void *arg)
{
	struct inl_tables tables;
	int32_t last = -1, index;
	taddr end = f->end - f->entry < LOOKED_AT ? f->end : f->entry + LOOKED_AT, next;

	if (!find_tables(t, f, &tables))
		return true;
	for (taddr pc = f->entry;
	     pc < end && pcln_value_to(t, tables.index, f->entry, pc, &index, &next); pc = next)
		if (index > last)
			last = index;
	for (index = 0; index <= last && index < LOOKED_AT; index++) {
		struct pcln_frame call;
		uint32_t parent_pc;
		if (read_call(t, &tables, index, &call, &parent_pc) &&
		    !fn(arg, f->entry + parent_pc, call.func))
			return false;
	}
	return true;
}

static bool not_wanted(void *arg, taddr pc, const char *name)
{
	pcln_want_fn *const *want = arg;

	(void)pc;
	return !(*want)(name, strlen(name));
}

bool pcln_inlines(const struct pclntab *t, const struct pcln_func *f, pcln_want_fn *want)
{
	return !pcln_inlined_each(t, f, not_wanted, &want);
}

void pcln_inlined_at(const struct pclntab *t, const struct pcln_func *f, taddr pc, pcln_call_fn *fn,
		     void *arg)
{
	struct inl_tables tables;

	if (!find_tables(t, f, &tables))
		return;
	for (int depth = 0; depth < MAX_DEPTH; depth++) {
		struct pcln_frame call = {0};
		int32_t index;
		uint32_t parent_pc;
		if (!pcln_value(t, tables.index, f->entry, pc, &index) || index < 0 ||
		    !read_call(t, &tables, index, &call, &parent_pc) ||
		    parent_pc >= f->end - f->entry || !fn(arg, f->entry + parent_pc, call.func))
			return;
		pc = f->entry + parent_pc;
	}
}
