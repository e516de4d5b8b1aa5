/**
 * @file  What the executable file says: ELF by libelf, build ids, Go build information, symbols.
 *
 * Knows ELF and the layout of Go's build information; knows nothing of goroutines or contexts.
 * Addresses are link-time addresses; the caller adds the load bias (image_bias()).
 *
 * An image never changes after image_open(): any number of threads may ask one at once.  Texts
 * belong to it and are valid until image_close().  The file is hostile: what it claims is checked
 * against its size, and a truncated executable is still read as far as it goes.
 */
#ifndef GOCTX_IMAGE_IMAGE_H
#define GOCTX_IMAGE_IMAGE_H

#include "base/err.h"
#include "target/target.h"

struct image;

/** Build-id match between the file and the memory of a target. */
enum build_match { BUILD_UNKNOWN, BUILD_SAME, BUILD_DIFFERENT };

/**
 * Open and map an executable.
 * @return NULL, or ERR_OS, ERR_BAD_DATA (not ELF, damaged headers), ERR_UNSUPPORTED (of no
 * processor that can be read; the hint says which it is) Cost: 0.1 ms, whatever the size of the
 * file.
 */
struct err *image_open(const char *path, struct image **ret);
void image_close(struct image *img);

const char *image_path(const struct image *img);

/** The processor it is made for; never NULL. */
const struct arch *image_arch(const struct image *img);

/** The whole file, mapped read-only; valid until image_close(). */
const uint8_t *image_bytes(const struct image *img, uint64_t *size_ret);

/** GNU build id in hex, NULL when the file has none (Go adds it by default since 1.24).  Go's own
 * build id likewise. */
const char *image_gnu_build_id(const struct image *img);
const char *image_go_build_id(const struct image *img);

/** "go1.26.11", with experiments as the toolchain wrote them ("go1.25.12 X:greenteagc"); NULL: not
 * a Go program. */
const char *image_go_version(const struct image *img);

/** Minor release of image_go_version(): 27 for go1.27.4; "devel go1.28-abc" gives 28; -1 when it is
 * not known. */
int image_go_minor(const struct image *img);

/** Module of the main package with its version ("example.com/app (devel)"), NULL when the build
 * recorded none. */
const char *image_main_module(const struct image *img);

/** The two parts of it; each NULL when it is not recorded. */
const char *image_module_path(const struct image *img);
const char *image_module_version(const struct image *img);

/**
 * A setting of `go build` that the build recorded ("-pgo" gives the path of the profile).
 * @return malloc'ed text, NULL when it is not recorded
 */
char *image_build_setting(const struct image *img, const char *key);

/** Is there the build information that the linker puts into every Go program and library, in @p n
 * bytes of a segment in memory? */
bool image_has_build_info(const uint8_t *p, uint64_t n);

/** Position-independent (ET_DYN)? */
bool image_is_pie(const struct image *img);

/** Link-time entry point and the address range of all PT_LOAD segments. */
uint64_t image_entry(const struct image *img);

/** One PT_LOAD segment as linked. */
struct image_segment {
	uint64_t vaddr, memsz, filesz, offset;
	uint8_t perm; /* REGION_* */
};
size_t image_segments(const struct image *img, const struct image_segment **ret);

/** Load bias: AT_ENTRY of the target minus e_entry, or from where the target maps the file.  0 for
 * ET_EXEC. */
uint64_t image_bias(const struct image *img, const struct target *t);

/** Load bias of an image that is file number @p file of the target, a shared object.  @return false
 * when no segment of it is mapped */
bool image_bias_of_file(const struct image *img, const struct target *t, int32_t file,
			uint64_t *ret);

/**
 * Is file number @p file of the target mapped as the program headers of this image say: every
 * segment's first and last page of the file, from the right offset on?
 */
bool image_fits_maps(const struct image *img, const struct target *t, int32_t file, uint64_t bias);

/** Where a word of memory comes from when a program starts. */
enum image_word {
	WORD_UNKNOWN, /* does not follow from the file: not in it, or the address of another file's
			 symbol */
	WORD_OF_FILE, /* the file's bytes */
	WORD_RELOCATED, /* an address in this image, moved by the load bias */
};

/**
 * The words of link-time addresses [addr, addr + 8 * n) as the loader leaves them: the file's
 * bytes, relocated by @p bias.
 * @param words_ret  n words
 * @param from_ret   n of enum image_word
 * Cost: one pass over the relocations (24 bytes each, 100 000 in a PIE of 20 MB: 0.3 ms), and 10 ns
 * a word.
 */
void image_loaded(const struct image *img, uint64_t addr, size_t n, uint64_t bias,
		  uint64_t *words_ret, uint8_t *from_ret);

/**
 * A symbol of .symtab by exact name: defined ones only, neither files nor sections.  @return false
 * when stripped or absent. Cost: one scan of the table, 0.06 ms for cmd/compile of Go 1.27 (35 000
 * symbols).
 */
bool image_symbol(const struct image *img, const char *name, uint64_t *addr_ret,
		  uint64_t *size_ret);

/**
 * Name of the object (variable) of .symtab that covers a link-time address.  @return NULL when none
 * does Cost: one scan of the table.
 */
const char *image_object_at(const struct image *img, uint64_t addr, uint64_t *addr_ret,
			    uint64_t *size_ret);

/** One object (variable) of .symtab: name, link-time address, bytes.  @return false to stop */
typedef bool image_object_fn(void *arg, const char *name, uint64_t addr, uint64_t size);

/** All of them that have a size, in the table's order; one scan. */
void image_objects_each(const struct image *img, image_object_fn *fn, void *arg);

/** A section's link-time address and size by name.  @return false when absent. */
bool image_section(const struct image *img, const char *name, uint64_t *addr_ret,
		   uint64_t *size_ret);

/** Name of the debug file that .gnu_debuglink asks for, or NULL. */
const char *image_debuglink(const struct image *img);

/**
 * Compare build ids of the file with what the target has mapped at the image's note segment (bytes
 * of the core or process itself, never file-backed ones).  @p there_ret (may be NULL): the target's
 * id in hex or Go's text, malloc'ed, NULL when it has none.
 */
enum build_match image_match(const struct image *img, struct target *t, char **there_ret);

/** The same for a shared object, whose ELF header the target has at @p header. */
enum build_match image_match_at(const struct image *img, struct target *t, taddr header,
				char **there_ret);

/**
 * Give the target the file's read-only bytes where it has none: the pages of every PT_LOAD without
 * write permission (target_back()), and the ranges that NT_FILE says were mapped from this path.
 * What the process may have written, or its loader relocated, is never taken from the file.  @p img
 * must outlive @p t.
 */
void image_back_target(const struct image *img, struct target *t);

#endif
