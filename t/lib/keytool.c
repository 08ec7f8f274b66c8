/*
 * Copyright (C) the Pupil authors
 *
 * Knows the keys, as nobody else does, for tests that look for them where
 * they must not be, or that write a row as pupilctl would:
 *
 *     keytool KEKFILE <commands
 *
 *     category NAME                            of which subkeys are wanted
 *     tenant TENANT VERSION EPOCH HEX          as the key store has it
 *     service TENANT NAME TENANT_VERSION HEX
 *     owner TENANT OWNER VERSION TENANT_VERSION HEX
 *     value CATEGORY FIELD RECORD HEX          of that owner; "value HEX"
 *     subject TENANT SUBJECT STATUS SOURCE     prints the MAC of the row
 *     role TENANT SUBJECT INSTITUTION ROLE FROM TO SOURCE
 *     enrolment TENANT ENROLMENT SUBJECT CLASS INSTITUTION ROLE FROM TO SOURCE
 *     session TENANT SUBJECT ROLE INSTITUTION CREATED SEEN EXPIRES NUMBER
 *             PROVED
 *                                              microseconds since 1970; makes
 *                                              a token: "token TEXT", "hash
 *                                              HEX", and the MAC of its row
 *     mail TENANT MAIL SUBJECT KIND LANGUAGE CREATED [LINK NUMBER]
 *     login TENANT TEXT OWNER                  prints "term HEX" of a log-in
 *                                              name, and the MAC of its row
 *
 * Days since 1970-01-01, "-" for none.  Prints "key WHAT HEX" and "mac HEX".
 */

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/login/token.h"
#include "core/vault/authentic.h"
#include "core/vault/keyring.h"
#include "core/base/text.h"


#define WORDS       12
#define CATEGORIES  32
#define TENANTS     320
#define VALUE_MAX   1024        /* sealed */


typedef struct {
    pupil_uuid_t  tenant;
    uint32_t      version;
    pupil_key_t   key;
    pupil_key_t   mac;
    pupil_key_t   token;
    pupil_key_t   login;        /* of the blind index */
} tenant_t;

typedef struct {
    pupil_kek_t    keks[PUPIL_KEYRING_EPOCHS];
    uint32_t       keks_count;
    tenant_t       tenants[TENANTS];
    uint32_t       tenants_count;
    pupil_place_t  place;           /* of the last owner... */
    pupil_key_t    owner;           /* ...whose key it is */
    char           categories[CATEGORIES][PUPIL_NAME_MAX + 1];
    uint32_t       categories_count;
    char          *word[WORDS];
    uint32_t       words;
} tool_t;


static void
die(const char *what)
{
    fprintf(stderr, "keytool: %s\n", what);
    exit(1);
}


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s;

    s.data = (const uint8_t *) text;
    s.len = strlen(text);

    return s;
}


static pupil_uuid_t
uuid(const char *text)
{
    pupil_uuid_t  id;

    if (pupil_uuid_parse((const uint8_t *) text, strlen(text), &id)
        != PUPIL_OK)
    {
        die("no UUID");
    }

    return id;
}


static void
hex(const char *what, const void *bytes, size_t len)
{
    char  text[2 * PUPIL_MAC_LEN + 1];

    sodium_bin2hex(text, sizeof(text), bytes, len);
    printf("%s %s\n", what, text);
}


static tenant_t *
tenant_find(tool_t *tool, const char *text, uint32_t version)
{
    uint32_t      i;
    pupil_uuid_t  id = uuid(text);

    for (i = tool->tenants_count; i-- > 0; ) {
        if (pupil_uuid_compare(&tool->tenants[i].tenant, &id) == 0
            && (version == 0 || tool->tenants[i].version == version))
        {
            return &tool->tenants[i];
        }
    }

    die("no such tenant");
    return NULL;
}


static void
unwrap(const pupil_key_t *parent, const pupil_wrapping_t *what,
    const char *text, pupil_key_t *key)
{
    size_t   len;
    uint8_t  wrapped[PUPIL_WRAPPED_LEN];

    if (sodium_hex2bin(wrapped, sizeof(wrapped), text, strlen(text), NULL,
                       &len, NULL) != 0
        || pupil_unwrap(parent, what, wrapped, len, key) != PUPIL_OK)
    {
        die("a key does not unwrap");
    }
}


static void
print_subkeys(const tool_t *tool, const pupil_key_t *key)
{
    uint32_t        i;
    pupil_subkey_t  sub;

    for (i = 0; i < tool->categories_count; i++) {
        pupil_subkey_derive(key, str(tool->categories[i]), &sub);
        hex("key subkey-seal", &sub.seal, sizeof(sub.seal));
        hex("key subkey-commit", &sub.commit, sizeof(sub.commit));
    }
}


