#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/image_internal.h"
#include "target/elfwords.h"

enum {
	MAX_SEGMENTS = 1024,
	MAX_SECTIONS = 1 << 16,
};

const uint8_t *image_file_bytes(const struct image *img, uint64_t off, uint64_t len)
{
	return off <= img->size && len <= img->size - off ? img->bytes + off : NULL;
}

const uint8_t *image_addr_bytes(const struct image *img, uint64_t addr, uint64_t *extent_ret)
{
	for (size_t i = 0; i < img->segments.n; i++) {
		const struct image_segment *s = &img->segments.v[i];
		if (addr < s->vaddr || addr - s->vaddr >= s->filesz)
			continue;
		*extent_ret = s->filesz - (addr - s->vaddr);
		return img->bytes + s->offset + (addr - s->vaddr);
	}
	return NULL;
}

const struct elf_section *image_find_section(const struct image *img, const char *name)
{
	for (size_t i = 0; i < img->sections.n; i++)
		if (!strcmp(img->sections.v[i].name, name))
			return &img->sections.v[i];
	return NULL;
}

const uint8_t *image_section_bytes(const struct image *img, const struct elf_section *s)
{
	return s->type == SHT_NOBITS ? NULL : image_file_bytes(img, s->offset, s->size);
}

static struct err *map_file(const char *path, struct image *img)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_hint(err_os(errno, "cannot open %s", path),
				"name the program with --exe FILE");
	struct err *err = NULL;
	struct stat st;
	if (fstat(fd, &st) < 0) {
		err = err_os(errno, "cannot stat %s", path);
	} else if (!S_ISREG(st.st_mode)) {
		err = err_new(ERR_BAD_DATA, "%s is not a regular file", path);
	} else if (st.st_size < EI_NIDENT) {
		err = err_new(ERR_BAD_DATA, "%s is not an ELF file: it has %lld bytes", path,
			      (long long)st.st_size);
	} else {
		void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			err = err_os(errno, "cannot map %s", path);
		else
			*img = (struct image){.bytes = p,
					      .size = (uint64_t)st.st_size,
					      .fd = fd,
					      .path = mem_strdup(path)};
	}
	if (err)
		close(fd);
	return err;
}

