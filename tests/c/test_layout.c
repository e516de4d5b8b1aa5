/**
 * @file  Test program of the layout layer; tests/test_layout.py drives it over real Go executables.
 *
 *     test_layout self            tables, items and the check, without any executable
 *     test_layout agree EXE…      DWARF and the table of the release say the same, field by field
 *     test_layout load EXE [--debug FILE] [--bias N]
 *                                 what layout_load() makes of it, one fact a line, for the caller
 * to judge
 *     test_layout time EXE N      the fastest of N runs of image_open() + layout_load(), in
 *                                 microseconds
 *
 * Exit status: 0 all well, 1 a check failed (said on stderr), 2 wrong use.
 */
#include <inttypes.h>
#include <stdio.h>

#include "layout/debugfile.h"
#include "layout/layout_internal.h"

static int failures;

#define CHECK(ok, ...)                                                           \
	do {                                                                     \
		if (!(ok)) {                                                     \
			failures++;                                              \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #ok); \
			fprintf(stderr, __VA_ARGS__);                            \
			fputc('\n', stderr);                                     \
		}                                                                \
	} while (0)

static const char *const kinds[] = {"absent",	   "fault", "bad_data", "limit",   "no_debug_info",
				    "unsupported", "os",    "usage",	"canceled"};
static const char *const sources[] = {"missing", "dwarf", "table"};

static struct layout_field *field_at(struct layout *l, const struct layout_item *item)
{
	return (struct layout_field *)((char *)l + item->at);
}

/* -- without an executable ------------------------------------------------------------------- */

static void test_items(void)
{
	bool seen[LAYOUT_STRUCTS] = {false};

	CHECK(layout_item_count > 100, "%zu items", layout_item_count);
	for (size_t i = 0; i < layout_item_count; i++) {
		const struct layout_item *item = &layout_items[i];
		bool first = !i || layout_items[i - 1].strukt != item->strukt;
		CHECK(!first || !seen[item->strukt], "items of %s are not together",
		      layout_struct_names[item->strukt]);
		seen[item->strukt] = true;
		CHECK(item->at + sizeof(struct layout_field) <= offsetof(struct layout, s), "%s",
		      item->key);
	}
	for (size_t i = 0; i < LAYOUT_STRUCTS; i++)
		CHECK(seen[i] && layout_struct_names[i], "struct %zu", i);
	for (size_t i = 0; i < LAYOUT_VARIABLES; i++)
		CHECK(strchr(layout_variable_names[i], '.'), "variable %zu", i);
	CHECK(layout_variable_required[LAYOUT_VAR_allgs], "allgs");
	CHECK(!layout_variable_required[LAYOUT_VAR_todo], "todo");
}

static void test_tables(void)
{
	const int *minors;
	size_t n = layout_table_minors(&minors);
	struct layout l;

	CHECK(n >= 8, "%zu tables", n);
	for (size_t i = 0; i < n; i++) {
		CHECK(!i || minors[i] > minors[i - 1], "go1.%d is out of order", minors[i]);
		CHECK(layout_from_table(minors[i], &l), "go1.%d", minors[i]);
		CHECK(l.minor == minors[i] && l.table_minor == minors[i], "go1.%d", minors[i]);
		CHECK(l.source == LAYOUT_TABLE && l.from_table > 15 && !l.from_dwarf, "go1.%d",
		      minors[i]);
		struct err *err = layout_check(&l);
		CHECK(!err, "go1.%d: %s", minors[i], err->msg);
		err_free(err);
		CHECK(LAYOUT_HAS(l.hmap.buckets) == (minors[i] <= 23), "go1.%d", minors[i]);
		CHECK(LAYOUT_HAS(l.oldMapType.bucketsize) == (minors[i] <= 23), "go1.%d",
		      minors[i]);
		CHECK(LAYOUT_HAS(l.swissMap.dirPtr) == (minors[i] >= 24), "go1.%d", minors[i]);
		CHECK(LAYOUT_HAS(l.swissMapType.groupSize) == (minors[i] >= 24), "go1.%d",
		      minors[i]);
		CHECK(LAYOUT_HAS(l.withoutCancelCtx.c) == (minors[i] >= 21), "go1.%d", minors[i]);
		CHECK(l.sudog.c.size == 8 && l.sudog.elem.size == 8, "go1.%d", minors[i]);
	}
	CHECK(!layout_from_table(20, &l) && !layout_from_table(18, &l) &&
		      !layout_from_table(-1, &l),
	      "no such table");
}

/* The check must notice what it is for. */
static void test_check(void)
{
	struct layout l;

	for (size_t i = 0; i < layout_item_count; i++) {
		const struct layout_item *item = &layout_items[i];
		layout_from_table(27, &l);
		*field_at(&l, item) = (struct layout_field){LAYOUT_NONE, 0};
		struct err *err = layout_check(&l);
		CHECK(!err == !item->required, "%s without %s", layout_struct_names[item->strukt],
		      item->path);
		err_free(err);
		static const struct layout_field bad[] = {
			{0, 5 << 20}, {INT32_MAX, 8}, {-2, 8}, {0, 0}, {4 << 20, 1}};
		for (size_t k = 0; k < sizeof(bad) / sizeof(*bad); k++) {
			*field_at(&l, item) = bad[k];
			err = layout_check(&l);
			CHECK(err && err->kind == ERR_BAD_DATA, "%s bad %zu", item->path, k);
			err_free(err);
		}
	}
	layout_from_table(27, &l);
	l.s[LAYOUT_g].size = UINT32_MAX;
	struct err *err = layout_check(&l);
	CHECK(err && err->kind == ERR_BAD_DATA, "a g of 4 GiB");
	err_free(err);
}

