/* layout.c - a file with room for a manifest store, and where all else moves to.
 *
 * A film's box of credentials stands right behind ftyp, before moov, so that everything
 * behind it moves down by its size, and chunk offsets say so (ISO/IEC 14496-12, 8.7.5). The
 * coded pictures (mdat) are the same bytes before and after. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "media/still.h"
#include "provenance/container.h"
#include "provenance/jumbf.h"

enum { PIECES_MOST = 64, PNG_HEAD = 33, UUID_HEAD = 8 + 16 + 4 + 9 + 8, CHUNK_FRAME = 12 };

/* A run of bytes of the finished file. */
typedef struct piece {
    const uint8_t *data;
    size_t         size;
    uint64_t       was, is;      /* its place in the old file and in the new one */
    bool           summed;       /* by the BMFF hash                             */
} piece;

struct cohl_layout {
    cohl_container_kind kind;
    const char *name;
    piece    piece[PIECES_MOST];     /* all but the room for the store */
    int      count, room_before;     /* the room stands before this piece */
    uint64_t room_at, room_size;
    size_t   store_size;
    int      moov;                   /* which piece, -1 */
    cohl_text plain, patched;        /* moov as it was (with the plain tag), with offsets moved */
    cohl_text tag;                   /* PNG: the chunk of the plain tag */
};

static cohl_status add_piece(cohl_layout *l, const uint8_t *data, size_t size, uint64_t was, bool summed,
                             cohl_error *err)
{
    if (l->count == PIECES_MOST)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: a file of more than %d top-level boxes cannot be signed", l->name,
                         PIECES_MOST);
    l->piece[l->count++] = (piece){ .data = data, .size = size, .was = was, .summed = summed };
    return COHL_OK;
}

/* ---- MP4 and MOV ------------------------------------------------------------ */

/* "XMP_" in the user data of the film is QuickTime's place for XMP (XMP specification part 3,
 * 1.2.7). A uuid box of XMP would be a second one on top level, which some readers of
 * credentials trip over. It comes first, since QuickTime's user data may end with a zero. */
static void put_xmp(cohl_text *out, const char *xmp)
{
    size_t start = cohl_box_begin(out, "XMP_");
    cohl_text_add(out, xmp);
    cohl_box_end(out, start);
}

static cohl_status copy_moov(cohl_layout *l, const cohl_box *moov, const char *xmp, cohl_error *err)
{
    const uint8_t *at = moov->data, *end = moov->data + moov->size;
    bool placed = !xmp;
    cohl_box child;
    int found;
    size_t start = cohl_box_begin(&l->plain, "moov"), data;
    while ((found = cohl_box_next(&child, &at, end)) == 1) {
        if (placed || strcmp(child.type, "udta")) {
            cohl_text_add_bytes(&l->plain, child.start, (size_t)(at - child.start));
            continue;
        }
        data = cohl_box_begin(&l->plain, "udta");
        put_xmp(&l->plain, xmp);
        cohl_text_add_bytes(&l->plain, child.data, child.size);
        cohl_box_end(&l->plain, data);
        placed = true;
    }
    if (found < 0)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: a box in its moov has a size that cannot be", l->name);
    if (!placed) {
        data = cohl_box_begin(&l->plain, "udta");
        put_xmp(&l->plain, xmp);
        cohl_box_end(&l->plain, data);
    }
    cohl_box_end(&l->plain, start);
    if (l->plain.failed || l->plain.size > UINT32_MAX)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to sign it", l->name);
    l->moov = l->count;
    return add_piece(l, (uint8_t *)l->plain.data, l->plain.size, (uint64_t)-1, true, err);
}

