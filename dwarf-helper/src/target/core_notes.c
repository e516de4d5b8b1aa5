#include <elf.h>
#include <inttypes.h>

#include "target/core_internal.h"

static int read_pid(const uint8_t *p)
{
	int32_t pid;

	memcpy(&pid, p, sizeof(pid));
	return pid;
}

static void read_prstatus(struct target *t, const uint8_t *desc, size_t size)
{
	const struct arch_notes *n = &t->arch->notes;
	struct thread th = {.regs_valid = true};
	int16_t signal;

	if (size < n->prstatus_size) {
		notes_add(t->notes, NOTE_DAMAGE, "core file: thread note of %zu bytes is too short",
			  size);
		return;
	}
	memcpy(&signal, desc + n->prstatus_signal, sizeof(signal));
	th.tid = read_pid(desc + n->prstatus_pid);
	th.signal = signal;
	memcpy(th.regs, desc + n->prstatus_regs, t->arch->registers * sizeof(th.regs[0]));
	VEC_PUSH(&t->threads, th);
}

static void read_prpsinfo(struct target *t, const uint8_t *desc, size_t size)
{
	if (size >= t->arch->notes.prpsinfo_size)
		t->pid = read_pid(desc + t->arch->notes.prpsinfo_pid);
}

static void read_auxv(struct target *t, const uint8_t *desc, size_t size)
{
	for (; size >= sizeof(Elf64_auxv_t);
	     size -= sizeof(Elf64_auxv_t), desc += sizeof(Elf64_auxv_t)) {
		Elf64_auxv_t aux;

		memcpy(&aux, desc, sizeof(aux));
		if (aux.a_type == AT_NULL)
			return;
		target_auxv(t, aux.a_type, aux.a_un.a_val);
	}
}

/* NT_FILE: count, page size, count times {start, end, offset in pages}, then as many paths
 * (linux/fs/binfmt_elf.c). */
static void read_files(struct target *t, struct core *c, const uint8_t *desc, size_t size)
{
	uint64_t head[2], line[3];

	if (size < sizeof(head))
		return;
	memcpy(head, desc, sizeof(head));

	uint64_t count = head[0], most = (size - sizeof(head)) / (sizeof(line) + 1);

	c->has_file_note = true;
	// GDB writes offsets in bytes and calls that a page size of 1, the kernel those of the
	// machine.
	t->maker = head[1] == 1 ? "gcore" : "kernel";
	if (count > most) {
		notes_add(t->notes, NOTE_DAMAGE,
			  "core file: its list of mapped files claims %" PRIu64
			  " entries, has room for %" PRIu64,
			  count, most);
		return; // the paths begin behind the entries: with a wrong count neither can be
			// found
	}

	const uint8_t *entry = desc + sizeof(head);
	const char *path = (const char *)entry + count * sizeof(line),
		   *end = (const char *)desc + size;

	for (uint64_t i = 0; i < count; i++, entry += sizeof(line)) {
		size_t len = strnlen(path, (size_t)(end - path));
		struct file_range f;

		if (path + len >= end) {
			notes_add(t->notes, NOTE_DAMAGE,
				  "core file: its list of mapped files ends after %" PRIu64
				  " of %" PRIu64,
				  i, count);
			return;
		}
		memcpy(line, entry, sizeof(line));
		f = (struct file_range){.start = line[0], .end = line[1]};
		if (f.start < f.end && !__builtin_mul_overflow(line[2], head[1], &f.off)) {
			f.file = target_add_file(t, &c->index, path, len, f.start);
			VEC_PUSH(&c->ranges, f);
		}
		path += len + 1;
	}
}

static void read_note(struct target *t, struct core *c, uint32_t type, const uint8_t *desc,
		      size_t size)
{
	switch (type) {
	case NT_PRSTATUS:
		read_prstatus(t, desc, size);
		break;
	case NT_PRPSINFO:
		read_prpsinfo(t, desc, size);
		break;
	case NT_AUXV:
		read_auxv(t, desc, size);
		break;
	case NT_FILE:
		if (!c->has_file_note)
			read_files(t, c, desc, size);
		break;
	}
}

void core_read_notes(struct target *t, struct core *c, const GElf_Phdr *segment)
{
	uint64_t off = segment->p_offset, len = segment->p_filesz;
	Elf_Type type = segment->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR;

	if (off >= c->size)
		return;
	if (len > c->size - off)
		len = c->size - off;

	Elf_Data *data = elf_getdata_rawchunk(c->elf, (int64_t)off, len, type);
	size_t at = 0, name, desc;
	GElf_Nhdr head;

	if (!data) {
		notes_add(t->notes, NOTE_DAMAGE, "core file: notes are unreadable: %s",
			  elf_errmsg(-1));
		return;
	}
	// gelf_getnote() checks that header, name and contents lie in the chunk, and always moves
	// on.
	while (at < data->d_size && (at = gelf_getnote(data, at, &head, &name, &desc)) > 0) {
		const char *buf = data->d_buf;

		if (head.n_namesz == sizeof("CORE") && !memcmp(buf + name, "CORE", sizeof("CORE")))
			read_note(t, c, head.n_type, (const uint8_t *)buf + desc, head.n_descsz);
	}
}
