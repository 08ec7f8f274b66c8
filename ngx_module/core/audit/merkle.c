/*
 * Copyright (C) the Pupil authors
 *
 * Proofs are checked as RFC 9162, sections 2.1.3.2 and 2.1.4.2, writes it down:
 * two numbers, of the node that was come to and of the last on its level, lose
 * a bit a level.
 */

/* These are no part of what libcrypto 3 recommends: see hash() below. */
#define OPENSSL_API_COMPAT  10100

#include <openssl/sha.h>
#include <string.h>

#include "core/audit/merkle.h"


/* What is hashed before a leaf, and before two nodes. */
#define PREFIX_LEAF  0x00
#define PREFIX_NODE  0x01


static void hash(uint8_t prefix, const void *one, size_t one_len,
    const void *other, size_t other_len, pupil_node_t *out);
static int node_is(const pupil_node_t *one, const pupil_node_t *two);


void
pupil_merkle_leaf(const void *data, size_t len, pupil_node_t *out)
{
    hash(PREFIX_LEAF, data, len, NULL, 0, out);
}


void
pupil_merkle_node(const pupil_node_t *left, const pupil_node_t *right,
    pupil_node_t *out)
{
    hash(PREFIX_NODE, left->b, PUPIL_HASH_LEN, right->b, PUPIL_HASH_LEN, out);
}


/*
 * libcrypto's SHA-256, which has the processor's instructions for it: half of
 * what verification cost was libsodium's, which has none.  By its oldest
 * functions: the newer ones look up an implementation, or allocate, for each
 * leaf.
 */
static void
hash(uint8_t prefix, const void *one, size_t one_len, const void *other,
    size_t other_len, pupil_node_t *out)
{
    SHA256_CTX  state;

    SHA256_Init(&state);
    SHA256_Update(&state, &prefix, 1);
    SHA256_Update(&state, one, one_len);
    SHA256_Update(&state, other, other_len);
    SHA256_Final(out->b, &state);
}


void
pupil_merkle_add(pupil_merkle_t *tree, const pupil_node_t *leaf)
{
    uint32_t      level;
    pupil_node_t  node;

    node = *leaf;

    for (level = 0; tree->size >> level & 1; level++) {
        pupil_merkle_node(&tree->nodes[level], &node, &node);
    }

    tree->nodes[level] = node;
    tree->size++;
}


/* From the smallest of the complete trees to the largest. */
void
pupil_merkle_root(const pupil_merkle_t *tree, pupil_node_t *root)
{
    int       begun;
    uint32_t  level;

    if (tree->size == 0) {
        SHA256((const uint8_t *) "", 0, root->b);
        return;
    }

    begun = 0;

    for (level = 0; level < PUPIL_MERKLE_LEVELS; level++) {
        if (!(tree->size >> level & 1)) {
            continue;
        }

        if (begun) {
            pupil_merkle_node(&tree->nodes[level], root, root);
        } else {
            *root = tree->nodes[level];
            begun = 1;
        }
    }
}


pupil_rc_t
pupil_merkle_included(const pupil_node_t *leaf, uint64_t index, uint64_t size,
    const pupil_proof_t *proof, const pupil_node_t *root)
{
    uint32_t      i;
    uint64_t      at, last;
    pupil_node_t  node;

    if (index >= size) {
        return PUPIL_INVALID;
    }

    at = index;
    last = size - 1;
    node = *leaf;

    for (i = 0; i < proof->count; i++) {
        if (last == 0) {
            return PUPIL_INVALID;
        }

        if ((at & 1) || at == last) {
            pupil_merkle_node(&proof->nodes[i], &node, &node);

            while (!(at & 1) && at != 0) {
                at >>= 1;
                last >>= 1;
            }

        } else {
            pupil_merkle_node(&node, &proof->nodes[i], &node);
        }

        at >>= 1;
        last >>= 1;
    }

    return last == 0 && node_is(&node, root) ? PUPIL_OK : PUPIL_INVALID;
}


pupil_rc_t
pupil_merkle_consistent(uint64_t old_size, const pupil_node_t *old_root,
    uint64_t size, const pupil_node_t *root, const pupil_proof_t *proof)
{
    uint32_t        i;
    uint64_t        at, last;
    pupil_node_t    older, newer;
    pupil_merkle_t  none;

    if (old_size == size || old_size == 0) {
        none.size = 0;
        pupil_merkle_root(&none, &older);

        return proof->count == 0
               && node_is(old_root, old_size == size ? root : &older)
               ? PUPIL_OK : PUPIL_INVALID;
    }

    if (old_size > size) {
        return PUPIL_INVALID;
    }

    at = old_size - 1;
    last = size - 1;

    while (at & 1) {
        at >>= 1;
        last >>= 1;
    }

    /* what is complete is its own root, and not sent */
    i = at == 0 ? 0 : 1;

    if (i == 1 && proof->count == 0) {
        return PUPIL_INVALID;
    }

    older = i == 1 ? proof->nodes[0] : *old_root;
    newer = older;

    for ( /* void */ ; i < proof->count; i++) {
        if (last == 0) {
            return PUPIL_INVALID;
        }

        if ((at & 1) || at == last) {
            pupil_merkle_node(&proof->nodes[i], &older, &older);
            pupil_merkle_node(&proof->nodes[i], &newer, &newer);

            while (!(at & 1) && at != 0) {
                at >>= 1;
                last >>= 1;
            }

        } else {
            pupil_merkle_node(&newer, &proof->nodes[i], &newer);
        }

        at >>= 1;
        last >>= 1;
    }

    return last == 0 && node_is(&older, old_root) && node_is(&newer, root)
           ? PUPIL_OK : PUPIL_INVALID;
}


static int
node_is(const pupil_node_t *one, const pupil_node_t *two)
{
    return memcmp(one->b, two->b, PUPIL_HASH_LEN) == 0;
}
