/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl key split and join: Shamir's sharing, by libgfshare.  The secret is
 * the text of the key file.  It lies in the arena; libgfshare has a copy, which
 * it overwrites in the end (invariant I14).
 */

#include <libgfshare.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/vault/share.h"
#include "ctl/base/buf.h"
#include "ctl/base/file.h"
#include "ctl/base/text.h"
#include "ctl/setup/share.h"
#include "ctl/store/kek.h"


#define FILE_MODE  0400

/* Of a set. */
typedef struct {
    uint32_t        count;              /* of shares here */
    uint8_t         numbers[PUPIL_SHARES_MAX];
    pupil_share_t  *shares;             /* in ctl's pool, which is wiped */
    uint8_t        *secret;             /* in the arena, with a NUL */
    size_t          len;
} set_t;


static int split_read(ctl_t *ctl, set_t *set);
static void shares_alloc(ctl_t *ctl, set_t *set);
static int count_read(const char *text, uint32_t *count);
static int secret_read(ctl_t *ctl, set_t *set);
static int secret_alloc(ctl_t *ctl, set_t *set);
static int set_split(set_t *set);
static void random_fill(unsigned char *out, unsigned int len);
static int set_write(ctl_t *ctl, const set_t *set);
static void share_path(const ctl_t *ctl, ctl_buf_t *path, uint32_t at);
static int set_read(ctl_t *ctl, set_t *set);
static int share_read(ctl_t *ctl, set_t *set, const char *path);
static int share_fits(set_t *set, const char *path);
static int set_join(ctl_t *ctl, set_t *set);
static int secret_check(ctl_t *ctl, const set_t *set);


int
ctl_cmd_key_split(ctl_t *ctl)
{
    set_t  set;

    memset(&set, 0, sizeof(set_t));

    if (split_read(ctl, &set) != 0) {
        return CTL_USAGE;
    }

    if (secret_read(ctl, &set) != 0 || set_split(&set) != 0
        || set_write(ctl, &set) != 0)
    {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:i,s:i}",
                                 "shares", (int) set.count,
                                 "threshold", (int) set.shares[0].needs));
        return CTL_DONE;
    }

    printf("%u of the %u shares %s.1 to %s.%u make the key file again: give"
           " each to somebody else, and keep none here\n",
           set.shares[0].needs, set.count, ctl->args[0], ctl->args[0],
           set.count);

    return CTL_DONE;
}


static int
split_read(ctl_t *ctl, set_t *set)
{
    uint32_t      i, needs;
    pupil_uuid_t  id;

    if (count_read(ctl->opt.threshold, &needs) != 0
        || count_read(ctl->opt.shares, &set->count) != 0
        || needs > set->count)
    {
        (void) ctl_error("--threshold is a number from 2 to that of --shares,"
                         " which is at most %d", PUPIL_SHARES_MAX);
        return -1;
    }

    shares_alloc(ctl, set);
    pupil_uuid_random(&id);

    for (i = 0; i < set->count; i++) {
        set->numbers[i] = (uint8_t) (i + 1);
        set->shares[i].set = id;
        set->shares[i].needs = needs;
        set->shares[i].of = set->count;
        set->shares[i].number = i + 1;
    }

    return 0;
}


static void
shares_alloc(ctl_t *ctl, set_t *set)
{
    set->shares = ctl_pool_alloc(&ctl->pool,
                                 set->count * sizeof(pupil_share_t));
    memset(set->shares, 0, set->count * sizeof(pupil_share_t));
}


/* 2 to PUPIL_SHARES_MAX. */
static int
count_read(const char *text, uint32_t *count)
{
    size_t  len;

    if (text == NULL) {
        return -1;
    }

    len = strlen(text);

    if (len == 0 || len > 3 || strspn(text, "0123456789") != len) {
        return -1;
    }

    *count = (uint32_t) strtoul(text, NULL, 10);

    return *count >= 2 && *count <= PUPIL_SHARES_MAX ? 0 : -1;
}


/* The key file, which has to be one, as pupilctl would write it. */
static int
secret_read(ctl_t *ctl, set_t *set)
{
    uint32_t  i;

    if (ctl_kek_open(ctl) != 0 || secret_alloc(ctl, set) != 0) {
        return -1;
    }

    for (i = 0; i < ctl->keks_count; i++) {
        set->len += pupil_kek_format(&ctl->keks[i],
                                     (char *) set->secret + set->len);
    }

    return 0;
}


static int
secret_alloc(ctl_t *ctl, set_t *set)
{
    set->secret = pupil_arena_alloc(ctl->arena, PUPIL_SHARE_DATA_MAX + 1);

    return set->secret != NULL ? 0 : ctl_error("the arena is too small");
}


static int
set_split(set_t *set)
{
    uint32_t        i;
    gfshare_ctx    *gf;
    pupil_str_t     secret = { set->secret, set->len };
    pupil_share_t  *share;

    /* the library's own is random() */
    gfshare_fill_rand = random_fill;

    gf = gfshare_ctx_init_enc(set->numbers, set->count,
                              (uint8_t) set->shares[0].needs,
                              (unsigned) set->len);
    if (gf == NULL) {
        return ctl_error("there is no memory for shares");
    }

    gfshare_ctx_enc_setsecret(gf, set->secret);

    for (i = 0; i < set->count; i++) {
        share = &set->shares[i];
        share->len = set->len;

        gfshare_ctx_enc_getshare(gf, (uint8_t) i, share->data);
        pupil_share_prove(share, secret, share->proof);
    }

    gfshare_ctx_free(gf);

    return 0;
}


static void
random_fill(unsigned char *out, unsigned int len)
{
    randombytes_buf(out, len);
}


