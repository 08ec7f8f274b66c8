/*
 * Copyright (C) the Pupil authors
 *
 * An address that several tenants share: which of them the schools are of that
 * a provider names.  Context: any.
 */

#ifndef PUPIL_TENANTS_H
#define PUPIL_TENANTS_H

#include "core/login/claims.h"


/*
 * A tenant that is served there.  schools: codes with commas between them, each
 * of any provider's, or behind "name:" of that one's alone; len 0: it is never
 * found by a provider's word.
 */
typedef struct {
    pupil_str_t   name;         /* a word of the address's own */
    pupil_uuid_t  id;
    pupil_str_t   schools;
    pupil_str_t   title;        /* what people call it; or empty */
} pupil_login_tenant_t;


/* Is it a list of such codes, each once?  PUPIL_INVALID with error set. */
pupil_rc_t pupil_schools_check(pupil_str_t schools, pupil_error_t *error);

/*
 * Can both be at one address: neither of the same name or id, nor of a school
 * that both have by one provider?  PUPIL_INVALID with error set.
 */
pupil_rc_t pupil_tenants_apart(const pupil_login_tenant_t *one,
    const pupil_login_tenant_t *other, pupil_error_t *error);

/* Does a token of that provider name a school of the tenant? */
int pupil_tenant_claimed(const pupil_login_tenant_t *tenant,
    const pupil_json_t *json, const pupil_profile_t *profile,
    pupil_str_t provider);

#endif /* PUPIL_TENANTS_H */
