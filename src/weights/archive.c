/* archive.c - the zip archive around a PyTorch file. */
#include "weights/archive.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { LOCAL_BYTES = 30, ENTRY_BYTES = 46, END_BYTES = 22, END64_BYTES = 56, LOCATOR_BYTES = 20, COMMENT_MAX = 65535,
       ENTRIES_MAX = 1 << 20 };

static uint32_t u16(const uint8_t *at) { return (uint32_t)at[0] | (uint32_t)at[1] << 8; }
static uint32_t u32(const uint8_t *at) { return u16(at) | u16(at + 2) << 16; }
static uint64_t u64(const uint8_t *at) { return u32(at) | (uint64_t)u32(at + 4) << 32; }

bool cohl_archive_is(const uint8_t *bytes, size_t size) { return size >= 4 && u32(bytes) == 0x04034b50; }

typedef struct directory { uint64_t begin, count, bytes; } directory;

static cohl_status fail_cut(const char *path, cohl_error *err)
{
    return cohl_fail(err, COHL_ERR_FORMAT, "%s: the archive has no sound end; the file is cut", path);
}

/* The last record of the file says where the directory is; where its fields are full, another does. */
static cohl_status find_directory(directory *out, const char *path, const uint8_t *bytes, size_t size, cohl_error *err)
{
    size_t at = size - END_BYTES;
    if (size < END_BYTES)
        return fail_cut(path, err);
    while (u32(bytes + at) != 0x06054b50) {
        if (at == 0 || size - at > END_BYTES + COMMENT_MAX)
            return fail_cut(path, err);
        at--;
    }
    *out = (directory){ u32(bytes + at + 16), u16(bytes + at + 10), u32(bytes + at + 12) };
    if (out->begin == UINT32_MAX || out->count == 0xffff || out->bytes == UINT32_MAX) {
        if (at < LOCATOR_BYTES || u32(bytes + at - LOCATOR_BYTES) != 0x07064b50)
            return fail_cut(path, err);
        uint64_t end64 = u64(bytes + at - LOCATOR_BYTES + 8);
        if (end64 > size || size - end64 < END64_BYTES || u32(bytes + end64) != 0x06064b50)
            return fail_cut(path, err);
        *out = (directory){ u64(bytes + end64 + 48), u64(bytes + end64 + 32), u64(bytes + end64 + 40) };
    }
    if (out->begin > size || out->bytes > size - out->begin || out->count > ENTRIES_MAX ||
        out->count > out->bytes / ENTRY_BYTES)
        return fail_cut(path, err);
    return COHL_OK;
}

/* Sizes and place of an entry whose 32-bit fields are full stand in an extra field, in this order. */
static void read_extra(const uint8_t *extra, size_t bytes, uint64_t *size, uint64_t *stored, uint64_t *offset)
{
    while (bytes >= 4) {
        size_t length = u16(extra + 2);
        if (length > bytes - 4)
            return;
        if (u16(extra) == 1) {
            uint64_t *want[] = { size, stored, offset };
            for (size_t k = 0, at = 0; k < 3; k++)
                if (*want[k] == UINT32_MAX && at + 8 <= length) {
                    *want[k] = u64(extra + 4 + at);
                    at += 8;
                }
        }
        extra += 4 + length, bytes -= 4 + length;
    }
}

/* The data stand behind a second header, whose name and extra field have lengths of their own. */
static cohl_status find_data(cohl_archive_entry *entry, uint64_t offset, uint64_t size, const char *path,
                             const uint8_t *bytes, size_t file_size, cohl_error *err)
{
    uint64_t skip = 0;
    if (offset < file_size && file_size - offset >= LOCAL_BYTES && u32(bytes + offset) == 0x04034b50)
        skip = LOCAL_BYTES + u16(bytes + offset + 26) + u16(bytes + offset + 28);
    if (!skip || skip > file_size - offset || size > file_size - offset - skip)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: entry %s is not inside the file; the file is cut or lies", path,
                         entry->name);
    entry->data = bytes + offset + skip;
    entry->size = (size_t)size;
    return COHL_OK;
}

/* One entry of the directory at `from`; *used is its length there. */
static cohl_status read_entry(cohl_archive_entry *entry, const uint8_t *from, size_t left, size_t *used,
                              const char *path, const uint8_t *bytes, size_t file_size, cohl_error *err)
{
    if (left < ENTRY_BYTES || u32(from) != 0x02014b50)
        return fail_cut(path, err);
    size_t name = u16(from + 28), extra = u16(from + 30), comment = u16(from + 32);
    uint64_t stored = u32(from + 20), size = u32(from + 24), offset = u32(from + 42);
    *used = ENTRY_BYTES + name + extra + comment;
    if (*used > left)
        return fail_cut(path, err);
    if (cohl_utf8_check((const char *)from + ENTRY_BYTES, name) != name)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: an entry's name is not text", path);
    if (!(entry->name = strndup((const char *)from + ENTRY_BYTES, name)))
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its names", path);
    if (u16(from + 10) != 0 || u16(from + 8) & 1)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: entry %s is %s; PyTorch stores entries as they are", path,
                         entry->name, u16(from + 8) & 1 ? "encrypted" : "compressed");
    read_extra(from + ENTRY_BYTES + name, extra, &size, &stored, &offset);
    if (stored != size)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: entry %s has two sizes", path, entry->name);
    return find_data(entry, offset, size, path, bytes, file_size, err);
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const cohl_archive_entry *)a)->name, ((const cohl_archive_entry *)b)->name);
}

cohl_status cohl_archive_parse(cohl_archive *out, const char *path, const uint8_t *bytes, size_t size, cohl_error *err)
{
    directory all = { 0 };
    *out = (cohl_archive){ 0 };
    cohl_status st = find_directory(&all, path, bytes, size, err);
    if (st)
        return st;
    if (!(out->entry = calloc(all.count + 1, sizeof *out->entry)))
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for %llu entries", path, (unsigned long long)all.count);
    for (size_t at = 0, used = 0; out->count < all.count && !st; at += used)
        st = read_entry(&out->entry[out->count++], bytes + all.begin + at, all.bytes - at, &used, path, bytes, size,
                        err);
    if (st)
        cohl_archive_close(out);
    else if (out->count)
        qsort(out->entry, out->count, sizeof *out->entry, compare_entries);
    return st;
}

void cohl_archive_close(cohl_archive *archive)
{
    for (size_t i = 0; i < archive->count; i++)
        free(archive->entry[i].name);
    free(archive->entry);
    *archive = (cohl_archive){ 0 };
}

const cohl_archive_entry *cohl_archive_find(const cohl_archive *archive, const char *name)
{
    const cohl_archive_entry key = { .name = (char *)name };
    return archive->count ? bsearch(&key, archive->entry, archive->count, sizeof key, compare_entries) : NULL;
}
