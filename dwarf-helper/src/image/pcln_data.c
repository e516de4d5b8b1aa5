/*
 * The tables that follow a runtime._func (src/runtime/symtab.go: pcdatastart, funcdata): npcdata
 * offsets into pctab, then nfuncdata offsets from moduledata.gofunc, u32 each since Go 1.18.
 */
#include "image/pcln_internal.h"

bool pcln_pcdata_table(const struct pclntab *t, const struct pcln_func *f, uint32_t id,
		       uint32_t *ret)
{
	uint32_t npcdata;

	if (t->shape.func_size <= 0 || !pcln_func_u32(t, f->off, t->shape.npcdata, &npcdata))
		return false;
	*ret = 0;
	return id >= npcdata ||
	       pcln_u32(&t->pclntable, (uint64_t)f->off + (uint32_t)t->shape.func_size + id * 4ull,
			ret);
}

bool pcln_funcdata_offset(const struct pclntab *t, const struct pcln_func *f, uint32_t id,
			  uint32_t *ret)
{
	uint64_t count = (uint64_t)f->off + (uint32_t)t->shape.nfuncdata;
	uint32_t npcdata;

	if (t->shape.func_size <= 0 || t->shape.nfuncdata < 0 || count >= t->pclntable.n ||
	    !pcln_func_u32(t, f->off, t->shape.npcdata, &npcdata))
		return false;
	*ret = FUNCDATA_NONE;
	uint64_t array = (uint64_t)f->off + (uint32_t)t->shape.func_size + npcdata * 4ull;
	return id >= t->pclntable.p[count] || pcln_u32(&t->pclntable, array + id * 4ull, ret);
}

bool pcln_pcdata(const struct pclntab *t, const struct pcln_func *f, enum pcln_pcdata_id id,
		 taddr pc, int32_t *ret)
{
	uint32_t table;

	if (!pcln_pcdata_table(t, f, (uint32_t)id, &table))
		return false;
	*ret = -1;
	return !table || pcln_value(t, table, f->entry, pc, ret);
}

bool pcln_funcdata(const struct pclntab *t, const struct pcln_func *f, enum pcln_funcdata_id id,
		   struct pcln_bytes *ret)
{
	uint32_t off;

	if (!pcln_funcdata_offset(t, f, (uint32_t)id, &off))
		return false;
	*ret = (struct pcln_bytes){0};
	if (off == FUNCDATA_NONE)
		return true;
	if (off >= t->gofunc.n)
		return false;
	*ret = (struct pcln_bytes){t->gofunc.p + off, t->gofunc.n - off};
	return true;
}
