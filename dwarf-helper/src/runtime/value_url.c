/*
 * net/url: URL.String() and Userinfo.String(), as of Go 1.27.  Fields are found by name: their
 * order has changed.
 */
#include "runtime/value_known.h"

enum part { PATH, USER, FRAGMENT };

/* shouldEscape() of net/url for the three parts. */
static bool is_plain(unsigned char c, enum part part)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	if (c && strchr("-_.~", c))
		return true;
	if (part == FRAGMENT && c && strchr("!()*", c))
		return true;
	return c && strchr(part == PATH ? "$&+,/:;=@" : part == USER ? "$&+,;=" : "$&+,/:;=?@", c);
}

static void put_escaped(struct buf *out, const struct buf *text, enum part part)
{
	for (size_t i = 0; i < text->n; i++) {
		unsigned char c = (unsigned char)text->p[i];

		if (is_plain(c, part))
			buf_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

static bool put_user(const struct known *u, struct buf *out)
{
	struct buf name = {0}, password = {0};
	uint8_t set;
	bool ok = known_text(u, "username", &name) && known_text(u, "password", &password) &&
		  known_read(u, "passwordSet", &set, 1);

	if (ok) {
		put_escaped(out, &name, USER);
		if (set)
			buf_char(out, ':');
		if (set)
			put_escaped(out, &password, USER);
	}
	buf_free(&name);
	buf_free(&password);
	return ok;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Is @p raw an encoding of @p text, and one that validEncoded() lets through?  Else it is not
 * used. */
static bool encodes(const struct buf *raw, const struct buf *text, enum part part)
{
	size_t n = 0;

	for (size_t i = 0; i < raw->n; i++, n++) {
		char c = raw->p[i];

		if (c == '%') {
			if (i + 2 >= raw->n || hex_digit(raw->p[i + 1]) < 0 ||
			    hex_digit(raw->p[i + 2]) < 0)
				return false;
			c = (char)(hex_digit(raw->p[i + 1]) << 4 | hex_digit(raw->p[i + 2]));
			i += 2;
		} else if (!c ||
			   (!strchr("!$&'()*+,;=:@[]", c) && !is_plain((unsigned char)c, part))) {
			return false;
		}
		if (n >= text->n || text->p[n] != c)
			return false;
	}
	return raw->n && n == text->n;
}

/* The text of field @p name, or of the encoded one that goes before it. */
static bool put_part(const struct known *k, const char *name, const char *raw_name, enum part part,
		     struct buf *out)
{
	struct buf text = {0}, raw = {0};
	bool ok = known_text(k, name, &text) && known_text(k, raw_name, &raw);

	if (encodes(&raw, &text, part))
		buf_bytes(out, raw.p, raw.n);
	else if (part == PATH && text.n == 1 && text.p[0] == '*')
		buf_char(out, '*');
	else if (text.n)
		put_escaped(out, &text, part);
	buf_free(&text);
	buf_free(&raw);
	return ok;
}

/* "//user@host", and the path behind it. */
static bool put_hierarchy(const struct known *k, size_t scheme_n)
{
	struct buf host = {0}, path = {0};
	struct known user;
	uint8_t omit = 0;

	known_read(k, "OmitHost", &omit, 1); // Go 1.19
	bool ok = known_text(k, "Host", &host) && put_part(k, "Path", "RawPath", PATH, &path) &&
		  known_deref(k, "User", &user);

	if (ok && (scheme_n || host.n || user.ty) && !(omit && !host.n && !user.ty) &&
	    (host.n || path.n || user.ty))
		buf_lit(k->out, "//");
	if (ok && user.ty) {
		ok = put_user(&user, k->out);
		buf_char(k->out, '@');
	}
	if (ok) {
		if (host.n)
			buf_bytes(k->out, host.p, host.n);
		if (path.n && path.p[0] != '/' && host.n)
			buf_char(k->out, '/');
		if (path.n)
			buf_bytes(k->out, path.p, path.n);
	}
	buf_free(&host);
	buf_free(&path);
	return ok;
}

/* "?query#fragment" */
static bool put_tail(const struct known *k)
{
	struct buf query = {0}, fragment = {0};
	uint8_t force;
	bool ok = known_read(k, "ForceQuery", &force, 1) && known_text(k, "RawQuery", &query) &&
		  put_part(k, "Fragment", "RawFragment", FRAGMENT, &fragment);

	if (ok && (force || query.n)) {
		buf_char(k->out, '?');
		if (query.n)
			buf_bytes(k->out, query.p, query.n);
	}
	if (ok && fragment.n) {
		buf_char(k->out, '#');
		buf_bytes(k->out, fragment.p, fragment.n);
	}
	buf_free(&query);
	buf_free(&fragment);
	return ok;
}

bool known_url(const struct known *k)
{
	if (!strcmp(k->ty->full, "net/url.Userinfo"))
		return put_user(k, k->out);
	if (strcmp(k->ty->full, "net/url.URL") != 0 || !known_text(k, "Scheme", k->out))
		return false;
	size_t scheme_n = k->out->n, at;

	if (scheme_n)
		buf_char(k->out, ':');
	at = k->out->n;
	if (!known_text(k, "Opaque", k->out))
		return false;
	return (k->out->n > at || put_hierarchy(k, scheme_n)) && put_tail(k);
}
