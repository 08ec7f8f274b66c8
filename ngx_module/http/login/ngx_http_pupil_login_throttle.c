/*
 * Copyright (C) the Pupil authors
 *
 * What is throttled: attempts count in buckets, each under a name of its own,
 * so that what fills one leaves the others as they are.
 */

#include <sodium.h>

#include "http/login/ngx_http_pupil_login.h"


/* Guessing at one account from anywhere, and from one network at any. */
#define NGX_HTTP_PUPIL_LIMIT_ACCOUNT  .free = 5, .forget = 180, .longest = 900
#define NGX_HTTP_PUPIL_LIMIT_NETWORK  .free = 300, .forget = 1, .longest = 60


/* A network that has asked for no mail for so long is new: ten minutes. */
#define NGX_HTTP_PUPIL_RESTS  600

/* Failures without a delay, seconds to forget one, the longest delay. */
typedef struct {
    const char  *name;
    int32_t      free, forget, longest;
} ngx_http_pupil_bucket_t;


static void ngx_http_pupil_login_names(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_login_bucket(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_bucket_e kind, pupil_str_t what, pupil_str_t device);
static void ngx_http_pupil_login_bucket_made(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_bucket_e kind, pupil_str_t what, pupil_str_t device,
    uint8_t bucket[PUPIL_HASH_LEN]);
static void ngx_http_pupil_login_told_of(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_bucket_e kind, pupil_str_t what);
static void ngx_http_pupil_login_limited_by(ngx_http_pupil_login_t *login,
    ngx_http_pupil_bucket_e kind);
static void ngx_http_pupil_login_asking(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_bucket_e first);


static const pupil_str_t  ngx_http_pupil_login_new_device =
    pupil_str(PUPIL_NOTICE_NOTE_NEW_DEVICE);

static const ngx_http_pupil_bucket_t  ngx_http_pupil_buckets[] = {
    [NGX_HTTP_PUPIL_BUCKET_LOGIN_ID] =
    { .name = "login_id", NGX_HTTP_PUPIL_LIMIT_ACCOUNT },
    [NGX_HTTP_PUPIL_BUCKET_EMAIL] =
    { .name = "email", NGX_HTTP_PUPIL_LIMIT_ACCOUNT },
    [NGX_HTTP_PUPIL_BUCKET_NETWORK] =
    { .name = "network", NGX_HTTP_PUPIL_LIMIT_NETWORK },
    [NGX_HTTP_PUPIL_BUCKET_PASSWORD] =
    { .name = "password", NGX_HTTP_PUPIL_LIMIT_ACCOUNT },
    [NGX_HTTP_PUPIL_BUCKET_STEP_UP] =
    { .name = "step-up", NGX_HTTP_PUPIL_LIMIT_ACCOUNT },
    [NGX_HTTP_PUPIL_BUCKET_CODE] =
    { .name = "code", NGX_HTTP_PUPIL_LIMIT_ACCOUNT },
    [NGX_HTTP_PUPIL_BUCKET_CODES] =
    { .name = "recovery codes", NGX_HTTP_PUPIL_LIMIT_ACCOUNT },
    [NGX_HTTP_PUPIL_BUCKET_LINK] =
    { .name = "link", NGX_HTTP_PUPIL_LIMIT_ACCOUNT },
    [NGX_HTTP_PUPIL_BUCKET_TOLD] =
    { .name = "told", .free = INT32_MAX, .forget = 180, .longest = 0 },
    [NGX_HTTP_PUPIL_BUCKET_FORGOTTEN] =
    { .name = "forgotten", 0, 0, 0 },               /* its statement says */
    [NGX_HTTP_PUPIL_BUCKET_FORGOTTEN_VAIN] =
    { .name = "forgotten in vain", 0, 0, 0 },       /* the same */
    [NGX_HTTP_PUPIL_BUCKET_FORGOTTEN_FIRST] =
    { .name = "forgotten first", .free = 1000, .forget = 1, .longest = 60 },
    [NGX_HTTP_PUPIL_BUCKET_FORGOTTEN_TENANT] =
    { .name = "forgotten tenant", .free = 200, .forget = 10, .longest = 60 },
    [NGX_HTTP_PUPIL_BUCKET_FORGOTTEN_NETWORK] =
    { .name = "forgotten network", .free = 20, .forget = 30, .longest = 300 },
    [NGX_HTTP_PUPIL_BUCKET_SIGN_UP] =
    { .name = "sign-up", 0, 0, 0 },                 /* the same */
    [NGX_HTTP_PUPIL_BUCKET_SIGN_UP_FIRST] =
    { .name = "sign-up first", .free = 1000, .forget = 10, .longest = 60 },
    [NGX_HTTP_PUPIL_BUCKET_SIGN_UP_TENANT] =
    { .name = "sign-up tenant", .free = 200, .forget = 10, .longest = 60 },
    [NGX_HTTP_PUPIL_BUCKET_SIGN_UP_NETWORK] =
    { .name = "sign-up network", .free = 20, .forget = 30, .longest = 300 }
};


ngx_int_t
ngx_http_pupil_login_throttle(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t login_plain, pupil_str_t email_plain)
{
    const pupil_key_t       *key;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    login->named = login_plain;

    /* As the e-mail address is looked up: the wider folding of the two. */
    login->known_as = email_plain;

    ngx_http_pupil_login_device_find(ctx, key);

    if (login->forgotten) {
        ngx_http_pupil_login_asking(ctx,
                                    NGX_HTTP_PUPIL_BUCKET_FORGOTTEN_FIRST);
        return NGX_OK;
    }

    if (login->sign_up) {
        ngx_http_pupil_login_asking(ctx, NGX_HTTP_PUPIL_BUCKET_SIGN_UP_FIRST);
        return NGX_OK;
    }

    ngx_http_pupil_login_names(ctx);

    return NGX_OK;
}


void
ngx_http_pupil_login_strange(ngx_http_pupil_ctx_t *ctx)
{
    ((ngx_http_pupil_login_t *) ctx->data)->buckets_count = 0;

    ngx_http_pupil_login_names(ctx);
}


static void
ngx_http_pupil_login_names(ngx_http_pupil_ctx_t *ctx)
{
    pupil_str_t              network, none;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    /* One for each look-up: spellings of one account share a bucket. */
    ngx_http_pupil_login_bucket(ctx, NGX_HTTP_PUPIL_BUCKET_LOGIN_ID,
                                login->named, login->apart);
    ngx_http_pupil_login_bucket(ctx, NGX_HTTP_PUPIL_BUCKET_EMAIL,
                                login->known_as, login->apart);

    /*
     * A known device gets in whatever its neighbours do, and from a school's
     * network everybody (pitfall 32): what bounds guesses there is the count
     * of each account, as it does for who guesses from many networks.
     */
    if (login->apart.len == 0 && ctx->network[0] != '\0') {
        network.data = (uint8_t *) ctx->network;
        network.len = ngx_strlen(ctx->network);
        ngx_http_pupil_login_bucket(ctx, NGX_HTTP_PUPIL_BUCKET_NETWORK,
                                    network, login->apart);
        login->strange = 1;
    }

    /* who logs in elsewhere, and is told, knows of no count there (M20) */
    if (login->apart.len != 0) {
        ngx_memzero(&none, sizeof(pupil_str_t));
        ngx_http_pupil_login_bucket(ctx, NGX_HTTP_PUPIL_BUCKET_TOLD,
                                    login->known_as, none);
    }
}


/*
 * Who asks for mail fails at nothing: what is delayed is asking, of a network
 * and of all.  The first time of a network counts with those of other networks
 * alone, or who asks from a few would keep all others from it.  A known device
 * and a school's network have counts of their own, so that strangers keep
 * nobody there from it; and those of a network count for neither, as with
 * log-ins.  The buckets of the tenant and of the network are behind the first.
 */
static void
ngx_http_pupil_login_asking(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_bucket_e first)
{
    pupil_str_t              tenant, network;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    tenant.data = ctx->tenant.b;
    tenant.len = PUPIL_UUID_LEN;

    if (login->apart.len != 0) {
        ngx_http_pupil_login_bucket(ctx, first + 1, tenant, login->apart);
        return;
    }

    network.data = (uint8_t *) ctx->network;
    network.len = ngx_strlen(ctx->network);

    ngx_http_pupil_login_bucket(ctx, first, tenant, login->apart);
    ngx_http_pupil_login_bucket(ctx, first + 1, tenant, login->apart);
    ngx_http_pupil_login_bucket(ctx, first + 2, network, login->apart);
    login->rests = NGX_HTTP_PUPIL_RESTS;
}


ngx_int_t
ngx_http_pupil_login_mail_buckets(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_bucket_e kind, uint8_t account[PUPIL_HASH_LEN],
    uint8_t nobody[PUPIL_HASH_LEN])
{
    pupil_str_t              whom;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    whom = login->known_as;

    if (ngx_http_pupil_key(ctx, "token") == NULL) {
        return NGX_ERROR;
    }

    if (login->known) {
        whom.data = login->owner.id.b;
        whom.len = PUPIL_UUID_LEN;
    }

    ngx_http_pupil_login_bucket_made(ctx, kind, whom, login->apart, account);
    randombytes_buf(nobody, PUPIL_HASH_LEN);

    return NGX_OK;
}


/* A stolen session is as good as a known device, and as bad: it may guess. */
void
ngx_http_pupil_login_own_bucket(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_bucket_e kind)
{
    pupil_str_t  subject, device;

    subject.data = ctx->session.subject.b;
    subject.len = PUPIL_UUID_LEN;
    ngx_memzero(&device, sizeof(pupil_str_t));

    ngx_http_pupil_login_bucket(ctx, kind, subject, device);
}


/*
 * One that was used, too: each time it costs a key, and a record.  One of the
 * same account that is newer has a bucket of its own.
 */
void
ngx_http_pupil_login_link_bucket(ngx_http_pupil_ctx_t *ctx,
    const pupil_link_t *link)
{
    uint8_t      bytes[12];
    pupil_str_t  subject, made;

    subject.data = link->subject.b;
    subject.len = PUPIL_UUID_LEN;

    /* a second may have two: of a password, and of the one after it */
    pupil_u32_write(bytes, (uint32_t) ((uint64_t) link->made >> 32));
    pupil_u32_write(bytes + 4, (uint32_t) link->made);
    pupil_u32_write(bytes + 8, link->number);
    made.data = bytes;
    made.len = sizeof(bytes);

    ngx_http_pupil_login_bucket(ctx, NGX_HTTP_PUPIL_BUCKET_LINK, subject,
                                made);
}


/*
 * A known device has one of its own: who knows a password keeps nobody from
 * their account by guessing codes (pitfall 32).
 */
void
ngx_http_pupil_login_code_bucket(ngx_http_pupil_ctx_t *ctx,
    uint8_t bucket[PUPIL_HASH_LEN])
{
    pupil_str_t              subject;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    subject.data = login->owner.id.b;
    subject.len = PUPIL_UUID_LEN;

    ngx_http_pupil_login_bucket_made(ctx, NGX_HTTP_PUPIL_BUCKET_CODE, subject,
                                     login->apart, bucket);
}


void
ngx_http_pupil_login_code_taken(ngx_http_pupil_ctx_t *ctx,
    const uint8_t bucket[PUPIL_HASH_LEN])
{
    pupil_str_t              subject, none;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ngx_memcpy(login->bytes[login->buckets_count], bucket, PUPIL_HASH_LEN);
    ngx_http_pupil_login_limited_by(login, NGX_HTTP_PUPIL_BUCKET_CODE);

    subject.data = login->owner.id.b;
    subject.len = PUPIL_UUID_LEN;
    ngx_memzero(&none, sizeof(pupil_str_t));
    ngx_http_pupil_login_bucket(ctx, NGX_HTTP_PUPIL_BUCKET_TOLD, subject, none);
}


void
ngx_http_pupil_login_tells(ngx_http_pupil_ctx_t *ctx, ngx_uint_t found)
{
    ngx_uint_t                 i;
    pupil_str_t                name, subject;
    ngx_http_pupil_row_t       row;
    ngx_http_pupil_login_t    *login;
    ngx_http_pupil_telling_t  *telling;

    static const ngx_uint_t  wants[] = { PUPIL_LF_WANT_LOGIN_ID,
                                         PUPIL_LF_WANT_EMAIL };
    static const ngx_http_pupil_bucket_e  kinds[] = {
        NGX_HTTP_PUPIL_BUCKET_PASSWORD, NGX_HTTP_PUPIL_BUCKET_STEP_UP,
        NGX_HTTP_PUPIL_BUCKET_TOLD
    };

    login = ctx->data;
    telling = &login->telling;

    telling->subject = &ctx->session.subject;
    telling->session.data = ctx->session.hash;
    telling->session.len = sizeof(ctx->session.hash);

    /* a school's computers forget, and a provider tells of its own */
    if (!login->device && login->school.len == 0 && login->oidc == NULL) {
        ngx_http_pupil_notice_add(telling, PUPIL_NOTICE_NEW_DEVICE);
        login->note = ngx_http_pupil_login_new_device;
    }

    ngx_http_pupil_notice_add(telling, PUPIL_NOTICE_FAILED_LOGINS);

    subject.data = ctx->session.subject.b;
    subject.len = PUPIL_UUID_LEN;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        ngx_http_pupil_login_told_of(ctx, kinds[i], subject);
    }

    ngx_http_pupil_login_credential(ctx, found, &row);

    for (i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
        if (ngx_http_pupil_value(ctx, &row, wants[i], &name) == PUPIL_OK
            && ngx_http_pupil_login_plain(ctx, name, &name) == NGX_OK)
        {
            ngx_http_pupil_login_told_of(ctx, NGX_HTTP_PUPIL_BUCKET_EMAIL,
                                         name);
            ngx_http_pupil_login_told_of(ctx, NGX_HTTP_PUPIL_BUCKET_TOLD,
                                         name);
        }
    }

    ctx->keys.missing_count = 0;
}


