/*
 * Copyright (C) the Pupil authors
 *
 * Whether a row proves that the actor relates to somebody, or to a class: its
 * enrolments and roles are authentic (invariant I18), and about what was asked
 * for (invariant I20).
 */

#include "http/request/ngx_http_pupil.h"


static ngx_int_t ngx_http_pupil_proof_group(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, const pupil_proof_group_t *group,
    pupil_proof_about_t *about, pupil_uuid_t *class_id);


ngx_int_t
ngx_http_pupil_proof(ngx_http_pupil_ctx_t *ctx, PGresult *res, ngx_uint_t row,
    const pupil_relates_t *relates, const pupil_uuid_t *owner,
    pupil_uuid_t *class_id)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i, held;
    pupil_proof_about_t         about;
    const pupil_proof_group_t  *group;

    ngx_memzero(class_id, sizeof(pupil_uuid_t));

    about.actor = &ctx->session.subject;
    about.owner = owner;
    about.institution = &ctx->session.institution;
    about.class_id = NULL;
    about.day = ctx->today;

    held = 0;

    for (i = 0; i < PUPIL_PROOF_GROUPS; i++) {
        group = &relates->groups[i];

        if (group->column == 0) {
            break;
        }

        rc = ngx_http_pupil_proof_group(ctx, res, row, group, &about,
                                        class_id);
        if (rc == NGX_ERROR || rc == NGX_ABORT) {
            return NGX_DECLINED;
        }

        held += rc == NGX_OK;
    }

    return held >= relates->needed ? NGX_OK : NGX_DECLINED;
}


/* As the readers of rows; class_id: of the actor's enrolment, for about. */
static ngx_int_t
ngx_http_pupil_proof_group(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, const pupil_proof_group_t *group,
    pupil_proof_about_t *about, pupil_uuid_t *class_id)
{
    ngx_int_t              rc;
    pupil_expected_t       expected;
    pupil_role_row_t       role;
    pupil_enrolment_row_t  enrolment;

    pupil_proof_expect(group, about, &expected);

    if (group->is_role) {
        return ngx_http_pupil_role(ctx, res, row, group->column, &expected,
                                   &role);
    }

    rc = ngx_http_pupil_enrolment(ctx, res, row, group->column, &expected,
                                  &enrolment);

    if (rc == NGX_OK && group->whose == PUPIL_PROOF_ACTOR) {
        *class_id = enrolment.class_id;
        about->class_id = class_id;
    }

    return rc;
}
