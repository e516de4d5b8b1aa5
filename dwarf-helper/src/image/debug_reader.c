/*
 * Sections for libdwarf.  It sees six sections of ours and no ELF: its own reader would also load
 * (and inflate) location and range lists, and would parse section headers that a hostile file made
 * up.  Those lists are read by debug_lists.c, when a variable of a frame is asked for.
 *
 * Go compresses by default: SHF_COMPRESSED since 1.19, ".zdebug_" names before.  libelf inflates
 * both, into memory of its own, and then corrects the section header in place: so it gets a private
 * mapping of its own, too.
 */
#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include "image/debug_internal.h"
#include "image/image_internal.h"

#define MAX_SECTION ((uint64_t)2 << 30) /* bytes after inflating */

enum {
	MAX_RATIO = 1100,      /* deflate itself ends at 1032 */
	RATIO_FREE = 64 << 10, /* small sections may shrink to anything */
	GNU_HEADER = 12,       /* "ZLIB" and the size, big-endian */
};

enum packing { PLAIN, PACKED_ELF, PACKED_GNU };

struct source {
	Elf_Scn *scn; /* NULL: not in this file */
	enum packing packing;
	const uint8_t *p; /* plain bytes, NULL until loaded */
	uint64_t size;	  /* plain */
};

/* libdwarf's numbers for our sections; 0 is the empty section that ELF files start with.  Those
 * from SEC_SHOWN on it is not shown. */
enum {
	SEC_NONE,
	SEC_INFO,
	SEC_ABBREV,
	SEC_STR,
	SEC_LINE_STR,
	SEC_STR_OFFSETS,
	SEC_ADDR,
	SEC_SHOWN,
	SEC_LISTS = SEC_SHOWN, /* the order of enum debug_lists */
	SEC_COUNT = SEC_LISTS + DEBUG_LISTS
};

static const char *const section_name[SEC_COUNT] = {
	"",
	".debug_info",
	".debug_abbrev",
	".debug_str",
	".debug_line_str",
	".debug_str_offsets",
	".debug_addr",
	[SEC_LISTS + LIST_LOC] = ".debug_loc",
	[SEC_LISTS + LIST_LOCLISTS] = ".debug_loclists",
	[SEC_LISTS + LIST_RANGES] = ".debug_ranges",
	[SEC_LISTS + LIST_RNGLISTS] = ".debug_rnglists",
};

#if LIBDWARF_AT_LEAST(0, 3)
typedef Dwarf_Obj_Access_Interface_a object_interface;
typedef Dwarf_Obj_Access_Methods_a object_methods;
typedef Dwarf_Obj_Access_Section_a object_section;
typedef Dwarf_Small object_endian;
#define ENDIAN_LITTLE DW_END_little
#else
typedef Dwarf_Obj_Access_Interface object_interface;
typedef Dwarf_Obj_Access_Methods object_methods;
typedef Dwarf_Obj_Access_Section object_section;
typedef Dwarf_Endianness object_endian;
#define ENDIAN_LITTLE DW_OBJECT_LSB
#endif

#if LIBDWARF_AT_LEAST(0, 7)
typedef Dwarf_Unsigned object_index;
#else
typedef Dwarf_Half object_index;
#endif

struct reader {
	const struct image *img;
	Elf *elf;
	struct source source[SEC_COUNT];
	object_interface interface;
};

static uint64_t big_endian_64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static struct err *check_size(const struct image *img, const char *name, uint64_t packed,
			      uint64_t plain)
{
	if (plain <= MAX_SECTION && (plain <= RATIO_FREE || plain / MAX_RATIO <= packed))
		return NULL;
	return err_new(ERR_LIMIT, "%s: section %s claims to inflate from %llu to %llu bytes",
		       img->path, name, (unsigned long long)packed, (unsigned long long)plain);
}

