/*
 * Copyright (C) the Pupil authors
 *
 * Category network: where somebody logged in from, in full for security alone;
 * every other purpose sees the network.
 */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "pupil_plugin.h"


#define NETWORK_TEXT_MAX  64        /* bytes of an address or a network */


static int32_t network_normalise(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t in, pupil_value_t *out);
static int32_t network_project(const pupil_host_t *host, void *call,
    uint32_t field, uint32_t purpose, pupil_value_t value,
    pupil_value_t *out);


enum {
    NETWORK_ADDRESS = 0
};

static const pupil_field_t  network_fields[] = {
    [NETWORK_ADDRESS] =
    { .name = "address", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED,
      .max_size = NETWORK_TEXT_MAX,
      .why = "Shows a log-in from a strange place to those who guard"
             " accounts." },
    { .name = "seen_at", .type = PUPIL_TYPE_TIMESTAMP,
      .flags = PUPIL_FIELD_REQUIRED, .max_size = 32,
      .why = "When the log-in was." }
};

static const pupil_grant_t  network_grants[] = {
    { .fields = "address seen_at", .purpose = PUPIL_PURPOSE_SECURITY,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_LEGITIMATE_INTEREST },
    { .fields = "address seen_at", .purpose = PUPIL_PURPOSE_SECURITY,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGITIMATE_INTEREST },
    { .fields = "address seen_at", .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS,
      .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGAL_OBLIGATION, .flags = PUPIL_GRANT_PROJECTED },
    { .fields = "address seen_at", .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
      .relation = PUPIL_RELATION_DPO, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGAL_OBLIGATION, .flags = PUPIL_GRANT_PROJECTED }
};

static const pupil_retention_t  network_retention = {
    .from = PUPIL_EVENT_CREATED,
    .days = 30,
    .then = PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  network_hooks = {
    .normalise = network_normalise,
    .project = network_project
};

static const pupil_plugin_t  network_plugin = {
    PUPIL_PLUGIN_HEADER,
    .flags = PUPIL_PLUGIN_NO_GENERIC_WRITE,
    .name = "network",
    .version = "1.0.0",
    .summary = "The network addresses that an account was used from.",
    .source = "The connection of the person's own device.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_MANY,
    PUPIL_FIELDS(network_fields),
    PUPIL_GRANTS(network_grants),
    PUPIL_RETENTION(network_retention),
    PUPIL_HOOKS(network_hooks)
};


/*
 * The bytes of an address as text: 4, 16, or 0 when it is none.  An IPv4
 * address in IPv6 clothes is the IPv4 address.
 */
static size_t
network_parse(pupil_value_t text, uint8_t bytes[16])
{
    char  copy[NETWORK_TEXT_MAX];

    static const uint8_t  mapped[12] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
    };

    if (text.len == 0 || text.len >= sizeof(copy)
        || memchr(text.data, '\0', text.len) != NULL)
    {
        return 0;
    }

    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';

    if (inet_pton(AF_INET, copy, bytes) == 1) {
        return 4;
    }

    if (inet_pton(AF_INET6, copy, bytes) != 1) {
        return 0;
    }

    if (memcmp(bytes, mapped, sizeof(mapped)) == 0) {
        memmove(bytes, bytes + sizeof(mapped), 4);
        return 4;
    }

    return 16;
}


/* The canonical text, with suffix behind it, from the host's memory. */
static int32_t
network_format(const pupil_host_t *host, void *call, const uint8_t *bytes,
    size_t len, const char *suffix, pupil_value_t *out)
{
    char  *text, address[INET6_ADDRSTRLEN];

    text = host->alloc(call, NETWORK_TEXT_MAX);
    if (text == NULL
        || inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, address,
                     sizeof(address)) == NULL)
    {
        return -1;
    }

    out->data = (const uint8_t *) text;
    out->len = (size_t) snprintf(text, NETWORK_TEXT_MAX, "%s%s", address,
                                 suffix);

    return 0;
}


static int32_t
network_normalise(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t in, pupil_value_t *out)
{
    size_t   len;
    uint8_t  bytes[16];

    *out = in;

    if (field != NETWORK_ADDRESS) {
        return 0;
    }

    len = network_parse(in, bytes);
    if (len == 0) {
        host->error(call, network_fields[field].name, "ip-address");
        return -1;
    }

    return network_format(host, call, bytes, len, "", out);
}


/* /24 of IPv4, /48 of IPv6; in full only for security. */
static int32_t
network_project(const pupil_host_t *host, void *call, uint32_t field,
    uint32_t purpose, pupil_value_t value, pupil_value_t *out)
{
    size_t   len, kept;
    uint8_t  bytes[16];

    *out = value;

    if (field != NETWORK_ADDRESS || purpose == PUPIL_PURPOSE_SECURITY) {
        return 0;
    }

    len = network_parse(value, bytes);
    if (len == 0) {
        return -1;
    }

    kept = len == 4 ? 3 : 6;
    memset(bytes + kept, 0, len - kept);

    return network_format(host, call, bytes, len, len == 4 ? "/24" : "/48",
                          out);
}


const pupil_plugin_t *
pupil_plugin(void)
{
    return &network_plugin;
}
