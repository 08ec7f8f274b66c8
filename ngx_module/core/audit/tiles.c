/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/audit/tiles.h"


static int proof_begin(uint64_t size, pupil_proof_t *proof);
static void proof_turn(pupil_proof_t *proof);
static pupil_rc_t range_head(pupil_tile_source_t *source, uint64_t first,
    uint64_t count, pupil_node_t *head);
static pupil_rc_t proof_step(pupil_tile_source_t *source, uint64_t index,
    uint64_t *first, uint64_t *count, pupil_proof_t *proof);
static pupil_rc_t node_read(pupil_tile_source_t *source, uint32_t level,
    uint64_t index, pupil_node_t *node);
static void tile_node(const pupil_tile_t *tile, uint32_t first,
    uint32_t count, pupil_node_t *node);
static uint64_t power_below(uint64_t count);


void
pupil_tiles_begin(pupil_tiles_t *tiles, uint64_t size)
{
    uint32_t  level;

    tiles->size = size;

    for (level = 0; level < PUPIL_TILE_LEVELS; level++) {
        tiles->tiles[level].level = level;
        tiles->tiles[level].width = (uint32_t) (size % PUPIL_TILE_WIDTH);
        size /= PUPIL_TILE_WIDTH;
        tiles->tiles[level].index = size;
    }
}


pupil_rc_t
pupil_tiles_add(pupil_tiles_t *tiles, const pupil_node_t *leaf,
    pupil_tile_pt whole, void *ctx)
{
    pupil_rc_t     rc;
    pupil_node_t   node;
    pupil_tile_t  *tile;

    node = *leaf;
    tiles->size++;

    for (tile = tiles->tiles;
         tile < tiles->tiles + PUPIL_TILE_LEVELS;
         tile++)
    {
        tile->hashes[tile->width++] = node;

        if (tile->width < PUPIL_TILE_WIDTH) {
            return PUPIL_OK;
        }

        rc = whole != NULL ? whole(ctx, tile) : PUPIL_OK;
        if (rc != PUPIL_OK) {
            return rc;
        }

        tile_node(tile, 0, PUPIL_TILE_WIDTH, &node);
        tile->width = 0;
        tile->index++;
    }

    return PUPIL_OK;
}


/* Bits of the size from the lowest: each is a complete tree in a tile. */
void
pupil_tiles_root(const pupil_tiles_t *tiles, pupil_node_t *root)
{
    int                  begun;
    uint32_t             bit, first;
    pupil_node_t         node;
    pupil_merkle_t       none;
    const pupil_tile_t  *tile;

    begun = 0;

    for (tile = tiles->tiles;
         tile < tiles->tiles + PUPIL_TILE_LEVELS;
         tile++)
    {
        first = tile->width;

        for (bit = 1; bit < PUPIL_TILE_WIDTH; bit <<= 1) {
            if (!(tile->width & bit)) {
                continue;
            }

            first -= bit;
            tile_node(tile, first, bit, &node);

            if (begun) {
                pupil_merkle_node(&node, root, root);
            } else {
                *root = node;
                begun = 1;
            }
        }
    }

    if (!begun) {
        none.size = 0;
        pupil_merkle_root(&none, root);
    }
}


