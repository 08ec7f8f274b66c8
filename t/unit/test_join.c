/*
 * Copyright (C) the Pupil authors
 *
 * Rows of results to items: by their first column, and by nothing that is no
 * key.
 */

#include "tap.h"
#include "ctl/base/join.h"


static const uint8_t  one[PUPIL_UUID_LEN] = {
    0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
    0xdd, 0xee, 0xff
};

static const uint8_t  two[PUPIL_UUID_LEN] = { [15] = 2 };

#define ONE    "00112233-4455-6677-8899-aabbccddeeff"
#define TWO    "00000000-0000-0000-0000-000000000002"
#define THREE  "00000000-0000-0000-0000-000000000003"

typedef struct {
    uint32_t  seen[8];
    int       rows, stop;
} seen_t;


static PGresult *
result(const char *const *cells)
{
    int             row;
    PGresult       *res;
    PGresAttDesc    column = { .name = (char *) "owner", .typlen = -1 };

    res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);

    if (res == NULL || !PQsetResultAttrs(res, 1, &column)) {
        printf("Bail out! no result\n");
        exit(1);
    }

    for (row = 0; cells[row] != NULL; row++) {
        (void) PQsetvalue(res, row, 0, (char *) cells[row],
                          cells[row][0] == '-' ? -1
                                               : (int) strlen(cells[row]));
    }

    return res;
}


static int
each(void *ctx, uint32_t index, const PGresult *res, int row)
{
    seen_t  *seen = ctx;

    (void) res;

    seen->seen[seen->rows++] = index * 10 + (uint32_t) row;

    return seen->rows == seen->stop ? -1 : 0;
}


static int
walk(const ctl_join_t *join, const char *const *cells, seen_t *seen)
{
    int        rc;
    PGresult  *res;

    seen->rows = 0;
    res = result(cells);
    rc = ctl_join_rows(join, res, each, seen);
    PQclear(res);

    return rc;
}


static void
test_uuids(void)
{
    seen_t       seen = { .stop = 0 };
    ctl_join_t   join = { .key_len = PUPIL_UUID_LEN };

    static const char *const  rows[] = { TWO, THREE, ONE, TWO, NULL };
    static const char *const  bad[] = { ONE, "0011", TWO, NULL };
    static const char *const  none[] = { NULL };
    static const char *const  null[] = { "-", ONE, NULL };

    ctl_join_add(&join, one, 1);
    ctl_join_add(&join, two, 2);

    ok(walk(&join, rows, &seen) == 0 && seen.rows == 3 && seen.seen[0] == 20
       && seen.seen[1] == 12 && seen.seen[2] == 23,
       "each row to its item, those of nobody to none");
    ok(walk(&join, none, &seen) == 0 && seen.rows == 0, "no row");
    ok(walk(&join, null, &seen) == 0 && seen.rows == 1, "NULL is nobody's");

    /* what stood in the row before is not looked up once more */
    ok(walk(&join, bad, &seen) == -1 && seen.rows == 1,
       "a cell that is no uuid ends it");

    seen.stop = 2;
    ok(walk(&join, rows, &seen) == -1 && seen.rows == 2, "-1 ends it");

    ctl_join_free(&join);
}


static void
test_bytes(void)
{
    seen_t       seen = { .stop = 0 };
    ctl_join_t   join = { .key_len = 4 };

    static const uint8_t      key[4] = { 0xde, 0xad, 0xbe, 0xef };
    static const char *const  rows[] = { "\\xdeadbeef", "\\x00000000", NULL };
    static const char *const  shorter[] = { "\\xdeadbe", NULL };
    static const char *const  longer[] = { "\\xdeadbeef00", NULL };
    static const char *const  text[] = { "deadbeef", NULL };

    ctl_join_add(&join, key, 3);

    ok(walk(&join, rows, &seen) == 0 && seen.rows == 1 && seen.seen[0] == 30,
       "by bytes");
    ok(walk(&join, shorter, &seen) == -1 && walk(&join, longer, &seen) == -1
       && walk(&join, text, &seen) == -1 && seen.rows == 0,
       "of that many, and written as such");

    ctl_join_free(&join);
}


int
main(void)
{
    test_uuids();
    test_bytes();

    return tap_done();
}
