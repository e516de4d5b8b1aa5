#include "base/text.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

size_t text_width(const char *s, size_t n)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++)
		width += ((unsigned char)s[i] & 0xc0) != 0x80;
	return width;
}

size_t text_cut(const char *s, size_t n, size_t columns)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++) {
		width += ((unsigned char)s[i] & 0xc0) != 0x80;
		if (width > columns)
			return i;
	}
	return n;
}

size_t text_path(const char *s, size_t n)
{
	size_t path = 0;

	for (size_t i = 0; i < n && !memchr("(\"{[ ", s[i], 5); i++)
		if (s[i] == '/')
			path = i + 1;
	return path;
}

/* Bytes of the UTF-8 sequence at s that a terminal may see, 0: none. */
static size_t harmless(const unsigned char *s, size_t n)
{
	uint32_t code;
	unsigned len = utf8_decode(s, n, &code);

	return len && !utf8_is_control(code) ? len : 0;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int text_escape(const char *s)
{
	int high = s[0] == '%' ? hex_digit(s[1]) : -1;
	int low = high < 0 ? -1 : hex_digit(s[2]);

	return low < 0 || !(high | low) ? -1 : high << 4 | low;
}

char *text_unescaped(const char *symbol)
{
	if (!strchr(symbol, '%'))
		return NULL;
	char *plain = mem_zalloc(strlen(symbol) + 1), *to = plain;
	while (*symbol) {
		int byte = text_escape(symbol);
		*to++ = byte < 0 ? *symbol : (char)byte;
		symbol += byte < 0 ? 1 : 3;
	}
	return plain;
}

void text_safe(struct buf *out, const char *s, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	const unsigned char *p = (const unsigned char *)s, *end = p + n;

	while (p < end) {
		const unsigned char *run = p;
		while (p < end && *p >= 0x20 && *p < 0x7f)
			p++;
		if (p > run)
			buf_bytes(out, run, (size_t)(p - run));
		if (p == end)
			break;
		size_t len = *p < 0x80 ? 0 : harmless(p, (size_t)(end - p));
		if (len) {
			buf_bytes(out, p, len);
			p += len;
			continue;
		}
		if (*p == '\n' || *p == '\t') {
			buf_str(out, *p == '\n' ? "\\n" : "\\t");
		} else {
			buf_lit(out, "\\x");
			buf_char(out, digit[*p >> 4]);
			buf_char(out, digit[*p & 15]);
		}
		p++;
	}
}

void text_safe_cut(struct buf *out, const char *s, size_t n, size_t columns)
{
	_cleanup_free_ char *own = NULL;
	struct buf safe = {0};

	if (!columns) {
		text_safe(out, s, n);
		return;
	}
	bool longer =
		n > columns * 4; // a code point has at most four bytes: no need to look at the rest
	text_safe(&safe, s, longer ? columns * 4 : n);
	own = safe.p;
	if (!longer && text_width(safe.p, safe.n) <= columns) {
		buf_bytes(out, safe.n ? safe.p : "", safe.n);
		return;
	}
	buf_bytes(out, safe.p, text_cut(safe.p, safe.n, columns - 1));
	buf_lit(out, "…");
}

void text_count(struct buf *out, uint64_t v)
{
	char tmp[32], *q = tmp + sizeof(tmp);
	unsigned digits = 0;

	do {
		if (digits && digits % 3 == 0)
			*--q = ' ';
		*--q = (char)('0' + v % 10);
		digits++;
	} while (v /= 10);
	buf_bytes(out, q, (size_t)(tmp + sizeof(tmp) - q));
}

void text_plural(struct buf *out, uint64_t v, const char *word)
{
	size_t n = strlen(word);

	text_count(out, v);
	buf_char(out, ' ');
	buf_bytes(out, word, n);
	if (v == 1)
		return;
	if (n >= 5 && !strcmp(word + n - 5, "child"))
		buf_lit(out, "ren");
	else if (n && (word[n - 1] == 's' || word[n - 1] == 'x' ||
		       (n > 1 && word[n - 1] == 'h' && word[n - 2] == 'c')))
		buf_lit(out, "es");
	else
		buf_char(out, 's');
}

#define US 1000ull
#define MS (1000 * US)
#define SEC (1000 * MS)
#define MIN (60 * SEC)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

/* Up to which length a duration is written in which unit, and how finely: the first row that it
 * stays below once it is rounded. */
static const struct duration_unit {
	uint64_t below, step; /* ns */
	uint64_t unit;	      /* ns */
	const char *name;
	uint64_t small; /* ns: what the unit leaves over is written in this one, 0: in tenths, or
			   not at all where step is a whole unit */
	const char *small_name;
} duration_units[] = {
	{US, 1, 1, "ns", 0, NULL},
	{MS, US, US, "µs", 0, NULL},
	{SEC, MS, MS, "ms", 0, NULL},
	{10 * SEC, SEC / 10, SEC, "s", 0, NULL},
	{MIN, SEC, SEC, "s", 0, NULL},
	{10 * MIN, SEC, MIN, "m", SEC, "s"},
	{HOUR, MIN, MIN, "m", 0, NULL},
	{10 * HOUR, MIN, HOUR, "h", MIN, "m"},
	{2 * DAY, HOUR, HOUR, "h", 0, NULL},
	{10 * DAY, HOUR, DAY, "d", HOUR, "h"},
	{UINT64_MAX, DAY, DAY, "d", 0, NULL},
};

void text_duration(struct buf *out, int64_t ns)
{
	uint64_t v = ns < 0 ? -(uint64_t)ns : (uint64_t)ns, rounded;
	const struct duration_unit *u = duration_units;

	if (ns < 0)
		buf_char(out, '-');
	if (!v) {
		buf_lit(out, "0s");
		return;
	}
	while ((rounded = (v + u->step / 2) / u->step * u->step) >= u->below)
		u++;
	buf_u64(out, rounded / u->unit);
	uint64_t over = rounded % u->unit;
	if (over && !u->small) {
		buf_char(out, '.');
		buf_u64(out, over / u->step);
	}
	buf_str(out, u->name);
	if (over && u->small) {
		buf_char(out, ' ');
		buf_u64(out, over / u->small);
		buf_str(out, u->small_name);
	}
}

void text_size(struct buf *out, uint64_t bytes)
{
	static const char *const unit[] = {" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
	unsigned k = 0;
	uint64_t whole = bytes, tenth = 0;

	while (whole >= 1024) {
		tenth = whole % 1024 * 10 / 1024;
		whole /= 1024;
		k++;
	}
	buf_u64(out, whole);
	if (k && whole < 100) {
		buf_char(out, '.');
		buf_u64(out, tenth);
	}
	buf_str(out, unit[k]);
}

/* Calendar date of a day number since 1970-01-01 (proleptic Gregorian; after Howard Hinnant's
 * civil_from_days). */
static void civil(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	days += 719468; // 0000-03-01
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	uint64_t doe = (uint64_t)(days - era * 146097);
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	*day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	*month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int64_t)yoe + era * 400 + (*month <= 2);
}

static void digits(struct buf *out, uint64_t v, unsigned n)
{
	char *p = buf_room(out, n);

	for (unsigned i = n; i-- > 0; v /= 10)
		p[i] = (char)('0' + v % 10);
	out->n += n;
}

/* "2026-11-20T04:12:09" */
static bool date_time(struct buf *out, int64_t unix_s, char between)
{
	static const int64_t first = -62167219200, last = 253402300799; // years 0000 … 9999
	int64_t year;
	unsigned month, day;

	if (unix_s < first || unix_s > last)
		return false;
	int64_t days = (unix_s - first) / 86400 + first / 86400; // first is a midnight
	uint64_t s = (uint64_t)(unix_s - first) % 86400;
	civil(days, &year, &month, &day);
	digits(out, (uint64_t)year, 4);
	buf_char(out, '-');
	digits(out, month, 2);
	buf_char(out, '-');
	digits(out, day, 2);
	buf_char(out, between);
	digits(out, s / 3600, 2);
	buf_char(out, ':');
	digits(out, s / 60 % 60, 2);
	buf_char(out, ':');
	digits(out, s % 60, 2);
	return true;
}

bool text_rfc3339(struct buf *out, int64_t unix_s, int32_t nsec)
{
	if (!date_time(out, unix_s, 'T'))
		return false;
	if (nsec > 0 && nsec < 1000000000) {
		buf_char(out, '.');
		digits(out, (uint64_t)nsec, 9);
		while (out->p[out->n - 1] == '0')
			out->n--;
	}
	buf_char(out, 'Z');
	return true;
}

bool text_date(struct buf *out, int64_t unix_s)
{
	if (!date_time(out, unix_s, ' '))
		return false;
	buf_lit(out, " +00:00");
	return true;
}

void text_place(struct buf *out, const char *file, int32_t line)
{
	if (!file || !*file)
		return;
	const char *slash = strrchr(file, '/');
	text_safe(out, slash && slash[1] ? slash + 1 : file,
		  strlen(slash && slash[1] ? slash + 1 : file));
	if (line <= 0)
		return;
	buf_char(out, ':');
	buf_u64(out, (uint64_t)line);
}
