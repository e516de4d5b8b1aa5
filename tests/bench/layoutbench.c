/*
 * layoutbench EXE: how long goctx takes to find its layouts in an executable, hot, the median of five, as one line of
 * JSON:
 *
 *     {"seconds":0.041,"debug_bytes":18000000,"from_dwarf":38,"from_table":2}
 *
 * debug_bytes: size of the sections with debug information.  Linked with build/libgoctx.a.
 */
#include "layout/layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS 5

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static uint64_t debug_bytes(const struct image *img)
{
	static const char *const names[] = {"abbrev", "addr",	  "frame",  "gdb_scripts", "info",	  "line",
					    "loc",    "loclists", "ranges", "rnglists",	   "str_offsets", "str"};
	uint64_t bytes = 0, addr, size;
	char section[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(section, sizeof(section), ".debug_%s", names[i]);
		if (image_section(img, section, &addr, &size))
			bytes += size;
		snprintf(section, sizeof(section), ".zdebug_%s", names[i]);
		if (image_section(img, section, &addr, &size))
			bytes += size;
	}
	return bytes;
}

/* Once, from the path to the layouts.  @return seconds */
static double find_layouts(const char *path, struct layout *l, uint64_t *debug_ret)
{
	struct notes notes = {0};
	struct image *img;
	double start = now();

	struct err *err = image_open(path, &img);
	if (!err)
		err = layout_load(img, 0, NULL, &notes, l);
	if (err) {
		fprintf(stderr, "layoutbench: %s\n", err->msg);
		exit(1);
	}
	double took = now() - start;
	*debug_ret = debug_bytes(img);
	image_close(img);
	notes_free(&notes);
	return took;
}

int main(int argc, char **argv)
{
	static struct layout l;
	uint64_t debug;
	double took[RUNS];

	if (argc != 2) {
		fputs("layoutbench: usage: layoutbench EXE\n", stderr);
		return 1;
	}
	find_layouts(argv[1], &l, &debug); // into the page cache
	for (int i = 0; i < RUNS; i++)
		took[i] = find_layouts(argv[1], &l, &debug);
	qsort(took, RUNS, sizeof(took[0]), by_size);
	printf("{\"seconds\":%.6f,\"debug_bytes\":%" PRIu64 ",\"from_dwarf\":%zu,\"from_table\":%zu}\n", took[RUNS / 2],
	       debug, l.from_dwarf, l.from_table);
	return 0;
}