static cohl_status take_box(cohl_layout *l, const cohl_box *box, const uint8_t *file, size_t size, const char *xmp,
                            cohl_error *err)
{
    bool ftyp = !strcmp(box->type, "ftyp"), skipped = ftyp || !strcmp(box->type, "mfra");
    if (!l->count && !ftyp)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: begins with a box \"%.4s\", expected \"ftyp\"", l->name, box->type);
    if (!strcmp(box->type, "moof") || !strcmp(box->type, "sidx"))
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: a film in fragments cannot be signed", l->name);
    if (!strcmp(box->type, "uuid") && box->size >= 16 && !memcmp(box->data, cohl_bmff_c2pa_uuid, 16))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: carries credentials already", l->name);
    if (!strcmp(box->type, "moov") && l->moov < 0)
        return copy_moov(l, box, xmp, err);
    uint64_t was = (uint64_t)(box->start - file);
    return add_piece(l, box->start, (size_t)(box->data + box->size - box->start), was, !skipped, err);
}

static cohl_status lay_bmff(cohl_layout *l, const uint8_t *file, size_t size, const char *xmp, cohl_error *err)
{
    const uint8_t *at = file;
    cohl_status st = COHL_OK;
    cohl_box box;
    int found = 0;
    while (!st && (found = cohl_box_next(&box, &at, file + size)) == 1)
        st = take_box(l, &box, file, size, xmp, err);
    if (!st && found < 0)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: a box at byte %zu has a size that cannot be", l->name,
                       (size_t)(at - file));
    if (!st && l->moov < 0)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: has no moov box", l->name);
    l->room_before = 1;
    return st;
}

/* Where a byte of the old file stands in the new one; false when it belonged to no kept box. */
static bool moved(const cohl_layout *l, uint64_t was, uint64_t *is)
{
    for (int i = 0; i < l->count; i++)
        if (i != l->moov && was >= l->piece[i].was && was - l->piece[i].was < l->piece[i].size) {
            *is = l->piece[i].is + (was - l->piece[i].was);
            return true;
        }
    return false;
}

static cohl_status move_chunks(const cohl_layout *l, uint8_t *table, size_t size, int width, cohl_error *err)
{
    uint32_t count = size >= 8 ? cohl_be32(table + 4) : 0;
    if (size < 8 || count > (size - 8) / (size_t)width)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: its table of chunks is cut", l->name);
    for (uint8_t *at = table + 8; count--; at += width) {
        uint64_t was = width == 4 ? cohl_be32(at) : cohl_be64(at), is;
        if (!moved(l, was, &is))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: a chunk stands at byte %llu, where no box is", l->name,
                             (unsigned long long)was);
        if (width == 8)
            cohl_put_be64(at, is);
        else if (is <= UINT32_MAX)
            cohl_put_be32(at, (uint32_t)is);
        else
            return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: with credentials a chunk would stand past 4 GiB, which its "
                             "table cannot say", l->name);
    }
    return COHL_OK;
}

/* All tables below a box. The copy is ours, so it may be written to. */
static cohl_status move_tables(const cohl_layout *l, const uint8_t *data, size_t size, cohl_error *err)
{
    static const char *const above[] = { "trak", "mdia", "minf", "stbl", NULL };
    const uint8_t *at = data;
    cohl_status st = COHL_OK;
    cohl_box box;
    while (!st && cohl_box_next(&box, &at, data + size) == 1) {
        int width = !strcmp(box.type, "stco") ? 4 : !strcmp(box.type, "co64") ? 8 : 0;
        if (width)
            st = move_chunks(l, (uint8_t *)box.data, box.size, width, err);
        for (int i = 0; above[i]; i++)
            if (!strcmp(box.type, above[i]))
                st = move_tables(l, box.data, box.size, err);
    }
    return st;
}

static cohl_status patch_moov(cohl_layout *l, cohl_error *err)
{
    l->patched.size = 0;
    cohl_text_add_bytes(&l->patched, l->plain.data, l->plain.size);
    if (l->patched.failed)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to sign it", l->name);
    l->piece[l->moov].data = (uint8_t *)l->patched.data;
    return move_tables(l, (uint8_t *)l->patched.data + 8, l->patched.size - 8, err);
}

/* ---- PNG -------------------------------------------------------------------- */

static void end_chunk(cohl_text *chunk)
{
    uint8_t crc[4];
    if (chunk->failed)
        return;
    cohl_put_be32((uint8_t *)chunk->data, (uint32_t)(chunk->size - 8));
    cohl_put_be32(crc, cohl_png_crc((uint8_t *)chunk->data + 4, chunk->size - 4));
    cohl_text_add_bytes(chunk, crc, sizeof crc);
}

