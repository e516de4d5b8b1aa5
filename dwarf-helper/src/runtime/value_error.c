/*
 * What the Error methods of the standard library would say.  They are never called; most of them
 * put fields together, as the table below says.  {field} is a field by name: a string, an error, or
 * a list of errors; {} the value itself.
 */
#include "runtime/value_internal.h"

#define ERROR_DEPTH 8
#define ERROR_TEXT_MAX 4096
#define ERRNO_MAX 132 /* Go has no text for what came later */
#define JOINED_MAX 16
/* bytes; errors that hold each other many times over must end, too */
#define JOINED_TEXT_MAX 1024

static const struct error_form {
	const char *type; /* full name */
	const char *form;
} error_forms[] = {
	{"*errors.errorString", "{s}"},
	{"*fmt.wrapError", "{msg}"},
	{"*fmt.wrapErrors", "{msg}"},
	{"*errors.joinError", "{errs}"},
	{"context.deadlineExceededError", "context deadline exceeded"},
	{"os/signal.signalError", "{}"},
	{"*io/fs.PathError", "{Op} {Path}: {Err}"},
	{"*os.SyscallError", "{Syscall}: {Err}"},
	{"*os.LinkError", "{Op} {Old} {New}: {Err}"},
	{"*os/exec.Error", "exec: \"{Name}\": {Err}"},
	{"*net.OpError", "{Op} {Net}: {Err}"}, // addresses left out: their String methods are long
	{"*net.DNSError", "lookup {Name}: {Err}"},
	{"*net.notFoundError", "{s}"},
	{"*net.timeoutError", "i/o timeout"},
	{"net.canceledError", "operation was canceled"},
	{"internal/poll.errNetClosing", "use of closed network connection"},
	{"*internal/poll.DeadlineExceededError", "i/o timeout"},
	{"*net/url.Error", "{Op} \"{URL}\": {Err}"},
	{"*net/http.timeoutError", "{err}"},
	{"*net/http.httpError", "{err}"},
	{"*strconv.NumError", "strconv.{Func}: parsing \"{Num}\": {Err}"},
	{"runtime.errorString", "runtime error: {}"},
	{"runtime.plainError", "{}"},
	{"*github.com/pkg/errors.fundamental", "{msg}"},
	{"*github.com/pkg/errors.withMessage", "{msg}: {cause}"},
	{"*github.com/pkg/errors.withStack", "{error}"},
};

static bool print_error(struct runtime *rt, struct buf *out, taddr type, uint64_t data,
			unsigned depth);

/* The very bytes: whoever shows them on a line of text escapes there. */
static bool print_text(struct runtime *rt, struct buf *out, const struct place *at)
{
	uint64_t word[2], n;
	bool cut;

	if (!place_read(rt, at, 0, word, sizeof(word)))
		return false;
	if (!word[1])
		return true;
	const char *s = runtime_string(rt, word[0], word[1], ERROR_TEXT_MAX, &n, &cut);
	if (!s)
		return false;
	buf_bytes(out, s, n);
	if (cut)
		buf_lit(out, "…");
	return true;
}

static bool print_iface(struct runtime *rt, struct buf *out, const struct rtype *ty,
			const struct place *at, unsigned depth)
{
	taddr type;
	uint64_t data;

	if (!value_iface(rt, ty, at, &type, &data))
		return false;
	if (!print_error(rt, out, type, data, depth + 1))
		buf_lit(out, "<nil>");
	return true;
}

/* errors.Join puts a newline between. */
static bool print_list(struct runtime *rt, struct buf *out, const struct rtype *ty,
		       const struct place *at, unsigned depth)
{
	const struct rtype *elem = rtype_get(rt, ty->elem);
	uint64_t word[2];

	if (!elem || elem->kind != GO_INTERFACE || !place_read(rt, at, 0, word, sizeof(word)))
		return false;
	for (uint64_t i = 0; i < word[1]; i++) {
		struct place part = {.addr = word[0] + i * 16};

		if (i)
			buf_char(out, '\n');
		if (i == JOINED_MAX || out->n > JOINED_TEXT_MAX) {
			buf_lit(out, "…");
			break;
		}
		if (!print_iface(rt, out, elem, &part, depth))
			return false;
	}
	return true;
}

