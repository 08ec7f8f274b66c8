/*
 * Copyright (C) the Pupil authors
 *
 * RFC 6962 trees: the vectors of others, and every head and proof held against
 * the RFC's own recursive definitions, around powers of two and widths of
 * tiles.
 */

#include <jansson.h>
#include <sodium.h>

#include "core/audit/tiles.h"
#include "tap.h"


#define LEAVES   66000          /* more than 256 whole tiles */
#define VECTORS  "t/data/rfc6962-vectors/"


static pupil_node_t  leaves[LEAVES];

/* Tiles of the tree of all leaves, as a store would have them. */
static pupil_tile_t  stored[3][LEAVES / PUPIL_TILE_WIDTH + 1];


/* MTH of RFC 6962, section 2.1. */
static pupil_node_t
mth(size_t first, size_t count)
{
    size_t        left;
    pupil_node_t  one, two;

    if (count == 1) {
        return leaves[first];
    }

    for (left = 1; left * 2 < count; left *= 2) { /* void */ }

    one = mth(first, left);
    two = mth(first + left, count - left);
    pupil_merkle_node(&one, &two, &one);

    return one;
}


static int
same(const pupil_node_t *one, const pupil_node_t *two)
{
    return memcmp(one, two, sizeof(pupil_node_t)) == 0;
}


