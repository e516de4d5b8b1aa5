/*
 * Build ids of the file and of what the target really runs, and where the target has the file.
 *
 * Notes: {namesz u32, descsz u32, type u32, name, desc}, name and desc padded to 4 bytes.
 *   "GNU" type 3: the linker's hash of the file's contents
 *   "Go"  type 4: "actionID/…/contentID" in text (cmd/link/internal/ld/elf.go,
 * ELF_NOTE_GOBUILDID_TAG)
 */
#include <elf.h>
#include <limits.h>

#include "image/image_internal.h"

enum {
	NOTE_GO_BUILD_ID = 4,
	NOTE_HEADER = 12,
	MAX_ID = 1024,	      /* bytes of one build id */
	MAX_NOTES = 64 << 10, /* bytes of one note segment */
	MAX_TARGET_PHDRS = 128,
};

struct ids {
	char *gnu, *go;
};

static char *hex(const uint8_t *p, uint64_t n)
{
	static const char digit[] = "0123456789abcdef";
	char *s = mem_alloc(n * 2 + 1), *q = s;

	for (uint64_t i = 0; i < n; i++) {
		*q++ = digit[p[i] >> 4];
		*q++ = digit[p[i] & 15];
	}
	*q = '\0';
	return s;
}

/* Go's id goes to terminals: printable or nothing. */
static char *printable(const uint8_t *p, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] > '~')
			return NULL;
	return n ? mem_strndup((const char *)p, n) : NULL;
}

static void take_note(struct ids *ids, uint32_t type, const uint8_t *name, uint32_t namesz,
		      const uint8_t *desc, uint32_t n)
{
	if (!n || n > MAX_ID)
		return;
	if (type == NT_GNU_BUILD_ID && namesz == 4 && !memcmp(name, "GNU", 4) && !ids->gnu)
		ids->gnu = hex(desc, n);
	else if (type == NOTE_GO_BUILD_ID && namesz == 4 && !memcmp(name, "Go\0", 4) && !ids->go)
		ids->go = printable(desc, n);
}

static void take_notes(struct ids *ids, const uint8_t *p, uint64_t n)
{
	uint32_t h[3]; /* namesz, descsz, type */

	while (n >= NOTE_HEADER) {
		memcpy(h, p, sizeof(h));
		uint64_t desc = NOTE_HEADER + (((uint64_t)h[0] + 3) & ~3ull);
		uint64_t end = desc + h[1];
		if (end > n)
			return;
		take_note(ids, h[2], p + NOTE_HEADER, h[0], p + desc, h[1]);
		uint64_t next = (end + 3) & ~3ull;
		if (next >= n)
			return;
		p += next;
		n -= next;
	}
}

void image_scan_build_ids(struct image *img)
{
	struct ids ids = {0};

	for (size_t i = 0; i < img->notes.n; i++)
		if (img->notes.v[i].size && img->notes.v[i].size <= MAX_NOTES)
			take_notes(&ids, img->bytes + img->notes.v[i].offset, img->notes.v[i].size);
	// a separate debug file has the notes as a section only
	for (size_t i = 0; i < img->sections.n; i++) {
		const struct elf_section *s = &img->sections.v[i];
		const uint8_t *p = s->type == SHT_NOTE ? image_section_bytes(img, s) : NULL;
		if (p && s->size <= MAX_NOTES)
			take_notes(&ids, p, s->size);
	}
	img->gnu_build_id = ids.gnu;
	img->go_build_id = ids.go;
}

const char *image_gnu_build_id(const struct image *img)
{
	return img->gnu_build_id;
}

const char *image_go_build_id(const struct image *img)
{
	return img->go_build_id;
}

/* Index into t->files of the file of this image: same path, "(deleted)" or not; -1 when the target
 * does not name it. */
static int32_t find_file(const struct image *img, const struct target *t)
{
	static const char deleted[] = " (deleted)";
	char real[PATH_MAX];
	const char *want[] = {img->path, realpath(img->path, real)};

	for (size_t i = 0; i < t->files.n; i++) {
		const char *path = t->files.v[i].path;
		for (size_t j = 0; path && j < 2 && want[j]; j++) {
			size_t n = strlen(want[j]);
			if (!strncmp(path, want[j], n) && (!path[n] || !strcmp(path + n, deleted)))
				return (int32_t)i;
		}
	}
	return -1;
}

