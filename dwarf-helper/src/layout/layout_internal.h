/**
 * @file  What the files of this layer share: an empty layout, its struct-wise filling.
 */
#ifndef GOCTX_LAYOUT_LAYOUT_INTERNAL_H
#define GOCTX_LAYOUT_LAYOUT_INTERNAL_H

#include "layout/layout.h"

/** Bytes that no struct of the runtime reaches: the largest, heapArena of go1.19, has 2.1 MB. */
#define LAYOUT_STRUCT_MAX (4u << 20)

/** Forget everything: no field, no struct, no variable, no release. */
void layout_clear(struct layout *l);

static inline struct layout_field *layout_field_at(struct layout *l, const struct layout_item *item)
{
	return (struct layout_field *)((char *)l + item->at);
}

/** Fill l->facts from the release and, where that is not known, from the structs found. */
void layout_set_facts(struct layout *l);

/** The items of one struct are neighbours in layout_items: the first, and how many (@p n_ret). */
const struct layout_item *layout_items_of(enum layout_struct_id id, size_t *n_ret);

/** Does the field lie inside a struct of @p struct_size bytes, and can it be read: 1, 2, 4 bytes,
 * or 8 and more? */
bool layout_field_fits(const struct layout_field *f, uint32_t struct_size);

/**
 * Look everything of fields.h up in one walk.  A struct is taken only when its required fields are
 * all there and lie inside it. Variables get their link-time address.  @p ret is cleared first.
 * @return NULL, ERR_BAD_DATA
 */
struct err *layout_read_debug(struct debug *debug, struct layout *ret);

#endif
