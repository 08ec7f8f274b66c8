/*
 * Copyright (C) the Pupil authors
 *
 * I14: after everything that handles keys was called, no key lies in the
 * process outside the arena: not on the heap, in data, or on the stack, dead
 * frames included.
 *
 * A child does the work and waits; its parent reads all of its memory but the
 * arena, so that looking does not disturb what is looked at.  Both know the
 * keys only inverted, or they would find their own copy.
 */

#include <fcntl.h>
#include <sys/wait.h>

#include <sodium.h>

#include "core/vault/authentic.h"
#include "core/vault/keyed.h"
#include "core/vault/keyring_owner.h"
#include "tap.h"
#include "core/login/device.h"
#include "core/login/token.h"


#define ROUNDS    3
#define TENANTS   16
#define WINDOW    16            /* half a key is found too */
#define CHUNK     (1 << 20)

#define LEAK_NONE   0
#define LEAK_HEAP   1
#define LEAK_STACK  2
#define LEAK_DEAD   3           /* below the stack pointer */


enum {
    KEK, TENANT, OWNER, MAC, TOKEN, WRAP_KEK_SEAL, WRAP_KEK_COMMIT,
    WRAP_TENANT_SEAL, WRAP_TENANT_COMMIT, SEAL, COMMIT, KEYS
};

static const char  *names[KEYS] = {
    "KEK", "tenant key", "owner key", "key \"mac\"", "key \"token\"",
    "KEK's wrapping key", "KEK's commitment key", "tenant's wrapping key",
    "tenant's commitment key", "category's sealing key",
    "category's commitment key"
};

/* Shared by both: the keys, inverted, and where the arena is. */
typedef struct {
    uint8_t         keys[KEYS][PUPIL_KEY_LEN];
    pupil_arena_t  *arena;
    int             failed;
} shared_t;

typedef struct {
    pupil_key_t     kek, tenant, owner, mac, token;
    pupil_subkey_t  derived;
    pupil_kek_t     keks[PUPIL_KEYRING_EPOCHS];
    uint8_t         text[PUPIL_KEK_LINE_MAX];
} secrets_t;


static shared_t  *shared;


static void
invert(uint8_t *to, const uint8_t *from)
{
    size_t  i;

    for (i = 0; i < PUPIL_KEY_LEN; i++) {
        to[i] = (uint8_t) ~from[i];
    }

    pupil_stack_wipe();
}


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


/*
 * Wrapping subkeys are made inside the vault; here from its description, with
 * the state of the hash in the arena.
 */
static void
wrapping_keys(crypto_generichash_state *state, pupil_subkey_t *out,
    const pupil_key_t *key, const char *label, int to)
{
    uint8_t  block[8 + 13 + 16];

    memset(block, 0, sizeof(block));
    block[7] = 13;
    memcpy(block + 8, "pupil.wrap.v1", 13);
    memcpy(block + 21, label, strlen(label));

    crypto_generichash_init(state, key->b, sizeof(key->b), sizeof(*out));
    crypto_generichash_update(state, block, sizeof(block));
    crypto_generichash_final(state, (uint8_t *) out, sizeof(*out));

    invert(shared->keys[to], out->seal.b);
    invert(shared->keys[to + 1], out->commit.b);
    sodium_memzero(out, sizeof(*out));
    sodium_memzero(state, sizeof(*state));
}


static pupil_wrapping_t
key_of(pupil_object_t object, const char *name, const pupil_uuid_t *tenant)
{
    pupil_wrapping_t  what;

    memset(&what, 0, sizeof(what));
    what.object = object;
    what.tenant = *tenant;
    what.name = str(name);
    what.version = what.parent_version = 1;

    if (object == PUPIL_OBJECT_OWNER_KEY) {
        what.id = *tenant;
    }

    return what;
}


static void
wrap(const pupil_key_t *parent, pupil_object_t object, const char *name,
    const pupil_uuid_t *tenant, const pupil_key_t *key, uint8_t *out)
{
    pupil_wrapping_t  what = key_of(object, name, tenant);

    shared->failed |= pupil_wrap(parent, &what, key, out) != PUPIL_OK;
}


