#include "runtime/value_internal.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/utf8.h"

void value_escape(struct buf *out, const char *s, uint64_t n)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + n;
	uint32_t code = 0;
	unsigned len;

	for (; p < end; p += len ? len : 1) {
		len = utf8_decode(p, (size_t)(end - p), &code);
		if (!len)
			buf_printf(out, "\\x%02x", *p);
		else if (code == '"' || code == '\\')
			buf_printf(out, "\\%c", (char)code);
		else if (code == '\n')
			buf_lit(out, "\\n");
		else if (code == '\t')
			buf_lit(out, "\\t");
		else if (code < 0x80 && utf8_is_control(code))
			buf_printf(out, "\\x%02x", code);
		else if (utf8_is_control(code))
			buf_printf(out, "\\u%04x", code);
		else
			buf_bytes(out, p, len);
	}
}

/* Where to cut so that no UTF-8 sequence is halved. */
static uint64_t whole(const char *s, uint64_t n)
{
	uint64_t i = n;
	uint32_t code;

	while (i && n - i < 3 && ((unsigned char)s[i - 1] & 0xc0) == 0x80)
		i--;
	if (i && (unsigned char)s[i - 1] >= 0xc0 &&
	    !utf8_decode((const unsigned char *)s + i - 1, n - i + 1, &code))
		return i - 1;
	return n;
}

bool value_text(struct runtime *rt, struct buf *out, taddr p, uint64_t n, uint64_t max,
		bool *cut_ret)
{
	*cut_ret = false;
	if (!n)
		return true;
	uint64_t got;
	const char *s = runtime_string(rt, p, n, max, &got, cut_ret);

	if (!s)
		return false;
	value_escape(out, s, *cut_ret ? whole(s, got) : got);
	return true;
}

/* ".5" of 500 with width 3; nothing for 0. */
static void fraction(struct buf *out, uint64_t v, int width)
{
	char text[16];

	if (!v)
		return;
	int n = snprintf(text, sizeof(text), ".%0*llu", width, (unsigned long long)v);

	while (text[n - 1] == '0')
		n--;
	buf_bytes(out, text, (size_t)n);
}

void value_duration(struct buf *out, int64_t ns)
{
	uint64_t u = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	if (ns < 0)
		buf_char(out, '-');
	if (u && u < 1000) {
		buf_u64(out, u);
		buf_lit(out, "ns");
		return;
	}
	if (u && u < 1000000000) {
		uint64_t unit = u < 1000000 ? 1000 : 1000000;

		buf_u64(out, u / unit);
		fraction(out, u % unit, unit == 1000 ? 3 : 6);
		buf_str(out, unit == 1000 ? "µs" : "ms");
		return;
	}
	uint64_t sec = u / 1000000000;

	if (sec >= 3600)
		buf_printf(out, "%lluh", (unsigned long long)(sec / 3600));
	if (sec >= 60)
		buf_printf(out, "%llum", (unsigned long long)(sec / 60 % 60));
	buf_u64(out, sec % 60);
	fraction(out, u % 1000000000, 9);
	buf_char(out, 's');
}

void value_float(struct buf *out, double v, bool single)
{
	char text[40];

	if (isnan(v) || isinf(v)) {
		buf_str(out, isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf");
		return;
	}
	// From six digits on, so that 100 does not become 1e+02.
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (single ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v)
			break;
	}
	buf_str(out, text);
}

void value_time(struct buf *out, int64_t unix_s, int32_t nsec)
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm)) {
		buf_printf(out, "%llds", (long long)unix_s);
		return;
	}
	buf_printf(out, "%04lld-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900ll, tm.tm_mon + 1,
		   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	fraction(out, (uint64_t)(nsec > 0 && nsec < 1000000000 ? nsec : 0), 9);
	buf_char(out, 'Z');
}

void value_unreadable(struct buf *out, taddr at)
{
	buf_lit(out, "<unreadable ");
	buf_hex(out, at);
	buf_char(out, '>');
}
