/*
 * Copyright (C) the Pupil authors
 *
 * A Merkle tree in tiles of 256 hashes, as C2SP's tlog-tiles cuts it: those of
 * level 0 are of leaves, each hash of a higher level is the head of a whole
 * tile below it.  A tile that is whole never changes.
 */

#ifndef PUPIL_TILES_H
#define PUPIL_TILES_H

#include "core/audit/merkle.h"


#define PUPIL_TILE_HEIGHT  8
#define PUPIL_TILE_WIDTH   (1 << PUPIL_TILE_HEIGHT)
#define PUPIL_TILE_LEVELS  (PUPIL_MERKLE_LEVELS / PUPIL_TILE_HEIGHT)


typedef struct {
    uint32_t      level;
    uint32_t      width;        /* hashes that are there */
    uint64_t      index;        /* on its level */
    pupil_node_t  hashes[PUPIL_TILE_WIDTH];
} pupil_tile_t;

/* The right edge of a tree: on each level the tile that grows. */
typedef struct {
    uint64_t      size;         /* leaves */
    pupil_tile_t  tiles[PUPIL_TILE_LEVELS];
} pupil_tiles_t;

/* Takes a tile that is whole.  PUPIL_OK, or what pupil_tiles_add() returns. */
typedef pupil_rc_t (*pupil_tile_pt)(void *ctx, const pupil_tile_t *tile);

/*
 * Where tiles of a tree come from: reads that of tile->level and tile->index,
 * of which at least tile->width hashes are wanted.  PUPIL_OK, or what whoever
 * asked for a proof returns.
 */
typedef struct {
    pupil_rc_t   (*read)(void *ctx, pupil_tile_t *tile);
    void          *ctx;
    pupil_tile_t   tile;        /* the last that was read; width 0: none */
} pupil_tile_source_t;


/* Empties the edge; size: of a tree whose partial tiles the caller fills in. */
void pupil_tiles_begin(pupil_tiles_t *tiles, uint64_t size);

/* whole: takes each tile that the leaf completes; may be NULL. */
pupil_rc_t pupil_tiles_add(pupil_tiles_t *tiles, const pupil_node_t *leaf,
    pupil_tile_pt whole, void *ctx);

void pupil_tiles_root(const pupil_tiles_t *tiles, pupil_node_t *root);


/* Proofs from tiles; what they prove, and how: merkle.h. */
pupil_rc_t pupil_tiles_inclusion(pupil_tile_source_t *source, uint64_t index,
    uint64_t size, pupil_proof_t *proof);
pupil_rc_t pupil_tiles_consistency(pupil_tile_source_t *source,
    uint64_t old_size, uint64_t size, pupil_proof_t *proof);

/* The head that the tree had at this size. */
pupil_rc_t pupil_tiles_head(pupil_tile_source_t *source, uint64_t size,
    pupil_node_t *root);

#endif /* PUPIL_TILES_H */
