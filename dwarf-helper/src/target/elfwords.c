#include "target/elfwords.h"

#include <string.h>

const char *elf_unpacker(const uint8_t *p, size_t n)
{
	static const struct {
		const char *magic;
		uint8_t len;
		const char *command;
	} packers[] = {
		{"\x1f\x8b", 2, "gzip -d -k"},
		{"\xfd"
		 "7zXZ",
		 5, "xz -d -k"},
		{"\x28\xb5\x2f\xfd", 4, "zstd -d"},
		{"\x04\x22\x4d\x18", 4, "lz4 -d"},
		{"BZh", 3, "bzip2 -d -k"},
	};

	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++)
		if (n >= packers[i].len && !memcmp(p, packers[i].magic, packers[i].len))
			return packers[i].command;
	return NULL;
}
