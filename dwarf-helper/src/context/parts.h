/**
 * @file  What lies behind a model, for those who only look: target, layout, notes, frames.
 *
 * All of it belongs to the runtime the model was made of.
 */
#ifndef GOCTX_CONTEXT_PARTS_H
#define GOCTX_CONTEXT_PARTS_H

#include "context/model.h"

static inline const struct target *model_target(const struct model *m)
{
	return m->rt->t;
}

static inline const struct layout *model_layout(const struct model *m)
{
	return &m->rt->L;
}

static inline const struct notes *model_notes(const struct model *m)
{
	return m->rt->notes;
}

/** The same to add to: what a report meets itself. */
static inline struct notes *model_notebook(const struct model *m)
{
	return m->rt->notes;
}

static inline struct image *model_image(const struct model *m)
{
	return m->rt->img;
}

/**
 * Does the k-th wait of @p t receive or send?  The first call for a goroutine reads it and keeps it
 * with its waits, the one thing that an answer adds to the model.  One thread at a time per
 * goroutine.
 */
static inline enum task_wait_op model_wait_op(const struct model *m, const struct task *t,
					      uint32_t k)
{
	return task_wait_op(m->rt, &m->tasks, t, k);
}

/** One word of the target's memory.  @return false: unreadable */
static inline bool model_u64(const struct model *m, taddr addr, uint64_t *ret)
{
	return target_u64(m->rt->t, addr, ret);
}

/** Was part of the target missing, or does it contradict itself? */
static inline bool model_damaged(const struct model *m)
{
	return m->rt->notes->count[NOTE_DAMAGE] != 0;
}

/** A frame by its number; NULL for FRAME_NONE: no Go function at that pc.  Valid until another pc
 * is looked up. */
static inline const struct frame *model_frame(const struct model *m, uint32_t frame)
{
	return frame < m->rt->frames.n ? &m->rt->frames.v[frame] : NULL;
}

/** Numbers of frames are less than this. */
static inline size_t model_frames(const struct model *m)
{
	return m->rt->frames.n;
}

/** What is known of a pc by its number; valid as long as a frame. */
static inline const struct pcinfo *model_pc(const struct model *m, uint32_t info)
{
	return &m->rt->pcs.v[info];
}

/** Has the user asked to stop? */
static inline bool model_canceled(const struct model *m)
{
	return runtime_canceled(m->rt);
}

/** target_unload(): little of the target's memory will be read from here on. */
static inline void model_unload(const struct model *m)
{
	target_unload(m->rt->t);
}

#endif