static void
fill(pupil_keyring_t *ring, secrets_t *s, const pupil_uuid_t *id)
{
    int               rc = 0;
    uint8_t           wrapped[PUPIL_WRAPPED_LEN];
    pupil_str_t       w = { wrapped, sizeof(wrapped) };
    pupil_wrapping_t  owner = key_of(PUPIL_OBJECT_OWNER_KEY, "", id);

    wrap(&s->kek, PUPIL_OBJECT_TENANT_KEY, "", id, &s->tenant, wrapped);
    rc |= pupil_keyring_put_tenant(ring, id, 1, 1, w);
    wrap(&s->tenant, PUPIL_OBJECT_SERVICE_KEY, "mac", id, &s->mac, wrapped);
    rc |= pupil_keyring_put_service(ring, id, str("mac"), 1, w);
    wrap(&s->tenant, PUPIL_OBJECT_SERVICE_KEY, "token", id, &s->token,
         wrapped);
    rc |= pupil_keyring_put_service(ring, id, str("token"), 1, w);
    wrap(&s->tenant, PUPIL_OBJECT_OWNER_KEY, "", id, &s->owner, wrapped);
    rc |= pupil_keyring_put_owner(ring, &owner, PUPIL_OWNER_STATE_ACTIVE, w,
                                  0);

    wrapped[100] ^= 1;
    rc |= pupil_keyring_put_owner(ring, &owner, PUPIL_OWNER_STATE_ACTIVE, w,
                                  0) != PUPIL_TAMPERED;
    wrapped[100] ^= 1;
    rc |= pupil_keyring_put_owner(ring, &owner, PUPIL_OWNER_STATE_ACTIVE, w,
                                  0);

    shared->failed |= rc != 0;
}


static void
seal_and_open(pupil_keyring_t *ring, const pupil_uuid_t *id)
{
    int                    rc = 0;
    size_t                 i, len;
    uint8_t               *in, *sealed, *out;
    pupil_str_t            value;
    pupil_place_t          place;
    const pupil_subkey_t  *key;

    memset(&place, 0, sizeof(place));
    place.tenant = place.owner = place.record = *id;
    place.category = str("identity");
    place.field = str("given_name");
    place.key_version = 1;

    rc |= pupil_keyring_subkey(ring, &place, PUPIL_OWNER_STATE_ACTIVE, 0, 1,
                               &key);
    invert(shared->keys[SEAL], key->seal.b);
    invert(shared->keys[COMMIT], key->commit.b);

    in = calloc(1, 5000);
    sealed = malloc(pupil_seal_size(5000));
    out = malloc(pupil_seal_size(5000));

    /* Lengths that take each path of the vectorised cipher. */

    for (i = 0; i <= 5000; i += i / 4 + 1) {
        len = pupil_seal_size(i);
        rc |= pupil_seal(key, &place, in, i, sealed);
        rc |= pupil_open(key, &place, sealed, len, out, &value);
        sealed[len - 1] ^= 1;
        rc |= pupil_open(key, &place, sealed, len, out, &value)
              != PUPIL_TAMPERED;
    }

    free(in);
    free(sealed);
    free(out);

    shared->failed |= rc != 0;
}


static void
use_services(pupil_keyring_t *ring, const pupil_uuid_t *id)
{
    int                  rc = 0;
    uint8_t              mac[PUPIL_MAC_LEN], token[PUPIL_TOKEN_LEN];
    uint8_t              text[PUPIL_TOKEN_TEXT_LEN];
    uint8_t              one[PUPIL_DEVICE_ONE_LEN];
    pupil_str_t          t = { text, PUPIL_TOKEN_TEXT_LEN };
    const pupil_key_t   *key;
    pupil_device_t       device;
    pupil_role_row_t     role;
    pupil_session_row_t  session;

    pupil_device_account_t  account = { .number = 1 };

    memset(&role, 0, sizeof(role));
    memset(&session, 0, sizeof(session));

    key = pupil_keyring_service(ring, id, str("mac"));
    pupil_mac_role(key, &role, mac);
    pupil_mac_session(key, &session, mac);

    key = pupil_keyring_service(ring, id, str("token"));
    pupil_token_make(key, token, text);
    rc |= pupil_token_parse(key, t, token);
    pupil_token_hash(key, token, mac);
    pupil_csrf_make(key, token, text);
    rc |= pupil_csrf_check(key, token, t);
    pupil_device_new(&device);
    pupil_device_one(key, &device, str("zoe"), one);
    pupil_device_add(key, &device, one, 20000, &account);
    rc |= pupil_device_age(key, &device, one, 20000, &account) != 0;
    pupil_bucket_make(key, "network", str("192.0.2.0"), str(""), mac);
    pupil_fingerprint_make(key, str("{}"), mac);
    pupil_blind_term(key, str("zoe@example.org"), mac);

    shared->failed |= rc != 0;
}


