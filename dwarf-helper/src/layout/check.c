#include <inttypes.h>

#include "layout/layout_internal.h"

bool layout_field_fits(const struct layout_field *f, uint32_t struct_size)
{
	// Wider ones are read by words, these in one piece: 8 bytes where 3 are meant would pass
	// the end of the struct.
	bool width = f->size == 1 || f->size == 2 || f->size == 4 || f->size >= 8;

	return f->off >= 0 && width && f->size <= struct_size &&
	       (uint32_t)f->off <= struct_size - f->size;
}

static struct err *check_field(const struct layout *l, const struct layout_item *item)
{
	const struct layout_field *f = layout_field_of(l, item);
	const char *name = layout_struct_names[item->strukt];

	if (!LAYOUT_HAS(*f)) {
		if (!item->required)
			return NULL;
		return err_new(ERR_BAD_DATA, "struct %s has no field %s", name, item->path);
	}
	uint32_t size = l->s[item->strukt].size;
	if (layout_field_fits(f, size))
		return NULL;
	return err_new(ERR_BAD_DATA,
		       "field %s of struct %s (offset %" PRId32 ", %" PRIu32
		       " bytes) lies outside of its %" PRIu32 " bytes",
		       item->path, name, f->off, f->size, size);
}

struct err *layout_check(const struct layout *l)
{
	for (size_t i = 0; i < LAYOUT_STRUCTS; i++)
		if (l->s[i].size > LAYOUT_STRUCT_MAX)
			return err_new(ERR_BAD_DATA, "struct %s is said to have %" PRIu32 " bytes",
				       layout_struct_names[i], l->s[i].size);
	for (size_t i = 0; i < layout_item_count; i++) {
		struct err *err = check_field(l, &layout_items[i]);
		if (err)
			return err;
	}
	return NULL;
}
