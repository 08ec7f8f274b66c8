/*
 * Copyright (C) the Pupil authors
 *
 * The SQL of a location, composed once from its narrowed policy.  What is not
 * granted is not in it (invariant I3).  Locations with equal SQL share one
 * prepared statement.
 */

#include "http/conf/ngx_http_pupil_conf.h"


static const char  ngx_http_pupil_tenant_keys_sql[] =
    "SELECT $1::bigint, k.version, k.epoch, k.wrapped"
    " FROM (VALUES (1)) AS one (one)"
    " LEFT JOIN keystore.tenant_key AS k ON k.tenant = $2"
    " ORDER BY k.version";

static const char  ngx_http_pupil_service_keys_sql[] =
    "SELECT $1::bigint, s.name, s.tenant_version, s.wrapped"
    " FROM (VALUES (1)) AS one (one)"
    " LEFT JOIN keystore.service_key AS s ON s.tenant = $2";

static const char  ngx_http_pupil_owner_keys_sql[] =
    "SELECT $1::bigint, k.owner, k.state, k.version, k.tenant_version,"
    " k.wrapped FROM (VALUES (1)) AS one (one)"
    " LEFT JOIN keystore.fetch_owner_keys($2) AS k ON true";

static const char  ngx_http_pupil_partitions_sql[] =
    "SELECT $1::bigint,"
    " extract(epoch FROM pupil.audit_covered_until())::bigint";

static const Oid  ngx_http_pupil_oids_uuid[] =
    { NGX_LIBPQ_INT8, NGX_LIBPQ_UUID };
static const Oid  ngx_http_pupil_oids_uuids[] =
    { NGX_LIBPQ_INT8, NGX_LIBPQ_UUID_ARRAY };


static ngx_int_t ngx_http_pupil_compose_endpoint(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf,
    const pupil_endpoint_t *endpoint, ngx_http_pupil_stmt_t **stmts,
    ngx_uint_t required);
static ngx_int_t ngx_http_pupil_compose(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf,
    const pupil_template_t *template, ngx_http_pupil_stmt_t *stmt,
    pupil_error_t *error);
static ngx_int_t ngx_http_pupil_compose_refusal(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf,
    const pupil_template_t *refused, ngx_http_pupil_stmt_t *stmt);
static ngx_int_t ngx_http_pupil_compose_asked(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf,
    uint32_t category, uint32_t relation, ngx_uint_t write,
    ngx_http_pupil_stmt_t *stmt);
static ngx_uint_t ngx_http_pupil_compose_core(
    const pupil_endpoint_t *endpoint, const pupil_template_t *template);
static ngx_int_t ngx_http_pupil_compose_tables(ngx_conf_t *cf,
    ngx_http_pupil_loc_conf_t *plcf, const pupil_template_t *template);
static ngx_libpq_stmt_t *ngx_http_pupil_compose_share(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, const pupil_statement_t *statement);
static ngx_int_t ngx_http_pupil_compose_data(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf);
static ngx_int_t ngx_http_pupil_compose_generic(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf,
    uint32_t category, uint32_t relation, ngx_uint_t write,
    ngx_http_pupil_generic_t *g);
static ngx_int_t ngx_http_pupil_compose_policy(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf);


ngx_int_t
ngx_http_pupil_compose_location(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf)
{
    if (ngx_http_pupil_compose_policy(cf, pmcf, plcf) != NGX_OK
        || ngx_http_pupil_compose_endpoint(cf, pmcf, plcf,
                               &pupil_endpoints[PUPIL_ENDPOINT_SESSION],
                               &plcf->session, 1) != NGX_OK)
    {
        return NGX_ERROR;
    }

    switch (plcf->endpoint->id) {

    case NGX_HTTP_PUPIL_ENDPOINT_SESSION:
        plcf->stmts = plcf->session;
        return NGX_OK;

    case NGX_HTTP_PUPIL_ENDPOINT_DATA:
        return ngx_http_pupil_compose_data(cf, pmcf, plcf);

    default:
        return ngx_http_pupil_compose_endpoint(cf, pmcf, plcf,
                   plcf->endpoint->core, &plcf->stmts,
                   plcf->endpoint->id == NGX_HTTP_PUPIL_ENDPOINT_LOGIN);
    }
}