/* Through a file, as the master reads it. */
static void
read_kek(secrets_t *s)
{
    int            fd;
    char           path[] = "/tmp/pupil_secret_XXXXXX";
    size_t         len;
    uint8_t        hash[32];
    uint32_t       count;
    pupil_error_t  error;

    s->keks[0].epoch = 1;
    memcpy(&s->keks[0].key, &s->kek, sizeof(s->kek));
    len = pupil_kek_format(&s->keks[0], (char *) s->text);

    fd = mkstemp(path);
    shared->failed |= write(fd, s->text, len) != (ssize_t) len;
    close(fd);
    shared->failed |= pupil_kek_read(path, s->keks, &count, &error)
                      != PUPIL_OK;
    unlink(path);
    pupil_kek_fingerprint(&s->keks[0].key, hash);
}


/* One way to be wrong, to show that it is found. */
static __attribute__((noinline)) void
leak(int where, const secrets_t *s, uint8_t *frame)
{
    void     *heap;
    uint8_t   dead[4096];

    if (where == LEAK_HEAP) {
        heap = malloc(PUPIL_KEY_LEN);
        memcpy(heap, &s->tenant, PUPIL_KEY_LEN);
        __asm__ volatile("" : : "r"(heap) : "memory");

    } else if (where == LEAK_STACK) {
        memcpy(frame, &s->owner, PUPIL_KEY_LEN);
        __asm__ volatile("" : : "r"(frame) : "memory");

    } else if (where == LEAK_DEAD) {
        memcpy(dead, &s->kek, PUPIL_KEY_LEN);
        __asm__ volatile("" : : "r"(dead) : "memory");
    }
}


/* Far below whoever puts the wipes off. */
static __attribute__((noinline)) void
deep(const secrets_t *s, uint8_t *frame)
{
    uint8_t  room[16384];

    __asm__ volatile("" : : "r"(room) : "memory");

    pupil_stack_hold();
    leak(LEAK_DEAD, s, frame);
    pupil_stack_wipe();
    pupil_stack_release();

    __asm__ volatile("" : : "r"(room) : "memory");
}


static void
work(int where, int ready, int quit)
{
    char                       c = 0;
    uint8_t                    frame[PUPIL_KEY_LEN];
    secrets_t                 *s;
    pupil_uuid_t               id;
    pupil_error_t              error;
    pupil_keyring_t           *ring;
    crypto_generichash_state  *state;

    pupil_keyed_remember(pupil_memo_init(calloc(1, pupil_memo_size(1024)),
                                         1024));

    shared->arena = pupil_arena_create(pupil_keyring_size(64, TENANTS) + 8192,
                                       &error);
    if (shared->arena == NULL) {
        _exit(2);
    }

    s = pupil_arena_alloc(shared->arena, sizeof(*s));
    state = pupil_arena_alloc(shared->arena, sizeof(*state));
    ring = pupil_keyring_create(shared->arena, 64, TENANTS, 1000);
    memset(&id, 7, sizeof(id));

    pupil_key_random(&s->kek);
    pupil_key_random(&s->tenant);
    pupil_key_random(&s->owner);
    pupil_key_random(&s->mac);
    pupil_key_random(&s->token);
    invert(shared->keys[KEK], s->kek.b);
    invert(shared->keys[TENANT], s->tenant.b);
    invert(shared->keys[OWNER], s->owner.b);
    invert(shared->keys[MAC], s->mac.b);
    invert(shared->keys[TOKEN], s->token.b);
    wrapping_keys(state, &s->derived, &s->kek, "tenant-key", WRAP_KEK_SEAL);
    wrapping_keys(state, &s->derived, &s->tenant, "owner-key",
                  WRAP_TENANT_SEAL);
    pupil_stack_wipe();

    read_kek(s);
    pupil_keyring_add_kek(ring, &s->keks[0]);
    fill(ring, s, &id);
    seal_and_open(ring, &id);
    use_services(ring, &id);

    leak(LEAK_DEAD, s, frame);
    pupil_stack_wipe();

    pupil_stack_hold();
    deep(s, frame);
    pupil_stack_release();

    leak(where, s, frame);

    if (write(ready, &c, 1) != 1 || read(quit, &c, 1) < 0) {
        _exit(2);
    }

    _exit(frame[0] == c);
}


