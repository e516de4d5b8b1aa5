/** @file  The tables of the processors, against the headers and the kernel of the machine that the
 * test runs on. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <elf.h>
#include <signal.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/user.h>
#include <ucontext.h>
#include <unistd.h>

#include "target/target_internal.h"

static unsigned reg_named(const struct arch *a, const char *name)
{
	unsigned i = 0;

	while (i < a->registers && strcmp(a->reg[i].name, name) != 0)
		i++;
	if (i == a->registers)
		fail_msg("no register %s", name);
	return i;
}

/* Each is at its place in struct user_regs_struct, and none is missing. */
static void registers(void **state)
{
#define R(name)                                                \
	{                                                      \
#name, offsetof(struct user_regs_struct, name) \
	}
	static const struct {
		const char *name;
		size_t off;
	} want[] = {
		R(r15),	    R(r14),	 R(r13), R(r12), R(rbp),    R(rbx), R(r11),
		R(r10),	    R(r9),	 R(r8),	 R(rax), R(rcx),    R(rdx), R(rsi),
		R(rdi),	    R(orig_rax), R(rip), R(cs),	 R(eflags), R(rsp), R(ss),
		R(fs_base), R(gs_base),	 R(ds),	 R(es),	 R(fs),	    R(gs),
	};
#undef R
	const struct arch *a = &arch_amd64;

	(void)state;
	assert_int_equal(a->registers, sizeof(struct user_regs_struct) / 8);
	assert_int_equal(a->registers, sizeof(want) / sizeof(*want));
	assert_true(a->registers <= ARCH_REGISTERS_MAX);
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		assert_int_equal(reg_named(a, want[i].name), want[i].off / 8);
	assert_int_equal(a->pc, offsetof(struct user_regs_struct, rip) / 8);
	assert_int_equal(a->sp, offsetof(struct user_regs_struct, rsp) / 8);
	assert_int_equal(a->fp, offsetof(struct user_regs_struct, rbp) / 8);
}

/* The sixteen of the instruction set, each once. */
static void general_registers(void **state)
{
	static const char *const want[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
					   "r8",  "r9",	 "r10", "r11", "r12", "r13", "r14", "r15"};
	const struct arch *a = &arch_amd64;
	uint64_t set = 0;

	(void)state;
	assert_int_equal(a->generals, sizeof(want) / sizeof(*want));
	for (size_t i = 0; i < a->generals; i++)
		set |= UINT64_C(1) << a->general[i];
	for (size_t i = 0; i < a->generals; i++)
		assert_true(set >> reg_named(a, want[i]) & 1);
}

static void notes(void **state)
{
	const struct arch_notes *n = &arch_amd64.notes;

	(void)state;
	assert_int_equal(n->prstatus_size, sizeof(struct elf_prstatus));
	assert_int_equal(n->prstatus_pid, offsetof(struct elf_prstatus, pr_pid));
	assert_int_equal(n->prstatus_signal, offsetof(struct elf_prstatus, pr_cursig));
	assert_int_equal(n->prstatus_regs, offsetof(struct elf_prstatus, pr_reg));
	assert_int_equal(arch_amd64.registers * 8, sizeof(((struct elf_prstatus *)0)->pr_reg));
	assert_int_equal(n->prpsinfo_size, sizeof(struct elf_prpsinfo));
	assert_int_equal(n->prpsinfo_pid, offsetof(struct elf_prpsinfo, pr_pid));
}

static void signal_registers(void **state)
{
#define R(name, REG)                                                    \
	{                                                               \
		name, offsetof(ucontext_t, uc_mcontext.gregs) + (REG)*8 \
	}
	static const struct {
		const char *name;
		size_t off;
	} want[] = {
		R("r8", REG_R8),   R("r9", REG_R9),	 R("r10", REG_R10), R("r11", REG_R11),
		R("r12", REG_R12), R("r13", REG_R13),	 R("r14", REG_R14), R("r15", REG_R15),
		R("rdi", REG_RDI), R("rsi", REG_RSI),	 R("rbp", REG_RBP), R("rbx", REG_RBX),
		R("rdx", REG_RDX), R("rax", REG_RAX),	 R("rcx", REG_RCX), R("rsp", REG_RSP),
		R("rip", REG_RIP), R("eflags", REG_EFL),
	};
#undef R
	size_t there = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		assert_int_equal(arch_amd64.reg[reg_named(&arch_amd64, want[i].name)].in_signal,
				 want[i].off);
	for (size_t i = 0; i < arch_amd64.registers; i++)
		there += arch_amd64.reg[i].in_signal >= 0;
	assert_int_equal(there, sizeof(want) / sizeof(*want));
}

static const char *frame_end, *context;

__attribute__((noinline)) static void handler(int sig, siginfo_t *info, void *arg)
{
	(void)sig;
	(void)info;
	/* The caller's frame pointer, then the return address: where every function's frame
	 * ends. */
	frame_end = (const char *)__builtin_frame_address(0) + 8;
	context = arg;
}