static void
tenant_key(tool_t *tool)
{
    uint32_t          i;
    tenant_t         *tenant;
    pupil_wrapping_t  what;

    if (tool->tenants_count == TENANTS) {
        die("too many tenants");
    }

    tenant = &tool->tenants[tool->tenants_count++];
    tenant->tenant = uuid(tool->word[1]);
    tenant->version = (uint32_t) atoi(tool->word[2]);

    memset(&what, 0, sizeof(what));
    what.object = PUPIL_OBJECT_TENANT_KEY;
    what.tenant = tenant->tenant;
    what.version = tenant->version;
    what.parent_version = (uint32_t) atoi(tool->word[3]);

    for (i = 0; i < tool->keks_count; i++) {
        if (tool->keks[i].epoch == what.parent_version) {
            unwrap(&tool->keks[i].key, &what, tool->word[4], &tenant->key);
            hex("key tenant", &tenant->key, sizeof(tenant->key));
            return;
        }
    }

    die("no such epoch");
}


static void
service_key(tool_t *tool)
{
    tenant_t         *tenant;
    pupil_key_t       key;
    pupil_wrapping_t  what;

    tenant = tenant_find(tool, tool->word[1], (uint32_t) atoi(tool->word[3]));

    memset(&what, 0, sizeof(what));
    what.object = PUPIL_OBJECT_SERVICE_KEY;
    what.tenant = tenant->tenant;
    what.name = str(tool->word[2]);
    what.version = 1;
    what.parent_version = tenant->version;

    unwrap(&tenant->key, &what, tool->word[4], &key);
    hex("key service", &key, sizeof(key));

    if (strcmp(tool->word[2], "mac") == 0) {
        tenant->mac = key;
    }

    if (strcmp(tool->word[2], "token") == 0) {
        tenant->token = key;
    }

    if (strcmp(tool->word[2], "index:credential.login_id") == 0) {
        tenant->login = key;
    }
}


static void
owner_key(tool_t *tool)
{
    tenant_t         *tenant;
    pupil_key_t       key;
    pupil_wrapping_t  what;

    tenant = tenant_find(tool, tool->word[1], (uint32_t) atoi(tool->word[4]));

    memset(&what, 0, sizeof(what));
    what.object = PUPIL_OBJECT_OWNER_KEY;
    what.tenant = tenant->tenant;
    what.id = uuid(tool->word[2]);
    what.version = (uint32_t) atoi(tool->word[3]);
    what.parent_version = tenant->version;

    unwrap(&tenant->key, &what, tool->word[5], &key);
    hex("key owner", &key, sizeof(key));
    print_subkeys(tool, &key);

    tool->place.tenant = tenant->tenant;
    tool->place.owner = what.id;
    tool->place.key_version = what.version;
    tool->owner = key;
}


static void
value(tool_t *tool)
{
    size_t           len;
    uint8_t          sealed[VALUE_MAX], out[VALUE_MAX];
    pupil_str_t      opened;
    pupil_subkey_t   sub;
    pupil_place_t   *place = &tool->place;

    place->category = str(tool->word[1]);
    place->field = str(tool->word[2]);
    place->record = uuid(tool->word[3]);
    pupil_subkey_derive(&tool->owner, place->category, &sub);

    if (sodium_hex2bin(sealed, sizeof(sealed), tool->word[4],
                       strlen(tool->word[4]), NULL, &len, NULL) != 0
        || pupil_open(&sub, place, sealed, len, out, &opened) != PUPIL_OK
        || opened.len > PUPIL_KEY_LEN)
    {
        die("a value does not open");
    }

    hex("value", opened.data, opened.len);
}


static int32_t
days(const char *text)
{
    return strcmp(text, "-") == 0 ? PUPIL_DATE_NONE : atoi(text);
}


static void
row_mac(tool_t *tool)
{
    char                 **w = tool->word;
    uint8_t                mac[PUPIL_MAC_LEN];
    const pupil_key_t     *key = &tenant_find(tool, w[1], 0)->mac;
    pupil_role_row_t       role;
    pupil_subject_row_t    subject;
    pupil_enrolment_row_t  e;
    pupil_mail_row_t       mail;

    if (strcmp(w[0], "subject") == 0 && tool->words == 5) {
        subject = (pupil_subject_row_t){ uuid(w[1]), uuid(w[2]), str(w[3]),
                                         str(w[4]), 0 };
        pupil_mac_subject(key, &subject, mac);

    } else if (strcmp(w[0], "role") == 0 && tool->words == 8) {
        role =
            (pupil_role_row_t){ uuid(w[1]), uuid(w[2]), uuid(w[3]), str(w[4]),
                                days(w[5]), days(w[6]), str(w[7]), 0 };
        pupil_mac_role(key, &role, mac);

    } else if (strcmp(w[0], "enrolment") == 0 && tool->words == 10) {
        e = (pupil_enrolment_row_t){ uuid(w[1]), uuid(w[2]), uuid(w[3]),
                                     uuid(w[4]), uuid(w[5]), str(w[6]),
                                     days(w[7]), days(w[8]), str(w[9]), 0 };
        pupil_mac_enrolment(key, &e, mac);

    } else if (strcmp(w[0], "mail") == 0
               && (tool->words == 7 || tool->words == 9))
    {
        mail = (pupil_mail_row_t){ uuid(w[1]), uuid(w[2]), uuid(w[3]),
                                   str(w[4]), str(w[5]), atoll(w[6]),
                                   str(""), 0, 0, str("") };

        if (tool->words == 9) {
            mail.link = str(w[7]);
            mail.number = (uint32_t) atoll(w[8]);
        }

        pupil_mac_mail(key, &mail, mac);

    } else {
        die("what is this line?");
    }

    hex("mac", mac, pupil_mac_len(mac));
}


