/*
 * Copyright (C) the Pupil authors
 *
 * The file of the key-encryption key, by epochs, and what the key store knows
 * of them.  In clear the keys lie in the arena, and while one is appended in a
 * copy of the file, which is wiped (invariant I14).
 */

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/time.h"
#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/base/file.h"
#include "ctl/base/literal.h"
#include "ctl/store/kek.h"


#define RING_OWNERS    2048
#define RING_TENANTS  4        /* one is used: room for all its services */
#define RING_SECONDS   3600
#define ARENA_SPARE    (64 * 1024)      /* bytes */


static int file_append(ctl_t *ctl, const char *line, size_t len, int fresh);
static int epochs_known(ctl_t *ctl, PGconn *conn, int *missing);
static int epochs_compare(ctl_t *ctl, const PGresult *res, int *missing);
static int epoch_insert(ctl_t *ctl, const pupil_kek_t *kek);


int
ctl_kek_open(ctl_t *ctl)
{
    uint32_t       i;
    pupil_error_t  error;

    if (ctl->opt.key == NULL) {
        return ctl_error("--key is needed: the file of the key-encryption"
                         " key");
    }

    if (ctl_arena_open(ctl) != 0) {
        return -1;
    }

    if (pupil_kek_read(ctl->opt.key, ctl->keks, &ctl->keks_count, &error)
        != PUPIL_OK)
    {
        return ctl_error("%s", error.text);
    }

    for (i = 0; i < ctl->keks_count; i++) {
        pupil_keyring_add_kek(ctl->ring, &ctl->keks[i]);
    }

    return 0;
}


int
ctl_arena_open(ctl_t *ctl)
{
    pupil_error_t  error;

    if (ctl->arena != NULL) {
        return 0;
    }

    ctl->arena = pupil_arena_create(pupil_keyring_size(RING_OWNERS,
                                                       RING_TENANTS)
                                    + ARENA_SPARE, &error);
    if (ctl->arena == NULL) {
        return ctl_error("%s", error.text);
    }

    ctl->ring = pupil_keyring_create(ctl->arena, RING_OWNERS, RING_TENANTS,
                                     RING_SECONDS * PUPIL_TIME_SECOND);
    ctl->keks = pupil_arena_alloc(ctl->arena, PUPIL_KEYRING_EPOCHS
                                              * sizeof(pupil_kek_t));
    ctl->scratch = pupil_arena_alloc(ctl->arena, sizeof(pupil_key_t));
    if (ctl->ring == NULL || ctl->keks == NULL || ctl->scratch == NULL) {
        return ctl_error("the arena is too small");
    }

    return 0;
}


int
ctl_kek_append(ctl_t *ctl)
{
    int           rc, fresh;
    char         *line;
    size_t        len;
    uint32_t      epoch;
    struct stat   st;
    pupil_kek_t  *kek;

    if (ctl_arena_open(ctl) != 0) {
        return -1;
    }

    fresh = stat(ctl->opt.key, &st) != 0 && errno == ENOENT;

    if (!fresh && ctl_kek_open(ctl) != 0) {
        return -1;
    }

    if (ctl->keks_count == PUPIL_KEYRING_EPOCHS) {
        return ctl_error("%s holds %d epochs already: retire the oldest",
                         ctl->opt.key, PUPIL_KEYRING_EPOCHS);
    }

    line = pupil_arena_alloc(ctl->arena, PUPIL_KEK_LINE_MAX);
    if (line == NULL) {
        return ctl_error("the arena is too small");
    }

    epoch = fresh ? 1 : ctl->keks[ctl->keks_count - 1].epoch + 1;

    kek = &ctl->keks[ctl->keks_count++];
    kek->epoch = epoch;
    pupil_key_random(&kek->key);

    len = pupil_kek_format(kek, line);
    rc = file_append(ctl, line, len, fresh);

    sodium_memzero(line, PUPIL_KEK_LINE_MAX);
    pupil_stack_wipe();

    if (rc == 0) {
        pupil_keyring_add_kek(ctl->ring, kek);
    }

    return rc;
}


/* Written anew beside itself and renamed, so that no half file is seen. */
static int
file_append(ctl_t *ctl, const char *line, size_t len, int fresh)
{
    int         fd, rc;
    char       *old;
    size_t      old_len;
    ctl_buf_t   path;

    old = NULL;
    old_len = 0;

    if (!fresh) {
        old = ctl_file_read(&ctl->pool, ctl->opt.key, &old_len);
        if (old == NULL) {
            return -1;
        }
    }

    rc = -1;
    ctl_buf_init(&path);
    ctl_buf_printf(&path, "%s.new", ctl->opt.key);

    fd = ctl_file_create(path.data, 0600);
    if (fd < 0) {
        goto done;
    }

    if ((old == NULL || ctl_file_put(fd, old, old_len) == 0)
        && ctl_file_put(fd, line, len) == 0)
    {
        /* a fresh one must not replace what somebody has just made */
        rc = fresh ? link(path.data, ctl->opt.key)
                   : rename(path.data, ctl->opt.key);
    }

    if (rc != 0) {
        ctl_error("%s: %s", ctl->opt.key, strerror(errno));
    }

    if (rc != 0 || fresh) {
        unlink(path.data);
    }

    close(fd);

done:

    if (old != NULL) {
        sodium_memzero(old, old_len);
    }

    ctl_buf_free(&path);

    return rc;
}