/* What the kernel puts above the end of a handler's frame. */
static void signal_frame(void **state)
{
	struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO}, old;

	(void)state;
	assert_false(sigaction(SIGUSR1, &act, &old));
	raise(SIGUSR1);
	sigaction(SIGUSR1, &old, NULL);
	assert_non_null(context);
	assert_int_equal(context - frame_end, arch_of_host()->frame.signal_context);
}

static void names(void **state)
{
	(void)state;
	assert_ptr_equal(arch_of_elf(EM_X86_64), &arch_amd64);
	assert_ptr_equal(arch_of_host(), &arch_amd64);
	assert_null(arch_of_elf(EM_NONE));
	assert_null(arch_of_elf(0x12345));
	assert_string_equal(arch_elf_name(EM_X86_64), "amd64");
	assert_string_equal(arch_elf_name(EM_AARCH64), "arm64");
	assert_string_equal(arch_elf_name(EM_386), "386");
	assert_null(arch_elf_name(EM_NONE));
	/* Every number of a machine is asked: none may be supported and not named. */
	for (unsigned m = 0; m < 0x10000; m++)
		if (arch_of_elf(m)) {
			assert_int_equal(arch_of_elf(m)->elf_machine, m);
			assert_non_null(strstr(arch_supported(), arch_of_elf(m)->name));
			assert_true(arch_of_elf(m)->address_bits <= ARCH_ADDRESS_BITS_MAX);
			assert_true(arch_of_elf(m)->page_min >= ARCH_PAGE_MIN);
			assert_true(arch_of_elf(m)->page_max >= arch_of_elf(m)->page_min);
		}
}

/* Of the machine that we run on: addresses of ours are addresses, pages are pages. */
static void addresses(void **state)
{
	const struct arch *a = arch_of_host();
	int local = 0;

	(void)state;
	assert_true(arch_is_user(a, (uintptr_t)&local));
	assert_true(arch_is_user(a, (UINT64_C(1) << 47) - 1));
	assert_false(arch_is_user(a, UINT64_C(1) << 47));
	assert_false(arch_is_user(a, UINT64_MAX));
	assert_true(a->page_min <= sysconf(_SC_PAGESIZE) && sysconf(_SC_PAGESIZE) <= a->page_max);
	/* Go's first arena, by hand: 0xc000000000 is 0x3000 arenas of 64 MiB from 0, and 0 is
	 * 0x200000 from the base. */
	assert_int_equal(arch_arena(&arch_amd64, 0xc000000000, 64 << 20), 0x203000);
	assert_int_equal(arch_arena(&arch_amd64, 0xc003ffffff, 64 << 20), 0x203000);
	assert_int_equal(arch_arena(&arch_amd64, 0xc004000000, 64 << 20), 0x203001);
}

/* The auxiliary vector tells the size of a page; what no such machine has is not believed. */
static void pages(void **state)
{
	static const uint64_t bad[] = {
		0, 1, 2048, 12288, 1 << 17, UINT64_MAX, UINT64_C(1) << 32 | 4096};
	struct arch wide = arch_amd64;
	struct target t = {0};

	(void)state;
	wide.page_max = 65536;
	target_set_arch(&t, &wide);
	assert_int_equal(t.page_bytes, 4096);
	target_auxv(&t, AT_PAGESZ, 16384);
	assert_int_equal(t.page_bytes, 16384);
	assert_int_equal(target_page(&t, 0x12345), 0x10000);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		target_auxv(&t, AT_PAGESZ, bad[i]);
		assert_int_equal(t.page_bytes, 16384);
	}
	target_auxv(&t, AT_ENTRY, 0x401000);
	target_auxv(&t, AT_PHDR, 0x400040);
	target_auxv(&t, AT_UID, 77);
	assert_int_equal(t.entry, 0x401000);
	assert_int_equal(t.phdr, 0x400040);
	target_set_arch(&t, &arch_amd64);
	target_auxv(&t, AT_PAGESZ, 16384);
	assert_int_equal(t.page_bytes, 4096);
}

/* Places of a frame of 0x40 bytes, counted by hand: amd64, and a machine with a link register. */
static void frames(void **state)
{
	const struct arch_frame *f = &arch_amd64.frame;
	static const struct arch_place link = {false, 0}, below = {false, -8};

	(void)state;
	assert_int_equal(arch_place(f->ret, 0xc000, 0x40), 0xc040);
	assert_int_equal(arch_place(f->saved_fp, 0xc000, 0x40), 0xc038);
	assert_int_equal(arch_place(link, 0xc000, 0x40), 0xc000);
	assert_int_equal(arch_place(below, 0xc000, 0x40), 0xbff8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers),	cmocka_unit_test(general_registers),
		cmocka_unit_test(notes),	cmocka_unit_test(signal_registers),
		cmocka_unit_test(signal_frame), cmocka_unit_test(names),
		cmocka_unit_test(addresses),	cmocka_unit_test(pages),
		cmocka_unit_test(frames),
	};

	return cmocka_run_group_tests_name("arch", tests, NULL, NULL);
}