static cohl_status lay_png(cohl_layout *l, const uint8_t *file, size_t size, const char *xmp, cohl_error *err)
{
    cohl_store_bytes old = cohl_container_find(file, size);
    if (old.broken || size < PNG_HEAD)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: %s", l->name, old.broken ? old.broken : "is cut");
    if (old.bytes.data)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: carries credentials already", l->name);
    if (xmp) {
        cohl_box_begin(&l->tag, "iTXt");
        cohl_text_add_bytes(&l->tag, "XML:com.adobe.xmp\0\0\0\0", 22);   /* not packed, no language, no translation */
        cohl_text_add(&l->tag, xmp);
        end_chunk(&l->tag);
        if (l->tag.failed)
            return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to sign it", l->name);
    }
    l->room_before = 1;
    cohl_status st = add_piece(l, file, PNG_HEAD, 0, true, err);
    if (!st && xmp) st = add_piece(l, (uint8_t *)l->tag.data, l->tag.size, 0, true, err);
    if (!st) st = add_piece(l, file + PNG_HEAD, size - PNG_HEAD, PNG_HEAD, true, err);
    return st;
}

/* ---- all -------------------------------------------------------------------- */

cohl_status cohl_layout_new(cohl_layout **out, const uint8_t *file, size_t size, const char *xmp, const char *name,
                            cohl_error *err)
{
    cohl_status st;
    cohl_layout *l = *out = calloc(1, sizeof *l);
    if (!l)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to sign it", name);
    l->kind = cohl_container_kind_of(file, size);
    l->name = name;
    l->moov = -1;
    switch (l->kind) {
    case COHL_CONTAINER_BMFF: st = lay_bmff(l, file, size, xmp, err); break;
    case COHL_CONTAINER_PNG:  st = lay_png(l, file, size, xmp, err); break;
    case COHL_CONTAINER_JPEG:
        st = cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: credentials of a JPEG are read, not written", name);
        break;
    default:
        st = add_piece(l, file, size, 0, true, err);
    }
    if (st) {
        cohl_layout_free(l);
        *out = NULL;
    }
    return st;
}

void cohl_layout_free(cohl_layout *l)
{
    if (!l)
        return;
    cohl_text_free(&l->plain);
    cohl_text_free(&l->patched);
    cohl_text_free(&l->tag);
    free(l);
}

static uint64_t room_for(const cohl_layout *l, size_t store_size)
{
    switch (l->kind) {
    case COHL_CONTAINER_BMFF: return UUID_HEAD + store_size;
    case COHL_CONTAINER_PNG:  return CHUNK_FRAME + store_size;
    default:                  return 0;              /* it stands beside the file */
    }
}

cohl_status cohl_layout_place(cohl_layout *l, size_t store_size, cohl_error *err)
{
    uint64_t at = 0;
    l->store_size = store_size;
    l->room_size = room_for(l, store_size);
    for (int i = 0; i < l->count; i++) {
        if (i == l->room_before) {
            l->room_at = at;
            at += l->room_size;
        }
        l->piece[i].is = at;
        at += l->piece[i].size;
    }
    return l->moov < 0 ? COHL_OK : patch_moov(l, err);
}

cohl_hash cohl_layout_sum(const cohl_layout *l, const char *alg)
{
    cohl_summing *sum = cohl_summing_begin(alg);
    for (int i = 0; i < l->count; i++) {
        uint8_t place[8];
        cohl_put_be64(place, l->piece[i].is);
        if (l->piece[i].summed && l->kind == COHL_CONTAINER_BMFF)
            cohl_summing_add(sum, place, sizeof place);
        if (l->piece[i].summed)
            cohl_summing_add(sum, l->piece[i].data, l->piece[i].size);
    }
    return cohl_summing_end(sum);
}