/* How a section is packed and how large it will be. */
static struct err *measure(const struct image *img, const GElf_Shdr *sh, bool z, const char *name,
			   struct source *s)
{
	const uint8_t *p = sh->sh_type == SHT_NOBITS
				   ? NULL
				   : image_file_bytes(img, sh->sh_offset, sh->sh_size);
	Elf64_Chdr ch;

	if (!p)
		return err_new(ERR_BAD_DATA, "%s: section %s is not all in the file", img->path,
			       name);
	if (sh->sh_flags & SHF_COMPRESSED) {
		if (sh->sh_size < sizeof(ch))
			return err_new(ERR_BAD_DATA, "%s: section %s is too short", img->path,
				       name);
		memcpy(&ch, p, sizeof(ch));
		s->packing = PACKED_ELF;
		s->size = ch.ch_size;
	} else if (z && sh->sh_size >= GNU_HEADER && !memcmp(p, "ZLIB", 4)) {
		s->packing = PACKED_GNU;
		s->size = big_endian_64(p + 4);
	} else {
		s->p = p;
		s->size = sh->sh_size;
	}
	return check_size(img, name, sh->sh_size, s->size);
}

/* Our number for a section of the file, SEC_NONE when libdwarf shall not see it. */
static int section_number(const char *name, bool *z_ret)
{
	*z_ret = !strncmp(name, ".zdebug_", 8);
	if (!*z_ret && strncmp(name, ".debug_", 7))
		return SEC_NONE;
	const char *rest = name + (*z_ret ? 8 : 7);
	for (int i = SEC_INFO; i < SEC_COUNT; i++)
		if (!strcmp(section_name[i] + 7, rest))
			return i;
	return SEC_NONE;
}

static struct err *find_sections(struct reader *r)
{
	size_t strndx;
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	if (elf_getshdrstrndx(r->elf, &strndx) < 0)
		return NULL;
	while ((scn = elf_nextscn(r->elf, scn))) {
		bool z;
		if (!gelf_getshdr(scn, &sh))
			break;
		const char *name = elf_strptr(r->elf, strndx, sh.sh_name);
		int i = name ? section_number(name, &z) : SEC_NONE;
		if (!i || r->source[i].scn || sh.sh_type == SHT_NOBITS)
			continue;
		struct err *err = measure(r->img, &sh, z, name, &r->source[i]);
		if (err && i >= SEC_LISTS) { // as if it were not there
			err_free(err);
			r->source[i] = (struct source){0};
			continue;
		}
		if (err)
			return err;
		r->source[i].scn = scn;
	}
	return NULL;
}

static struct err *load(struct reader *r, int i)
{
	struct source *s = &r->source[i];

	if (s->p || !s->scn || !s->size)
		return NULL;
	int rc = s->packing == PACKED_GNU ? elf_compress_gnu(s->scn, 0, 0)
					  : elf_compress(s->scn, 0, 0);
	Elf_Data *data = rc < 0 ? NULL : elf_rawdata(s->scn, NULL);
	if (!data || !data->d_buf || data->d_size != s->size)
		return err_new(ERR_BAD_DATA, "%s: cannot inflate section %s: %s", r->img->path,
			       section_name[i], data ? "it is damaged" : elf_errmsg(-1));
	s->p = data->d_buf;
	return NULL;
}

struct err *reader_open(const struct image *img, struct reader **ret)
{
	struct reader *r = mem_zalloc(sizeof(*r));

	r->img = img;
	elf_version(EV_CURRENT);
	r->elf = elf_begin(img->fd, ELF_C_READ_MMAP_PRIVATE, NULL);
	struct err *err = r->elf ? find_sections(r)
				 : err_new(ERR_BAD_DATA, "%s: %s", img->path, elf_errmsg(-1));
	if (!err && (!r->source[SEC_INFO].size || !r->source[SEC_ABBREV].size))
		err = err_hint(err_new(ERR_NO_DEBUG_INFO, "%s has no debug information", img->path),
			       "build without -ldflags=-w and -s");
	if (!err)
		err = load(r, SEC_INFO);
	if (!err)
		err = load(r, SEC_ABBREV);
	if (err) {
		reader_close(r);
		return err;
	}
	*ret = r;
	return NULL;
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	elf_end(r->elf); // frees what it inflated, too
	free(r);
}

