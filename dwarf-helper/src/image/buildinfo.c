/*
 * .go.buildinfo: debug/buildinfo/buildinfo.go (readRawBuildInfo), cmd/link/internal/ld/data.go
 * (buildinfo).
 *
 *   0  "\xff Go buildinf:"
 *  14  pointer size
 *  15  flags: 1 big-endian, 2 strings inline (since Go 1.18)
 *  16  inline: 16 bytes of padding, then at 32 two strings, each a varint length and its bytes:
 * version, module information
 *      else:   addresses of two Go string headers: runtime.buildVersion, runtime.modinfo
 */
#include <elf.h>
#include <stdio.h>

#include "image/image_internal.h"

enum {
	HEADER_SIZE = 32,
	FLAG_BIG_ENDIAN = 1,
	FLAG_INLINE = 2,
	FRAME = 16, /* bytes of sentinel before and after the module information */
	MAX_VERSION = 256,
	MAX_MODINFO = 16 << 20,
	MAX_SEARCH = 64 << 20,	   /* bytes looked at in all, when there is no section */
	MAX_HITS = 64,		   /* of the magic */
	MAX_RELOCATIONS = 1 << 24, /* looked at in all */
};

/* What a hostile file may still cost. */
struct scan {
	struct image *img;
	uint64_t bytes, hits, relocations;
};

static const char magic[14] = "\xff Go buildinf:";

/* A string that we found; points into the file. */
struct text {
	const char *p;
	uint64_t n;
};

/* binary.Uvarint at *p; moves *p behind it. */
static bool take_varint(const uint8_t **p, const uint8_t *end, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && *p < end; shift += 7) {
		uint8_t b = *(*p)++;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

static bool take_text(const uint8_t **p, const uint8_t *end, uint64_t max, struct text *ret)
{
	uint64_t n;

	if (!take_varint(p, end, &n) || n > (uint64_t)(end - *p) || n > max)
		return false;
	*ret = (struct text){(const char *)*p, n};
	*p += n;
	return true;
}

/* The word that the dynamic linker puts at @p addr of a PIE, before the bias is added. */
static bool relocated_word(struct scan *scan, uint64_t addr, uint64_t *ret)
{
	const struct image *img = scan->img;
	Elf64_Rela r;

	for (size_t i = 0; i < img->sections.n; i++) {
		const struct elf_section *s = &img->sections.v[i];
		const uint8_t *p = s->type == SHT_RELA ? image_section_bytes(img, s) : NULL;
		for (uint64_t off = 0; p && s->size - off >= sizeof(r); off += sizeof(r)) {
			if (!scan->relocations)
				return false;
			scan->relocations--;
			memcpy(&r, p + off, sizeof(r));
			if (r.r_offset != addr ||
			    ELF64_R_TYPE(r.r_info) != img->arch->relocation_relative)
				continue;
			*ret = (uint64_t)r.r_addend;
			return true;
		}
	}
	return false;
}

/* A pointer in the data of the executable. */
static bool read_word(struct scan *scan, uint64_t addr, uint64_t *ret)
{
	uint64_t extent;
	const uint8_t *p = image_addr_bytes(scan->img, addr, &extent);

	if (!p || extent < 8)
		return false;
	memcpy(ret, p, 8);
	return *ret || !scan->img->pie || relocated_word(scan, addr, ret);
}

/* The Go string whose header is where the word at @p addr points. */
static bool read_string(struct scan *scan, uint64_t addr, uint64_t max, struct text *ret)
{
	uint64_t header, data, n, extent;

	if (!read_word(scan, addr, &header) || !header || !read_word(scan, header, &data) ||
	    !read_word(scan, header + 8, &n))
		return false;
	const uint8_t *p = image_addr_bytes(scan->img, data, &extent);
	if (!p || n > extent || n > max)
		return false;
	*ret = (struct text){(const char *)p, n};
	return true;
}

/* A guard against stray hits of the magic: programs that read build information carry it as a
 * constant, too. */
static bool plausible_version(struct text v)
{
	static const char *const start[] = {"go", "devel"};

	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < 0x20 || v.p[i] > 0x7e)
			return false;
	for (size_t i = 0; i < 2; i++)
		if (v.n > strlen(start[i]) && !memcmp(v.p, start[i], strlen(start[i])))
			return true;
	return false;
}

/* The lines between two sentinels of 16 bytes (cmd/go/internal/modload: infoStart, infoEnd). */
static char *info_lines(struct text info)
{
	if (info.n < 2 * FRAME + 1 || info.p[info.n - FRAME - 1] != '\n')
		return NULL;
	return mem_strndup(info.p + FRAME, info.n - 2 * FRAME);
}

/* What follows @p head, up to its end, in the line that starts with it; NULL when there is none. */
static const char *info_value(const char *lines, const char *head, size_t *n_ret)
{
	size_t n = strlen(head);

	while (lines && *lines) {
		const char *eol = strchr(lines, '\n');
		if (!eol)
			return NULL;
		if (!strncmp(lines, head, n)) {
			*n_ret = (size_t)(eol - lines) - n;
			return lines + n;
		}
		lines = eol + 1;
	}
	return NULL;
}

