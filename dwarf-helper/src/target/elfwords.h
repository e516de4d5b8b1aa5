/**
 * @file  What a file that we do not read is instead, in words: shared by cores and executables.
 */
#ifndef GOCTX_TARGET_ELFWORDS_H
#define GOCTX_TARGET_ELFWORDS_H

#include <stddef.h>
#include <stdint.h>

/** The command that unpacks a compressed file which starts with these @p n bytes: "gzip -d -k";
 * NULL when it is none. */
const char *elf_unpacker(const uint8_t *p, size_t n);

#endif
