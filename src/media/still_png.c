/* still_png.c - write PNG (W3C PNG third edition) and read its words.
 *
 * Each row takes the one of the five filters whose residuals are smallest in sum
 * of magnitudes (section 12.7), then our own packer (deflate.c) takes all. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "media/deflate.h"
#include "media/still.h"

static const uint8_t signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

enum { PIXEL = 3, FILTERS = 5, KEY_LONGEST = 79 };

/* CRC-32 of section 5.5, half a byte at a time. */
uint32_t cohl_png_crc(const uint8_t *data, size_t size)
{
    static const uint32_t step[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158,
        0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4,
        0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ step[crc & 15];
        crc = crc >> 4 ^ step[crc & 15];
    }
    return ~crc;
}

static void write_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24), at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8), at[3] = (uint8_t)value;
}

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* A chunk is begun with its length still unknown and ended by filling it in. */
static size_t begin_chunk(cohl_text *out, const char *type)
{
    size_t start = out->size;
    cohl_text_add_bytes(out, "\0\0\0\0", 4);
    cohl_text_add_bytes(out, type, 4);
    return start;
}

static void end_chunk(cohl_text *out, size_t start)
{
    uint8_t crc[4];
    if (out->failed)
        return;
    uint8_t *chunk = (uint8_t *)out->data + start;
    size_t size = out->size - start;
    write_u32(chunk, (uint32_t)(size - 8));
    write_u32(crc, cohl_png_crc(chunk + 4, size - 4));
    cohl_text_add_bytes(out, crc, 4);
}

static uint8_t paeth(int left, int up, int corner)
{
    int guess = left + up - corner;
    int dl = abs(guess - left), du = abs(guess - up), dc = abs(guess - corner);
    return (uint8_t)(dl <= du && dl <= dc ? left : du <= dc ? up : corner);
}

static uint8_t predict(int filter, int left, int up, int corner)
{
    switch (filter) {
    case 1: return (uint8_t)left;
    case 2: return (uint8_t)up;
    case 3: return (uint8_t)((left + up) / 2);
    case 4: return paeth(left, up, corner);
    default: return 0;
    }
}

/* Returns the sum of the residuals' magnitudes. up is NULL for the first row. */
static uint64_t filter_row(uint8_t *to, const uint8_t *row, const uint8_t *up, size_t size,
                           int filter)
{
    uint64_t sum = 0;
    *to++ = (uint8_t)filter;
    for (size_t i = 0; i < size; i++) {
        int left = i >= PIXEL ? row[i - PIXEL] : 0, above = up ? up[i] : 0;
        int corner = up && i >= PIXEL ? up[i - PIXEL] : 0;
        to[i] = (uint8_t)(row[i] - predict(filter, left, above, corner));
        sum += (uint64_t)abs((int8_t)to[i]);
    }
    return sum;
}

/* [height, 1 + 3 * width] in new memory, or NULL. */
static uint8_t *filter_rows(const cohl_frame *frame)
{
    size_t size = (size_t)frame->width * PIXEL;
    uint8_t *rows = malloc((size + 1) * (size_t)frame->height), *trial = malloc(size + 1);
    for (int y = 0; rows && trial && y < frame->height; y++) {
        uint8_t *to = rows + (size + 1) * (size_t)y, *row = cohl_frame_row(frame, y);
        const uint8_t *up = y ? cohl_frame_row(frame, y - 1) : NULL;
        uint64_t least = filter_row(to, row, up, size, 0);
        for (int f = 1; f < FILTERS; f++) {
            uint64_t sum = filter_row(trial, row, up, size, f);
            if (sum >= least)
                continue;
            least = sum;
            memcpy(to, trial, size + 1);
        }
    }
    if (!trial) {
        free(rows);
        rows = NULL;
    }
    free(trial);
    return rows;
}

static cohl_status put_pixels(cohl_text *out, const cohl_frame *frame, cohl_error *err)
{
    uint8_t *rows = filter_rows(frame);
    if (!rows)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to pack a picture of %d x %d pixels",
                         frame->width, frame->height);
    size_t start = begin_chunk(out, "IDAT");
    cohl_status st = cohl_deflate(out, rows, ((size_t)frame->width * PIXEL + 1) *
                                             (size_t)frame->height, err);
    end_chunk(out, start);
    free(rows);
    return st;
}

