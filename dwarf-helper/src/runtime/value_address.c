/*
 * net and net/netip: addresses as their String methods have them.
 */
#include "runtime/value_known.h"

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

/* ---- text of an address ---- */

static void put_v4(struct buf *out, const uint8_t *b)
{
	buf_printf(out, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
}

/* RFC 5952: the longest run of two or more zero groups is "::". */
static void put_v6(struct buf *out, const uint8_t *b)
{
	unsigned group[8], from = 8, len = 1;

	for (unsigned i = 0; i < 8; i++)
		group[i] = (unsigned)b[2 * i] << 8 | b[2 * i + 1];
	for (unsigned i = 0, run = 0; i < 8; i++) {
		run = group[i] ? 0 : run + 1;
		if (run > len) {
			len = run;
			from = i + 1 - run;
		}
	}
	for (unsigned i = 0; i < 8; i++) {
		if (i == from) {
			buf_lit(out, "::");
			i += len - 1;
			continue;
		}
		buf_printf(out, i && i != from + len ? ":%x" : "%x", group[i]);
	}
}

/* net.IP of 4 or 16 bytes; *v6_ret: a port behind it needs brackets. */
static bool put_ip(struct buf *out, const uint8_t *b, uint64_t n, bool *v6_ret)
{
	bool mapped = n == 16 && !memcmp(b, v4_prefix, sizeof(v4_prefix));

	*v6_ret = n == 16 && !mapped;
	if (n == 4)
		put_v4(out, b);
	else if (mapped)
		put_v4(out, b + 12);
	else if (n == 16)
		put_v6(out, b);
	return n == 4 || n == 16;
}

static void put_hex(struct buf *out, const uint8_t *b, uint64_t n, const char *between)
{
	for (uint64_t i = 0; i < n; i++)
		buf_printf(out, "%s%02x", i ? between : "", b[i]);
}

/* ---- package net ---- */

/* A byte slice of at most @p max bytes; *n_ret 0 when nil or empty. */
static bool read_bytes(const struct known *k, uint8_t *b, uint64_t max, uint64_t *n_ret)
{
	uint64_t word[2];

	if (k->ty->kind != GO_SLICE || !place_read(k->rt, &k->at, 0, word, sizeof(word)) ||
	    word[1] > max)
		return false;
	*n_ret = word[1];
	return !word[1] || target_read(k->rt->t, word[0], b, word[1]);
}

static bool put_bytes_type(const struct known *k)
{
	uint8_t b[20]; // the longest hardware address
	uint64_t n;
	bool v6;

	if (!read_bytes(k, b, sizeof(b), &n) || !n)
		return false;
	if (!strcmp(k->ty->full, "net.IP"))
		return put_ip(k->out, b, n, &v6);
	put_hex(k->out, b, n, !strcmp(k->ty->full, "net.HardwareAddr") ? ":" : "");
	return true;
}

/* The number of leading ones of a mask, -1 when others follow. */
static int prefix_length(const uint8_t *b, uint64_t n)
{
	int ones = 0;

	for (uint64_t i = 0; i < n * 8; i++) {
		bool set = b[i / 8] >> (7 - i % 8) & 1;

		if (set && ones != (int)i)
			return -1;
		ones += set;
	}
	return ones;
}

static bool put_net(const struct known *k)
{
	uint8_t ip[16], mask[16];
	uint64_t n, m;
	struct known f, g;
	bool v6;

	if (!known_field(k, "IP", &f) || !known_field(k, "Mask", &g) ||
	    !read_bytes(&f, ip, sizeof(ip), &n) || !read_bytes(&g, mask, sizeof(mask), &m) ||
	    !put_ip(k->out, ip, n, &v6))
		return false;
	if (!v6 && m == 16) { // networkNumberAndMask()
		memmove(mask, mask + 12, 4);
		m = 4;
	}
	if (m != (v6 ? 16 : 4))
		return false;
	int ones = prefix_length(mask, m);

	buf_char(k->out, '/');
	if (ones < 0)
		put_hex(k->out, mask, m, "");
	else
		buf_printf(k->out, "%d", ones);
	return true;
}

/* TCPAddr, UDPAddr: IP, Port, Zone; IPAddr has no Port. */
static bool put_endpoint(const struct known *k)
{
	struct known f;
	struct buf host = {0}, zone = {0};
	uint8_t ip[16];
	uint64_t n, port = 0;
	bool v6 = false, with_port = known_read(k, "Port", &port, 8);
	bool ok = known_field(k, "IP", &f) && read_bytes(&f, ip, sizeof(ip), &n) &&
		  (!n || put_ip(&host, ip, n, &v6)) && known_text(k, "Zone", &zone);

	if (ok && zone.n) {
		buf_char(&host, '%');
		buf_bytes(&host, zone.p, zone.n);
	}
	if (ok && host.n)
		buf_printf(k->out, with_port && v6 ? "[%s]" : "%s", buf_cstr(&host));
	if (ok && with_port)
		buf_printf(k->out, ":%lld", (long long)port);
	buf_free(&host);
	buf_free(&zone);
	return ok;
}

/* ---- package net/netip ---- */

enum netip_kind { NETIP_UNREADABLE, NETIP_NONE, NETIP_V4, NETIP_V6 };

/* Until Go 1.22 z points to an intern.Value{cmpVal any}, and only its address says whether it is
 * IPv4 or IPv6 without a zone: what could be both is taken for IPv4. */
static enum netip_kind interned_kind(const struct known *k, const uint8_t *b, struct buf *zone)
{
	struct known value, any;
	uint64_t data, word[2], n;
	taddr type;

	if (!known_deref(k, "z", &value))
		return NETIP_UNREADABLE;
	if (!value.ty)
		return NETIP_NONE;
	if (!known_field(&value, "cmpVal", &any) ||
	    !value_iface(k->rt, any.ty, &any.at, &type, &data))
		return NETIP_UNREADABLE;
	if (!type)
		return memcmp(b, v4_prefix, sizeof(v4_prefix)) ? NETIP_V6 : NETIP_V4;
	const char *s = target_read(k->rt->t, data, word, sizeof(word))
				? runtime_string(k->rt, word[0], word[1], 64, &n, NULL)
				: NULL;

	if (!s)
		return NETIP_UNREADABLE;
	buf_bytes(zone, s, n);
	return NETIP_V6;
}

/* Addr{addr uint128{hi, lo}; z}.  z is nil: no address; else it says whether it is IPv4, or IPv6
 * with or without a zone. */
static enum netip_kind netip_kind(const struct known *k, const struct known *z, const uint8_t *b,
				  struct buf *zone)
{
	struct known detail;
	uint8_t is_v6;

	if (z->ty->kind == GO_POINTER)
		return interned_kind(k, b, zone);
	// unique.Handle[addrDetail]{value *addrDetail}
	if (!known_deref(z, "value", &detail))
		return NETIP_UNREADABLE;
	if (!detail.ty)
		return NETIP_NONE;
	if (!known_read(&detail, "isV6", &is_v6, 1) || !known_text(&detail, "zoneV6", zone))
		return NETIP_UNREADABLE;
	return is_v6 ? NETIP_V6 : NETIP_V4;
}

static void put_netip_text(struct buf *out, enum netip_kind kind, const uint8_t *b,
			   const struct buf *zone)
{
	if (kind == NETIP_NONE) {
		buf_lit(out, "invalid IP");
	} else if (kind == NETIP_V4) {
		put_v4(out, b + 12);
	} else if (!memcmp(b, v4_prefix, sizeof(v4_prefix))) {
		buf_lit(out, "::ffff:");
		put_v4(out, b + 12);
	} else {
		put_v6(out, b);
	}
	if (zone->n) {
		buf_char(out, '%');
		buf_bytes(out, zone->p, zone->n);
	}
}

/* *v6_ret: a port behind it needs brackets */
static bool put_netip(const struct known *k, bool *v6_ret)
{
	struct known addr, z;
	struct buf zone = {0};
	uint64_t half[2];
	uint8_t b[16];

	if (!known_field(k, "addr", &addr) || !known_field(k, "z", &z) ||
	    !known_read(&addr, "hi", &half[0], 8) || !known_read(&addr, "lo", &half[1], 8))
		return false;
	for (unsigned i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(half[i / 8] >> (56 - i % 8 * 8));
	enum netip_kind kind = netip_kind(k, &z, b, &zone);

	*v6_ret = kind == NETIP_V6;
	if (kind != NETIP_UNREADABLE)
		put_netip_text(k->out, kind, b, &zone);
	buf_free(&zone);
	return kind != NETIP_UNREADABLE;
}

static bool put_addr_port(const struct known *k)
{
	struct buf text = {0};
	struct known ip;
	uint16_t port;
	bool v6, ok = known_field(k, "ip", &ip) && known_read(k, "port", &port, 2);

	ip.out = &text;
	ok = ok && put_netip(&ip, &v6);
	if (ok)
		buf_printf(k->out, v6 ? "[%s]:%u" : "%s:%u", buf_cstr(&text), port);
	buf_free(&text);
	return ok;
}

static bool put_prefix(const struct known *k)
{
	struct known ip;
	uint8_t plus_one;
	int16_t bits;
	bool v6;

	// bitsPlusOne since Go 1.20
	if (known_read(k, "bitsPlusOne", &plus_one, 1))
		bits = (int16_t)(plus_one - 1);
	else if (!known_read(k, "bits", &bits, 2))
		return false;
	if (bits < 0 || !known_field(k, "ip", &ip) || !put_netip(&ip, &v6))
		return false;
	buf_printf(k->out, "/%d", bits);
	return true;
}

bool known_address(const struct known *k)
{
	const char *full = k->ty->full;
	bool v6;

	if (strncmp(full, "net", 3) != 0)
		return false;
	if (!strcmp(full, "net.IP") || !strcmp(full, "net.HardwareAddr"))
		return put_bytes_type(k);
	if (!strcmp(full, "net.IPNet"))
		return put_net(k);
	if (!strcmp(full, "net.TCPAddr") || !strcmp(full, "net.UDPAddr") ||
	    !strcmp(full, "net.IPAddr"))
		return put_endpoint(k);
	if (!strcmp(full, "net.UnixAddr"))
		return known_text(k, "Name", k->out) && k->out->n;
	if (!strcmp(full, "net/netip.Addr"))
		return put_netip(k, &v6);
	if (!strcmp(full, "net/netip.AddrPort"))
		return put_addr_port(k);
	return !strcmp(full, "net/netip.Prefix") && put_prefix(k);
}
