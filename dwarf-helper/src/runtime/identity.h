/**
 * @file  Is this the file that the target runs?  Decided here, for the executable and for shared
 * objects.
 *
 * Build ids settle it where both sides have one.  A core may lack them: their pages are those of a
 * file, unwritten, and are dumped by bit 4 of /proc/PID/coredump_filter alone (core(5)).  What
 * every core with a heap has are the writable pages of the file's data.  Of those the Go linker
 * fills runtime.firstmoduledata (cmd/link/internal/ld/symtab.go), and the string headers of
 * runtime.buildVersion and runtime.modinfo; the runtime writes only to words of theirs that are
 * zero in the file (runtime/symtab.go: gcdatamask, gcbssmask, typemap, next, bad).  They hold the
 * sizes and places of text, data, types and tables: a build that differs in none of them is laid
 * out alike, and right answers come of it.  In a PIE the read-only data is relocated, hence dumped
 * as well; where it is there it is compared.  At last the places of itabs in runtime.itabTable show
 * types that were renamed or changed within the same sizes.
 *
 * Code is never compared: breakpoints and probes are in it.
 */
#ifndef GOCTX_RUNTIME_IDENTITY_H
#define GOCTX_RUNTIME_IDENTITY_H

#include "image/image.h"
#include "layout/layout.h"
#include "target/target.h"

enum identity_by { IDENTITY_BY_NOTHING, IDENTITY_BY_BUILD_ID, IDENTITY_BY_DATA };

/** What was found out.  Zero-initialise; texts are malloc'ed, identity_free(). */
struct identity {
	enum build_match match; /* BUILD_UNKNOWN: nothing could be compared */
	enum identity_by by;
	char *there;   /* the target's build id as text, NULL when it has none */
	char *differs; /* by data: "etext of runtime.firstmoduledata is 0x… there, 0x… here"; NULL
			  else */
};

void identity_free(struct identity *id);

/** Compare build ids.  No layout is needed, so that it also works for a file that is no Go
 * program. */
void identity_by_build_id(const struct image *img, struct target *t, struct identity *id);

/**
 * Where that settled nothing (BUILD_UNKNOWN), compare data.  To be called before
 * image_back_target().
 * @param l     of the image; variables at run-time addresses
 * @param bias  image_bias()
 * Cost: some hundred words, and a microsecond an itab; of a PIE, and where all read-only pages were
 * dumped, these: 10 ns a word.
 */
void identity_by_data(const struct image *img, struct target *t, const struct layout *l,
		      uint64_t bias, struct identity *id);

/**
 * A shared object, file number @p file of the target, by build ids, else by where it is mapped and
 * by its data. Where it holds no Go code, the majority of words decides: some differ because the
 * loader or the library itself wrote them at start.
 * @param l  of the executable: Go's modules of one process are of one release
 */
void identity_of_library(const struct image *img, struct target *t, const struct layout *l,
			 int32_t file, struct identity *id);

/** The moduledata of a plugin or shared library that lies in file number @p file.  0: it holds
 * none, or the list is not readable. */
taddr identity_module_of_file(struct target *t, const struct layout *l, int32_t file);

#endif