static bool print_part(struct runtime *rt, struct buf *out, const struct rtype *ty,
		       const struct place *at, unsigned depth)
{
	if (!ty)
		return false;
	switch (ty->kind) {
	case GO_STRING:
		return print_text(rt, out, at);
	case GO_INTERFACE:
		return print_iface(rt, out, ty, at, depth);
	case GO_SLICE:
		return print_list(rt, out, ty, at, depth);
	default:
		return false;
	}
}

/* The field @p name (n bytes) of the value; n 0: the value itself. */
static bool print_field(struct runtime *rt, struct buf *out, const struct rtype *ty,
			const struct place *at, const char *name, size_t n, unsigned depth)
{
	if (!n)
		return print_part(rt, out, ty, at, depth);
	for (uint32_t i = 0; i < ty->nfields; i++) {
		const struct rtype_field *f = &ty->fields[i];

		if (strlen(f->name) == n && !memcmp(f->name, name, n)) {
			struct place part = place_part(at, f->off);

			return print_part(rt, out, rtype_get(rt, f->type), &part, depth);
		}
	}
	return false;
}

/* @return false, with part of the text in @p out, when a part could not be read */
static bool print_form(struct runtime *rt, struct buf *out, const char *form,
		       const struct rtype *ty, struct place at, unsigned depth)
{
	if (ty->kind == GO_POINTER && *form) {
		ty = rtype_get(rt, ty->elem);
		if (!ty || !place_read(rt, &at, 0, &at.addr, sizeof(at.addr)))
			return false;
		at.direct = false;
	}
	while (*form) {
		const char *open = strchr(form, '{');

		if (!open) {
			buf_str(out, form);
			return true;
		}
		const char *close = strchr(open, '}');

		if (open > form)
			buf_bytes(out, form, (size_t)(open - form));
		if (!print_field(rt, out, ty, &at, open + 1, (size_t)(close - open - 1), depth))
			return false;
		form = close + 1;
	}
	return true;
}

/* Go's texts are those of the C library in lower case (syscall/zerrors_linux_amd64.go). */
static bool print_errno(struct runtime *rt, struct buf *out, const struct place *at)
{
	uint64_t num;

	if (!place_read(rt, at, 0, &num, sizeof(num)))
		return false;
	const char *text = num && num <= ERRNO_MAX ? strerrordesc_np((int)num) : NULL;

	if (!text || !*text) {
		buf_lit(out, "errno ");
		buf_u64(out, num);
		return true;
	}
	bool lower = text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z';

	buf_char(out, (char)(lower ? text[0] + 'a' - 'A' : text[0]));
	buf_str(out, text + 1);
	return true;
}

static bool print_known(struct runtime *rt, struct buf *out, const struct rtype *ty,
			const struct place *at, unsigned depth)
{
	if (ty->kind == GO_UINTPTR && !strcmp(ty->full, "syscall.Errno"))
		return print_errno(rt, out, at);
	for (size_t i = 0; i < sizeof(error_forms) / sizeof(*error_forms); i++)
		if (!strcmp(ty->full, error_forms[i].type))
			return print_form(rt, out, error_forms[i].form, ty, *at, depth);
	return false;
}

static bool print_error(struct runtime *rt, struct buf *out, taddr type, uint64_t data,
			unsigned depth)
{
	if (!type)
		return false;
	if (depth > ERROR_DEPTH) {
		buf_lit(out, "…");
		return true;
	}
	const struct rtype *ty = rtype_get(rt, type);
	struct buf text = {0};

	if (ty) {
		struct place at = {.addr = data, .word = data, .direct = ty->direct};

		if (!print_known(rt, &text, ty, &at, depth))
			text.n = 0;
	}
	if (text.n)
		buf_bytes(out, text.p, text.n);
	else
		value_print_eface(rt, out, type, data);
	buf_free(&text);
	return true;
}

bool value_known_error(struct runtime *rt, struct buf *out, const struct rtype *ty,
		       const struct place *at)
{
	return print_known(rt, out, ty, at, 0);
}

bool value_print_error(struct runtime *rt, struct buf *out, taddr type_word, taddr data_word)
{
	return print_error(rt, out, type_word, data_word, 0);
}
