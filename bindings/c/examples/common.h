/* What the examples share: errors end the program, files are read whole, keys are printed as `qkdpp distill --keys` does. */
#ifndef QKDPP_EXAMPLES_COMMON_H
#define QKDPP_EXAMPLES_COMMON_H

#include <qkdpp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program with the message of the library if a call has failed. */
static void check(qkdpp_status status, const char *what)
{
    if (status != QKDPP_STATUS_OK) {
        fprintf(stderr, "%s: %s: %s\n", what, qkdpp_status_name(status), qkdpp_last_error());
        exit(EXIT_FAILURE);
    }
}

/* Ends the program because of the system. */
static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

/* A whole file with a NUL behind it; the caller frees it. */
static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        fail(path);
    long length = ftell(file);
    if (length < 0 || fseek(file, 0, SEEK_SET) != 0)
        fail(path);
    char *text = malloc((size_t)length + 1);
    if (text == NULL || fread(text, 1, (size_t)length, file) != (size_t)length)
        fail(path);
    fclose(file);
    text[length] = '\0';
    if (size != NULL)
        *size = (size_t)length;
    return text;
}

/* Prints a key. Keys of seeded examples are no secret; a real program hands them to its key store instead. */
static void print_key(FILE *to, const qkdpp_step *step)
{
    fprintf(to, "block %llu: %llu bits ", (unsigned long long)step->block, (unsigned long long)step->bits);
    for (size_t i = 0; i < step->size; i++)
        fprintf(to, "%02x", step->data[i]);
    fputc('\n', to);
}

/* Makes a key pool from the pre-shared secret in a file. */
static void make_pool(const char *pool, const char *secret_file)
{
    size_t size;
    char *secret = read_file(secret_file, &size);
    qkdpp_bytes bytes = { (const uint8_t *)secret, size };
    check(qkdpp_pool_create(pool, bytes), pool);
    memset(secret, 0, size); /* a real program uses explicit_bzero, and destroys the file */
    free(secret);
}

#endif
