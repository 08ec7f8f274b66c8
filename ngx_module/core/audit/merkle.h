/*
 * Copyright (C) the Pupil authors
 *
 * Merkle trees of RFC 6962 over SHA-256: hashes, heads, and whether a proof
 * proves.  Whoever verifies trusts none of these numbers: no proof is too long
 * or too short to be refused.
 */

#ifndef PUPIL_MERKLE_H
#define PUPIL_MERKLE_H

#include "core/base/pupil.h"


/* Levels of nodes in a tree of any size; a leaf is of level 0. */
#define PUPIL_MERKLE_LEVELS  64

/* Nodes of a proof at most. */
#define PUPIL_MERKLE_PROOF   (PUPIL_MERKLE_LEVELS + 1)


typedef struct {
    uint8_t  b[PUPIL_HASH_LEN];
} pupil_node_t;

/*
 * What is known of a tree that grows leaf by leaf: a node for each bit of its
 * size, the head of as many leaves.  Empty when zeroed.
 */
typedef struct {
    uint64_t      size;                         /* leaves */
    pupil_node_t  nodes[PUPIL_MERKLE_LEVELS];   /* by bit; others undefined */
} pupil_merkle_t;

/* From the leaves to the root, as RFC 6962 orders them. */
typedef struct {
    uint32_t      count;
    pupil_node_t  nodes[PUPIL_MERKLE_PROOF];
} pupil_proof_t;


/* The hash of a leaf's bytes. */
void pupil_merkle_leaf(const void *data, size_t len, pupil_node_t *out);

/* That of a node from its two; out may be one of them. */
void pupil_merkle_node(const pupil_node_t *left, const pupil_node_t *right,
    pupil_node_t *out);

void pupil_merkle_add(pupil_merkle_t *tree, const pupil_node_t *leaf);

/* The head of the tree; of no leaves the hash of nothing. */
void pupil_merkle_root(const pupil_merkle_t *tree, pupil_node_t *root);


/* Is this leaf at index of the tree?  PUPIL_OK; PUPIL_INVALID: not proved. */
pupil_rc_t pupil_merkle_included(const pupil_node_t *leaf, uint64_t index,
    uint64_t size, const pupil_proof_t *proof, const pupil_node_t *root);

/*
 * Does the tree of size and root begin with all of the older?  Of an older one
 * without leaves, whose root is that of none, each does.  PUPIL_OK, or
 * PUPIL_INVALID: not proved.
 */
pupil_rc_t pupil_merkle_consistent(uint64_t old_size,
    const pupil_node_t *old_root, uint64_t size, const pupil_node_t *root,
    const pupil_proof_t *proof);

#endif /* PUPIL_MERKLE_H */
