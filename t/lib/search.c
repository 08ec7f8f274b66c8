/*
 * Copyright (C) the Pupil authors
 *
 * Finds any of thousands of byte strings in files of any kind, at the speed
 * at which they are read:
 *
 *     search NEEDLES FILE...
 *
 * NEEDLES has a line for each: "any HEX" or "word HEX".  Prints "N PATH" for
 * each needle, counted from 0, that is in a file, once a file, and at the end
 * "bytes N".
 *
 * A word stands between bytes that are no letters and no digits.  Words of
 * three bytes come up in ciphertext by chance: such a word counts only
 * between printable characters, or behind its length as PostgreSQL stores it.
 */

#include <ctype.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>


#define PREFIX   3
#define BUCKETS  (1u << 20)
#define BITS     (1u << 24)


typedef struct needle_s {
    struct needle_s  *next;     /* in the bucket */
    uint8_t          *data;
    size_t            len;
    size_t            number;
    size_t            seen;     /* in which file last, from 1 */
    int               word;
} needle_t;


static needle_t  *buckets[BUCKETS];
static uint8_t    bits[BITS / 8];
static size_t     bytes_read;


static uint32_t
prefix(const uint8_t *p)
{
    return (uint32_t) p[0] << 16 | (uint32_t) p[1] << 8 | p[2];
}


static void
die(const char *what)
{
    perror(what);
    exit(1);
}


static void
needle_add(const char *kind, const char *hex, size_t number)
{
    size_t     i;
    unsigned   byte;
    uint32_t   at;
    needle_t  *needle;

    needle = calloc(1, sizeof(*needle));
    if (needle == NULL) {
        die("memory");
    }

    needle->len = strlen(hex) / 2;
    needle->data = malloc(needle->len + 1);
    if (needle->data == NULL || needle->len < PREFIX) {
        die("a needle");
    }

    for (i = 0; i < needle->len; i++) {
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1) {
            die("hex");
        }
        needle->data[i] = (uint8_t) byte;
    }

    needle->number = number;
    needle->word = strcmp(kind, "word") == 0;

    at = prefix(needle->data);
    bits[at / 8] |= (uint8_t) (1u << at % 8);
    needle->next = buckets[at % BUCKETS];
    buckets[at % BUCKETS] = needle;
}


static void
needles_read(const char *path)
{
    FILE    *in;
    char     kind[8], *line = NULL, *hex;
    size_t   size = 0, number = 0;

    in = fopen(path, "r");
    if (in == NULL) {
        die(path);
    }

    while (getline(&line, &size, in) > 0) {
        line[strcspn(line, "\n")] = '\0';
        hex = strchr(line, ' ');
        if (hex == NULL || hex - line >= (long) sizeof(kind)) {
            die("a line of the needles");
        }
        snprintf(kind, sizeof(kind), "%.*s", (int) (hex - line), line);
        needle_add(kind, hex + 1, number++);
    }

    free(line);
    fclose(in);
}


static int
is_part(uint8_t c)
{
    return c >= 0x80 || isalnum(c);
}


static int
is_plain(uint8_t c)
{
    return (c >= ' ' && c < 0x7f) || c == '\n' || c == '\t' || c == '\r';
}


static int
is_word(const uint8_t *data, size_t len, size_t at, size_t size)
{
    if ((at > 0 && is_part(data[at - 1]))
        || (at + size < len && is_part(data[at + size])))
    {
        return 0;
    }

    if (size > 3) {
        return 1;
    }

    return (at > 0 && data[at - 1] == 2 * (size + 1) + 1)
           || ((at < 1 || is_plain(data[at - 1]))
               && (at < 2 || is_plain(data[at - 2]))
               && (at + size >= len || is_plain(data[at + size]))
               && (at + size + 1 >= len || is_plain(data[at + size + 1])));
}


static void
bytes_search(const uint8_t *data, size_t len, size_t file, const char *path)
{
    size_t     at;
    uint32_t   p;
    needle_t  *needle;

    for (at = 0; at + PREFIX <= len; at++) {
        p = prefix(data + at);
        if (!(bits[p / 8] & 1u << p % 8)) {
            continue;
        }

        for (needle = buckets[p % BUCKETS]; needle; needle = needle->next) {
            if (needle->seen != file && needle->len <= len - at
                && memcmp(needle->data, data + at, needle->len) == 0
                && (!needle->word || is_word(data, len, at, needle->len)))
            {
                needle->seen = file;
                printf("%zu %s\n", needle->number, path);
            }
        }
    }
}


static void
file_search(const char *path, size_t file)
{
    int          fd;
    void        *map;
    struct stat  st;

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        die(path);
    }

    if (st.st_size > 0) {
        map = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) {
            die(path);
        }
        bytes_search(map, (size_t) st.st_size, file, path);
        munmap(map, (size_t) st.st_size);
        bytes_read += (size_t) st.st_size;
    }

    close(fd);
}


int
main(int argc, char **argv)
{
    int  i;

    if (argc < 3) {
        fprintf(stderr, "usage: search NEEDLES FILE...\n");
        return 2;
    }

    needles_read(argv[1]);
    for (i = 2; i < argc; i++) {
        file_search(argv[i], (size_t) i);
    }
    printf("bytes %zu\n", bytes_read);

    return 0;
}
