/**
 * @file  Where the debug information of an executable is: in it, or in a separate file.
 */
#ifndef GOCTX_LAYOUT_DEBUGFILE_H
#define GOCTX_LAYOUT_DEBUGFILE_H

#include "image/debug.h"
#include "image/image.h"

/** Where debug information was found.  Zero-initialise; close with layout_close_debug(). */
struct layout_debug {
	struct image *file;  /* a separate debug file, NULL: the executable itself */
	struct debug *debug; /* NULL: there is none (file may have symbols all the same) */
};

/**
 * Open the debug information: @p debug_path when given, else the executable's own, else a separate
 * file by build id or debug link in GDB's places (/usr/lib/debug/.build-id/xx/….debug, beside the
 * executable, its .debug/, /usr/lib/debug/DIR/).
 *
 * @param notes  for candidates of another build; NULL: say nothing
 * @return NULL (with ret->debug or not), ERR_BAD_DATA (refused by libdwarf; or @p debug_path is of
 * another build), or what image_open() says of @p debug_path
 */
struct err *layout_open_debug(const struct image *img, const char *debug_path, struct notes *notes,
			      struct layout_debug *ret);
void layout_close_debug(struct layout_debug *d);

#endif
