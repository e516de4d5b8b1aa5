#include "layout/layout_internal.h"

/* What debug_find() is asked, and its answers. */
struct query {
	struct debug_struct structs[LAYOUT_STRUCTS];
	struct debug_variable vars[LAYOUT_VARIABLES];
	struct debug_member *members; /* one for each of layout_items, in the same order */
};

static void ask(struct query *q)
{
	q->members = mem_zalloc(layout_item_count * sizeof(*q->members));
	for (size_t i = 0; i < layout_item_count; i++)
		q->members[i] =
			(struct debug_member){.path = layout_items[i].path, .off = LAYOUT_NONE};
	for (size_t i = 0; i < LAYOUT_STRUCTS; i++) {
		struct debug_struct *s = &q->structs[i];
		const struct layout_item *first = layout_items_of(i, &s->n);
		s->name = layout_struct_names[i];
		s->members = q->members + (first - layout_items);
	}
	for (size_t i = 0; i < LAYOUT_VARIABLES; i++)
		q->vars[i].name = layout_variable_names[i];
}

/*
 * Does the struct have every required field, and one of the list at all?  Half of one is of no use:
 * fields of two sources are never mixed.  heapArena of 1.22 to 1.24 has none of the fields, and is
 * as good as missing.
 */
static bool complete(const struct debug_struct *s, const struct layout_item *items)
{
	size_t found = 0;

	if (!s->found || !s->size || s->size > LAYOUT_STRUCT_MAX)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		const struct debug_member *m = &s->members[i];
		struct layout_field f = {m->off, m->size};
		if (m->off == LAYOUT_NONE ? items[i].required
					  : !layout_field_fits(&f, (uint32_t)s->size))
			return false;
		found += m->off != LAYOUT_NONE;
	}
	return found > 0;
}

static void take_structs(const struct query *q, struct layout *ret)
{
	for (size_t i = 0; i < LAYOUT_STRUCTS; i++) {
		const struct debug_struct *s = &q->structs[i];
		size_t n;
		const struct layout_item *items = layout_items_of(i, &n);
		if (!complete(s, items))
			continue;
		ret->s[i] = (struct layout_struct){(uint32_t)s->size, LAYOUT_DWARF};
		ret->from_dwarf++;
		for (size_t k = 0; k < n; k++)
			if (s->members[k].off != LAYOUT_NONE)
				*layout_field_at(ret, &items[k]) = (struct layout_field){
					s->members[k].off, s->members[k].size};
	}
}

struct err *layout_read_debug(struct debug *debug, struct layout *ret)
{
	struct query q = {0};

	layout_clear(ret);
	ask(&q);
	struct err *err = debug_find(debug, q.structs, LAYOUT_STRUCTS, q.vars, LAYOUT_VARIABLES);
	if (!err) {
		take_structs(&q, ret);
		for (size_t i = 0; i < LAYOUT_VARIABLES; i++)
			ret->var[i] = (struct layout_variable){q.vars[i].found, q.vars[i].addr,
							       q.vars[i].size};
		ret->source = ret->s[LAYOUT_g].source;
		ret->dwarf_version = ret->source == LAYOUT_DWARF ? debug_version(debug) : 0;
	}
	free(q.members);
	return err;
}