/* All of them, or none. */
static int
set_write(ctl_t *ctl, const set_t *set)
{
    int        rc;
    char       text[PUPIL_SHARE_TEXT_MAX];
    uint32_t   i;
    ctl_buf_t  path;

    rc = 0;
    ctl_buf_init(&path);

    for (i = 0; i < set->count && rc == 0; i++) {
        share_path(ctl, &path, i);
        (void) pupil_share_format(&set->shares[i], text);
        rc = ctl_file_write(path.data, text, FILE_MODE, 1);
    }

    /* the last of them is somebody else's, if it is there */
    for (i = rc != 0 ? i - 1 : 0; i != 0; i--) {
        share_path(ctl, &path, i - 1);
        (void) unlink(path.data);
    }

    sodium_memzero(text, sizeof(text));
    ctl_buf_free(&path);

    return rc;
}


static void
share_path(const ctl_t *ctl, ctl_buf_t *path, uint32_t at)
{
    ctl_buf_free(path);
    ctl_buf_printf(path, "%s.%u", ctl->args[0], at + 1);
}


int
ctl_cmd_key_join(ctl_t *ctl)
{
    set_t  set;

    memset(&set, 0, sizeof(set_t));

    if (ctl->opt.key == NULL) {
        ctl_error("--key is needed: the file to make");
        return CTL_USAGE;
    }

    if (set_read(ctl, &set) != 0 || set_join(ctl, &set) != 0
        || ctl_file_write(ctl->opt.key, (const char *) set.secret, FILE_MODE,
                          1)
           != 0)
    {
        return CTL_FAILED;
    }

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:i}", "epochs", (int) ctl->keks_count));
        return CTL_DONE;
    }

    printf("%s is made, with %u epoch%s: compare it by pupilctl key status\n",
           ctl->opt.key, ctl->keks_count, ctl->keks_count == 1 ? "" : "s");

    return CTL_DONE;
}


static int
set_read(ctl_t *ctl, set_t *set)
{
    int  i;

    set->count = (uint32_t) ctl->args_count;
    shares_alloc(ctl, set);
    set->count = 0;

    for (i = 0; i < ctl->args_count; i++) {
        if (share_read(ctl, set, ctl->args[i]) != 0) {
            return -1;
        }
    }

    return set->count >= set->shares[0].needs
           ? 0 : ctl_error("%u share%s, where %u are needed: bring others",
                           set->count, set->count == 1 ? "" : "s",
                           set->shares[0].needs);
}


static int
share_read(ctl_t *ctl, set_t *set, const char *path)
{
    char         *text;
    size_t        len;
    pupil_rc_t    rc;

    text = ctl_file_read(&ctl->pool, path, &len);
    if (text == NULL) {
        return -1;
    }

    rc = pupil_share_parse(ctl_str(text), &set->shares[set->count]);

    if (rc == PUPIL_INVALID || strlen(text) != len) {
        return ctl_error("%s is no share of a key file: bring its copy, or"
                         " another share", path);
    }

    if (rc != PUPIL_OK) {
        return ctl_error("%s was changed since it was written: bring its copy,"
                         " or another share", path);
    }

    return share_fits(set, path);
}


/* With those before it. */
static int
share_fits(set_t *set, const char *path)
{
    uint32_t              i;
    const pupil_share_t  *first, *share;

    first = &set->shares[0];
    share = &set->shares[set->count];

    if (pupil_uuid_compare(&share->set, &first->set) != 0
        || share->needs != first->needs || share->of != first->of
        || share->len != first->len)
    {
        return ctl_error("%s is of another set than the first: bring a share"
                         " of the same, which \"set\" in it tells", path);
    }

    for (i = 0; i < set->count; i++) {
        if (set->numbers[i] == share->number) {
            return ctl_error("share %u is there twice, the second time in %s:"
                             " bring another in its place", share->number,
                             path);
        }
    }

    set->numbers[set->count++] = (uint8_t) share->number;

    return 0;
}


/* What does not come out right has no part in a key file. */
static int
set_join(ctl_t *ctl, set_t *set)
{
    uint32_t       i;
    gfshare_ctx   *gf;

    if (ctl_arena_open(ctl) != 0 || secret_alloc(ctl, set) != 0) {
        return -1;
    }

    set->len = set->shares[0].len;

    /* with this it overwrites what it had */
    gfshare_fill_rand = random_fill;

    gf = gfshare_ctx_init_dec(set->numbers, set->count, (unsigned) set->len);
    if (gf == NULL) {
        return ctl_error("there is no memory for shares");
    }

    for (i = 0; i < set->count; i++) {
        gfshare_ctx_dec_giveshare(gf, (uint8_t) i, set->shares[i].data);
    }

    gfshare_ctx_dec_extract(gf, set->secret);
    gfshare_ctx_free(gf);

    return secret_check(ctl, set);
}


static int
secret_check(ctl_t *ctl, const set_t *set)
{
    uint8_t        proof[PUPIL_HASH_LEN];
    uint32_t       i;
    pupil_str_t    secret = { set->secret, set->len };
    pupil_error_t  error;

    for (i = 0; i < set->count; i++) {
        pupil_share_prove(&set->shares[i], secret, proof);

        if (crypto_verify_32(proof, set->shares[i].proof) != 0) {
            return ctl_error("the shares do not fit together: one of them was"
                             " forged.  Try again without one, and with"
                             " another, in turn");
        }
    }

    return pupil_kek_parse(set->secret, set->len, ctl->opt.key, ctl->keks,
                           &ctl->keks_count, &error)
           == PUPIL_OK
           ? 0 : ctl_error("%s", error.text);
}
