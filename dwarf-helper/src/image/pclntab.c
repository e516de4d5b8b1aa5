#include "image/pcln_internal.h"

enum {
	FTAB_ENTRY = 8,	     /* struct functab since Go 1.18: entryoff u32, funcoff u32 */
	MAX_TEXT = 1 << 16,  /* bytes of a function or file name */
	MAX_STEPS = 1 << 22, /* of one pc table; a function of 64 MiB has fewer */
	MAX_NAME_HITS = 16,
};

bool pcln_u32(const struct pcln_bytes *b, uint64_t off, uint32_t *ret)
{
	if (off > b->n || b->n - off < 4)
		return false;
	memcpy(ret, b->p + off, 4);
	return true;
}

bool pcln_func_u32(const struct pclntab *t, uint32_t f, int32_t field, uint32_t *ret)
{
	return field >= 0 && pcln_u32(&t->pclntable, (uint64_t)f + (uint32_t)field, ret);
}

static uint8_t func_u8(const struct pclntab *t, uint32_t f, int32_t field)
{
	uint64_t off = (uint64_t)f + (uint32_t)field;

	return field >= 0 && off < t->pclntable.n ? t->pclntable.p[off] : 0;
}

const char *pcln_text(const struct pcln_bytes *b, uint64_t off)
{
	if (off >= b->n)
		return "?";
	uint64_t n = b->n - off;
	return memchr(b->p + off, '\0', n < MAX_TEXT ? n : MAX_TEXT) ? (const char *)b->p + off
								     : "?";
}

