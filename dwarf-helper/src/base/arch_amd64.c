/*
 * amd64.  Registers: linux/arch/x86/include/asm/user_64.h, struct user_regs_struct.  Signal frames:
 * asm/sigframe.h, struct rt_sigframe = {return address, struct ucontext}; uapi/asm/ucontext.h and
 * sigcontext.h, struct sigcontext_64 at byte 40 of the ucontext.  Stack and registers of Go:
 * cmd/compile/abi-internal.md.
 */
#include "base/arch.h"

#include <elf.h>
#include <stddef.h>

enum {
	R15,
	R14,
	R13,
	R12,
	RBP,
	RBX,
	R11,
	R10,
	R9,
	R8,
	RAX,
	RCX,
	RDX,
	RSI,
	RDI,
	ORIG_RAX,
	RIP,
	CS,
	EFLAGS,
	RSP,
	SS,
	FS_BASE,
	GS_BASE,
	DS,
	ES,
	FS,
	GS,
	REGISTERS,
};

#define IN_SIGNAL(i) (40 + 8 * (i)) /* word i of the ucontext's registers */

static const struct arch_register registers[REGISTERS] = {
	[R15] = {"r15", IN_SIGNAL(7)},
	[R14] = {"r14", IN_SIGNAL(6)},
	[R13] = {"r13", IN_SIGNAL(5)},
	[R12] = {"r12", IN_SIGNAL(4)},
	[RBP] = {"rbp", IN_SIGNAL(10)},
	[RBX] = {"rbx", IN_SIGNAL(11)},
	[R11] = {"r11", IN_SIGNAL(3)},
	[R10] = {"r10", IN_SIGNAL(2)},
	[R9] = {"r9", IN_SIGNAL(1)},
	[R8] = {"r8", IN_SIGNAL(0)},
	[RAX] = {"rax", IN_SIGNAL(13)},
	[RCX] = {"rcx", IN_SIGNAL(14)},
	[RDX] = {"rdx", IN_SIGNAL(12)},
	[RSI] = {"rsi", IN_SIGNAL(9)},
	[RDI] = {"rdi", IN_SIGNAL(8)},
	[ORIG_RAX] = {"orig_rax", -1},
	[RIP] = {"rip", IN_SIGNAL(16)},
	[CS] = {"cs", -1},
	[EFLAGS] = {"eflags", IN_SIGNAL(17)},
	[RSP] = {"rsp", IN_SIGNAL(15)},
	[SS] = {"ss", -1},
	[FS_BASE] = {"fs_base", -1},
	[GS_BASE] = {"gs_base", -1},
	[DS] = {"ds", -1},
	[ES] = {"es", -1},
	[FS] = {"fs", -1},
	[GS] = {"gs", -1},
};

static const uint8_t general[] = {R8,  R9,  R10, R11, R12, R13, R14, R15,
				  RDI, RSI, RBP, RBX, RDX, RAX, RCX, RSP};

/* runtime/rt0_linux_amd64.s, asm_amd64.s */
static const char *const entries[] = {"_rt0_amd64_linux", "_rt0_amd64", NULL};

const struct arch arch_amd64 = {
	.name = "amd64",
	.elf_machine = EM_X86_64,

	.reg = registers,
	.registers = REGISTERS,
	.pc = RIP,
	.sp = RSP,
	.fp = RBP,
	.sanitizer_sp = R12,
	.general = general,
	.generals = sizeof(general),

	.notes =
		{
			.prstatus_size = 336,
			.prstatus_signal = 12,
			.prstatus_pid = 32,
			.prstatus_regs = 112,
			.prpsinfo_size = 136,
			.prpsinfo_pid = 24,
		},
	.frame =
		{
			.ret = {true, 0},
			.saved_fp = {true, -8},
			.pushed = 8,
			.above_locals = 8,
			.below_args = 0,
			.chain_ret = 8,
			.chain_sp = 16,
			.signal_context = 8,
		},

	.address_bits = 47,
	.page_min = 4096,
	.page_max = 4096,
	.arena_base = 0xffff800000000000,

	.pc_quantum = 1,
	.relocation_relative = R_X86_64_RELATIVE,
	.entries = entries,
};
