/*
 * Copyright (C) the Pupil authors
 *
 * What is not granted is in no statement (invariant I3).
 */

#include <string.h>

#include "core/audit/audit.h"
#include "core/base/text.h"
#include "core/endpoints/compose.h"
#include "core/endpoints/endpoints.h"
#include "core/endpoints/session.h"


/* What the parts of one location share. */
typedef struct {
    pupil_location_t     *location;
    const pupil_alloc_t  *alloc;
    pupil_error_t        *error;
} pupil_composer_t;


/* Zeroed; NULL: no memory. */
static void *
pupil_compose_array(const pupil_composer_t *c, uint32_t count, size_t size)
{
    void  *array;

    array = c->alloc->alloc(c->alloc->ctx, count * size + 1);

    if (array != NULL) {
        memset(array, 0, count * size);
    }

    return array;
}


/* The shape of an access that is refused. */
static pupil_rc_t
pupil_compose_refusal(const pupil_composer_t *c,
    const pupil_template_t *refused, pupil_composed_t *composed)
{
    return pupil_statement_compose(refused, &c->location->policy,
                                   c->location->policy_hash, c->alloc,
                                   &composed->refusal, c->error);
}


/*
 * PUPIL_OK also when the statement is not granted: then why says what is
 * missing.
 */
static pupil_rc_t
pupil_compose_statement(const pupil_composer_t *c,
    const pupil_template_t *template, pupil_composed_t *composed,
    pupil_error_t *why)
{
    pupil_rc_t         rc;
    pupil_template_t  *refused;

    rc = pupil_audit_template(template, c->alloc, &refused);

    if (rc == PUPIL_OK) {
        rc = pupil_compose_refusal(c, refused, composed);
    }

    if (rc != PUPIL_OK) {
        return rc;
    }

    rc = pupil_statement_compose(template, &c->location->policy,
                                 c->location->policy_hash, c->alloc,
                                 &composed->statement, why);

    composed->granted = rc == PUPIL_OK;

    return rc == PUPIL_INVALID ? PUPIL_OK : rc;
}


/*
 * The table of a category whose plugin is not loaded may not be there, even
 * where nothing of it has to be granted.
 */
static pupil_rc_t
pupil_compose_tables(const pupil_composer_t *c,
    const pupil_template_t *template)
{
    pupil_str_t         name;
    const char *const  *table;

    for (table = template->tables; *table != NULL; table++) {
        name.data = (const uint8_t *) *table;
        name.len = strlen(*table);

        if (template->optional != NULL
            && strcmp(template->optional, *table) == 0)
        {
            continue;
        }

        if (pupil_policy_category(&c->location->policy, name) < 0) {
            return pupil_error_set(c->error, "%s needs the category \"%s\":"
                                   " add pupil_plugin .../pupil_%s.so; to"
                                   " http {}", template->name, *table,
                                   *table);
        }
    }

    return PUPIL_OK;
}


