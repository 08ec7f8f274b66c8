/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/audit/tree.h"
#include "ctl/base/db.h"
#include "ctl/base/stream.h"


#define ABSENT_MAX  (1 << 20)       /* hashes */


static int head_read(audit_tree_t *tree, const audit_log_t *log,
    pupil_node_t *root, uint64_t *size);
static int edge_read(audit_tree_t *tree, ctl_t *ctl, uint64_t size);
static void tile_leaves(uint64_t *at, uint64_t to, const pupil_str_t *columns,
    sequence_list_t *leaves);
static void leaves_add(uint64_t *at, uint64_t end, const uint8_t *hashes,
    size_t count, sequence_list_t *leaves);
static pupil_rc_t tile_keep(void *ctx, const pupil_tile_t *tile);


static const char  head_sql[] =
    "SELECT s.batch, s.event + s.events, s.size, s.note,"
    " (extract(epoch FROM s.until) * 1000000)::bigint FROM pupil.seal AS s"
    " WHERE s.tenant = pupil.current_tenant() ORDER BY s.batch DESC LIMIT 1";

static const char  tile_sql[] =
    "SELECT t.hashes FROM pupil.seal_tile AS t WHERE t.tenant ="
    " pupil.current_tenant() AND t.level = $1::smallint AND t.tile ="
    " $2::bigint";

/* Of the leaves, from one tile to another. */
static const char  tiles_sql[] =
    "SELECT t.tile, t.hashes FROM pupil.seal_tile AS t WHERE t.tenant ="
    " pupil.current_tenant() AND t.level = 0 AND t.tile BETWEEN %" PRIu64
    " AND %" PRIu64 " ORDER BY t.tile";

/* $1: levels, $2: tiles, $3: hashes. */
static const char  store_sql[] =
    "INSERT INTO pupil.seal_tile (tenant, level, tile, hashes)"
    " SELECT pupil.current_tenant(), t.level::smallint, t.tile, t.hashes FROM"
    " unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS t (level, tile,"
    " hashes) ON CONFLICT (tenant, level, tile) DO UPDATE SET hashes ="
    " EXCLUDED.hashes";


int
audit_tree_open(audit_tree_t *tree, const audit_log_t *log)
{
    uint64_t      size;
    pupil_node_t  root, made;

    memset(tree, 0, sizeof(audit_tree_t));
    ctl_binary_begin(&tree->stored[STORED_LEVELS], CTL_ARRAY_INT8);
    ctl_binary_begin(&tree->stored[STORED_INDEXES], CTL_ARRAY_INT8);
    ctl_binary_begin(&tree->stored[STORED_HASHES], CTL_ARRAY_BYTES);

    if (head_read(tree, log, &root, &size) != 0
        || edge_read(tree, log->ctl, size) != 0)
    {
        return -1;
    }

    pupil_tiles_root(&tree->tiles, &made);

    if (tree->batch != 0 && memcmp(&made, &root, sizeof(root)) != 0) {
        return ctl_error("the tiles of tenant %s do not lead to the checkpoint"
                         " of batch %" PRIu64 ": run pupilctl audit verify",
                         log->ctl->tenant_text, tree->batch);
    }

    return 0;
}


