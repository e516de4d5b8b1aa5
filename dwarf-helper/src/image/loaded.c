/*
 * What the loader makes of a file: its bytes, with the relocations done that need no other file.
 *
 * SHT_RELA: {offset, type and symbol, addend}; the one that each processor calls RELATIVE puts
 * addend + bias.  SHT_RELR: an even entry is the address of a word, an odd one a map of the 63
 * words behind the last; bias is added to what the file has there (elf.h: Elf64_Relr).
 */
#include <elf.h>

#include "image/image_internal.h"

enum {
	SECTION_RELR = 19, /* SHT_RELR, which older <elf.h> lack */
	RELR_WORDS = 63,
	WIDEST = 16, /* bytes that one relocation fills at most: a TLS descriptor; copies go to
			memory that no file backs */
};

/* The words [addr, addr + 8 * n) while they are made. */
struct loaded {
	const struct arch *arch;
	uint64_t addr, n, bias, *words;
	uint8_t *from; /* enum image_word */
};

static void take_bytes(const struct image *img, struct loaded *l)
{
	for (uint64_t i = 0; i < l->n; i++) {
		uint64_t extent = 0;
		const uint8_t *p = image_addr_bytes(img, l->addr + i * 8, &extent);
		l->from[i] = p && extent >= 8 ? WORD_OF_FILE : WORD_UNKNOWN;
		if (l->from[i])
			memcpy(&l->words[i], p, 8);
	}
}

/* Index of the word at @p addr; l->n when it is none of ours as a whole. */
static uint64_t index_of(const struct loaded *l, uint64_t addr)
{
	uint64_t off = addr - l->addr;

	return addr >= l->addr && !(off % 8) && off / 8 < l->n ? off / 8 : l->n;
}

/* Words whose value at run time does not follow from this file. */
static void forget(struct loaded *l, uint64_t addr, uint64_t bytes)
{
	for (uint64_t a = addr & ~UINT64_C(7); a < addr + bytes; a += 8)
		if (index_of(l, a) < l->n)
			l->from[index_of(l, a)] = WORD_UNKNOWN;
}

static void relocate(struct loaded *l, uint64_t addr, bool has_addend, uint64_t addend)
{
	uint64_t i = index_of(l, addr);

	if (i == l->n || l->from[i] == WORD_UNKNOWN) {
		forget(l, addr, 8);
		return;
	}
	l->words[i] = (has_addend ? addend : l->words[i]) + l->bias;
	l->from[i] = WORD_RELOCATED;
}

static void do_rela(struct loaded *l, const uint8_t *p, uint64_t size)
{
	Elf64_Rela r;

	for (; size >= sizeof(r); p += sizeof(r), size -= sizeof(r)) {
		memcpy(&r, p, sizeof(r));
		if (r.r_offset + WIDEST <= l->addr || r.r_offset >= l->addr + l->n * 8)
			continue;
		if (ELF64_R_TYPE(r.r_info) == l->arch->relocation_relative)
			relocate(l, r.r_offset, true, (uint64_t)r.r_addend);
		else
			forget(l, r.r_offset, WIDEST);
	}
}

static void do_relr(struct loaded *l, const uint8_t *p, uint64_t size)
{
	uint64_t entry, at = 0;

	for (; size >= sizeof(entry); p += sizeof(entry), size -= sizeof(entry)) {
		memcpy(&entry, p, sizeof(entry));
		if (!(entry & 1)) {
			relocate(l, entry, false, 0);
			at = entry + 8;
			continue;
		}
		for (unsigned i = 0; i < RELR_WORDS; i++)
			if (entry >> (i + 1) & 1)
				relocate(l, at + i * 8, false, 0);
		at += RELR_WORDS * 8;
	}
}

void image_loaded(const struct image *img, uint64_t addr, size_t n, uint64_t bias,
		  uint64_t *words_ret, uint8_t *from_ret)
{
	struct loaded l = {img->arch, addr, n, bias, words_ret, from_ret};
	bool relocations = false;

	take_bytes(img, &l);
	for (size_t i = 0; i < img->sections.n; i++) {
		const struct elf_section *s = &img->sections.v[i];
		bool rela = s->type == SHT_RELA, relr = s->type == SECTION_RELR;
		const uint8_t *p =
			(rela || relr) && s->flags & SHF_ALLOC ? image_section_bytes(img, s) : NULL;
		relocations |= p != NULL;
		if (p && rela)
			do_rela(&l, p, s->size);
		else if (p)
			do_relr(&l, p, s->size);
	}
	if (img->pie &&
	    !relocations) // without sections they are not found: every word may become another one
		memset(from_ret, WORD_UNKNOWN, n);
}