/* Which keys lie in these bytes, as a set of bits. */
static unsigned
look(const uint8_t *p, size_t len)
{
    int       k, half;
    size_t    i, n;
    unsigned  found = 0;
    uint8_t   wanted[256];

    memset(wanted, 0, sizeof(wanted));
    for (k = 0; k < KEYS; k++) {
        wanted[(uint8_t) ~shared->keys[k][0]] = 1;
        wanted[(uint8_t) ~shared->keys[k][WINDOW]] = 1;
    }

    for (i = 0; i + WINDOW <= len; i++) {
        if (!wanted[p[i]]) {
            continue;
        }

        for (k = 0; k < KEYS; k++) {
            for (half = 0; half < PUPIL_KEY_LEN; half += WINDOW) {
                for (n = 0; n < WINDOW; n++) {
                    if ((p[i + n] ^ shared->keys[k][half + n]) != 0xff) {
                        break;
                    }
                }

                found |= n == WINDOW ? 1u << k : 0;
            }
        }
    }

    return found;
}


/* All that is readable of a process but its arena. */
static unsigned
scan(pid_t pid, size_t *total)
{
    char           name[64], line[512];
    FILE          *maps;
    size_t         len;
    uint8_t       *chunk;
    ssize_t        n;
    unsigned       found = 0;
    unsigned long  from, to;
    int            fd;

    snprintf(name, sizeof(name), "/proc/%d/mem", (int) pid);
    fd = open(name, O_RDONLY);
    snprintf(name, sizeof(name), "/proc/%d/maps", (int) pid);
    maps = fopen(name, "r");
    chunk = malloc(CHUNK);
    *total = 0;

    if (fd == -1 || maps == NULL || chunk == NULL) {
        return ~0u;
    }

    while (fgets(line, sizeof(line), maps) != NULL) {
        if (sscanf(line, "%lx-%lx r", &from, &to) != 2
            || strchr(line, 'r') == NULL || strstr(line, "[v") != NULL
            || ((unsigned long) shared->arena >= from
                && (unsigned long) shared->arena < to))
        {
            continue;
        }

        while (from < to) {
            len = to - from < CHUNK ? to - from : CHUNK;
            n = pread(fd, chunk, len, (off_t) from);
            if (n <= 0) {
                break;
            }

            found |= look(chunk, (size_t) n);
            *total += (size_t) n;
            if (from + (size_t) n == to) {
                break;
            }

            from += (size_t) n - (WINDOW - 1);
        }
    }

    fclose(maps);
    close(fd);
    free(chunk);

    return found;
}


/* Runs a child that leaks in one way; the set of the keys that were found. */
static unsigned
run(int where, size_t *total)
{
    int       ready[2], quit[2];
    char      c;
    pid_t     pid;
    unsigned  found = ~0u;

    if (pipe(ready) != 0 || pipe(quit) != 0) {
        return found;
    }

    fflush(stdout);
    memset(shared, 0, sizeof(*shared));
    pid = fork();
    if (pid == 0) {
        close(ready[0]);
        close(quit[1]);
        work(where, ready[1], quit[0]);
    }

    close(ready[1]);
    close(quit[0]);
    if (read(ready[0], &c, 1) == 1 && !shared->failed) {
        found = scan(pid, total);
    }

    close(ready[0]);
    close(quit[1]);
    waitpid(pid, NULL, 0);

    return found;
}


int
main(void)
{
    int       i, k;
    size_t    total = 0;
    unsigned  found = 0;

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__  1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
    printf("1..0 # SKIP AddressSanitizer has a stack of its own\n");
    return 0;
#endif

    if (getenv("LD_PRELOAD") != NULL) {
        printf("1..0 # SKIP valgrind keeps registers in memory\n");
        return 0;
    }

    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (sodium_init() < 0 || shared == MAP_FAILED) {
        return 2;
    }

    for (i = 0; i < ROUNDS; i++) {
        found |= run(LEAK_NONE, &total);
    }

    ok(total > (1 << 20), "%zu KiB of the process were looked at",
       total / 1024);

    for (k = 0; k < KEYS; k++) {
        ok((found & 1u << k) == 0, "I14: the %s is only in the arena",
           names[k]);
    }

    ok(run(LEAK_HEAP, &total) == 1u << TENANT,
       "a tenant key left on the heap is found");
    ok(run(LEAK_STACK, &total) == 1u << OWNER,
       "an owner key left on the stack is found");
    ok(run(LEAK_DEAD, &total) == 1u << KEK,
       "a KEK left below the stack pointer is found");

    return tap_done();
}