/* runtime.readvarint, which takes 32 bits. */
static bool take_varint(const uint8_t **p, const uint8_t *end, uint32_t *ret)
{
	uint32_t v = 0;

	for (unsigned shift = 0; shift < 32 && *p < end; shift += 7) {
		uint8_t b = *(*p)++;
		v |= (uint32_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

bool pcln_varint(struct pcln_bytes *b, uint32_t *ret)
{
	const uint8_t *p = b->p, *end = b->p + b->n;

	if (!take_varint(&p, end, ret))
		return false;
	*b = (struct pcln_bytes){p, (uint64_t)(end - p)};
	return true;
}

bool pcln_value_to(const struct pclntab *t, uint32_t table, taddr entry, taddr pc, int32_t *ret,
		   taddr *end_ret)
{
	if (!table || table >= t->pctab.n)
		return false;
	const uint8_t *p = t->pctab.p + table, *end = t->pctab.p + t->pctab.n;
	uint32_t value = (uint32_t)-1, value_delta, pc_delta;
	taddr at = entry;
	for (int step = 0; step < MAX_STEPS; step++) {
		if (!take_varint(&p, end, &value_delta) || (!value_delta && step))
			return false;
		if (!take_varint(&p, end, &pc_delta))
			return false;
		value += -(value_delta & 1) ^ (value_delta >> 1);
		at += (taddr)pc_delta * t->quantum;
		if (pc >= at)
			continue;
		*ret = (int32_t)value;
		*end_ret = at;
		return true;
	}
	return false;
}

bool pcln_value(const struct pclntab *t, uint32_t table, taddr entry, taddr pc, int32_t *ret)
{
	taddr end;

	return pcln_value_to(t, table, entry, pc, ret, &end);
}

void pcln_position(const struct pclntab *t, const struct pcln_func *f, taddr pc,
		   const char **file_ret, int32_t *line_ret)
{
	uint32_t table, cu, file_off;
	int32_t file, line;

	*file_ret = "?";
	*line_ret = 0;
	if (!pcln_func_u32(t, f->off, t->shape.pcln, &table) ||
	    !pcln_value(t, table, f->entry, pc, &line) || line == -1)
		return;
	if (!pcln_func_u32(t, f->off, t->shape.pcfile, &table) ||
	    !pcln_value(t, table, f->entry, pc, &file) || file < 0)
		return;
	if (!pcln_func_u32(t, f->off, t->shape.cu_offset, &cu) ||
	    !pcln_u32(&t->cutab, ((uint64_t)cu + (uint32_t)file) * 4, &file_off) ||
	    file_off == UINT32_MAX)
		return;
	*file_ret = pcln_text(&t->filetab, file_off);
	*line_ret = line > 0 ? line : 0;
}

uint64_t pcln_func_count(const struct pclntab *t)
{
	// at least the marks of one function and of the end; formats before 1.18 have no entry_off
	// field
	return t->shape.entry_off < 0 || t->ftab.n < 2 * FTAB_ENTRY ? 0
								    : t->ftab.n / FTAB_ENTRY - 1;
}

static uint32_t entry_off(const struct pclntab *t, uint64_t i)
{
	uint32_t v;

	memcpy(&v, t->ftab.p + i * FTAB_ENTRY, 4);
	return v;
}

/* Function number i < pcln_func_count().  False when its record is damaged or it marks a hole
 * (funcoff ^0). */
bool pcln_get_func(const struct pclntab *t, uint64_t i, struct pcln_func *ret)
{
	uint32_t off, entry, name, args = (uint32_t)PCLN_ARGS_UNKNOWN, deferreturn = 0;

	memcpy(&off, t->ftab.p + i * FTAB_ENTRY + 4, 4);
	if (t->shape.func_size <= 0 || off > t->pclntable.n ||
	    t->pclntable.n - off < (uint32_t)t->shape.func_size)
		return false;
	if (!pcln_func_u32(t, off, t->shape.entry_off, &entry) || entry != entry_off(t, i))
		return false;
	pcln_func_u32(t, off, t->shape.args, &args);
	pcln_func_u32(t, off, t->shape.deferreturn, &deferreturn);
	*ret = (struct pcln_func){
		.name = pcln_func_u32(t, off, t->shape.name_off, &name)
				? pcln_text(&t->funcnametab, name)
				: "?",
		.entry = t->text + entry,
		.end = t->text + entry_off(t, i + 1),
		.off = off,
		.func_id = func_u8(t, off, t->shape.func_id),
		.args = (int32_t)args,
		.deferreturn = deferreturn,
	};
	return true;
}

bool pcln_find(const struct pclntab *t, taddr pc, struct pcln_func *ret)
{
	uint64_t lo = 0, hi = pcln_func_count(t);

	if (!hi || pc < t->text || (t->etext && pc >= t->etext) || pc - t->text >= entry_off(t, hi))
		return false;
	// invariant: entry of lo <= pc < entry of hi
	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (entry_off(t, mid) <= pc - t->text)
			lo = mid;
		else
			hi = mid;
	}
	return entry_off(t, lo) <= pc - t->text && pcln_get_func(t, lo, ret);
}

static bool find_by_name_off(const struct pclntab *t, uint32_t want, struct pcln_func *ret)
{
	uint64_t n = pcln_func_count(t);
	uint32_t off, name;

	for (uint64_t i = 0; i < n; i++) {
		memcpy(&off, t->ftab.p + i * FTAB_ENTRY + 4, 4);
		if (pcln_func_u32(t, off, t->shape.name_off, &name) && name == want &&
		    pcln_get_func(t, i, ret))
			return true;
	}
	return false;
}

/* The name's place in funcnametab first (each name is there once), then the function with that
 * number: no text is compared twice. */
bool pcln_find_name(const struct pclntab *t, const char *name, struct pcln_func *ret)
{
	const uint8_t *start = t->funcnametab.p, *end = start + t->funcnametab.n, *p = start;
	size_t len = strlen(name) + 1;

	if (len == 1 || len > MAX_TEXT)
		return false;
	for (int hits = 0; hits < MAX_NAME_HITS && (size_t)(end - p) >= len; p++) {
		p = memmem(p, (size_t)(end - p), name, len);
		if (!p)
			return false;
		if (p != start && p[-1])
			continue; // the tail of a longer name
		hits++;
		if ((uint64_t)(p - start) <= UINT32_MAX &&
		    find_by_name_off(t, (uint32_t)(p - start), ret))
			return true;
	}
	return false;
}

/* Places in funcnametab of the names that are wanted, ascending. */
size_t pcln_select_names(const struct pclntab *t, pcln_want_fn *want, uint32_t *ret)
{
	const uint8_t *start = t->funcnametab.p, *end = start + t->funcnametab.n;
	size_t n = 0;

	for (const uint8_t *p = start, *nul; n < PCLN_SELECTED && p < end; p = nul + 1) {
		nul = memchr(p, 0, (size_t)(end - p));
		if (!nul || (uint64_t)(p - start) > UINT32_MAX)
			break;
		if (nul - p < MAX_TEXT && want((const char *)p, (size_t)(nul - p)))
			ret[n++] = (uint32_t)(p - start);
	}
	return n;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void pcln_select(const struct pclntab *t, pcln_want_fn *want, pcln_func_fn *fn, void *arg)
{
	uint32_t names[PCLN_SELECTED], off, name;
	size_t n = pcln_select_names(t, want, names);
	uint64_t funcs = n ? pcln_func_count(t) : 0;
	struct pcln_func f;

	for (uint64_t i = 0; i < funcs; i++) {
		memcpy(&off, t->ftab.p + i * FTAB_ENTRY + 4, 4);
		if (!pcln_func_u32(t, off, t->shape.name_off, &name) || name < names[0] ||
		    name > names[n - 1])
			continue;
		if (bsearch(&name, names, n, sizeof(*names), by_number) && pcln_get_func(t, i, &f))
			fn(arg, &f);
	}
}

bool pcln_frame_size(const struct pclntab *t, const struct pcln_func *f, taddr pc, int32_t *ret)
{
	uint32_t table;
	int32_t size;

	if (!pcln_func_u32(t, f->off, t->shape.pcsp, &table) ||
	    !pcln_value(t, table, f->entry, pc, &size) || size < 0)
		return false;
	*ret = size;
	return true;
}