/* From the root down, so that the proof is turned round in the end. */
pupil_rc_t
pupil_tiles_inclusion(pupil_tile_source_t *source, uint64_t index,
    uint64_t size, pupil_proof_t *proof)
{
    uint64_t    first, count;
    pupil_rc_t  rc;

    if (!proof_begin(size, proof) || index >= size) {
        return PUPIL_INVALID;
    }

    first = 0;

    for (count = size; count > 1; /* void */ ) {
        rc = proof_step(source, index, &first, &count, proof);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    proof_turn(proof);

    return PUPIL_OK;
}


/*
 * From a tree of count leaves, which begins at first, to its half that has the
 * leaf at index; what the other half hashes to is of the proof.
 */
static pupil_rc_t
proof_step(pupil_tile_source_t *source, uint64_t index, uint64_t *first,
    uint64_t *count, pupil_proof_t *proof)
{
    uint64_t       left;
    pupil_rc_t     rc;
    pupil_node_t  *beside;

    left = power_below(*count);
    beside = &proof->nodes[proof->count++];

    if (index - *first < left) {
        rc = range_head(source, *first + left, *count - left, beside);
        *count = left;

    } else {
        rc = range_head(source, *first, left, beside);
        *first += left;
        *count -= left;
    }

    return rc;
}


/* Likewise; what of the older tree is no complete tree of it comes first. */
pupil_rc_t
pupil_tiles_consistency(pupil_tile_source_t *source, uint64_t old_size,
    uint64_t size, pupil_proof_t *proof)
{
    uint64_t    first, count;
    pupil_rc_t  rc;

    if (!proof_begin(size, proof) || old_size > size) {
        return PUPIL_INVALID;
    }

    if (old_size == 0 || old_size == size) {
        return PUPIL_OK;
    }

    first = 0;

    for (count = size; first + count != old_size; /* void */ ) {
        rc = proof_step(source, old_size - 1, &first, &count, proof);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    if (first != 0) {
        rc = range_head(source, first, count, &proof->nodes[proof->count++]);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    proof_turn(proof);

    return PUPIL_OK;
}


pupil_rc_t
pupil_tiles_head(pupil_tile_source_t *source, uint64_t size,
    pupil_node_t *root)
{
    pupil_merkle_t  none;

    if (size == 0) {
        none.size = 0;
        pupil_merkle_root(&none, root);
        return PUPIL_OK;
    }

    return range_head(source, 0, size, root);
}


/* A tree that is too large for a proof is none of ours. */
static int
proof_begin(uint64_t size, pupil_proof_t *proof)
{
    proof->count = 0;

    return size >> (PUPIL_MERKLE_LEVELS - 1) == 0;
}


static void
proof_turn(pupil_proof_t *proof)
{
    uint32_t      i;
    pupil_node_t  node, *other;

    for (i = 0; i < proof->count / 2; i++) {
        other = &proof->nodes[proof->count - 1 - i];
        node = proof->nodes[i];
        proof->nodes[i] = *other;
        *other = node;
    }
}


/* Of leaves that begin where a complete tree of more of them does. */
static pupil_rc_t
range_head(pupil_tile_source_t *source, uint64_t first, uint64_t count,
    pupil_node_t *head)
{
    int           begun;
    uint32_t      level;
    uint64_t      end;
    pupil_rc_t    rc;
    pupil_node_t  node;

    begun = 0;
    end = first + count;

    for (level = 0; level < PUPIL_MERKLE_LEVELS; level++) {
        if (!(count >> level & 1)) {
            continue;
        }

        end -= UINT64_C(1) << level;

        rc = node_read(source, level, end >> level, &node);
        if (rc != PUPIL_OK) {
            return rc;
        }

        if (begun) {
            pupil_merkle_node(&node, head, head);
        } else {
            *head = node;
            begun = 1;
        }
    }

    return PUPIL_OK;
}


/* A complete tree of 2^level leaves. */
static pupil_rc_t
node_read(pupil_tile_source_t *source, uint32_t level, uint64_t index,
    pupil_node_t *node)
{
    uint32_t       height, first, count;
    pupil_rc_t     rc;
    pupil_tile_t  *tile;

    tile = &source->tile;
    height = level % PUPIL_TILE_HEIGHT;
    count = (uint32_t) 1 << height;
    level /= PUPIL_TILE_HEIGHT;
    first = (uint32_t) (index << height) % PUPIL_TILE_WIDTH;
    index = (index << height) / PUPIL_TILE_WIDTH;

    if (tile->width < first + count || tile->level != level
        || tile->index != index)
    {
        tile->level = level;
        tile->index = index;
        tile->width = first + count;

        rc = source->read(source->ctx, tile);

        if (rc != PUPIL_OK) {
            tile->width = 0;
            return rc;
        }
    }

    tile_node(tile, first, count, node);

    return PUPIL_OK;
}


static void
tile_node(const pupil_tile_t *tile, uint32_t first, uint32_t count,
    pupil_node_t *node)
{
    uint32_t        i;
    pupil_merkle_t  tree;

    tree.size = 0;

    for (i = 0; i < count; i++) {
        pupil_merkle_add(&tree, &tile->hashes[first + i]);
    }

    pupil_merkle_root(&tree, node);
}


/* The largest power of two that is less. */
static uint64_t
power_below(uint64_t count)
{
    uint64_t  power;

    for (power = 1; power < count - power; power <<= 1) { /* void */ }

    return power;
}
