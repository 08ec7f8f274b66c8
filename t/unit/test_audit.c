/*
 * Copyright (C) the Pupil authors
 *
 * Audit: names of outcomes, truncated networks, the record of a refusal.
 */

#include <arpa/inet.h>

#include "core/audit/audit.h"
#include "tap.h"


static void
network(const char *address, const char *expected)
{
    char     out[PUPIL_NETWORK_LEN];
    size_t   len;
    uint8_t  bytes[16];

    len = strchr(address, ':') != NULL ? 16 : 4;
    (void) inet_pton(len == 16 ? AF_INET6 : AF_INET, address, bytes);

    pupil_network_truncate(tap_guarded(bytes, len), len, out);
    ok(strcmp(out, expected) == 0, "%s is of %s (%s)", address, expected,
       out);
}


int
main(void)
{
    char               out[PUPIL_NETWORK_LEN];
    size_t             len;
    uint8_t            bytes[32] = { 1 };
    tap_arena_t        arena;
    pupil_alloc_t      alloc = { tap_arena_alloc, &arena };
    pupil_error_t      error;
    pupil_policy_t     policy;
    pupil_template_t  *template;
    pupil_statement_t  statement;

    static const pupil_want_t  wants[] = {
        { .alias = "h", .category = "homework", .field = "title",
          .purpose = PUPIL_PURPOSE_TEACHING,
          .relation = PUPIL_RELATION_TEACHES,
          .operation = PUPIL_OPERATION_READ, .about = PUPIL_ABOUT_NONE,
          .flags = PUPIL_WANT_REQUIRED }
    };
    static const pupil_template_t  refused = {
        .name = "homework",
        .sql = "SELECT $1{h}",
        .fixed = 1,
        PUPIL_WANTS(wants)
    };
    static const char  shape[] =
        "[{\"category\":\"homework\",\"fields\":[\"title\"],"
        "\"purpose\":\"teaching\",\"relation\":\"teaches\","
        "\"operation\":\"read\",\"about\":\"none\"}]";

    memset(&arena, 0, sizeof(arena));
    memset(&policy, 0, sizeof(policy));

    network("192.0.2.77", "192.0.2.0/24");
    network("255.255.255.255", "255.255.255.0/24");
    network("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48");
    network("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "ffff:ffff:ffff::/48");
    network("::1", "::/48");
    network("::ffff:192.0.2.77", "192.0.2.0/24");

    for (len = 0; len <= 17; len++) {
        if (len != 4 && len != 16) {
            pupil_network_truncate(bytes, len, out);
            ok(out[0] == '\0', "%zu bytes are no address", len);
        }
    }

    ok(strcmp(pupil_outcome_name(PUPIL_OUTCOME_ALLOWED), "allowed") == 0
       && strcmp(pupil_outcome_name(PUPIL_OUTCOME_CONFLICT), "conflict") == 0
       && strcmp(pupil_outcome_name(PUPIL_OUTCOME_CONFLICT + 1), "?") == 0,
       "names of outcomes");

    /* What was asked for is in the shape although nothing is granted. */
    ok(pupil_audit_template(&refused, &alloc, &template) == PUPIL_OK
       && pupil_statement_compose(template, &policy, bytes, &alloc,
                                  &statement, &error) == PUPIL_OK,
       "the record of a refusal composes");
    ok(statement.accesses.len == sizeof(shape) - 1
       && memcmp(statement.accesses.data, shape, sizeof(shape) - 1) == 0,
       "its shape");
    ok(statement.columns == 1 && statement.params == 0, "its columns");

    arena.fail_at = 1;
    ok(pupil_audit_template(&refused, &alloc, &template) == PUPIL_NO_MEMORY,
       "no memory");
    arena.fail_at = 2;
    ok(pupil_audit_template(&refused, &alloc, &template) == PUPIL_NO_MEMORY
       && template == NULL, "no memory for the wants");

    tap_arena_reset(&arena);

    return tap_done();
}
