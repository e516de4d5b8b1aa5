/*
 * References relative to the instruction, on amd64: CALL rel32 (E8), and memory operands and LEA
 * with the ModRM byte mod 00, r/m 101 (Intel's manual, volume 2, tables 2-2 and 2-7).  An operand
 * that an immediate follows counts from behind that: Go has it on compares and stores of constants,
 * so the sizes of 0, 1 and 4 bytes are tried.
 */
#include <string.h>

#include "runtime/code.h"

#define CALL_REL32 0xe8
#define MOV_LOAD 0x8b
#define REX_W 0x48 /* to 0x4f */
#define MOD_RM 0xc7
#define RIP_RELATIVE 0x05
#define BASE_IN_SIB 4 /* r/m: rsp's number, and r12's */
#define SIB_BASE_ALONE 0x24

static void relative(const uint8_t *code, size_t i, taddr entry, code_ref_fn *fn, void *arg)
{
	static const unsigned immediates[] = {0, 1, 4};
	int32_t distance;

	memcpy(&distance, code + i + 1, sizeof(distance));
	taddr to = entry + i + 5 + (taddr)(int64_t)distance;
	if (code[i] == CALL_REL32)
		fn(arg, REF_CALL, entry + i, to);
	for (size_t k = 0;
	     (code[i] & MOD_RM) == RIP_RELATIVE && k < sizeof(immediates) / sizeof(*immediates);
	     k++)
		fn(arg, REF_ADDRESS, entry + i, to + immediates[k]);
}

/* MOV r64, [base + displacement]: REX.W 8B /r. */
static void load(const uint8_t *code, size_t i, size_t n, taddr entry, code_ref_fn *fn, void *arg)
{
	uint8_t rex = code[i], modrm = code[i + 2], mod = modrm >> 6, base = modrm & 7;
	size_t at = i + 3;
	int32_t offset = 0;

	if ((rex & 0xf8) != REX_W || code[i + 1] != MOV_LOAD || mod == 3 || (mod == 0 && base == 5))
		return;
	if (base == BASE_IN_SIB &&
	    (!(rex & 1) ||
	     code[at++] != SIB_BASE_ALONE)) /* the stack's, or an element of an array */
		return;
	if (at + (mod == 2 ? 4u : mod) > n)
		return;
	if (mod == 1)
		offset = (int8_t)code[at];
	else if (mod == 2)
		memcpy(&offset, code + at, sizeof(offset));
	if (offset >= 0)
		fn(arg, REF_LOAD, entry + i, (taddr)offset);
}

void code_refs_amd64(const uint8_t *code, size_t n, taddr entry, code_ref_fn *fn, void *arg)
{
	for (size_t i = 0; i + 5 <= n; i++) {
		load(code, i, n, entry, fn, arg);
		if (code[i] == CALL_REL32 || (code[i] & MOD_RM) == RIP_RELATIVE)
			relative(code, i, entry, fn, arg);
	}
}