/* The system that a file which does not start like ELF is a program of; NULL: none. */
static const char *other_system(const uint8_t *p)
{
	static const struct {
		const char *magic;
		size_t n;
		const char *what;
	} known[] = {
		{"MZ", 2, "Windows"},
		{"\xcf\xfa\xed\xfe", 4, "macOS"},
		{"\xca\xfe\xba\xbe", 4, "macOS"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!memcmp(p, known[i].magic, known[i].n))
			return known[i].what;
	return NULL;
}

static struct err *wrong_machine(const struct image *img, unsigned machine)
{
	const char *name = arch_elf_name(machine), *ours = arch_supported();
	struct err *e = err_new(ERR_UNSUPPORTED, "%s is not a %s program", img->path, ours);

	return name ? err_hint(e, "it is made for %s; only %s can be read", name, ours)
		    : err_hint(e, "it is made for ELF machine number %u; only %s can be read",
			       machine, ours);
}

static struct err *not_elf(const struct image *img)
{
	struct err *e = err_new(ERR_BAD_DATA, "%s is not an ELF file", img->path);
	const char *other = other_system(img->bytes), *unpack = elf_unpacker(img->bytes, img->size);

	if (unpack)
		return err_hint(e, "it is compressed: %s %s", unpack, img->path);
	if (other)
		return err_hint(e, "it is a %s program; only %s can be read", other,
				arch_supported());
	if (!memcmp(img->bytes, "#!", 2))
		return err_hint(e, "it is a script: give the program that it runs");
	return err_hint(e, "name the program, as go build wrote it, with --exe FILE");
}

/* Is this ELF that we read at all?  Looks at e_ident and e_machine, before libelf sees anything.
 * Fills in the processor. */
static struct err *check_ident(struct image *img)
{
	const uint8_t *p = img->bytes;

	if (memcmp(p, ELFMAG, SELFMAG))
		return not_elf(img);
	bool big_endian = p[EI_DATA] == ELFDATA2MSB;
	unsigned machine = 0;
	if (img->size >= sizeof(Elf32_Ehdr))
		machine = big_endian ? p[18] << 8 | p[19] : p[18] | p[19] << 8;
	img->arch = arch_of_elf(machine);
	if (p[EI_CLASS] == ELFCLASS32 || big_endian || (machine && !img->arch))
		return wrong_machine(img, machine);
	if (p[EI_CLASS] != ELFCLASS64 || p[EI_DATA] != ELFDATA2LSB ||
	    img->size < sizeof(Elf64_Ehdr) || !img->arch)
		return err_new(ERR_BAD_DATA, "%s has a damaged ELF header", img->path);
	return NULL;
}

static struct err *read_header(struct image *img, Elf *elf)
{
	GElf_Ehdr eh;

	if (!gelf_getehdr(elf, &eh))
		return err_new(ERR_BAD_DATA, "%s has a damaged ELF header: %s", img->path,
			       elf_errmsg(-1));
	if (eh.e_type == ET_CORE)
		return err_hint(
			err_new(ERR_BAD_DATA, "%s is a core file, not an executable", img->path),
			"give it with --core, and the program that dumped it with --exe");
	if (eh.e_type != ET_EXEC && eh.e_type != ET_DYN)
		return err_new(ERR_BAD_DATA, "%s is an object file, not an executable", img->path);
	img->pie = eh.e_type == ET_DYN;
	img->entry = eh.e_entry;
	return NULL;
}

/* Keep of a file range what the file really has: a truncated executable still has its head. */
static uint64_t clip(const struct image *img, uint64_t off, uint64_t len)
{
	if (off >= img->size)
		return 0;
	return len < img->size - off ? len : img->size - off;
}

static void add_segment(struct image *img, const GElf_Phdr *ph)
{
	uint64_t filesz = ph->p_filesz < ph->p_memsz ? ph->p_filesz : ph->p_memsz;
	uint8_t perm = (ph->p_flags & PF_R ? REGION_R : 0) | (ph->p_flags & PF_W ? REGION_W : 0) |
		       (ph->p_flags & PF_X ? REGION_X : 0);

	if (!ph->p_memsz || ph->p_vaddr + ph->p_memsz < ph->p_vaddr)
		return;
	VEC_PUSH(&img->segments, (struct image_segment){.vaddr = ph->p_vaddr,
							.memsz = ph->p_memsz,
							.filesz = clip(img, ph->p_offset, filesz),
							.offset = ph->p_offset,
							.perm = perm});
}

static struct err *read_segments(struct image *img, Elf *elf)
{
	size_t n;
	GElf_Phdr ph;

	if (elf_getphdrnum(elf, &n) < 0)
		return err_new(ERR_BAD_DATA, "%s has damaged program headers: %s", img->path,
			       elf_errmsg(-1));
	for (size_t i = 0; i < n && i < MAX_SEGMENTS; i++) {
		if (!gelf_getphdr(elf, (int)i, &ph))
			return err_new(ERR_BAD_DATA, "%s has damaged program headers: %s",
				       img->path, elf_errmsg(-1));
		if (ph.p_type == PT_LOAD)
			add_segment(img, &ph);
		else if (ph.p_type == PT_NOTE)
			VEC_PUSH(&img->notes,
				 (struct elf_notes){.vaddr = ph.p_vaddr,
						    .offset = ph.p_offset,
						    .size = clip(img, ph.p_offset, ph.p_filesz)});
		else if (ph.p_type == PT_PHDR)
			img->phdr_vaddr = ph.p_vaddr;
	}
	return NULL;
}

/* Sections are a convenience: a file without any, or with damaged ones, is still usable through its
 * segments. */
static void read_sections(struct image *img, Elf *elf)
{
	size_t strndx = 0;
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	if (elf_getshdrstrndx(elf, &strndx) < 0)
		strndx = 0;
	while ((scn = elf_nextscn(elf, scn)) && img->sections.n < MAX_SECTIONS) {
		if (!gelf_getshdr(scn, &sh))
			return;
		const char *name = strndx ? elf_strptr(elf, strndx, sh.sh_name) : NULL;
		VEC_PUSH(&img->sections, (struct elf_section){.name = mem_strdup(name ? name : ""),
							      .addr = sh.sh_addr,
							      .size = sh.sh_size,
							      .offset = sh.sh_offset,
							      .flags = sh.sh_flags,
							      .entsize = sh.sh_entsize,
							      .type = sh.sh_type,
							      .link = sh.sh_link});
	}
}

static void find_symbols(struct image *img)
{
	for (size_t i = 0; i < img->sections.n; i++) {
		const struct elf_section *s = &img->sections.v[i];
		// sections.v leaves out section 0
		if (s->type != SHT_SYMTAB || s->entsize != sizeof(Elf64_Sym) || !s->link ||
		    s->link > img->sections.n)
			continue;
		const struct elf_section *names = &img->sections.v[s->link - 1];
		const uint8_t *syms = image_section_bytes(img, s);
		const uint8_t *strs = image_section_bytes(img, names);
		if (!syms || !strs || !names->size || strs[names->size - 1] != '\0')
			continue;
		img->symtab = syms;
		img->nsyms = s->size / sizeof(Elf64_Sym);
		img->strtab = (const char *)strs;
		img->strtab_size = names->size;
		return;
	}
}

static void find_debuglink(struct image *img)
{
	const struct elf_section *s = image_find_section(img, ".gnu_debuglink");
	const char *p = s ? (const char *)image_section_bytes(img, s) : NULL;
	size_t n = p ? strnlen(p, s->size) : 0;

	// a name with a directory would lead out of the places where debug files are looked for
	if (n && n < s->size && n < PATH_MAX && !memchr(p, '/', n))
		img->debuglink = mem_strndup(p, n);
}

static struct err *read_image(struct image *img)
{
	struct err *err = check_ident(img);

	if (err)
		return err;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return err_new(ERR_UNSUPPORTED, "libelf is out of date: %s", elf_errmsg(-1));
	// only read: nothing below changes headers, which libelf would do in place
	Elf *elf = elf_memory((char *)img->bytes, img->size);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		err = err_new(ERR_BAD_DATA, "%s has a damaged ELF header", img->path);
	if (!err)
		err = read_header(img, elf);
	if (!err)
		err = read_segments(img, elf);
	if (!err)
		read_sections(img, elf);
	elf_end(elf);
	return err;
}

struct err *image_open(const char *path, struct image **ret)
{
	struct image *img = mem_zalloc(sizeof(*img));
	struct err *err = map_file(path, img);

	if (!err)
		err = read_image(img);
	if (err) {
		image_close(img);
		return err;
	}
	find_symbols(img);
	find_debuglink(img);
	image_scan_build_ids(img);
	image_scan_build_info(img);
	*ret = img;
	return NULL;
}

void image_close(struct image *img)
{
	if (!img)
		return;
	if (img->bytes) {
		munmap((void *)img->bytes, img->size);
		close(img->fd);
	}
	for (size_t i = 0; i < img->sections.n; i++)
		free(img->sections.v[i].name);
	VEC_FREE(&img->sections);
	VEC_FREE(&img->segments);
	VEC_FREE(&img->notes);
	free(img->gnu_build_id);
	free(img->go_build_id);
	free(img->go_version);
	free(img->main_module);
	free(img->module_path);
	free(img->module_version);
	free(img->modinfo);
	free(img->debuglink);
	free(img->path);
	free(img);
}

const char *image_path(const struct image *img)
{
	return img->path;
}

const struct arch *image_arch(const struct image *img)
{
	return img->arch;
}

const uint8_t *image_bytes(const struct image *img, uint64_t *size_ret)
{
	*size_ret = img->size;
	return img->bytes;
}

bool image_is_pie(const struct image *img)
{
	return img->pie;
}

uint64_t image_entry(const struct image *img)
{
	return img->entry;
}

size_t image_segments(const struct image *img, const struct image_segment **ret)
{
	*ret = img->segments.v;
	return img->segments.n;
}

const char *image_debuglink(const struct image *img)
{
	return img->debuglink;
}

const char *image_object_at(const struct image *img, uint64_t addr, uint64_t *addr_ret,
			    uint64_t *size_ret)
{
	const char *name = NULL;
	Elf64_Sym sym;

	*size_ret = UINT64_MAX;
	for (uint64_t i = 0; i < img->nsyms; i++) {
		memcpy(&sym, img->symtab + i * sizeof(sym), sizeof(sym));
		if (addr - sym.st_value >= sym.st_size ||
		    ELF64_ST_TYPE(sym.st_info) != STT_OBJECT || sym.st_shndx == SHN_UNDEF ||
		    sym.st_name >= img->strtab_size)
			continue;
		// the linker's own marks (runtime.bss, runtime.edata) have no size; of nested ones
		// the smallest counts
		if (sym.st_size >= *size_ret)
			continue;
		name = img->strtab + sym.st_name;
		*addr_ret = sym.st_value;
		*size_ret = sym.st_size;
	}
	return name;
}

void image_objects_each(const struct image *img, image_object_fn *fn, void *arg)
{
	Elf64_Sym sym;

	for (uint64_t i = 0; i < img->nsyms; i++) {
		memcpy(&sym, img->symtab + i * sizeof(sym), sizeof(sym));
		if (ELF64_ST_TYPE(sym.st_info) == STT_OBJECT && sym.st_shndx != SHN_UNDEF &&
		    sym.st_name < img->strtab_size && sym.st_size &&
		    !fn(arg, img->strtab + sym.st_name, sym.st_value, sym.st_size))
			return;
	}
}

bool image_section(const struct image *img, const char *name, uint64_t *addr_ret,
		   uint64_t *size_ret)
{
	const struct elf_section *s = image_find_section(img, name);

	if (!s)
		return false;
	*addr_ret = s->addr;
	*size_ret = s->size;
	return true;
}

/*
 * A scan instead of a hash table: Go writes names in the order of the symbols, so both tables are
 * read front to back and a name costs less than hashing every name once would (measured: image.h).
 */
bool image_symbol(const struct image *img, const char *name, uint64_t *addr_ret, uint64_t *size_ret)
{
	size_t len = strlen(name) + 1;
	Elf64_Sym sym;

	if (len == 1 || len > img->strtab_size)
		return false;
	for (uint64_t i = 0; i < img->nsyms; i++) {
		memcpy(&sym, img->symtab + i * sizeof(sym), sizeof(sym));
		if (sym.st_name > img->strtab_size - len || sym.st_shndx == SHN_UNDEF)
			continue;
		const char *s = img->strtab + sym.st_name;
		// most names differ in their last character or before: look there first
		if (s[len - 1] || s[len - 2] != name[len - 2] || memcmp(s, name, len))
			continue;
		if (ELF64_ST_TYPE(sym.st_info) == STT_FILE ||
		    ELF64_ST_TYPE(sym.st_info) == STT_SECTION)
			continue;
		*addr_ret = sym.st_value;
		*size_ret = sym.st_size;
		return true;
	}
	return false;
}