/* Segment that page @p file_off of the file belongs to, as the kernel maps it. */
static const struct image_segment *segment_of_page(const struct image *img, const struct target *t,
						   uint64_t file_off)
{
	for (size_t i = 0; i < img->segments.n; i++) {
		const struct image_segment *s = &img->segments.v[i];
		if (target_page(t, s->offset) == file_off && s->filesz)
			return s;
	}
	return NULL;
}

bool image_bias_of_file(const struct image *img, const struct target *t, int32_t file,
			uint64_t *ret)
{
	for (size_t i = 0; file >= 0 && i < t->regions.n; i++) {
		const struct region *r = &t->regions.v[i];
		const struct image_segment *s =
			r->file == file ? segment_of_page(img, t, r->file_off) : NULL;
		if (!s)
			continue;
		*ret = r->start - target_page(t, s->vaddr);
		return true;
	}
	return false;
}

/*
 * File of this image when the auxiliary vector is of another one: a program that was started
 * through its loader (ld-linux-x86-64.so.2 PROGRAM).  -1: it is of this image, and says where the
 * image is.
 */
static int32_t beside_auxv(const struct image *img, const struct target *t)
{
	int main = t->phdr ? target_region_at(t, t->phdr) : -1;
	int32_t file = main >= 0 && t->regions.v[main].file >= 0 ? find_file(img, t) : -1;

	return file >= 0 && file != t->regions.v[main].file ? file : -1;
}

static bool is_page(const struct target *t, uint64_t a)
{
	return target_page(t, a) == a;
}

uint64_t image_bias(const struct image *img, const struct target *t)
{
	uint64_t bias;

	if (!img->pie)
		return 0;
	int32_t file = beside_auxv(img, t);
	if (file >= 0)
		return image_bias_of_file(img, t, file, &bias) ? bias : 0;
	// what is no multiple of a page comes from another program's entry point
	if (t->entry && img->entry && is_page(t, t->entry - img->entry))
		return t->entry - img->entry;
	if (t->phdr && img->phdr_vaddr && is_page(t, t->phdr - img->phdr_vaddr))
		return t->phdr - img->phdr_vaddr;
	return image_bias_of_file(img, t, find_file(img, t), &bias) ? bias : 0;
}

static bool page_is_mapped(const struct target *t, taddr page, int32_t file, uint64_t off)
{
	int i = target_region_at(t, page);

	return i >= 0 && t->regions.v[i].file == file &&
	       t->regions.v[i].file_off + (page - t->regions.v[i].start) == off;
}

bool image_fits_maps(const struct image *img, const struct target *t, int32_t file, uint64_t bias)
{
	for (size_t i = 0; i < img->segments.n; i++) {
		const struct image_segment *s = &img->segments.v[i];
		if (!s->filesz)
			continue;
		taddr first = target_page(t, s->vaddr + bias),
		      last = target_page(t, s->vaddr + bias + s->filesz - 1);
		uint64_t off = target_page(t, s->offset);
		if (!page_is_mapped(t, first, file, off) ||
		    !page_is_mapped(t, last, file, off + (last - first)))
			return false;
	}
	return true;
}

static void take_target_notes(struct ids *ids, struct target *t, taddr addr, uint64_t n)
{
	const uint8_t *p = n && n <= MAX_NOTES ? target_own(t, addr, n) : NULL;

	if (p)
		take_notes(ids, p, n);
}

/* Where the target's ELF header should be: in front of AT_PHDR, else where the file's first page is
 * mapped. */
static taddr header_addr(const struct image *img, const struct target *t)
{
	if (t->phdr > sizeof(Elf64_Ehdr) && beside_auxv(img, t) < 0)
		return t->phdr - sizeof(Elf64_Ehdr);
	const struct image_segment *s = segment_of_page(img, t, 0);
	return s ? target_page(t, s->vaddr) + image_bias(img, t) : 0;
}

/*
 * Notes by the program headers that the target itself has in memory.  They are found also when the
 * program is another one than the image, whose notes are elsewhere.
 */
static void notes_by_header(struct target *t, taddr at, struct ids *ids)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	const uint8_t *p = at ? target_own(t, at, sizeof(eh)) : NULL;

	if (!p)
		return;
	memcpy(&eh, p, sizeof(eh));
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) || eh.e_phentsize != sizeof(ph) ||
	    eh.e_phnum > MAX_TARGET_PHDRS || eh.e_phoff > t->page_bytes)
		return;
	const uint8_t *table = target_own(t, at + eh.e_phoff, eh.e_phnum * sizeof(ph));
	if (!table)
		return;
	uint64_t bias = 0;
	for (unsigned i = 0; i < eh.e_phnum; i++) {
		memcpy(&ph, table + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_LOAD && !target_page(t, ph.p_offset))
			bias = at - target_page(t, ph.p_vaddr);
	}
	for (unsigned i = 0; i < eh.e_phnum; i++) {
		memcpy(&ph, table + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_NOTE)
			take_target_notes(ids, t, ph.p_vaddr + bias, ph.p_filesz);
	}
}

