#include "layout/layout_internal.h"

/*
 * One element an included file.  Only what is there is written: a field of size 0 is one that the
 * release does not have (or that is newer than the table: run tests/support/gen_layout.py after a
 * change of fields.h).
 */
static const struct table {
	int minor;
	const char *release; /* which patch release was measured */
	struct layout layout;
} tables[] = {
#include "layout/tables/go1_19.inc"
#include "layout/tables/go1_21.inc"
#include "layout/tables/go1_22.inc"
#include "layout/tables/go1_23.inc"
#include "layout/tables/go1_24.inc"
#include "layout/tables/go1_25.inc"
#include "layout/tables/go1_26.inc"
#include "layout/tables/go1_27.inc"
};

enum { TABLES = sizeof(tables) / sizeof(*tables) };

static const int minors[] = {19, 21, 22, 23, 24, 25, 26, 27};
_Static_assert(sizeof(minors) / sizeof(*minors) == TABLES,
	       "a table is missing from the list of releases");

bool layout_from_table(int minor, struct layout *ret)
{
	size_t i = 0;

	while (i < TABLES && tables[i].minor != minor)
		i++;
	if (i == TABLES)
		return false;
	*ret = tables[i].layout;
	for (size_t k = 0; k < layout_item_count; k++) {
		struct layout_field *f = layout_field_at(ret, &layout_items[k]);
		if (!f->size)
			f->off = LAYOUT_NONE;
	}
	for (size_t k = 0; k < LAYOUT_STRUCTS; k++)
		ret->from_table += ret->s[k].source == LAYOUT_TABLE;
	ret->source = LAYOUT_TABLE;
	ret->minor = minor;
	ret->table_minor = minor;
	layout_set_facts(ret);
	return true;
}

size_t layout_table_minors(const int **ret)
{
	*ret = minors;
	return TABLES;
}
