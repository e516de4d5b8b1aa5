#include "target/elfwords.h"

#include <elf.h>
#include <string.h>

const char *elf_machine_name(unsigned machine)
{
	switch (machine) {
	case EM_386:
		return "386";
	case EM_ARM:
		return "arm";
	case EM_AARCH64:
		return "arm64";
	case EM_RISCV:
		return "riscv64";
	case EM_PPC64:
		return "ppc64";
	case EM_S390:
		return "s390x";
	case EM_MIPS:
		return "mips";
	case 258: // EM_LOONGARCH, absent from older elf.h
		return "loong64";
	default:
		return NULL;
	}
}

const char *elf_unpacker(const uint8_t *p, size_t n)
{
	static const struct {
		const char *magic;
		uint8_t len;
		const char *command;
	} packers[] = {
		{"\x1f\x8b", 2, "gzip -d -k"},	       {"\xfd" "7zXZ", 5, "xz -d -k"}, {"\x28\xb5\x2f\xfd", 4, "zstd -d"},
		{"\x04\x22\x4d\x18", 4, "lz4 -d"}, {"BZh", 3, "bzip2 -d -k"},
	};

	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++)
		if (n >= packers[i].len && !memcmp(p, packers[i].magic, packers[i].len))
			return packers[i].command;
	return NULL;
}