/* -- with executables ------------------------------------------------------------------------ */

/* True: the table has the struct as DWARF has it. */
static void compare(const char *exe, struct layout *dwarf, struct layout *table)
{
	for (size_t i = 0; i < LAYOUT_STRUCTS; i++)
		if (dwarf->s[i].source == LAYOUT_DWARF)
			CHECK(dwarf->s[i].size == table->s[i].size, "%s: %s: %u, table %u", exe,
			      layout_struct_names[i], dwarf->s[i].size, table->s[i].size);
	for (size_t i = 0; i < layout_item_count; i++) {
		const struct layout_item *item = &layout_items[i];
		const struct layout_field *d = field_at(dwarf, item), *t = field_at(table, item);
		if (dwarf->s[item->strukt].source == LAYOUT_DWARF)
			CHECK(d->off == t->off && (!LAYOUT_HAS(*d) || d->size == t->size),
			      "%s: %s %s: %d (%u), table %d (%u)", exe,
			      layout_struct_names[item->strukt], item->path, d->off, d->size,
			      t->off, t->size);
	}
}

/* DWARF alone, without the table that stands in for what it lacks. */
static struct err *from_dwarf(const struct image *img, struct layout *ret)
{
	struct layout_debug d = {0};
	struct err *err = layout_open_debug(img, NULL, NULL, &d);

	if (!err && !d.debug)
		err = err_new(ERR_NO_DEBUG_INFO, "%s: no debug information", image_path(img));
	if (!err)
		err = layout_read_debug(d.debug, ret);
	layout_close_debug(&d);
	return err;
}

static void agree(const char *exe)
{
	struct image *img;
	struct layout dwarf, table;
	struct err *err = image_open(exe, &img);

	CHECK(!err, "%s", err->msg);
	if (err) {
		err_free(err);
		return;
	}
	err = from_dwarf(img, &dwarf);
	CHECK(!err, "%s", err->msg);
	CHECK(layout_from_table(image_go_minor(img), &table), "%s: no table for %s", exe,
	      image_go_version(img));
	if (!err) {
		compare(exe, &dwarf, &table);
		CHECK(dwarf.source == LAYOUT_DWARF, "%s", exe);
		printf("%s: %s, DWARF %d, %zu of %d structs\n", exe, image_go_version(img),
		       dwarf.dwarf_version, dwarf.from_dwarf, LAYOUT_STRUCTS);
	}
	err_free(err);
	image_close(img);
}

static void print_layout(struct layout *l)
{
	printf("source %s\ndwarf %d\nminor %d\ntable %d\nstructs %zu %zu\n", sources[l->source],
	       l->dwarf_version, l->minor, l->table_minor, l->from_dwarf, l->from_table);
	printf("mask_on_demand %d\nlabel_list %d\noffset_embed %d\nwrapper %d\n",
	       l->facts.mask_on_demand, l->facts.label_list, l->facts.offset_embed,
	       l->facts.wrapper_func_id);
	for (size_t i = 0; i < LAYOUT_STRUCTS; i++)
		printf("struct %s %s %u\n", layout_struct_names[i], sources[l->s[i].source],
		       l->s[i].size);
	for (size_t i = 0; i < layout_item_count; i++) {
		const struct layout_item *item = &layout_items[i];
		const struct layout_field *f = field_at(l, item);
		printf("field %s %s %d %u\n", layout_struct_names[item->strukt], item->key, f->off,
		       f->size);
	}
	for (size_t i = 0; i < LAYOUT_VARIABLES; i++)
		if (l->var[i].found)
			printf("var %s 0x%" PRIx64 " %" PRIu64 "\n", layout_variable_names[i],
			       l->var[i].addr, l->var[i].size);
}

static void print_err(struct err *err)
{
	printf("error %s %s\n", kinds[err->kind], err->msg);
	if (err->hint)
		printf("hint %s\n", err->hint);
	err_free(err);
}

static int load(int argc, char **argv)
{
	const char *debug_path = NULL;
	uint64_t bias = 0;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--debug"))
			debug_path = argv[i + 1];
		else if (!strcmp(argv[i], "--bias"))
			bias = strtoull(argv[i + 1], NULL, 0);
	}
	struct image *img;
	struct err *err = image_open(argv[0], &img);
	if (err) {
		print_err(err);
		return 0;
	}
	struct notes notes = {0};
	struct layout l;
	err = layout_load(img, bias, debug_path, &notes, &l);
	for (size_t i = 0; i < notes.list.n; i++)
		printf("note %s\n", notes.list.v[i].text);
	if (err)
		print_err(err);
	else
		print_layout(&l);
	notes_free(&notes);
	image_close(img);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "self") && argc == 2) {
		test_items();
		test_tables();
		test_check();
	} else if (!strcmp(mode, "agree") && argc > 2) {
		for (int i = 2; i < argc; i++)
			agree(argv[i]);
	} else if (!strcmp(mode, "load") && argc > 2) {
		return load(argc - 2, argv + 2);
	} else {
		fprintf(stderr, "usage: test_layout self | agree EXE… | load EXE [--debug FILE] "
				"[--bias N]\n");
		return 2;
	}
	return failures > 0;
}