static int
head_read(audit_tree_t *tree, const audit_log_t *log, pupil_node_t *root,
    uint64_t *size)
{
    int                  rc;
    PGresult            *res;
    pupil_note_t         note;
    pupil_checkpoint_t   checkpoint;

    *size = 0;

    res = ctl_query(log->ctl->data, head_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    if (PQntuples(res) == 0) {
        PQclear(res);
        return 0;
    }

    tree->batch = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
    tree->events = strtoull(PQgetvalue(res, 0, 1), NULL, 10);
    *size = strtoull(PQgetvalue(res, 0, 2), NULL, 10);
    tree->until = strtoll(PQgetvalue(res, 0, 4), NULL, 10);

    rc = pupil_note_parse(ctl_get_str(res, 0, 3), &note) == PUPIL_OK
         && audit_log_checkpoint(&log->key, &note, &checkpoint) == PUPIL_OK
         && checkpoint.size == *size
         ? 0 : -1;

    if (rc == 0) {
        *root = checkpoint.root;
    } else {
        ctl_error("the checkpoint of batch %" PRIu64 " of tenant %s is not the"
                  " log's: run pupilctl audit verify", tree->batch,
                  log->ctl->tenant_text);
    }

    PQclear(res);

    return rc;
}


/* The tiles that are not whole. */
static int
edge_read(audit_tree_t *tree, ctl_t *ctl, uint64_t size)
{
    uint32_t       level, width;
    pupil_rc_t     rc;
    pupil_tile_t  *tile;

    pupil_tiles_begin(&tree->tiles, size);

    for (level = 0; level < PUPIL_TILE_LEVELS; level++) {
        tile = &tree->tiles.tiles[level];
        width = tile->width;

        rc = width == 0 ? PUPIL_OK : audit_tile_read(ctl, tile);

        if (rc == PUPIL_NOT_FOUND) {
            ctl_error("tile %u/%" PRIu64 " of tenant %s is not there: run"
                      " pupilctl audit verify", level, tile->index,
                      ctl->tenant_text);
        }

        if (rc != PUPIL_OK) {
            return -1;
        }

        /* whatever else is there is behind the checkpoint */
        tile->width = width;
    }

    return 0;
}


pupil_rc_t
audit_tile_read(void *ctx, pupil_tile_t *tile)
{
    char         level[16], index[24];
    ctl_t       *ctl = ctx;
    size_t       len;
    PGresult    *res;
    pupil_rc_t   rc;
    const char  *params[2];

    snprintf(level, sizeof(level), "%u", tile->level);
    snprintf(index, sizeof(index), "%" PRIu64, tile->index);
    params[0] = level;
    params[1] = index;

    res = ctl_query(ctl->data, tile_sql, 2, params);
    if (res == NULL) {
        return PUPIL_FAILED;
    }

    rc = PUPIL_NOT_FOUND;

    if (PQntuples(res) == 1
        && ctl_get_bytes(res, 0, 0, (uint8_t *) tile->hashes,
                         sizeof(tile->hashes), &len) == 0
        && len >= tile->width * sizeof(pupil_node_t))
    {
        tile->width = (uint32_t) (len / sizeof(pupil_node_t));
        rc = PUPIL_OK;
    }

    PQclear(res);

    return rc;
}


int
audit_leaves_read(ctl_t *ctl, uint64_t from, uint64_t to,
    sequence_list_t *leaves)
{
    int            rc;
    uint64_t       at;
    ctl_stream_t   stream;

    if (from >= to) {
        return 0;
    }

    at = from;

    rc = ctl_stream_begin(&stream, ctl->data, tiles_sql,
                          from / PUPIL_TILE_WIDTH, (to - 1) / PUPIL_TILE_WIDTH);

    while (rc == 0 && (rc = ctl_stream_next(&stream)) == 1) {
        tile_leaves(&at, to, stream.columns, leaves);
        rc = 0;
    }

    ctl_stream_end(&stream);

    if (rc == 0) {
        leaves_add(&at, to, NULL, 0, leaves);
    }

    return rc;
}


/* Those of a tile; at: the leaf that comes next. */
static void
tile_leaves(uint64_t *at, uint64_t to, const pupil_str_t *columns,
    sequence_list_t *leaves)
{
    uint64_t     tile, end;
    pupil_str_t  hashes;

    tile = (uint64_t) ctl_column_int8(columns[0], 0);
    hashes = columns[1];
    end = (tile + 1) * PUPIL_TILE_WIDTH < to ? (tile + 1) * PUPIL_TILE_WIDTH
                                             : to;

    /* a tile that is not there has none */
    if (*at < tile * PUPIL_TILE_WIDTH) {
        leaves_add(at, tile * PUPIL_TILE_WIDTH, NULL, 0, leaves);
    }

    if (*at < tile * PUPIL_TILE_WIDTH) {
        return;
    }

    leaves_add(at, end, hashes.data, hashes.len / PUPIL_HASH_LEN, leaves);
}


/* Up to end, with zeros where there are no hashes; count: of a tile. */
static void
leaves_add(uint64_t *at, uint64_t end, const uint8_t *hashes, size_t count,
    sequence_list_t *leaves)
{
    size_t         place;
    uint64_t       absent;
    pupil_node_t  *node;

    for (absent = 0; *at < end && absent < ABSENT_MAX; (*at)++) {
        place = (size_t) (*at % PUPIL_TILE_WIDTH);
        node = sequence_list_add(leaves, sizeof(pupil_node_t));

        if (place < count) {
            memcpy(node->b, hashes + place * PUPIL_HASH_LEN, PUPIL_HASH_LEN);
            continue;
        }

        memset(node, 0, sizeof(pupil_node_t));
        absent++;
    }
}


void
audit_tree_add(audit_tree_t *tree, const pupil_node_t *leaf)
{
    (void) pupil_tiles_add(&tree->tiles, leaf, tile_keep, tree);
}


static pupil_rc_t
tile_keep(void *ctx, const pupil_tile_t *tile)
{
    audit_tree_t  *tree = ctx;

    ctl_binary_int8(&tree->stored[STORED_LEVELS], tile->level);
    ctl_binary_int8(&tree->stored[STORED_INDEXES], (int64_t) tile->index);
    ctl_binary_bytes(&tree->stored[STORED_HASHES],
                     (const uint8_t *) tile->hashes,
                     tile->width * sizeof(pupil_node_t));

    return PUPIL_OK;
}


int
audit_tree_store(audit_tree_t *tree, ctl_t *ctl)
{
    int        rc;
    uint32_t   level;
    PGresult  *res;

    for (level = 0; level < PUPIL_TILE_LEVELS; level++) {
        if (tree->tiles.tiles[level].width != 0) {
            (void) tile_keep(tree, &tree->tiles.tiles[level]);
        }
    }

    res = ctl_binary_exec(ctl->data, store_sql, tree->stored, STORED_COUNT);
    rc = PQresultStatus(res) == PGRES_COMMAND_OK
         ? 0 : ctl_query_error(ctl->data, res, NULL);
    PQclear(res);

    return rc;
}


void
audit_tree_close(audit_tree_t *tree)
{
    int  i;

    for (i = 0; i < STORED_COUNT; i++) {
        ctl_buf_free(&tree->stored[i].buf);
    }
}