/*
 * Whoever guesses at a name is counted by it in either kind of bucket; a known
 * device and a school's network, that have counts of their own, in one of all.
 */
static void
ngx_http_pupil_login_told_of(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_bucket_e kind, pupil_str_t what)
{
    ngx_uint_t                 i;
    pupil_str_t                none;
    ngx_http_pupil_telling_t  *telling;

    ngx_memzero(&none, sizeof(pupil_str_t));
    telling = &((ngx_http_pupil_login_t *) ctx->data)->telling;
    i = telling->buckets_count++;

    ngx_http_pupil_login_bucket_made(ctx, kind, what, none,
                                     telling->bytes[i]);
    telling->buckets[i].data = telling->bytes[i];
    telling->buckets[i].len = sizeof(telling->bytes[i]);
}


static void
ngx_http_pupil_login_bucket(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_bucket_e kind, pupil_str_t what, pupil_str_t device)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ngx_http_pupil_login_bucket_made(ctx, kind, what, device,
                                     login->bytes[login->buckets_count]);
    ngx_http_pupil_login_limited_by(login, kind);
}


static void
ngx_http_pupil_login_bucket_made(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_bucket_e kind, pupil_str_t what, pupil_str_t device,
    uint8_t bucket[PUPIL_HASH_LEN])
{
    pupil_bucket_make(ngx_http_pupil_key(ctx, "token"),
                      ngx_http_pupil_buckets[kind].name, what, device, bucket);
}


/* The next bucket, whose bytes are there. */
static void
ngx_http_pupil_login_limited_by(ngx_http_pupil_login_t *login,
    ngx_http_pupil_bucket_e kind)
{
    ngx_uint_t                      i;
    const ngx_http_pupil_bucket_t  *bucket;

    i = login->buckets_count++;
    bucket = &ngx_http_pupil_buckets[kind];

    login->buckets[i].data = login->bytes[i];
    login->buckets[i].len = sizeof(login->bytes[i]);
    login->free[i] = bucket->free;
    login->forget[i] = bucket->forget;
    login->longest[i] = bucket->longest;
}


void
ngx_http_pupil_login_buckets(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ngx_http_pupil_param_bytea_array(ex, login->buckets, login->buckets_count);

    if (login->strange) {
        ngx_libpq_param_bytea(ex, login->bytes[login->buckets_count - 1], 32);

    } else {
        ngx_libpq_param_bytea(ex, "", 0);     /* no network's bucket */
    }
}
