/**
 * @file  Inside of the target layer: what the two halves of the core reader share.
 */
#ifndef GOCTX_TARGET_CORE_INTERNAL_H
#define GOCTX_TARGET_CORE_INTERNAL_H

#include <gelf.h>

#include "target/target_internal.h"

/** An open core while it is read: `map` stays for the life of the target, `elf` does not. */
struct core {
	const uint8_t *map;
	size_t size;
	Elf *elf;
	const struct arch *arch;
	uint64_t missing; /* bytes that program headers promise beyond the end of the file */
	file_ranges ranges;
	struct file_index index;
	bool has_file_note;
};

/**
 * Read the notes of one PT_NOTE segment into @p t and @p c: threads, mapped files, entry point,
 * process id. Unknown notes are skipped, malformed ones noted as damage.
 */
void core_read_notes(struct target *t, struct core *c, const GElf_Phdr *segment);

#endif