static void put_head(cohl_text *out, const cohl_frame *frame)
{
    uint8_t head[13] = { [8] = 8, [9] = 2 };   /* 8 bits, RGB */
    write_u32(head, (uint32_t)frame->width);
    write_u32(head + 4, (uint32_t)frame->height);
    cohl_text_add_bytes(out, signature, sizeof signature);
    size_t start = begin_chunk(out, "IHDR");
    cohl_text_add_bytes(out, head, sizeof head);
    end_chunk(out, start);
    start = begin_chunk(out, "sRGB");
    cohl_text_add_bytes(out, "\0", 1);
    end_chunk(out, start);
}

static cohl_status put_tag(cohl_text *out, const cohl_tag *tag, cohl_error *err)
{
    size_t length = strlen(tag->key), value = strlen(tag->value);
    if (length < 1 || length > KEY_LONGEST || strspn(tag->key, " ") == length)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the tag \"%.90s\" has %zu letters, "
                         "expected 1 to %d", tag->key, length, KEY_LONGEST);
    if (cohl_utf8_check(tag->value, value) != value)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the tag %s is not UTF-8", tag->key);
    size_t start = begin_chunk(out, "iTXt");
    cohl_text_add_bytes(out, tag->key, length + 1);
    cohl_text_add_bytes(out, "\0\0\0\0", 4);   /* not packed, no language, no translation */
    cohl_text_add_bytes(out, tag->value, value);
    end_chunk(out, start);
    return COHL_OK;
}

cohl_status cohl_still_encode(cohl_text *out, const cohl_frame *frame, const cohl_tag *tags,
                              int tag_count, cohl_error *err)
{
    cohl_status st = COHL_OK;
    put_head(out, frame);
    for (int i = 0; !st && i < tag_count; i++)
        st = put_tag(out, &tags[i], err);
    if (!st)
        st = put_pixels(out, frame, err);
    end_chunk(out, begin_chunk(out, "IEND"));
    if (!st && out->failed)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory to pack a picture of %d x %d pixels",
                       frame->width, frame->height);
    return st;
}

cohl_status cohl_still_write(const char *path, const cohl_frame *frame, const cohl_tag *tags,
                             int tag_count, cohl_error *err)
{
    cohl_text bytes = { 0 };
    cohl_status st = cohl_still_encode(&bytes, frame, tags, tag_count, err);
    if (!st)
        st = cohl_file_write(path, bytes.data, bytes.size, err);
    cohl_text_free(&bytes);
    return st;
}

/* The value of a text chunk, or NULL: behind the key and, in iTXt, two bytes and
 * two more words. size counts the chunk's bytes. */
static const uint8_t *tag_value(const uint8_t *chunk, size_t size, bool international)
{
    const uint8_t *end = chunk + size, *at = memchr(chunk, 0, size);
    if (!at || at == chunk)
        return NULL;
    at++;
    if (!international)
        return at;
    if (end - at < 2 || at[0])
        return NULL;
    at += 2;
    for (int word = 0; word < 2; word++) {
        at = memchr(at, 0, (size_t)(end - at));
        if (!at)
            return NULL;
        at++;
    }
    return at;
}

static cohl_status add_tag(cohl_tags *tags, const uint8_t *chunk, size_t size,
                           bool international, cohl_error *err)
{
    const uint8_t *value = tag_value(chunk, size, international);
    if (!value)
        return COHL_OK;
    char *word = strndup((const char *)value, size - (size_t)(value - chunk));
    if (!word)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for the words of a picture");
    cohl_status st = cohl_tags_add(tags, (const char *)chunk, word, err);
    free(word);
    return st;
}

cohl_status cohl_still_tags(cohl_tags *tags, const uint8_t *data, size_t size, cohl_error *err)
{
    cohl_status st = COHL_OK;
    size_t at = sizeof signature;
    if (size < at || memcmp(data, signature, at))
        return COHL_OK;
    while (!st && size - at >= 12) {
        const uint8_t *chunk = data + at;
        size_t length = read_u32(chunk);
        if (length > size - at - 12)
            break;
        if (!memcmp(chunk + 4, "tEXt", 4) || !memcmp(chunk + 4, "iTXt", 4))
            st = add_tag(tags, chunk + 8, length, chunk[4] == 'i', err);
        at += length + 12;
    }
    return st;
}