/* Frees @p there, but for what @p there_ret takes. */
static enum build_match compare_ids(const struct image *img, struct ids there, char **there_ret)
{
	enum build_match match = BUILD_UNKNOWN;

	if (img->gnu_build_id && there.gnu)
		match = strcmp(img->gnu_build_id, there.gnu) ? BUILD_DIFFERENT : BUILD_SAME;
	else if (img->go_build_id && there.go)
		match = strcmp(img->go_build_id, there.go) ? BUILD_DIFFERENT : BUILD_SAME;
	if (there_ret) {
		*there_ret = there.gnu ? there.gnu : there.go;
		*(there.gnu ? &there.gnu : &there.go) = NULL;
	}
	free(there.gnu);
	free(there.go);
	return match;
}

enum build_match image_match_at(const struct image *img, struct target *t, taddr header,
				char **there_ret)
{
	struct ids there = {0};

	notes_by_header(t, header, &there);
	return compare_ids(img, there, there_ret);
}

enum build_match image_match(const struct image *img, struct target *t, char **there_ret)
{
	struct ids there = {0};

	notes_by_header(t, header_addr(img, t), &there);
	uint64_t bias = image_bias(img, t);
	for (size_t i = 0; i < img->notes.n && !there.gnu && !there.go; i++)
		take_target_notes(&there, t, img->notes.v[i].vaddr + bias, img->notes.v[i].size);
	// Go's own linker gives only the Go note a program header; the GNU note lies beside it
	for (size_t i = 0; i < img->sections.n && !there.gnu; i++)
		if (img->sections.v[i].type == SHT_NOTE && img->sections.v[i].addr)
			take_target_notes(&there, t, img->sections.v[i].addr + bias,
					  img->sections.v[i].size);
	return compare_ids(img, there, there_ret);
}

/* Pages of a read-only segment with the bytes around it, as the kernel maps them. */
static void back_segment(const struct image *img, struct target *t, const struct image_segment *s,
			 uint64_t bias)
{
	uint64_t head = s->vaddr - target_page(t, s->vaddr);

	if (head != s->offset - target_page(t, s->offset))
		head = 0;
	uint64_t off = s->offset - head, n = target_page(t, s->filesz + head + t->page_bytes - 1);
	if (n > img->size - off || s->memsz > s->filesz)
		n = s->filesz + head;
	taddr start = s->vaddr + bias - head;
	int i = target_region_at(t, start);
	target_back(t, start, start + n, img->bytes + off, i < 0 ? -1 : t->regions.v[i].file, off);
}

/* Copied out of the target's list first: target_back() may change that list. */
struct file_range {
	taddr start, end;
	uint64_t off;
};

static void back_mapped(const struct image *img, struct target *t)
{
	int32_t file = find_file(img, t);
	VEC(struct file_range) todo = {0};

	for (size_t i = 0; file >= 0 && i < t->regions.n; i++) {
		const struct region *r = &t->regions.v[i];
		if (r->file != file || r->mem || (r->perm & REGION_W) || r->file_off >= img->size)
			continue;
		uint64_t n = r->end - r->start, there = img->size - r->file_off;
		VEC_PUSH(&todo, (struct file_range){r->start, r->start + (n < there ? n : there),
						    r->file_off});
	}
	for (size_t i = 0; i < todo.n; i++)
		target_back(t, todo.v[i].start, todo.v[i].end, img->bytes + todo.v[i].off, file,
			    todo.v[i].off);
	VEC_FREE(&todo);
}

void image_back_target(const struct image *img, struct target *t)
{
	uint64_t bias = image_bias(img, t);

	// the file's copy of a writable segment is not what the process has; neither is data
	// relocated at start (PIE)
	for (size_t i = 0; i < img->segments.n; i++)
		if (img->segments.v[i].filesz && !(img->segments.v[i].perm & REGION_W))
			back_segment(img, t, &img->segments.v[i], bias);
	back_mapped(img, t);
}