/* Column @p k of the line "mod\tPATH\tVERSION\tSUM", NULL when it is empty or not there. */
static char *module_column(const char *lines, unsigned k)
{
	size_t n, len;
	const char *value = info_value(lines, "mod\t", &n);

	for (; value; k--) {
		const char *tab = memchr(value, '\t', n);
		len = tab ? (size_t)(tab - value) : n;
		if (!k)
			return len ? mem_strndup(value, len) : NULL;
		value = tab ? tab + 1 : NULL;
		n -= tab ? len + 1 : 0;
	}
	return NULL;
}

/* "PATH VERSION" */
static char *main_module(const struct image *img)
{
	char *s = NULL;

	if (img->module_path &&
	    asprintf(&s, "%s%s%s", img->module_path, img->module_version ? " " : "",
		     img->module_version ? img->module_version : "") < 0)
		mem_out();
	return s;
}

char *image_build_setting(const struct image *img, const char *key)
{
	char head[64];
	size_t n;

	snprintf(head, sizeof(head), "build\t%s=", key);
	const char *value = info_value(img->modinfo, head, &n);
	return value ? mem_strndup(value, n) : NULL;
}

/* Try the header at @p p, link-time address @p addr, with @p n bytes up to the end of its segment
 * or section. */
static bool parse(struct scan *scan, const uint8_t *p, uint64_t n, uint64_t addr)
{
	struct text version, info = {0};

	if (n < HEADER_SIZE || memcmp(p, magic, sizeof(magic)) || !scan->hits)
		return false;
	scan->hits--;
	if (p[15] & FLAG_INLINE) {
		const uint8_t *q = p + HEADER_SIZE, *end = p + n;
		if (!take_text(&q, end, MAX_VERSION, &version))
			return false;
		if (!take_text(&q, end, MAX_MODINFO, &info))
			info.n = 0;
	} else {
		if (p[14] != 8 || p[15] & FLAG_BIG_ENDIAN ||
		    !read_string(scan, addr + 16, MAX_VERSION, &version))
			return false;
		if (!read_string(scan, addr + 24, MAX_MODINFO, &info))
			info.n = 0;
	}
	if (!plausible_version(version))
		return false;
	scan->img->go_version = mem_strndup(version.p, version.n);
	scan->img->modinfo = info_lines(info);
	scan->img->module_path = module_column(scan->img->modinfo, 0);
	scan->img->module_version = module_column(scan->img->modinfo, 1);
	scan->img->main_module = main_module(scan->img);
	return true;
}

/* Headers are aligned to 16 bytes. */
static bool search(struct scan *scan, const uint8_t *p, uint64_t n, uint64_t addr)
{
	uint64_t limit = n < scan->bytes ? n : scan->bytes;

	for (uint64_t off = -addr & 15; off < limit; off += 16)
		if (p[off] == 0xff && parse(scan, p + off, n - off, addr + off))
			return true;
	scan->bytes -= limit;
	return false;
}

bool image_has_build_info(const uint8_t *p, uint64_t n)
{
	for (uint64_t off = 0; off + HEADER_SIZE <= n; off += 16)
		if (p[off] == 0xff && !memcmp(p + off, magic, sizeof(magic)))
			return true;
	return false;
}

void image_scan_build_info(struct image *img)
{
	struct scan scan = {img, MAX_SEARCH, MAX_HITS, MAX_RELOCATIONS};
	const struct elf_section *s = image_find_section(img, ".go.buildinfo");
	const uint8_t *p = s ? image_section_bytes(img, s) : NULL;

	if (p && search(&scan, p, s->size, s->addr))
		return;
	// sections stripped: the linker puts it near the start of the data
	for (int writable = 1; writable >= 0; writable--) {
		for (size_t i = 0; i < img->segments.n; i++) {
			const struct image_segment *seg = &img->segments.v[i];
			if (seg->filesz && !!(seg->perm & REGION_W) == writable &&
			    search(&scan, img->bytes + seg->offset, seg->filesz, seg->vaddr))
				return;
		}
	}
}

const char *image_go_version(const struct image *img)
{
	return img->go_version;
}

const char *image_main_module(const struct image *img)
{
	return img->main_module;
}

const char *image_module_path(const struct image *img)
{
	return img->module_path;
}

const char *image_module_version(const struct image *img)
{
	return img->module_version;
}

int image_go_minor(const struct image *img)
{
	const char *s = img->go_version ? strstr(img->go_version, "go1.") : NULL;
	int minor;

	if (!s || (s != img->go_version && s[-1] != ' ') || s[4] < '0' || s[4] > '9' ||
	    sscanf(s + 4, "%3d", &minor) != 1)
		return -1;
	return minor;
}