int
ctl_kek_register(ctl_t *ctl)
{
    int       missing[PUPIL_KEYRING_EPOCHS];
    uint32_t  i;

    if (epochs_known(ctl, ctl->keys, missing) < 0) {
        return -1;
    }

    for (i = 0; i < ctl->keks_count; i++) {
        if (missing[i] && epoch_insert(ctl, &ctl->keks[i]) != 0) {
            return -1;
        }
    }

    return 0;
}


const pupil_kek_t *
ctl_kek_newest(ctl_t *ctl)
{
    int        row;
    uint32_t   i;
    PGresult  *res;

    /* what is wrapped under another key by its number would be lost */
    if (ctl_kek_known(ctl, ctl->keys) < 0) {
        return NULL;
    }

    res = ctl_query(ctl->keys, "SELECT epoch FROM keystore.kek_epoch"
                    " WHERE retired_at IS NULL", 0, NULL);
    if (res == NULL) {
        return NULL;
    }

    for (i = ctl->keks_count; i != 0; i--) {
        for (row = 0; row < PQntuples(res); row++) {
            if (ctl_get_int(res, row, 0, 0) == (int) ctl->keks[i - 1].epoch) {
                PQclear(res);
                return &ctl->keks[i - 1];
            }
        }
    }

    PQclear(res);
    ctl_error("%s has no epoch that the key store has in force: run pupilctl"
              " key register", ctl->opt.key);

    return NULL;
}


int
ctl_kek_known(ctl_t *ctl, PGconn *conn)
{
    int  missing[PUPIL_KEYRING_EPOCHS];

    return epochs_known(ctl, conn, missing);
}


/*
 * How many the key store knows, and which of the file's it does not; -1 where
 * the file is that of another key store.
 */
static int
epochs_known(ctl_t *ctl, PGconn *conn, int *missing)
{
    int        rc, known;
    PGresult  *res;

    res = ctl_query(conn, "SELECT epoch, fingerprint FROM keystore.kek_epoch"
                    " ORDER BY epoch", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    known = PQntuples(res);
    rc = epochs_compare(ctl, res, missing);
    PQclear(res);

    if (rc != 0) {
        return -1;
    }

    if (known != 0 && ctl->keks_count != 0 && missing[0]
        && ctl->keks[0].epoch == 1)
    {
        return ctl_error("%s shares no epoch with the key store: this is the"
                         " wrong file", ctl->opt.key);
    }

    return known;
}


/* Every epoch that both know must be the same key. */
static int
epochs_compare(ctl_t *ctl, const PGresult *res, int *missing)
{
    int       row, epoch;
    size_t    len;
    uint8_t   stored[32], made[32];
    uint32_t  i;

    for (i = 0; i < ctl->keks_count; i++) {
        missing[i] = 1;
        pupil_kek_fingerprint(&ctl->keks[i].key, made);

        for (row = 0; row < PQntuples(res); row++) {
            epoch = ctl_get_int(res, row, 0, 0);

            if (epoch != (int) ctl->keks[i].epoch) {
                continue;
            }

            missing[i] = 0;

            if (ctl_get_bytes(res, row, 1, stored, sizeof(stored), &len) != 0
                || len != sizeof(made)
                || memcmp(stored, made, sizeof(made)) != 0)
            {
                return ctl_error("%s: epoch %d is not the key that the key"
                                 " store knows by this number: this is the"
                                 " wrong file", ctl->opt.key, epoch);
            }
        }
    }

    return 0;
}


static int
epoch_insert(ctl_t *ctl, const pupil_kek_t *kek)
{
    char         epoch[16], print[CTL_BYTEA_SIZE(32)];
    uint8_t      made[32];
    const char  *params[2];

    pupil_kek_fingerprint(&kek->key, made);
    snprintf(epoch, sizeof(epoch), "%u", kek->epoch);

    params[0] = epoch;
    params[1] = ctl_bytea(made, sizeof(made), print);

    return ctl_exec(ctl->keys, "INSERT INTO keystore.kek_epoch (epoch,"
                    " fingerprint) VALUES ($1::integer, $2::bytea)", 2,
                    params);
}