/* Does the statement show or write what the endpoint is for? */
static int
pupil_compose_serves(const pupil_endpoint_t *endpoint,
    const pupil_template_t *template)
{
    uint32_t             i;
    const pupil_want_t  *want;

    if (endpoint->category == NULL) {
        return 0;
    }

    for (i = 0; i < template->wants_count; i++) {
        want = &template->wants[i];

        if ((want->flags & PUPIL_WANT_REQUIRED)
            && strcmp(want->category, endpoint->category) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Those of an endpoint's own table: all, or one that serves, is enough. */
static pupil_rc_t
pupil_compose_endpoint(const pupil_composer_t *c,
    const pupil_endpoint_t *endpoint, pupil_composed_t **stmts)
{
    uint32_t                 i, granted, serving;
    pupil_rc_t               rc;
    pupil_error_t            why, first;
    pupil_composed_t        *composed;
    const pupil_template_t  *template;

    *stmts = pupil_compose_array(c, endpoint->count, sizeof(**stmts));
    if (*stmts == NULL) {
        return PUPIL_NO_MEMORY;
    }

    first.text[0] = '\0';

    for (i = 0, granted = 0, serving = 0; i < endpoint->count; i++) {
        template = &endpoint->templates[i];
        composed = &(*stmts)[i];

        rc = pupil_compose_tables(c, template);

        if (rc == PUPIL_OK) {
            rc = pupil_compose_statement(c, template, composed, &why);
        }

        if (rc != PUPIL_OK) {
            return rc;
        }

        if (composed->granted) {
            granted++;
            serving += pupil_compose_serves(endpoint, template) != 0;

        } else if (first.text[0] == '\0') {
            first = why;
        }
    }

    if (granted < endpoint->count && serving == 0) {
        *c->error = first;
        return PUPIL_INVALID;
    }

    return PUPIL_OK;
}


/* What no grant names is refused, and the audit says what it was. */
static pupil_rc_t
pupil_compose_asked(const pupil_composer_t *c, const pupil_plugin_t *plugin,
    uint32_t relation, uint32_t operation, pupil_composed_t *composed)
{
    pupil_rc_t         rc;
    pupil_template_t  *asked;

    rc = pupil_generic_asked(plugin, relation, operation, c->alloc, &asked);

    return rc == PUPIL_OK ? pupil_compose_refusal(c, asked, composed) : rc;
}


/* A statement that was made of grants, and so is granted. */
static pupil_rc_t
pupil_compose_made(const pupil_composer_t *c,
    const pupil_template_t *template, pupil_composed_t *composed)
{
    pupil_rc_t     rc;
    pupil_error_t  why;

    rc = pupil_compose_statement(c, template, composed, &why);

    if (rc == PUPIL_OK && !composed->granted) {
        *c->error = why;
        return PUPIL_INVALID;
    }

    return rc;
}


/* One category for one relation, as far as its plugin grants it. */
static pupil_rc_t
pupil_compose_category(const pupil_composer_t *c, uint32_t category,
    uint32_t relation, uint32_t operation, pupil_composed_generic_t *g)
{
    pupil_rc_t               rc;
    const pupil_plugin_t    *plugin;
    const pupil_policy_t    *policy;
    const pupil_template_t  *evidence;

    policy = &c->location->policy;
    plugin = policy->categories[category]->plugin;

    rc = operation == PUPIL_OPERATION_WRITE
         ? pupil_generic_write(policy, category, relation, c->alloc,
                               &g->generic)
         : pupil_generic_read(policy, category, relation, c->alloc,
                              &g->generic);

    if (rc == PUPIL_NOT_FOUND) {
        return pupil_compose_asked(c, plugin, relation, operation, &g->stmt);
    }

    if (rc == PUPIL_OK) {
        rc = pupil_compose_made(c, &g->generic->template, &g->stmt);
    }

    if (rc == PUPIL_OK && operation == PUPIL_OPERATION_WRITE) {
        rc = pupil_compose_made(c, &g->generic->look, &g->look);
    }

    evidence = pupil_generic_evidence(relation, plugin->owner);

    if (rc == PUPIL_OK && evidence != NULL) {
        rc = pupil_compose_made(c, evidence, &g->evidence);
    }

    return rc;
}


/* Each category by each relation through which somebody can ask for it. */
static pupil_rc_t
pupil_compose_generic(const pupil_composer_t *c)
{
    size_t             at;
    uint32_t           category, relation, count;
    pupil_rc_t         rc;
    pupil_location_t  *location;

    location = c->location;
    count = location->policy.count * PUPIL_RELATION_COUNT;

    location->reads = pupil_compose_array(c, count, sizeof(*location->reads));
    location->writes = pupil_compose_array(c, count,
                                           sizeof(*location->writes));

    if (location->reads == NULL || location->writes == NULL) {
        return PUPIL_NO_MEMORY;
    }

    for (category = 0; category < location->policy.count; category++) {
        for (relation = PUPIL_RELATION_SELF; relation < PUPIL_RELATION_SYSTEM;
             relation++)
        {
            at = category * PUPIL_RELATION_COUNT + relation;

            rc = pupil_compose_category(c, category, relation,
                                        PUPIL_OPERATION_READ,
                                        &location->reads[at]);

            if (rc == PUPIL_OK) {
                rc = pupil_compose_category(c, category, relation,
                                            PUPIL_OPERATION_WRITE,
                                            &location->writes[at]);
            }

            if (rc != PUPIL_OK) {
                return rc;
            }
        }
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_location_compose(const pupil_endpoint_t *endpoint,
    const pupil_policy_t *policy, const pupil_alloc_t *alloc,
    pupil_location_t *location, pupil_error_t *error)
{
    pupil_rc_t               rc;
    pupil_composer_t         c;
    const pupil_endpoint_t  *session;

    c.location = location;
    c.alloc = alloc;
    c.error = error;

    error->text[0] = '\0';

    memset(location, 0, sizeof(*location));
    location->endpoint = endpoint;
    location->policy = *policy;

    session = &pupil_session_endpoint;

    rc = pupil_policy_document(&location->policy, alloc,
                               &location->policy_document,
                               location->policy_hash);

    if (rc == PUPIL_OK) {
        rc = pupil_compose_endpoint(&c, session, &location->session);
    }

    if (rc == PUPIL_OK && endpoint != session) {
        rc = pupil_compose_endpoint(&c, endpoint, &location->stmts);
    }

    if (rc == PUPIL_OK && endpoint->generic) {
        rc = pupil_compose_generic(&c);
    }

    if (rc == PUPIL_NO_MEMORY) {
        (void) pupil_error_set(error, "out of memory");
    }

    if (endpoint == session) {
        location->stmts = location->session;
    }

    return rc;
}


/* What nobody can ask for was not composed: it has not even a refusal. */
static pupil_rc_t
pupil_location_some(pupil_composed_t *composed, uint32_t count,
    pupil_composed_pt each, void *ctx)
{
    uint32_t    i;
    pupil_rc_t  rc;

    for (i = 0; i < count; i++) {
        rc = composed[i].refusal.from != NULL ? each(ctx, &composed[i])
                                              : PUPIL_OK;
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    return PUPIL_OK;
}


static pupil_rc_t
pupil_location_generic(pupil_composed_generic_t *generic, uint32_t count,
    pupil_composed_pt each, void *ctx)
{
    uint32_t    i;
    pupil_rc_t  rc;

    for (i = 0, rc = PUPIL_OK; i < count && rc == PUPIL_OK; i++) {
        rc = pupil_location_some(&generic[i].stmt, 1, each, ctx);

        if (rc == PUPIL_OK) {
            rc = pupil_location_some(&generic[i].look, 1, each, ctx);
        }

        if (rc == PUPIL_OK) {
            rc = pupil_location_some(&generic[i].evidence, 1, each, ctx);
        }
    }

    return rc;
}


pupil_rc_t
pupil_location_each(pupil_location_t *location, pupil_composed_pt each,
    void *ctx)
{
    uint32_t    count;
    pupil_rc_t  rc;

    rc = pupil_location_some(location->session, PUPIL_SESSION_COUNT, each,
                             ctx);

    if (rc == PUPIL_OK && location->stmts != location->session) {
        rc = pupil_location_some(location->stmts, location->endpoint->count,
                                 each, ctx);
    }

    if (rc == PUPIL_OK && location->endpoint->generic) {
        count = location->policy.count * PUPIL_RELATION_COUNT;

        rc = pupil_location_generic(location->reads, count, each, ctx);

        if (rc == PUPIL_OK) {
            rc = pupil_location_generic(location->writes, count, each, ctx);
        }
    }

    return rc;
}
