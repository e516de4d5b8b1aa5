/**
 * @file  One target, opened and understood, kept for as many commands as are asked.
 *
 *     target (bytes)  →  executable  →  layout  →  runtime  →  model
 *
 * Each step is taken when first needed and kept.  A live process is let go as soon as its writable
 * memory has been copied; when it is too large to copy, after the answer (session_release()).
 */
#ifndef GOCTX_MAIN_SESSION_H
#define GOCTX_MAIN_SESSION_H

#include "context/build.h"
#include "report/report.h"

/** What to look at: core or pid. */
struct session_options {
	const char *core;  /* path, NULL */
	const char *exe;   /* path, NULL: find it */
	const char *debug; /* separate debug file, NULL: beside the executable */
	int pid;	   /* 0 none */
	bool no_stop;	   /* the process is held by somebody else */
	int mem_fd;	   /* open /proc/PID/mem, -1 none */
	bool proxy; /* `source` tells the registers and, without mem_fd, all the rest; exe is given
		       then */
	const struct proxy_source *source; /* borrowed; NULL none */
};

/** A file whose read-only pages stand in for those that the core lacks. */
struct session_map {
	struct image *img; /* a shared object; NULL: another file, mapped here */
	const uint8_t *p;
	size_t n;
};

struct session {
	struct session_options opt; /* strings borrowed */
	struct notes notes;
	volatile sig_atomic_t *cancel;
	struct trace *trace; /* borrowed; NULL where nothing can be traced; session_close() leaves
				it alone */

	struct target *t;
	struct image *img;
	struct layout layout;
	struct runtime rt;
	struct model m;
	bool has_runtime, has_model;
	bool copied; /* all writable memory of the process is ours */
	bool spent;  /* the process was let go without that: the next command must open it anew */
	struct model_options has; /* what the model was built without */
	struct notes_mark opened; /* notes of the target alone: what is behind is of the model */
	struct identity identity; /* of the executable */
	uint64_t bias;
	char *exe; /* path of the executable as told to people */
	char *core_name;
	char *host, *vcs_revision; /* of `where` */
	struct report_target where;
	VEC(struct session_map) maps;
};

/**
 * Prepare; nothing is opened yet.
 * @param cancel  set by SIGINT: long work stops with ERR_CANCELED
 */
void session_init(struct session *s, const struct session_options *opt,
		  volatile sig_atomic_t *cancel);

/**
 * Make sure that a model is there that has all that @p need does not leave out.  Opens what is not
 * open. When the target cannot be opened everything is closed again, and the next call starts over.
 */
struct err *session_model(struct session *s, const struct model_options *need);

/** Has something not been read because the process ended?  What was made of the rest is half an
 * answer, and not to be given. */
bool session_ended(const struct session *s);

/** The error for that; everything is closed. */
struct err *session_why_ended(struct session *s);

/** Let a live process go, if we still hold it: to be called after each answer. */
void session_release(struct session *s);

/** Forget the model; of a live process everything, so that the next command reads it anew. */
void session_refresh(struct session *s);

/** Release and free all. */
void session_close(struct session *s);

/**
 * Path of the executable that made a core, from the core's own notes: the file that holds the
 * program headers or the entry point.  Tried as it is, then beside the core by its base name.
 * @return NULL with *path_ret malloc'ed, ERR_ABSENT with a hint
 */
struct err *exe_of_core(const struct target *t, const char *core, char **path_ret);

/** Path of the executable as the target's maps name it.  NULL when they do not. */
const char *exe_path_of(const struct target *t);

/** Path by which the executable of a process can be opened, also when it was deleted or replaced;
 * *name_ret as people know it. */
struct err *exe_of_process(int pid, char **path_ret, char **name_ret);

/**
 * Back the read-only pages that a core lacks by the shared objects they came from, where those are
 * the same (runtime/identity.h).  A missing one or another one is told when it has Go code, a
 * plugin.
 * @pre the layout is loaded
 */
void session_back_libraries(struct session *s);

/** Unmap them. */
void session_unmap(struct session *s);

#endif
