#include "base/utf8.h"

unsigned utf8_decode(const unsigned char *s, size_t n, uint32_t *code_ret)
{
	static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};

	if (!n)
		return 0;
	unsigned want = s[0] < 0x80   ? 1
			: s[0] < 0xc2 ? 0
			: s[0] < 0xe0 ? 2
			: s[0] < 0xf0 ? 3
			: s[0] < 0xf5 ? 4
				      : 0;
	if (!want || want > n)
		return 0;
	uint32_t code = want == 1 ? s[0] : s[0] & (0xffu >> (want + 1));
	for (unsigned i = 1; i < want; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[want] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	*code_ret = code;
	return want;
}

bool utf8_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
	       (c >= 0x200e && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}
