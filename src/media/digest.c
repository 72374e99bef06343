/* digest.c - SHA-256 by libavutil. */
#include "media/digest.h"

#include <libavutil/mem.h>
#include <libavutil/sha.h>
#include <stdint.h>
#include <stdio.h>

#include "base/file.h"

/* The library's own state is the digest; only this file knows. */
static struct AVSHA *state(cohl_digest *digest) { return (struct AVSHA *)digest; }

cohl_digest *cohl_digest_new(void)
{
    struct AVSHA *sum = av_sha_alloc();
    if (sum)
        av_sha_init(sum, 256);
    return (cohl_digest *)sum;
}

void cohl_digest_add(cohl_digest *digest, const void *data, size_t size)
{
    av_sha_update(state(digest), data, size);
}

cohl_digest_text cohl_digest_end(cohl_digest *digest)
{
    cohl_digest_text text = { "" };
    uint8_t bytes[32];
    if (!digest)
        return text;
    av_sha_final(state(digest), bytes);
    for (int i = 0; i < 32; i++)
        snprintf(text.hex + 2 * i, 3, "%02x", bytes[i]);
    av_free(digest);
    return text;
}

cohl_status cohl_digest_file(cohl_digest_text *out, const char *path, cohl_error *err)
{
    cohl_map map;
    cohl_status st = cohl_map_open(&map, path, err);
    if (st)
        return st;
    cohl_digest *digest = cohl_digest_new();
    if (!digest)
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its digest", path);
    else if (map.size)
        cohl_digest_add(digest, map.data, map.size);
    *out = cohl_digest_end(digest);
    cohl_map_close(&map);
    return st;
}
