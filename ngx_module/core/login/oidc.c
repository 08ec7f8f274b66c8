/*
 * Copyright (C) the Pupil authors
 *
 * What a provider says of itself, and its answer to a code.  Requests to it go
 * to one place, which the operator has named: so the URLs that it names must
 * lie at its issuer's origin.
 */

#include <string.h>

#include "core/base/text.h"
#include "core/json/json_tree.h"
#include "core/login/oidc.h"


#define OIDC_HTTPS       "https://"
#define OIDC_WELL_KNOWN  "/.well-known/openid-configuration"


static pupil_rc_t discovery_url(const pupil_alloc_t *alloc,
    const pupil_json_t *json, const char *name, pupil_str_t *url);
static pupil_rc_t discovery_path(const pupil_alloc_t *alloc,
    const pupil_json_t *json, const char *name, pupil_str_t origin,
    pupil_str_t *path);
static int url_fits(pupil_str_t url);


static const pupil_json_limits_t  oidc_limits = { .max_depth = 8,
                                                  .max_nodes = 2048 };


pupil_str_t
pupil_oidc_origin(pupil_str_t url)
{
    size_t       len;
    pupil_str_t  origin;

    origin.data = url.data;
    origin.len = 0;

    len = sizeof(OIDC_HTTPS) - 1;

    if (url.len <= len || memcmp(url.data, OIDC_HTTPS, len) != 0
        || !url_fits(url))
    {
        return origin;
    }

    while (len < url.len && url.data[len] != '/' && url.data[len] != '?') {
        if (url.data[len++] == '@') {
            return origin;
        }
    }

    if (len > sizeof(OIDC_HTTPS) - 1) {
        origin.len = len;
    }

    return origin;
}


pupil_str_t
pupil_oidc_well_known(const pupil_alloc_t *alloc, pupil_str_t issuer)
{
    size_t       len;
    uint8_t     *p;
    pupil_str_t  out, path;

    path.data = issuer.data + pupil_oidc_origin(issuer).len;
    path.len = issuer.len - pupil_oidc_origin(issuer).len;

    if (path.len != 0 && path.data[path.len - 1] == '/') {
        path.len--;
    }

    len = sizeof(OIDC_WELL_KNOWN) - 1;

    out.data = p = alloc->alloc(alloc->ctx, path.len + len);
    out.len = path.len + len;

    if (p != NULL) {
        memcpy(p, path.data, path.len);
        memcpy(p + path.len, OIDC_WELL_KNOWN, len);
    }

    return out;
}


pupil_rc_t
pupil_oidc_discovery(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_str_t issuer, pupil_discovery_t *out, const char **why)
{
    uint32_t      node;
    pupil_rc_t    rc;
    pupil_str_t   origin, said;
    pupil_json_t  json;

    memset(out, 0, sizeof(pupil_discovery_t));
    *why = "it is no JSON of its kind";

    if (text.len > PUPIL_DISCOVERY_MAX) {
        return PUPIL_INVALID;
    }

    rc = pupil_json_parse(alloc, text.data, text.len, &oidc_limits, &json,
                          NULL);
    if (rc != PUPIL_OK) {
        return rc;
    }

    *why = "it is of another issuer than issuer= names";

    rc = pupil_json_string(&json, pupil_json_member(&json, 0, "issuer"), alloc,
                           &said);
    if (rc != PUPIL_OK) {
        return rc;
    }

    if (said.len != issuer.len
        || memcmp(said.data, issuer.data, issuer.len) != 0)
    {
        return PUPIL_INVALID;
    }

    *why = "a URL of it is not https, or not at the issuer's origin";
    origin = pupil_oidc_origin(issuer);

    rc = discovery_url(alloc, &json, "authorization_endpoint",
                       &out->authorize);
    if (rc == PUPIL_OK) {
        rc = discovery_path(alloc, &json, "token_endpoint", origin,
                            &out->token);
    }

    if (rc == PUPIL_OK) {
        rc = discovery_path(alloc, &json, "jwks_uri", origin, &out->jwks);
    }

    if (rc == PUPIL_OK
        && pupil_json_member(&json, 0, "end_session_endpoint")
           != PUPIL_JSON_NONE)
    {
        rc = discovery_url(alloc, &json, "end_session_endpoint", &out->end);
    }

    node = pupil_json_member(&json, 0,
                             "authorization_response_iss_parameter_supported");
    out->iss = node != PUPIL_JSON_NONE
               && pupil_json_type(&json, node) == PUPIL_JSON_TRUE;

    return rc;
}


static pupil_rc_t
discovery_url(const pupil_alloc_t *alloc, const pupil_json_t *json,
    const char *name, pupil_str_t *url)
{
    pupil_rc_t  rc;

    rc = pupil_json_string(json, pupil_json_member(json, 0, name), alloc, url);

    if (rc == PUPIL_OK && pupil_oidc_origin(*url).len == 0) {
        return PUPIL_INVALID;
    }

    return rc;
}


static pupil_rc_t
discovery_path(const pupil_alloc_t *alloc, const pupil_json_t *json,
    const char *name, pupil_str_t origin, pupil_str_t *path)
{
    pupil_rc_t   rc;
    pupil_str_t  url, at;

    rc = discovery_url(alloc, json, name, &url);
    if (rc != PUPIL_OK) {
        return rc;
    }

    at = pupil_oidc_origin(url);

    if (at.len != origin.len || memcmp(at.data, origin.data, at.len) != 0
        || url.len == at.len || url.data[at.len] != '/')
    {
        return PUPIL_INVALID;
    }

    path->data = url.data + at.len;
    path->len = url.len - at.len;

    return PUPIL_OK;
}


/* It is sent on in a header field and a request's line. */
static int
url_fits(pupil_str_t url)
{
    size_t  i;

    for (i = 0; i < url.len; i++) {
        if (url.data[i] <= 0x20 || url.data[i] > 0x7e || url.data[i] == '#'
            || url.data[i] == '"' || url.data[i] == '\\')
        {
            return 0;
        }
    }

    return 1;
}


pupil_rc_t
pupil_oidc_tokens(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_tokens_t *out, const char **why)
{
    uint32_t      node;
    pupil_rc_t    rc;
    pupil_json_t  json;

    memset(out, 0, sizeof(pupil_tokens_t));
    *why = "its answer to the code has no ID token";

    if (text.len > PUPIL_TOKENS_MAX) {
        return PUPIL_INVALID;
    }

    rc = pupil_json_parse(alloc, text.data, text.len, &oidc_limits, &json,
                          NULL);
    if (rc != PUPIL_OK) {
        return rc;
    }

    rc = pupil_json_string(&json, pupil_json_member(&json, 0, "id_token"),
                           alloc, &out->id_token);
    node = pupil_json_member(&json, 0, "access_token");

    if (rc == PUPIL_OK && node != PUPIL_JSON_NONE) {
        rc = pupil_json_string(&json, node, alloc, &out->access_token);
    }

    return rc;
}
