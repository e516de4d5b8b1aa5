#include "base/arch.h"

#include <elf.h>
#include <stddef.h>

static const struct arch *const all[] = {&arch_amd64};

const struct arch *arch_of_elf(unsigned e_machine)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i]->elf_machine == e_machine)
			return all[i];
	return NULL;
}

const struct arch *arch_of_host(void)
{
#if defined(__x86_64__)
	return arch_of_elf(EM_X86_64);
#else
	return NULL;
#endif
}

const char *arch_supported(void)
{
	return "linux/amd64"; /* tests/c/test_arch.c: all of them are named */
}

const char *arch_elf_name(unsigned e_machine)
{
	const struct arch *own = arch_of_elf(e_machine);

	if (own)
		return own->name;
	switch (e_machine) {
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
