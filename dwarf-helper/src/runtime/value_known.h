/**
 * @file  Inside of the value printer: texts of the standard library's types as their String methods
 * have them.
 *
 * Each function appends to @p out and returns false when the value is none of its types or could
 * not be read whole; what it appended is then thrown away.  Nothing is escaped: that is for the
 * caller.
 */
#ifndef GOCTX_RUNTIME_VALUE_KNOWN_H
#define GOCTX_RUNTIME_VALUE_KNOWN_H

#include "runtime/value_internal.h"

/** A value of a struct type under examination. */
struct known {
	struct runtime *rt;
	struct buf *out;
	const struct rtype *ty;
	struct place at;
};

/** The field of that name: its type and place.  @return false: the struct has none */
bool known_field(const struct known *k, const char *name, struct known *ret);

/** A field's bytes; @p n must be its size. */
bool known_read(const struct known *k, const char *name, void *buf, uint64_t n);

/** A string field. */
bool known_text(const struct known *k, const char *name, struct buf *ret);

/** A pointer field followed; *ret has ty NULL where it is nil. */
bool known_deref(const struct known *k, const char *name, struct known *ret);

/** net.IP, IPNet, HardwareAddr, TCPAddr, UDPAddr, IPAddr, UnixAddr; netip.Addr, AddrPort, Prefix:
 * value_address.c */
bool known_address(const struct known *k);

/** url.URL and url.Userinfo: value_url.c */
bool known_url(const struct known *k);

/** big.Int and big.Rat: value_big.c.  Of numbers with thousands of digits only the size is
 * shown. */
bool known_big(const struct known *k);

#endif
