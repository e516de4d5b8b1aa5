/**
 * @file  Reading the pc-line tables, for the files pcln*.c only.  Every reader checks its
 * bounds.
 */
#ifndef GOCTX_IMAGE_PCLN_INTERNAL_H
#define GOCTX_IMAGE_PCLN_INTERNAL_H

#include "image/pclntab.h"

/** Little-endian u32 at byte @p off. */
bool pcln_u32(const struct pcln_bytes *b, uint64_t off, uint32_t *ret);

/** A field of four bytes of the _func at @p f; false when this release has no such field. */
bool pcln_func_u32(const struct pclntab *t, uint32_t f, int32_t field, uint32_t *ret);

/** Offset in pctab of a pcdata table, 0 when the function has none.  @return false when the record
 * is damaged */
bool pcln_pcdata_table(const struct pclntab *t, const struct pcln_func *f, uint32_t id,
		       uint32_t *ret);

#define FUNCDATA_NONE UINT32_MAX /* runtime/symtab.go: funcdata: ^uint32(0) */

/** Offset from gofunc of a funcdata, FUNCDATA_NONE when the function has none.  @return false when
 * the record is damaged */
bool pcln_funcdata_offset(const struct pclntab *t, const struct pcln_func *f, uint32_t id,
			  uint32_t *ret);

/** NUL-terminated text at @p off, "?" when it is outside or does not end. */
const char *pcln_text(const struct pcln_bytes *b, uint64_t off);

#define PCLN_SELECTED 256

/** Places in funcnametab of the names that @p want accepts, ascending; PCLN_SELECTED at most.
 * @return how many */
size_t pcln_select_names(const struct pclntab *t, pcln_want_fn *want, uint32_t *ret);

/** How many functions ftab has, and number @p i < that.  @return false: its record is damaged, or
 * it marks a hole */
uint64_t pcln_func_count(const struct pclntab *t);
bool pcln_get_func(const struct pclntab *t, uint64_t i, struct pcln_func *ret);

/**
 * Value of the pc table at @p table of pctab for @p pc, of a function that starts at @p entry
 * (runtime.pcvalue). Each step is two varints: zigzag change of the value, length of code for which
 * it holds.
 * @return false: no table (offset 0), damaged, or it ends before @p pc
 */
bool pcln_value(const struct pclntab *t, uint32_t table, taddr entry, taddr pc, int32_t *ret);

/** The same, and up to which pc it is so. */
bool pcln_value_to(const struct pclntab *t, uint32_t table, taddr entry, taddr pc, int32_t *ret,
		   taddr *end_ret);

/** File and line of @p pc, without inlining: "?" and 0 when not known (runtime.funcline1). */
void pcln_position(const struct pclntab *t, const struct pcln_func *f, taddr pc,
		   const char **file_ret, int32_t *line_ret);

#endif