static void put_bmff_binding(cohl_text *out, const char *alg, const cohl_hash *hash)
{
    cohl_cbor_map(out, 4);
    cohl_cbor_text(out, "exclusions");
    cohl_cbor_array(out, 3);
    cohl_cbor_map(out, 2);
    cohl_cbor_text(out, "xpath"), cohl_cbor_text(out, "/uuid");
    cohl_cbor_text(out, "data"), cohl_cbor_array(out, 1), cohl_cbor_map(out, 2);
    cohl_cbor_text(out, "offset"), cohl_cbor_uint(out, 8);
    cohl_cbor_text(out, "value"), cohl_cbor_bytes(out, cohl_bmff_c2pa_uuid, sizeof cohl_bmff_c2pa_uuid);
    cohl_cbor_map(out, 1), cohl_cbor_text(out, "xpath"), cohl_cbor_text(out, "/ftyp");
    cohl_cbor_map(out, 1), cohl_cbor_text(out, "xpath"), cohl_cbor_text(out, "/mfra");
    cohl_cbor_text(out, "alg"), cohl_cbor_text(out, alg);
    cohl_cbor_text(out, "hash"), cohl_cbor_bytes(out, hash->bytes, hash->size);
    cohl_cbor_text(out, "name"), cohl_cbor_text(out, "all but the manifest");
}

static void put_data_binding(const cohl_layout *l, cohl_text *out, const char *alg, const cohl_hash *hash)
{
    bool inside = l->room_size > 0;
    cohl_cbor_map(out, inside ? 5 : 4);
    if (inside) {
        cohl_cbor_text(out, "exclusions"), cohl_cbor_array(out, 1), cohl_cbor_map(out, 2);
        cohl_cbor_text(out, "start"), cohl_cbor_uint(out, l->room_at);
        cohl_cbor_text(out, "length"), cohl_cbor_uint(out, l->room_size);
    }
    cohl_cbor_text(out, "alg"), cohl_cbor_text(out, alg);
    cohl_cbor_text(out, "hash"), cohl_cbor_bytes(out, hash->bytes, hash->size);
    cohl_cbor_text(out, "pad"), cohl_cbor_bytes(out, "", 0);
    cohl_cbor_text(out, "name"), cohl_cbor_text(out, inside ? "all but the manifest" : "the whole file");
}

void cohl_layout_binding(const cohl_layout *l, cohl_text *out, const char *alg, const cohl_hash *hash,
                         const char **label)
{
    bool bmff = l->kind == COHL_CONTAINER_BMFF;
    *label = bmff ? "c2pa.hash.bmff.v3" : "c2pa.hash.data";
    if (bmff)
        put_bmff_binding(out, alg, hash);
    else
        put_data_binding(l, out, alg, hash);
}

static void wrap_store(const cohl_layout *l, cohl_text *out, const void *store)
{
    if (l->kind == COHL_CONTAINER_BMFF) {
        size_t start = cohl_box_begin(out, "uuid");
        cohl_text_add_bytes(out, cohl_bmff_c2pa_uuid, sizeof cohl_bmff_c2pa_uuid);
        cohl_text_add_bytes(out, "\0\0\0\0manifest\0\0\0\0\0\0\0\0", 4 + 9 + 8);
        cohl_text_add_bytes(out, store, l->store_size);
        cohl_box_end(out, start);
    } else {
        cohl_box_begin(out, "caBX");
        cohl_text_add_bytes(out, store, l->store_size);
        end_chunk(out);
    }
}

cohl_status cohl_layout_write(const cohl_layout *l, const void *store, cohl_layout_put_fn *put, void *user,
                              cohl_error *err)
{
    cohl_text room = { 0 };
    cohl_status st = COHL_OK;
    if (!l->room_size)
        return put(user, store, l->store_size, err);
    wrap_store(l, &room, store);
    if (room.failed)
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to sign it", l->name);
    assert(st || room.size == l->room_size);
    for (int i = 0; i < l->count && !st; i++) {
        if (i == l->room_before)
            st = put(user, room.data, room.size, err);
        if (!st)
            st = put(user, l->piece[i].data, l->piece[i].size, err);
    }
    cohl_text_free(&room);
    return st;
}