static void
session_row(tool_t *tool)
{
    char                 **w = tool->word;
    tenant_t              *tenant;
    uint8_t                token[PUPIL_TOKEN_LEN], text[PUPIL_TOKEN_TEXT_LEN];
    uint8_t                hash[PUPIL_HASH_LEN], mac[PUPIL_MAC_LEN];
    pupil_session_row_t    row;

    tenant = tenant_find(tool, w[1], 0);

    pupil_token_make(&tenant->token, token, text);
    pupil_token_hash(&tenant->token, token, hash);

    row.tenant = tenant->tenant;
    row.token_hash.data = hash;
    row.token_hash.len = sizeof(hash);
    row.subject = uuid(w[2]);
    row.role = str(w[3]);
    row.institution = uuid(w[4]);
    row.created_at = atoll(w[5]);
    row.seen_at = atoll(w[6]);
    row.expires_at = atoll(w[7]);
    row.number = (uint32_t) atoi(w[8]);
    row.proved_at = atoll(w[9]);
    row.provider_session = row.provider_subject = str("");
    row.limited = 0;
    row.second = 0;
    pupil_mac_session(&tenant->mac, &row, mac);

    printf("token %.*s\n", (int) sizeof(text), (char *) text);
    hex("hash", hash, sizeof(hash));
    hex("mac", mac, pupil_mac_len(mac));
}


/* Without any folding, so that a test says what an older version stored. */
static void
login_row(tool_t *tool)
{
    uint8_t             term[PUPIL_TERM_LEN], mac[PUPIL_MAC_LEN];
    tenant_t           *tenant;
    pupil_index_row_t   row;

    tenant = tenant_find(tool, tool->word[1], 0);
    pupil_blind_term(&tenant->login, str(tool->word[2]), term);

    row.tenant = tenant->tenant;
    row.category = str("credential");
    row.field = str("login_id");
    row.term.data = term;
    row.term.len = sizeof(term);
    row.owner = uuid(tool->word[3]);
    row.record = row.owner;
    pupil_mac_index(&tenant->mac, &row, mac);

    hex("term", term, sizeof(term));
    hex("mac", mac, pupil_mac_len(mac));
}


static void
command(tool_t *tool)
{
    const char  *name = tool->word[0];

    if (strcmp(name, "category") == 0 && tool->words == 2
        && tool->categories_count < CATEGORIES)
    {
        snprintf(tool->categories[tool->categories_count++],
                 sizeof(tool->categories[0]), "%s", tool->word[1]);

    } else if (strcmp(name, "tenant") == 0 && tool->words == 5) {
        tenant_key(tool);

    } else if (strcmp(name, "service") == 0 && tool->words == 5) {
        service_key(tool);

    } else if (strcmp(name, "owner") == 0 && tool->words == 6) {
        owner_key(tool);

    } else if (strcmp(name, "value") == 0 && tool->words == 5) {
        value(tool);

    } else if (strcmp(name, "session") == 0 && tool->words == 10) {
        session_row(tool);

    } else if (strcmp(name, "login") == 0 && tool->words == 4) {
        login_row(tool);

    } else {
        row_mac(tool);
    }
}


int
main(int argc, char **argv)
{
    char            line[2048], *p;
    uint32_t        i;
    static tool_t   tool;
    pupil_error_t   error;

    if (argc != 2 || sodium_init() < 0) {
        die("usage: keytool KEKFILE");
    }

    if (pupil_kek_read(argv[1], tool.keks, &tool.keks_count, &error)
        != PUPIL_OK)
    {
        die(error.text);
    }

    for (i = 0; i < tool.keks_count; i++) {
        hex("key kek", &tool.keks[i].key, sizeof(tool.keks[i].key));
    }

    while (fgets(line, sizeof(line), stdin) != NULL) {
        tool.words = 0;

        for (p = strtok(line, " \n"); p != NULL && tool.words < WORDS;
             p = strtok(NULL, " \n"))
        {
            tool.word[tool.words++] = p;
        }

        if (tool.words != 0) {
            command(&tool);
        }
    }

    return 0;
}
