/*
 * Copyright (C) the Pupil authors
 */

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/login/token.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/roster/input.h"
#include "ctl/store/keys.h"


#define CHUNK  65536

typedef crypto_generichash_state  hash_t;


static void
add_text(hash_t *hash, const char *text)
{
    crypto_generichash_update(hash, (const uint8_t *) text, strlen(text) + 1);
}


/* Its length is behind it, so that no two files are as one. */
static int
add_file(hash_t *hash, ctl_pool_t *pool, const char *path)
{
    int          fd;
    ssize_t      n;
    uint8_t     *chunk;
    uint64_t     size;
    struct stat  st;

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return ctl_error("%s: %s", path, strerror(errno));
    }

    /* a device has no end */
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return ctl_error("%s is no plain file", path);
    }

    size = 0;
    chunk = ctl_pool_alloc(pool, CHUNK);

    while ((n = read(fd, chunk, CHUNK)) > 0) {
        crypto_generichash_update(hash, chunk, (size_t) n);
        size += (uint64_t) n;
    }

    crypto_generichash_update(hash, (const uint8_t *) &size, sizeof(size));
    close(fd);

    return n == 0 ? 0 : ctl_error("%s: %s", path, strerror(errno));
}


static int
add_folder(hash_t *hash, ctl_pool_t *pool, const char *path,
    const csv_source_t *source)
{
    unsigned    i;
    ctl_buf_t   name;

    for (i = 0; i < csv_source_count(source); i++) {
        add_text(hash, csv_source_name(source, i));

        ctl_buf_init(&name);
        ctl_buf_printf(&name, "%s/%s", path, csv_source_name(source, i));

        if (add_file(hash, pool, name.data) != 0) {
            ctl_buf_free(&name);
            return -1;
        }

        ctl_buf_free(&name);
    }

    return 0;
}


static int
add_list(hash_t *hash, ctl_pool_t *pool, const char *path)
{
    add_text(hash, path != NULL ? "list" : "");

    return path == NULL ? 0 : add_file(hash, pool, path);
}


/* What is to be done with a roster, whatever is in it. */
static int
add_settings(hash_t *hash, ctl_pool_t *pool, const ctl_t *ctl,
    const char *format, const char *source)
{
    add_text(hash, "input");
    add_text(hash, format);
    add_text(hash, source);
    add_text(hash, ctl->opt.dates != NULL ? ctl->opt.dates : "");
    add_text(hash, ctl->opt.close_absent ? "closes" : "");
    add_text(hash, ctl->opt.pupil_login_email ? "addresses" : "");
    crypto_generichash_update(hash, ctl->policy_hash,
                              sizeof(ctl->policy_hash));

    return add_list(hash, pool, ctl->opt.schools) == 0
           ? add_list(hash, pool, ctl->opt.classes) : -1;
}


int
roster_input_settings(const ctl_t *ctl, const char *format,
    const char *source, char text[ROSTER_SETTINGS_TEXT])
{
    int         rc;
    hash_t      hash;
    uint8_t     digest[PUPIL_HASH_LEN];
    ctl_pool_t  pool;

    memset(&pool, 0, sizeof(ctl_pool_t));
    crypto_generichash_init(&hash, NULL, 0, sizeof(digest));
    rc = add_settings(&hash, &pool, ctl, format, source);
    ctl_pool_free(&pool);

    crypto_generichash_final(&hash, digest, sizeof(digest));
    sodium_bin2hex(text, ROSTER_SETTINGS_TEXT, digest, sizeof(digest));

    return rc;
}


int
roster_input_print(roster_t *roster, const char *format, const char *path,
    csv_source_t *source, uint8_t print[ROSTER_PRINT_LEN])
{
    int                 rc;
    hash_t              hash;
    uint8_t             digest[PUPIL_HASH_LEN];
    ctl_pool_t          pool;
    struct stat         st;
    pupil_str_t         s;
    const pupil_key_t  *key;

    key = ctl_key(roster->ctl, "fingerprint");
    if (key == NULL) {
        return -1;
    }

    memset(&pool, 0, sizeof(ctl_pool_t));
    crypto_generichash_init(&hash, NULL, 0, sizeof(digest));

    rc = add_settings(&hash, &pool, roster->ctl, format, roster->source);
    crypto_generichash_update(&hash, (const uint8_t *) &roster->today,
                              sizeof(roster->today));

    if (rc == 0) {
        rc = stat(path, &st) != 0 ? ctl_error("%s: %s", path, strerror(errno))
             : S_ISDIR(st.st_mode) ? add_folder(&hash, &pool, path, source)
             : add_file(&hash, &pool, path);
    }

    ctl_pool_free(&pool);

    crypto_generichash_final(&hash, digest, sizeof(digest));
    s.data = digest;
    s.len = sizeof(digest);
    pupil_fingerprint_make(key, s, print);

    return rc;
}


int
roster_input_same(const roster_t *roster,
    const uint8_t print[ROSTER_PRINT_LEN])
{
    int          same;
    char         text[CTL_BYTEA_SIZE(ROSTER_PRINT_LEN)];
    ctl_t       *ctl;
    PGresult    *res;
    const char  *params[3];

    ctl = roster->ctl;
    params[0] = ctl->tenant_text;
    params[1] = roster->source;
    params[2] = ctl_bytea(print, ROSTER_PRINT_LEN, text);

    if (ctl_begin(ctl->data, &ctl->tenant) != 0) {
        return -1;
    }

    res = ctl_query(ctl->data, "UPDATE pupil.source SET ran_at = now(), good_at"
                    " = now() WHERE tenant = $1::uuid AND source = $2 AND"
                    " input = $3::bytea AND ended = 'done' RETURNING 1", 3,
                    params);
    if (res == NULL) {
        ctl_rollback(ctl->data);
        return -1;
    }

    same = PQntuples(res) == 1;
    PQclear(res);

    return ctl_commit(ctl->data) == 0 ? same : -1;
}
