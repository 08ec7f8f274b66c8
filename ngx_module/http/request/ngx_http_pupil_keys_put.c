/*
 * Copyright (C) the Pupil authors
 *
 * What the key store answers, into the ring: keys of a tenant and its day, its
 * service keys, keys of owners.
 */

#include "http/request/ngx_http_pupil.h"


static ngx_int_t ngx_http_pupil_keys_put_day(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
static pupil_rc_t ngx_http_pupil_keys_put_owner(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, pupil_uuid_t *owner);
static void ngx_http_pupil_keys_found(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *owner, ngx_uint_t *found);
static ngx_int_t ngx_http_pupil_keys_note_keyless(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t found);


ngx_int_t
ngx_http_pupil_keys_put_tenant(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    int          i, n;
    int32_t      version, epoch, holes, moved;
    pupil_rc_t   rc;
    pupil_str_t  wrapped;

    n = PQntuples(res);

    for (i = 0; i < n; i++) {

        switch (ngx_libpq_get_int4(res, i, PUPIL_KT_VERSION, &version)) {

        case NGX_OK:
            break;

        case NGX_DECLINED:
            return ngx_libpq_get_int4(res, i, PUPIL_KT_MOVED, &moved) != NGX_OK
                   ? NGX_ERROR
                   : ngx_http_pupil_problem(ctx, moved
                                               ? NGX_HTTP_PUPIL_MOVED
                                               : NGX_HTTP_PUPIL_UNKNOWN_TENANT);

        default:
            return NGX_ERROR;
        }

        if (ngx_libpq_get_int4(res, i, PUPIL_KT_EPOCH, &epoch) != NGX_OK
            || ngx_http_pupil_get_bytea(res, i, PUPIL_KT_WRAPPED, &wrapped)
               != NGX_OK
            || ngx_libpq_get_int4(res, i, PUPIL_KT_HOLES, &holes) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (holes != 0) {
            ngx_http_pupil_holes_met(&ctx->main->holes, &ctx->tenant);
        }

        rc = pupil_keyring_put_tenant(ctx->main->vault.ring, &ctx->tenant,
                                      (uint32_t) version, (uint32_t) epoch,
                                      wrapped);

        if (rc == PUPIL_NO_MEMORY) {
            (void) pupil_keyring_evict(ctx->main->vault.ring, &ctx->tenant);
            rc = pupil_keyring_put_tenant(ctx->main->vault.ring, &ctx->tenant,
                                          (uint32_t) version,
                                          (uint32_t) epoch, wrapped);
        }

        /* an old version under an epoch that was retired is no loss */
        if (rc != PUPIL_OK && !(rc == PUPIL_NO_KEY && i + 1 < n)) {
            return ngx_http_pupil_keys_broken(ctx, rc, "a tenant's key");
        }
    }

    return ngx_http_pupil_keys_put_day(ctx, res);
}


/* One that was asked for before another zone was told is asked for anew. */
static ngx_int_t
ngx_http_pupil_keys_put_day(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    pupil_str_t  zone;
    pupil_day_t  day;

    if (ngx_libpq_get_int4(res, 0, PUPIL_KT_DAY, &day.day) != NGX_OK
        || ngx_libpq_get_timestamptz(res, 0, PUPIL_KT_BEGINS, &day.begins)
           != NGX_OK
        || ngx_libpq_get_timestamptz(res, 0, PUPIL_KT_ENDS, &day.ends)
           != NGX_OK
        || ngx_http_pupil_get_text(res, 0, PUPIL_KT_ZONE, &zone) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx->now < day.begins || ctx->now >= day.ends
        || zone.len > PUPIL_ZONE_LEN)
    {
        return ngx_http_pupil_keys_broken(ctx, PUPIL_INVALID,
                                          "a tenant's day");
    }

    ngx_memcpy(day.zone, zone.data, zone.len);
    day.zone[zone.len] = '\0';

    if ((ngx_msec_int_t) (ctx->keys.asked_at - ctx->main->vault.zoned_at) > 0)
    {
        pupil_keyring_put_day(ctx->main->vault.ring, &ctx->tenant, &day);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_keys_put_services(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    int          i, n;
    int32_t      version;
    pupil_rc_t   rc;
    pupil_str_t  name, wrapped;

    n = PQntuples(res);

    for (i = 0; i < n; i++) {

        if (ngx_http_pupil_get_text(res, i, PUPIL_KS_NAME, &name) != NGX_OK) {
            continue;
        }

        if (ngx_libpq_get_int4(res, i, PUPIL_KS_TENANT_VERSION, &version)
            != NGX_OK
            || ngx_http_pupil_get_bytea(res, i, PUPIL_KS_WRAPPED, &wrapped)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        rc = pupil_keyring_put_service(ctx->main->vault.ring, &ctx->tenant,
                                       name, (uint32_t) version, wrapped);

        if (rc == PUPIL_NO_MEMORY) {
            (void) pupil_keyring_evict(ctx->main->vault.ring, &ctx->tenant);
            rc = pupil_keyring_put_service(ctx->main->vault.ring, &ctx->tenant,
                                           name, (uint32_t) version, wrapped);
        }

        if (rc != PUPIL_OK) {
            pupil_keyring_forget_tenant(ctx->main->vault.ring, &ctx->tenant);

            return rc == PUPIL_NO_KEY
                   ? NGX_DECLINED
                   : ngx_http_pupil_keys_broken(ctx, rc, "a service key");
        }
    }

    if (ngx_http_pupil_key(ctx, "mac") == NULL
        || ngx_http_pupil_key(ctx, "token") == NULL)
    {
        pupil_keyring_forget_tenant(ctx->main->vault.ring, &ctx->tenant);
        return ngx_http_pupil_keys_broken(ctx, PUPIL_NOT_FOUND,
                                          "a service key");
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_keys_put_owners(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    ngx_uint_t    row, n, found;
    pupil_uuid_t  owner;

    n = PQntuples(res);
    found = 0;

    for (row = 0; row < n; row++) {

        switch (ngx_http_pupil_keys_put_owner(ctx, res, row, &owner)) {

        case PUPIL_OK:
            ngx_http_pupil_keys_found(ctx, &owner, &found);
            break;

        case PUPIL_NOT_FOUND:
        case PUPIL_ERASED:
            break;

        case PUPIL_NO_KEY:
            return NGX_DECLINED;

        case PUPIL_TAMPERED:
            ngx_http_pupil_tampered(ctx, "keystore.owner_key", NULL, &owner,
                                    "it does not unwrap");
            ctx->integrity = 1;
            return NGX_OK;

        default:
            return NGX_ERROR;
        }
    }

    return ngx_http_pupil_keys_note_keyless(ctx, found);
}


/*
 * A row into the ring.  PUPIL_OK; PUPIL_NOT_FOUND: it says that there is none;
 * PUPIL_ERASED: the owner's state is in the ring, and there is no key to use;
 * PUPIL_NO_KEY, PUPIL_TAMPERED: as the ring has it; PUPIL_FAILED.
 */
static pupil_rc_t
ngx_http_pupil_keys_put_owner(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, pupil_uuid_t *owner)
{
    int32_t              version, tenant_version, authority;
    pupil_rc_t           rc;
    pupil_str_t          text, wrapped;
    pupil_wrapping_t     what;
    pupil_owner_state_t  state;

    if (ngx_libpq_get_uuid(res, row, PUPIL_KO_OWNER, owner->b) != NGX_OK) {
        return PUPIL_NOT_FOUND;
    }

    if (ngx_http_pupil_get_text(res, row, PUPIL_KO_STATE, &text) != NGX_OK
        || ngx_libpq_get_int4(res, row, PUPIL_KO_VERSION, &version) != NGX_OK
        || ngx_libpq_get_int4(res, row, PUPIL_KO_TENANT_VERSION,
                              &tenant_version) != NGX_OK
        || ngx_libpq_get_int4(res, row, PUPIL_KO_AUTHORITY, &authority)
           != NGX_OK)
    {
        return PUPIL_FAILED;
    }

    ngx_memzero(&wrapped, sizeof(pupil_str_t));
    (void) ngx_http_pupil_get_bytea(res, row, PUPIL_KO_WRAPPED, &wrapped);
    state = pupil_owner_state(text);

    ngx_memzero(&what, sizeof(pupil_wrapping_t));
    what.object = PUPIL_OBJECT_OWNER_KEY;
    what.tenant = ctx->tenant;
    what.id = *owner;
    what.version = (uint32_t) version;
    what.parent_version = (uint32_t) tenant_version;

    rc = pupil_keyring_put_owner(ctx->main->vault.ring, &what, state, wrapped,
                                 ngx_http_pupil_time());

    if (rc == PUPIL_NO_KEY || rc == PUPIL_TAMPERED) {
        return rc;
    }

    pupil_keyring_put_floor(ctx->main->vault.ring, &ctx->tenant, owner,
                            (uint32_t) authority);

    return state == PUPIL_OWNER_STATE_ACTIVE
           || state == PUPIL_OWNER_STATE_RESTRICTED
           || state == PUPIL_OWNER_STATE_RECOVERY ? PUPIL_OK : PUPIL_ERASED;
}


/* Those that have a key stand first among the missing: the rest has none. */
static void
ngx_http_pupil_keys_found(ngx_http_pupil_ctx_t *ctx, const pupil_uuid_t *owner,
    ngx_uint_t *found)
{
    ngx_uint_t    i;
    pupil_uuid_t  swap, *missing;

    missing = ctx->keys.missing;

    for (i = *found; i < ctx->keys.missing_count; i++) {

        if (pupil_uuid_compare(&missing[i], owner) == 0) {
            swap = missing[*found];
            missing[(*found)++] = missing[i];
            missing[i] = swap;
            return;
        }
    }
}


/* Owners that were asked for and have no key: erased, or never made. */
static ngx_int_t
ngx_http_pupil_keys_note_keyless(ngx_http_pupil_ctx_t *ctx, ngx_uint_t found)
{
    ngx_uint_t     n;
    pupil_uuid_t  *keyless;

    n = ctx->keys.missing_count - found;

    if (n == 0) {
        return NGX_OK;
    }

    keyless = ngx_palloc(ctx->request->pool,
                         (ctx->keys.keyless_count + n) * sizeof(pupil_uuid_t));
    if (keyless == NULL) {
        return NGX_ERROR;
    }

    if (ctx->keys.keyless_count != 0) {
        ngx_memcpy(keyless, ctx->keys.keyless,
                   ctx->keys.keyless_count * sizeof(pupil_uuid_t));
    }

    ngx_memcpy(keyless + ctx->keys.keyless_count, ctx->keys.missing + found,
               n * sizeof(pupil_uuid_t));

    ctx->keys.keyless = keyless;
    ctx->keys.keyless_count += n;

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_keys_broken(ngx_http_pupil_ctx_t *ctx, pupil_rc_t rc,
    const char *what)
{
    const char  *why;

    switch (rc) {

    case PUPIL_NO_KEY:
        why = "is wrapped under a key that is not here: is the key file of "
              "pupil_master_key the newest?";
        break;

    case PUPIL_TAMPERED:
        why = "does not unwrap: the key file of pupil_master_key is another "
              "one than that of the key store, or the key store was changed";
        break;

    case PUPIL_NOT_FOUND:
        why = "is missing: make it with pupilctl";
        break;

    case PUPIL_INVALID:
        why = "is of another moment: the key store's zone_day() was changed";
        break;

    default:
        why = "does not fit into this worker's memory for keys";
        break;
    }

    if (!ctx->main->vault.unavailable) {
        ctx->main->vault.unavailable = 1;
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
                      "pupil: %s %s; answering 503, and saying this once",
                      what, why);
    }

    return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
}