const uint8_t *reader_lists(struct reader *r, enum debug_lists which, uint64_t *n_ret)
{
	struct source *s = &r->source[SEC_LISTS + which];

	err_free(load(r, SEC_LISTS + which)); // damaged: as if it were not there
	*n_ret = s->p ? s->size : 0;
	return s->p;
}

/* -- what libdwarf calls -- */

static int get_section_info(void *obj, object_index i, object_section *ret, int *error)
{
	const struct reader *r = obj;

	(void)error;
	if (i >= SEC_SHOWN)
		return DW_DLV_NO_ENTRY;
	memset(ret, 0, sizeof(*ret));
#if LIBDWARF_AT_LEAST(0, 3)
	ret->as_name = section_name[i];
	ret->as_type = SHT_PROGBITS;
	ret->as_size = r->source[i].size;
#else
	ret->name = section_name[i];
	ret->type = SHT_PROGBITS;
	ret->size = r->source[i].size;
#endif
	return DW_DLV_OK;
}

static int load_section(void *obj, object_index i, Dwarf_Small **ret, int *error)
{
	struct reader *r = obj;

	if (i >= SEC_SHOWN || !r->source[i].size)
		return DW_DLV_NO_ENTRY;
	struct err *err = load(r, (int)i);
	if (err) {
		err_free(err);
		*error = DW_DLE_ALLOC_FAIL;
		return DW_DLV_ERROR;
	}
	*ret = (Dwarf_Small *)r->source[i].p;
	return DW_DLV_OK;
}

static object_endian get_byte_order(void *obj)
{
	(void)obj;
	return ENDIAN_LITTLE;
}

static Dwarf_Small get_size_8(void *obj)
{
	(void)obj;
	return 8;
}

static Dwarf_Small get_size_4(void *obj)
{
	(void)obj;
	return 4;
}

static Dwarf_Unsigned get_section_count(void *obj)
{
	(void)obj;
	return SEC_SHOWN;
}

#if LIBDWARF_AT_LEAST(0, 3)
/* libdwarf checks sizes against this, and sizes its tables by it. */
static Dwarf_Unsigned get_filesize(void *obj)
{
	const struct reader *r = obj;
	uint64_t n = r->img->size;

	for (int i = SEC_INFO; i < SEC_SHOWN; i++)
		n = r->source[i].size > n ? r->source[i].size : n;
	return n;
}

static const object_methods methods = {
	.om_get_section_info = get_section_info,
	.om_get_byte_order = get_byte_order,
	.om_get_length_size = get_size_4,
	.om_get_pointer_size = get_size_8,
	.om_get_filesize = get_filesize,
	.om_get_section_count = get_section_count,
	.om_load_section = load_section,
};
#else
static const object_methods methods = {
	.get_section_info = get_section_info,
	.get_byte_order = get_byte_order,
	.get_length_size = get_size_4,
	.get_pointer_size = get_size_8,
	.get_section_count = get_section_count,
	.load_section = load_section,
};
#endif

int reader_init_dwarf(struct reader *r, Dwarf_Debug *ret, Dwarf_Error *error)
{
#if LIBDWARF_AT_LEAST(0, 3)
	r->interface = (object_interface){.ai_object = r, .ai_methods = &methods};
#else
	r->interface = (object_interface){.object = r, .methods = &methods};
#endif
	return dwarf_object_init_b(&r->interface, NULL, NULL, DW_GROUPNUMBER_ANY, ret, error);
}

void reader_finish_dwarf(Dwarf_Debug dbg)
{
	if (!dbg)
		return;
#if LIBDWARF_AT_LEAST(0, 3)
	dwarf_object_finish(dbg);
#else
	Dwarf_Error error = NULL;
	dwarf_object_finish(dbg, &error);
#endif
}
