/*
 * Copyright (C) the Pupil authors
 *
 * Memory of pupilctl.  What cannot be had ends the process: no caller checks
 * for NULL, and the database takes an open transaction back.
 */

#ifndef PUPIL_CTL_MEMORY_H
#define PUPIL_CTL_MEMORY_H

#include "core/base/pupil.h"


typedef struct ctl_block_s  ctl_block_t;

/* Memory that goes all at once, wiped.  Empty when zeroed. */
typedef struct {
    ctl_block_t  *blocks;
} ctl_pool_t;


/* From malloc(), not wiped by free(). */
void *ctl_memory(size_t size);

/* As pupil_alloc_t wants it; pool: a ctl_pool_t. */
void *ctl_pool_alloc(void *pool, size_t size);

/*
 * A struct of so many bytes, zeroed, in a pool of its own, which it has at the
 * offset of its member pool: whoever frees that frees a copy of it.
 */
void *ctl_pool_owner(size_t size, size_t offset);

/* Copies of len bytes, with a NUL behind them. */
char *ctl_pool_text(ctl_pool_t *pool, const void *data, size_t len);
pupil_str_t ctl_pool_str(ctl_pool_t *pool, const void *data, size_t len);

/* The pool is empty then, and may be used again. */
void ctl_pool_free(ctl_pool_t *pool);

#endif /* PUPIL_CTL_MEMORY_H */