/* 0: it is no base64 of a hash. */
static int
node_get(const json_t *json, const char *name, pupil_node_t *node)
{
    size_t       len;
    const char  *text;

    text = name != NULL ? json_string_value(json_object_get(json, name))
                        : json_string_value(json);

    return sodium_base642bin(node->b, sizeof(node->b), text, strlen(text),
                             NULL, &len, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0
           && len == sizeof(node->b);
}


static int
proof_get(const json_t *json, pupil_proof_t *proof)
{
    size_t   i;
    json_t  *list;

    list = json_object_get(json, "proof");
    proof->count = 0;

    for (i = 0; i < json_array_size(list); i++) {
        if (i == PUPIL_MERKLE_PROOF
            || !node_get(json_array_get(list, i), NULL,
                         &proof->nodes[proof->count++]))
        {
            return 0;
        }
    }

    return 1;
}


/* Some of them are larger than jansson's integers. */
static uint64_t
number_get(const json_t *json, const char *name)
{
    double  value;

    value = json_real_value(json_object_get(json, name));

    return value < 0x1p64 ? (uint64_t) value : UINT64_MAX;
}


static int
included(const json_t *json)
{
    pupil_node_t   leaf, root;
    pupil_proof_t  proof;

    return node_get(json, "leafHash", &leaf) && node_get(json, "root", &root)
           && proof_get(json, &proof)
           && pupil_merkle_included(&leaf, number_get(json, "leafIdx"),
                                    number_get(json, "treeSize"), &proof,
                                    &root) == PUPIL_OK;
}


static int
consistent(const json_t *json)
{
    pupil_node_t   older, newer;
    pupil_proof_t  proof;

    return node_get(json, "root1", &older) && node_get(json, "root2", &newer)
           && proof_get(json, &proof)
           && pupil_merkle_consistent(number_get(json, "size1"), &older,
                                      number_get(json, "size2"), &newer,
                                      &proof) == PUPIL_OK;
}


static void
test_vectors(const char *file, size_t least, int (*proved)(const json_t *))
{
    int      bad;
    size_t   i;
    json_t  *list, *json;

    list = json_load_file(file, JSON_DECODE_INT_AS_REAL, NULL);
    ok(json_array_size(list) >= least, "%s is there", file);

    json_array_foreach(list, i, json)
    {
        bad = json_is_true(json_object_get(json, "wantErr"));
        ok(proved(json) == !bad, "%s is %s",
           json_string_value(json_object_get(json, "name")),
           bad ? "refused" : "proved");
    }

    json_decref(list);
}


static pupil_rc_t
tile_store(void *ctx, const pupil_tile_t *tile)
{
    (void) ctx;

    stored[tile->level][tile->index] = *tile;

    return PUPIL_OK;
}


static pupil_rc_t
tile_read(void *ctx, pupil_tile_t *tile)
{
    const pupil_tile_t  *have;

    (void) ctx;

    have = &stored[tile->level][tile->index];

    if (have->width < tile->width) {
        return PUPIL_NOT_FOUND;
    }

    *tile = *have;

    return PUPIL_OK;
}


/* Fills leaves and stored; says whether each head on the way is the same. */
static void
test_growing(void)
{
    int             fits;
    size_t          i;
    pupil_node_t    one, two;
    pupil_tiles_t  *tiles;
    pupil_merkle_t  tree;

    tiles = calloc(1, sizeof(pupil_tiles_t));
    pupil_tiles_begin(tiles, 0);
    tree.size = 0;
    fits = 1;

    for (i = 0; i < LEAVES; i++) {
        pupil_merkle_root(&tree, &one);
        pupil_tiles_root(tiles, &two);
        fits = fits && same(&one, &two);

        pupil_merkle_leaf(&i, sizeof(i), &leaves[i]);
        pupil_merkle_add(&tree, &leaves[i]);
        fits = fits
               && pupil_tiles_add(tiles, &leaves[i], tile_store, NULL)
                  == PUPIL_OK;
    }

    for (i = 0; i < 3; i++) {
        if (tiles->tiles[i].width != 0) {
            (void) tile_store(NULL, &tiles->tiles[i]);
        }
    }

    ok(fits, "a tree in tiles has the head of one without, at each size");

    pupil_tiles_root(tiles, &one);
    two = mth(0, LEAVES);
    ok(same(&one, &two), "and the RFC's");

    free(tiles);
}


/* Each proof for a size, with what makes it wrong. */
static void
test_size(pupil_tile_source_t *source, size_t size)
{
    int            good, bad;
    size_t         i;
    pupil_node_t   root, older, head;
    pupil_proof_t  proof;

    root = mth(0, size);
    good = pupil_tiles_head(source, size, &head) == PUPIL_OK
           && same(&head, &root);
    bad = 0;

    for (i = 0; i < size; i += size < 1000 ? 1 : size / 9) {
        good = good
               && pupil_tiles_inclusion(source, i, size, &proof) == PUPIL_OK
               && pupil_merkle_included(&leaves[i], i, size, &proof, &root)
                  == PUPIL_OK;

        bad |= pupil_merkle_included(&leaves[i], i + 1, size, &proof, &root)
               == PUPIL_OK;

        older = mth(0, i + 1);
        good = good
               && pupil_tiles_consistency(source, i + 1, size, &proof)
                  == PUPIL_OK
               && pupil_merkle_consistent(i + 1, &older, size, &root, &proof)
                  == PUPIL_OK;

        older.b[0] ^= 1;
        bad |= pupil_merkle_consistent(i + 1, &older, size, &root, &proof)
               == PUPIL_OK;

        if (proof.count != 0) {
            older.b[0] ^= 1;
            proof.nodes[proof.count - 1].b[31] ^= 1;
            bad |= pupil_merkle_consistent(i + 1, &older, size, &root, &proof)
                   == PUPIL_OK;
        }
    }

    ok(good && !bad, "size %zu: head, inclusion, consistency", size);
}


static void
test_edges(pupil_tile_source_t *source)
{
    pupil_node_t    none, root;
    pupil_proof_t   proof;
    pupil_merkle_t  tree;

    static const char  empty[] =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    char  hex[2 * PUPIL_HASH_LEN + 1];

    tree.size = 0;
    pupil_merkle_root(&tree, &none);
    sodium_bin2hex(hex, sizeof(hex), none.b, sizeof(none.b));
    ok(strcmp(hex, empty) == 0, "no leaves have the hash of nothing");

    ok(pupil_tiles_head(source, 0, &root) == PUPIL_OK && same(&root, &none),
       "in tiles, too");

    root = mth(0, 3);
    proof.count = 0;
    ok(pupil_merkle_consistent(0, &none, 3, &root, &proof) == PUPIL_OK,
       "each tree begins with none");
    ok(pupil_merkle_consistent(0, &root, 3, &root, &proof) == PUPIL_INVALID,
       "whose head is not any");
    ok(pupil_merkle_consistent(3, &root, 2, &root, &proof) == PUPIL_INVALID,
       "none begins with a larger one");
    ok(pupil_merkle_included(&root, 0, 0, &proof, &none) == PUPIL_INVALID,
       "no leaf is in a tree without");
    ok(pupil_tiles_inclusion(source, 3, 3, &proof) == PUPIL_INVALID
       && pupil_tiles_consistency(source, 4, 3, &proof) == PUPIL_INVALID,
       "nothing is proved of what is not in a tree");

    memset(&proof, 0, sizeof(proof));
    proof.count = PUPIL_MERKLE_PROOF;
    ok(pupil_merkle_included(&root, 5, UINT64_MAX, &proof, &root)
       == PUPIL_INVALID
       && pupil_merkle_consistent(5, &root, UINT64_MAX, &root, &proof)
          == PUPIL_INVALID,
       "a proof is refused, however long");

    stored[0][1].width = 254;
    source->tile.width = 0;
    ok(pupil_tiles_inclusion(source, 1, 511, &proof) == PUPIL_NOT_FOUND,
       "a tile that has less than is wanted is said");
    stored[0][1].width = PUPIL_TILE_WIDTH;
}


/* A tree goes on from what is stored of it. */
static void
test_resumed(void)
{
    int             fits;
    size_t          size, i;
    uint32_t        level;
    pupil_node_t    one, two;
    pupil_tile_t   *tile;
    pupil_tiles_t  *tiles;

    tiles = calloc(1, sizeof(pupil_tiles_t));
    fits = 1;

    for (size = 250; size < 1030; size += 3) {
        pupil_tiles_begin(tiles, size);

        for (level = 0; level < 2; level++) {
            tile = &tiles->tiles[level];
            memcpy(tile->hashes, stored[level][tile->index].hashes,
                   tile->width * sizeof(pupil_node_t));
        }

        for (i = size; i < size + 300; i++) {
            fits = fits
                   && pupil_tiles_add(tiles, &leaves[i], tile_store, NULL)
                      == PUPIL_OK;
        }

        pupil_tiles_root(tiles, &one);
        two = mth(0, size + 300);
        fits = fits && same(&one, &two);
    }

    ok(fits, "a tree grows on from the tiles that are not whole");

    free(tiles);
}


int
main(void)
{
    size_t                i;
    pupil_tile_source_t  *source;

    static const size_t  sizes[] = {
        1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128,
        129, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 65535, 65536,
        65537, LEAVES
    };

    if (sodium_init() < 0) {
        return 2;
    }

    test_vectors(VECTORS "inclusion.json", 60, included);
    test_vectors(VECTORS "consistency.json", 60, consistent);
    test_growing();

    source = calloc(1, sizeof(pupil_tile_source_t));
    source->read = tile_read;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        test_size(source, sizes[i]);
    }

    test_edges(source);
    test_resumed();
    free(source);

    return tap_done();
}