static ngx_int_t
ngx_http_pupil_compose_policy(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf)
{
    pupil_alloc_t                alloc;
    ngx_http_pupil_loc_conf_t  **place;

    ngx_http_pupil_conf_alloc(cf, &alloc);

    plcf->policy = pmcf->policy;

    if (plcf->denies != NULL) {
        plcf->policy.denies = plcf->denies->elts;
        plcf->policy.denies_count = (uint32_t) plcf->denies->nelts;
    }

    if (pupil_policy_document(&plcf->policy, &alloc, &plcf->policy_document,
                              plcf->policy_hash) != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    place = ngx_array_push(&pmcf->conf->policies);
    if (place == NULL) {
        return NGX_ERROR;
    }

    *place = plcf;

    return NGX_OK;
}


/*
 * All statements of an endpoint.  required: it cannot work without any of
 * them; else one that shows or writes the category that the endpoint is for
 * suffices, and the others are refused when asked for (403).
 */
static ngx_int_t
ngx_http_pupil_compose_endpoint(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf,
    const pupil_endpoint_t *endpoint, ngx_http_pupil_stmt_t **stmts,
    ngx_uint_t required)
{
    uint32_t                 i, wanting, granted;
    ngx_int_t                rc;
    pupil_error_t            error, first;
    const pupil_template_t  *template;

    *stmts = ngx_pcalloc(cf->pool,
                         endpoint->count * sizeof(ngx_http_pupil_stmt_t));
    if (*stmts == NULL) {
        return NGX_ERROR;
    }

    first.text[0] = '\0';
    wanting = 0;
    granted = 0;

    for (i = 0; i < endpoint->count; i++) {
        template = &endpoint->templates[i];

        if (ngx_http_pupil_compose_tables(cf, plcf, template) != NGX_OK) {
            return NGX_ERROR;
        }

        rc = ngx_http_pupil_compose(cf, pmcf, plcf, template, &(*stmts)[i],
                                    &error);
        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (ngx_http_pupil_compose_core(endpoint, template)) {
            wanting++;
            granted += rc == NGX_OK;
        }

        if (rc == NGX_DECLINED && first.text[0] == '\0') {
            first = error;
        }
    }

    if (first.text[0] != '\0' && (required || (wanting && !granted))) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "location \"%V\": %s", &plcf->prefix, first.text);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_pupil_compose_core(const pupil_endpoint_t *endpoint,
    const pupil_template_t *template)
{
    uint32_t  i;

    for (i = 0; i < template->wants_count; i++) {
        if ((template->wants[i].flags & PUPIL_WANT_REQUIRED)
            && ngx_strcmp(template->wants[i].category, endpoint->name) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* The table of a category whose plugin is not loaded may not be there. */
static ngx_int_t
ngx_http_pupil_compose_tables(ngx_conf_t *cf, ngx_http_pupil_loc_conf_t *plcf,
    const pupil_template_t *template)
{
    char         table[80];
    uint32_t     i;
    pupil_str_t  name;

    for (i = 0; i < template->wants_count; i++) {
        name.data = (const uint8_t *) template->wants[i].category;
        name.len = ngx_strlen(template->wants[i].category);

        ngx_snprintf((u_char *) table, sizeof(table), "data.%s %Z",
                     template->wants[i].category);

        if (pupil_policy_category(&plcf->policy, name) < 0
            && ngx_strstr(template->sql, table) != NULL)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "location \"%V\" needs the category \"%s\": "
                               "add pupil_plugin .../pupil_%s.so; to http {}",
                               &plcf->prefix, template->wants[i].category,
                               template->wants[i].category);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* NGX_OK; NGX_DECLINED: not granted, and error says why; NGX_ERROR. */
static ngx_int_t
ngx_http_pupil_compose(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_loc_conf_t *plcf, const pupil_template_t *template,
    ngx_http_pupil_stmt_t *stmt, pupil_error_t *error)
{
    pupil_rc_t           rc;
    pupil_alloc_t        alloc;
    pupil_template_t    *refused;
    pupil_statement_t  **shape;

    ngx_http_pupil_conf_alloc(cf, &alloc);

    if (pupil_audit_template(template, &alloc, &refused) != PUPIL_OK
        || ngx_http_pupil_compose_refusal(cf, pmcf, plcf, refused, stmt)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = pupil_statement_compose(template, &plcf->policy, plcf->policy_hash,
                                 &alloc, &stmt->statement, error);
    stmt->statement.from = template;

    if (rc == PUPIL_INVALID) {
        return NGX_DECLINED;
    }

    if (rc != PUPIL_OK) {
        return NGX_ERROR;
    }

    stmt->pg = ngx_http_pupil_compose_share(cf, pmcf, &stmt->statement);
    shape = ngx_array_push(&pmcf->conf->shapes);

    if (stmt->pg == NULL || shape == NULL) {
        return NGX_ERROR;
    }

    *shape = &stmt->statement;
    stmt->granted = 1;

    return NGX_OK;
}


/* The shape of an access that is refused. */
static ngx_int_t
ngx_http_pupil_compose_refusal(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf,
    const pupil_template_t *refused, ngx_http_pupil_stmt_t *stmt)
{
    pupil_alloc_t        alloc;
    pupil_error_t        why;
    pupil_statement_t  **shape;

    ngx_http_pupil_conf_alloc(cf, &alloc);

    if (pupil_statement_compose(refused, &plcf->policy, plcf->policy_hash,
                                &alloc, &stmt->refusal, &why) != PUPIL_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the audit record of \"%s\" cannot be composed",
                           refused->name);
        return NGX_ERROR;
    }

    shape = ngx_array_push(&pmcf->conf->shapes);
    if (shape == NULL) {
        return NGX_ERROR;
    }

    *shape = &stmt->refusal;

    return NGX_OK;
}


/* What no grant names is refused, and the audit says what it was. */
static ngx_int_t
ngx_http_pupil_compose_asked(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf,
    uint32_t category, uint32_t relation, ngx_uint_t write,
    ngx_http_pupil_stmt_t *stmt)
{
    pupil_alloc_t      alloc;
    pupil_template_t  *asked;

    ngx_http_pupil_conf_alloc(cf, &alloc);

    if (pupil_audit_asked(plcf->policy.categories[category]->plugin, relation,
                          write ? PUPIL_OPERATION_WRITE : PUPIL_OPERATION_READ,
                          &alloc, &asked) != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pupil_compose_refusal(cf, pmcf, plcf, asked, stmt);
}


static ngx_libpq_stmt_t *
ngx_http_pupil_compose_share(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf,
    const pupil_statement_t *statement)
{
    uint32_t                    n;
    ngx_uint_t                  i;
    uint32_t                    oids[PUPIL_STATEMENT_COMMON
                                     + PUPIL_STATEMENT_PARAMS];
    ngx_libpq_stmt_t  **shared;

    shared = pmcf->conf->shared.elts;

    for (i = 0; i < pmcf->conf->shared.nelts; i++) {
        if (shared[i]->sql.len == statement->sql.len
            && ngx_memcmp(shared[i]->sql.data, statement->sql.data,
                          statement->sql.len) == 0)
        {
            return shared[i];
        }
    }

    n = pupil_statement_oids(statement, oids);

    shared = ngx_array_push(&pmcf->conf->shared);
    if (shared == NULL) {
        return NULL;
    }

    *shared = ngx_libpq_stmt_add(cf, pmcf->data,
                                 (const char *) statement->sql.data, n, oids);
    if (*shared == NULL) {
        pmcf->conf->shared.nelts--;
        return NULL;
    }

    (*shared)->columns = statement->columns;

    return *shared;
}


/* Each category by each relation, as far as plugins grant it. */
static ngx_int_t
ngx_http_pupil_compose_data(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_loc_conf_t *plcf)
{
    uint32_t  c, r;
    size_t    size, at;

    size = plcf->policy.count * PUPIL_RELATION_COUNT
           * sizeof(ngx_http_pupil_generic_t);

    plcf->reads = ngx_pcalloc(cf->pool, size + 1);
    plcf->writes = ngx_pcalloc(cf->pool, size + 1);

    if (plcf->reads == NULL || plcf->writes == NULL) {
        return NGX_ERROR;
    }

    for (c = 0; c < plcf->policy.count; c++) {
        for (r = PUPIL_RELATION_SELF; r < PUPIL_RELATION_SYSTEM; r++) {
            at = c * PUPIL_RELATION_COUNT + r;

            if (ngx_http_pupil_compose_generic(cf, pmcf, plcf, c, r, 0,
                                               &plcf->reads[at]) != NGX_OK
                || ngx_http_pupil_compose_generic(cf, pmcf, plcf, c, r, 1,
                                                  &plcf->writes[at])
                   != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_compose_generic(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf,
    uint32_t category, uint32_t relation, ngx_uint_t write,
    ngx_http_pupil_generic_t *g)
{
    pupil_rc_t               rc;
    pupil_alloc_t            alloc;
    pupil_error_t            error;
    const pupil_template_t  *evidence;

    ngx_http_pupil_conf_alloc(cf, &alloc);

    rc = write ? pupil_generic_write(&plcf->policy, category, relation,
                                     &alloc, &g->generic)
               : pupil_generic_read(&plcf->policy, category, relation,
                                    &alloc, &g->generic);

    if (rc == PUPIL_NOT_FOUND) {
        g->generic = NULL;
        return ngx_http_pupil_compose_asked(cf, pmcf, plcf, category,
                                            relation, write, &g->stmt);
    }

    evidence = pupil_generic_evidence(relation,
                         plcf->policy.categories[category]->plugin->owner);

    if (rc == PUPIL_OK
        && ngx_http_pupil_compose(cf, pmcf, plcf, &g->generic->template,
                                  &g->stmt, &error) == NGX_OK
        && (!write
            || ngx_http_pupil_compose(cf, pmcf, plcf, &g->generic->look,
                                      &g->look, &error) == NGX_OK)
        && (evidence == NULL
            || ngx_http_pupil_compose(cf, pmcf, plcf, evidence, &g->evidence,
                                      &error) == NGX_OK))
    {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "location \"%V\": the statements of category \"%*s\" "
                       "cannot be composed", &plcf->prefix,
                       plcf->policy.categories[category]->name.len,
                       plcf->policy.categories[category]->name.data);

    return NGX_ERROR;
}


ngx_int_t
ngx_http_pupil_compose_common(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf)
{
    Oid         oids[PUPIL_AUDIT_GROUP_PARAMS];
    ngx_uint_t  i;

    for (i = 0; i < PUPIL_AUDIT_GROUP_PARAMS; i++) {
        oids[i] = pupil_param_oid(pupil_audit_group_params[i]);
    }

    pmcf->audit.insert = ngx_libpq_stmt_add(cf, pmcf->data,
                                            pupil_audit_group_sql,
                                            PUPIL_AUDIT_GROUP_PARAMS, oids);
    pmcf->vault.tenant_keys = ngx_libpq_stmt_add(cf, pmcf->keystore,
                            ngx_http_pupil_tenant_keys_sql, 2,
                            ngx_http_pupil_oids_uuid);
    pmcf->vault.service_keys = ngx_libpq_stmt_add(cf, pmcf->keystore,
                            ngx_http_pupil_service_keys_sql, 2,
                            ngx_http_pupil_oids_uuid);
    pmcf->vault.owner_keys = ngx_libpq_stmt_add(cf, pmcf->keystore,
                            ngx_http_pupil_owner_keys_sql, 2,
                            ngx_http_pupil_oids_uuids);
    pmcf->audit.partitions = ngx_libpq_stmt_add(cf, pmcf->data,
                            ngx_http_pupil_partitions_sql, 1,
                            ngx_http_pupil_oids_uuid);

    if (pmcf->vault.tenant_keys == NULL || pmcf->vault.service_keys == NULL
        || pmcf->vault.owner_keys == NULL || pmcf->audit.partitions == NULL
        || pmcf->audit.insert == NULL)
    {
        return NGX_ERROR;
    }

    pmcf->vault.tenant_keys->columns = 4;
    pmcf->vault.service_keys->columns = 4;
    pmcf->vault.owner_keys->columns = 6;
    pmcf->audit.partitions->columns = 2;
    pmcf->audit.insert->columns = 1;

    return NGX_OK;
}
