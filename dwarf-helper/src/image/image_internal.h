/**
 * @file  Inside of struct image, for the files of this layer only.
 *
 * Everything is worked out by image_open() and never changes afterwards: libelf is used while
 * opening and is closed again, so that any number of threads may ask one image at once.
 */
#ifndef GOCTX_IMAGE_IMAGE_INTERNAL_H
#define GOCTX_IMAGE_IMAGE_INTERNAL_H

#include "base/mem.h"
#include "image/image.h"

/** A section header.  `offset`, `size` are what the file claims: go through image_section_bytes()
 * for the bytes. */
struct elf_section {
	char *name; /* "" when the name cannot be read */
	uint64_t addr, size, offset, flags, entsize;
	uint32_t type, link;
};

/** A PT_NOTE segment; [offset, offset + size) lies in the file. */
struct elf_notes {
	uint64_t vaddr, offset, size;
};

struct image {
	char *path;
	const uint8_t *bytes; /* the mapped file */
	uint64_t size;
	int fd; /* of the file, for those who need a private mapping of it */
	const struct arch *arch;
	bool pie;
	uint64_t entry;
	uint64_t phdr_vaddr; /* of PT_PHDR, 0 when there is none */
	VEC(struct image_segment) segments;
	VEC(struct elf_notes) notes;
	VEC(struct elf_section) sections;

	const uint8_t *symtab; /* Elf64_Sym, perhaps unaligned */
	uint64_t nsyms;
	const char *strtab; /* ends in NUL */
	uint64_t strtab_size;

	char *gnu_build_id, *go_build_id; /* buildid.c */
	char *go_version, *modinfo;	  /* buildinfo.c; modinfo: lines of "what\tvalue…" */
	char *main_module, *module_path, *module_version;
	char *debuglink;
};

/** Bytes [off, off + len) of the file or NULL when they are not all there. */
const uint8_t *image_file_bytes(const struct image *img, uint64_t off, uint64_t len);

/** The file's bytes at a link-time address; @p extent_ret: how many there are up to the end of the
 * segment.  NULL: none. */
const uint8_t *image_addr_bytes(const struct image *img, uint64_t addr, uint64_t *extent_ret);

/** Section by name or NULL. */
const struct elf_section *image_find_section(const struct image *img, const char *name);

/** Bytes of a section as they are in the file (compressed ones compressed), NULL when it has
 * none. */
const uint8_t *image_section_bytes(const struct image *img, const struct elf_section *s);

/** Fill in the build ids.  @pre segments, notes and sections are there */
void image_scan_build_ids(struct image *img);

/** Fill in what .go.buildinfo says.  @pre as above */
void image_scan_build_info(struct image *img);

#endif
