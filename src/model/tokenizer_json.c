/* tokenizer_json.c - a Unigram tokenizer out of tokenizer.json. */
#define _GNU_SOURCE
#include "model/tokenizer_json.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { FILE_BYTES_MAX = 128 << 20, PIECE_BYTES_MAX = 512, BYTES = 256 };

static const char SPACE[] = "\xE2\x96\x81";      /* U+2581 */
static const double UNKNOWN_COST = 10;           /* below the least likely piece, as in SentencePiece */

typedef struct piece { const char *text; size_t size; int32_t id; double score; } piece;

struct tokenizer_json {
    json_t  *root;              /* owns the pieces' text */
    piece   *table;             /* [room] by hash; text NULL = empty */
    size_t   room, longest;
    double   least;             /* score */
    int32_t  unknown, id_most;
    int32_t  byte[BYTES];       /* -1 where the model has no such piece */
    uint32_t *trie;             /* of the normaliser (Darts, Yata et al. 2007), or NULL */
    size_t   trie_count;
    char    *normal;            /* what characters become, texts that end with 0 */
    size_t   normal_size;
};

/* ---- pieces -------------------------------------------------------------- */

static size_t hash(const char *text, size_t size)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32);
}

static piece *slot(const tokenizer_json *t, const char *text, size_t size)
{
    size_t i = hash(text, size) & (t->room - 1);
    while (t->table[i].text && (t->table[i].size != size || memcmp(t->table[i].text, text, size)))
        i = (i + 1) & (t->room - 1);
    return &t->table[i];
}

/* "<0x41>" is the byte 0x41; -1: it is something else. */
static int byte_of(const char *text, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    if (size != 6 || memcmp(text, "<0x", 3) || text[5] != '>')
        return -1;
    const char *high = memchr(digits, text[3], 16), *low = memchr(digits, text[4], 16);
    return high && low ? (int)(16 * (high - digits) + (low - digits)) : -1;
}

/* Marks the pieces that no text is split into: end of sequence, padding, ... */
static void mark_special(const tokenizer_json *t, bool *special)
{
    size_t i;
    const json_t *entry;
    json_array_foreach(json_object_get(t->root, "added_tokens"), i, entry) {
        json_int_t id = json_integer_value(json_object_get(entry, "id"));
        if (id >= 0 && id <= t->id_most && json_is_true(json_object_get(entry, "special")))
            special[id] = true;
    }
}

static cohl_status add_piece(tokenizer_json *t, const json_t *entry, bool special, int32_t id, const char *name,
                             cohl_error *err)
{
    const json_t *text = json_array_get(entry, 0), *score = json_array_get(entry, 1);
    size_t size = json_string_length(text);
    if (!json_is_string(text) || !json_is_number(score) || size < 1 || size > PIECE_BYTES_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: model.vocab[%d] is not a text and a number", name, (int)id);
    int byte = byte_of(json_string_value(text), size);
    if (byte >= 0)
        t->byte[byte] = id;
    if (byte >= 0 || id == t->unknown || special)
        return COHL_OK;
    piece *to = slot(t, json_string_value(text), size);
    if (!to->text)
        *to = (piece){ json_string_value(text), size, id, json_number_value(score) };
    t->longest = size > t->longest ? size : t->longest;
    t->least = fmin(t->least, json_number_value(score));
    return COHL_OK;
}

static cohl_status read_vocabulary(tokenizer_json *t, const char *name, cohl_error *err)
{
    const json_t *model = json_object_get(t->root, "model"), *vocab = json_object_get(model, "vocab");
    const json_t *type = json_object_get(model, "type"), *unknown = json_object_get(model, "unk_id");
    size_t count = json_array_size(vocab);
    if (type && strcmp(json_string_value(type) ? json_string_value(type) : "", "Unigram"))
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: a tokenizer of the kind \"%.40s\", expected Unigram", name,
                         json_string_value(type) ? json_string_value(type) : "?");
    if (count < 1 || count > 1 << 24)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: model.vocab is no list of 1 to %d pieces", name, 1 << 24);
    for (t->room = 64; t->room < 2 * count;)
        t->room *= 2;
    if (json_is_integer(unknown) && (json_integer_value(unknown) < 0 || json_integer_value(unknown) >= (json_int_t)count))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: model.unk_id is %lld, expected one of its %zu pieces", name,
                         (long long)json_integer_value(unknown), count);
    t->unknown = json_is_integer(unknown) ? (int32_t)json_integer_value(unknown) : -1;
    t->id_most = (int32_t)count - 1;
    bool *special = calloc(count, sizeof *special);
    t->table = calloc(t->room, sizeof *t->table);
    cohl_status st = special && t->table ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for %zu pieces", name,
                                                               count);
    if (!st)
        mark_special(t, special);
    for (size_t i = 0; i < count && !st; i++)
        st = add_piece(t, json_array_get(vocab, i), special[i], (int32_t)i, name, err);
    free(special);
    return st;
}

/* ---- the normaliser ------------------------------------------------------ */

/* Bytes of base 64 into new memory; NULL: it is none, or memory is out. */
static unsigned char *decode_base64(const char *text, size_t *size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = strlen(text), bits = 0, count = 0;
    unsigned char *out = malloc(length + 1);
    uint32_t held = 0;
    for (size_t i = 0; out && i < length && text[i] != '='; i++) {
        const char *digit = strchr(digits, text[i]);
        if (!digit) {
            free(out);
            return NULL;
        }
        held = held << 6 | (uint32_t)(digit - digits);
        if ((bits += 6) >= 8)
            out[count++] = (unsigned char)(held >> (bits -= 8));
    }
    *size = count;
    return out;
}

static const char *find_charsmap(const json_t *normalizer)
{
    size_t i;
    const json_t *entry;
    const char *found = json_string_value(json_object_get(normalizer, "precompiled_charsmap"));
    json_array_foreach(json_object_get(normalizer, "normalizers"), i, entry)
        if (!found)
            found = json_string_value(json_object_get(entry, "precompiled_charsmap"));
    return found;
}

/* Four bytes of the trie's size, the trie, the texts. */
static cohl_status read_normaliser(tokenizer_json *t, const char *name, cohl_error *err)
{
    const char *text = find_charsmap(json_object_get(t->root, "normalizer"));
    size_t size = 0, trie;
    unsigned char *bytes = text ? decode_base64(text, &size) : NULL;
    if (!text)
        return COHL_OK;
    trie = bytes && size >= 4 ? bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24 : 0;
    if (trie < 4 || trie % 4 || trie + 4 >= size || bytes[size - 1]) {
        free(bytes);
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: its precompiled_charsmap is not a table of characters", name);
    }
    t->trie = malloc(trie);
    t->normal_size = size - 4 - trie;
    t->normal = malloc(t->normal_size);
    t->trie_count = trie / 4;
    if (t->trie && t->normal) {
        for (size_t i = 0; i < t->trie_count; i++) {
            const unsigned char *b = bytes + 4 + 4 * i;
            t->trie[i] = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
        }
        memcpy(t->normal, bytes + 4 + trie, t->normal_size);
    }
    bool room = t->trie && t->normal;
    free(bytes);
    return room ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for a table of characters", name);
}

static uint32_t offset_of(uint32_t unit) { return (unit >> 10) << ((unit & 0x200) >> 6); }

/* The longest run of bytes at `at` that the table rewrites; *becomes is its text. 0 = none. */
static size_t rewrite(const tokenizer_json *t, const char *at, const char **becomes)
{
    size_t longest = 0, node = t->trie_count ? offset_of(t->trie[0]) : 0;
    for (size_t i = 0; at[i] && t->trie_count; i++) {
        unsigned char c = (unsigned char)at[i];
        if ((node ^= c) >= t->trie_count || (t->trie[node] & 0x800000FF) != c)
            break;
        uint32_t unit = t->trie[node];
        node ^= offset_of(unit);
        if (node >= t->trie_count)
            break;
        size_t value = t->trie[node] & 0x7FFFFFFF;
        if (unit >> 8 & 1 && value < t->normal_size) {
            longest = i + 1;
            *becomes = t->normal + value;
        }
    }
    return longest;
}

static size_t character_bytes(const char *at)
{
    unsigned char c = (unsigned char)*at;
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

/* Words with U+2581 before each. */
static void add_normal(cohl_text *out, const char *text, size_t size, bool *space)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == ' ') {
            *space = true;
            continue;
        }
        if (*space)
            cohl_text_add(out, SPACE);
        *space = false;
        cohl_text_add_bytes(out, text + i, 1);
    }
}

static cohl_text normalise(const tokenizer_json *t, const char *text)
{
    cohl_text out = { 0 };
    bool space = true;
    while (*text) {
        const char *becomes = NULL;
        size_t size = rewrite(t, text, &becomes);
        if (becomes)
            add_normal(&out, becomes, strlen(becomes), &space);
        else
            add_normal(&out, text, size = strnlen(text, character_bytes(text)), &space);
        text += size;
    }
    return out;
}

/* ---- the likeliest split --------------------------------------------------- */

typedef struct step { double score; size_t from; int32_t id; } step;   /* id -1: unknown, spelled in bytes */

static void reach(step *to, double score, size_t from, int32_t id)
{
    if (score > to->score)
        *to = (step){ score, from, id };
}

static void split(const tokenizer_json *t, const char *text, size_t size, step *at)
{
    for (size_t i = 0; i <= size; i++)
        at[i].score = i ? -INFINITY : 0;
    for (size_t i = 0, next; i < size; i = next) {
        next = i + character_bytes(text + i);
        next = next > size ? size : next;
        bool whole = false;
        for (size_t end = i; end < size && end - i < t->longest;) {
            end += character_bytes(text + end);
            if (end > size)
                break;
            const piece *p = slot(t, text + i, end - i);
            if (p->text)
                reach(&at[end], at[i].score + p->score, i, p->id);
            whole = whole || (p->text && end == next);
        }
        if (!whole)
            reach(&at[next], at[i].score + t->least - UNKNOWN_COST, i, -1);
    }
}

typedef struct ids { int32_t *id; int max, count; } ids;

static void put(ids *out, int32_t id)
{
    if (out->count < out->max)
        out->id[out->count] = id;
    out->count++;
}

/* A character in bytes; where the model lacks one of them, the unknown piece. */
static void put_unknown(ids *out, const tokenizer_json *t, const char *text, size_t size)
{
    bool spelled = true;
    for (size_t i = 0; i < size; i++)
        spelled = spelled && t->byte[(unsigned char)text[i]] >= 0;
    for (size_t i = 0; i < size && spelled; i++)
        put(out, t->byte[(unsigned char)text[i]]);
    if (!spelled && t->unknown >= 0)
        put(out, t->unknown);
}

int tokenizer_json_encode(const tokenizer_json *t, const char *text, int32_t *id, int max)
{
    cohl_text normal = normalise(t, text);
    ids out = { id, max, 0 };
    size_t size = normal.size, count = 0;
    step *at = calloc(size + 1, sizeof *at);
    size_t *end = calloc(size + 1, sizeof *end);
    bool room = !normal.failed && at && end;
    if (room && size) {
        split(t, normal.data, size, at);
        for (size_t i = size; i > 0; i = at[i].from)
            end[count++] = i;
    }
    while (count-- > 0 && room) {
        const step *s = &at[end[count]];
        if (s->id >= 0)
            put(&out, s->id);
        else
            put_unknown(&out, t, normal.data + s->from, end[count] - s->from);
    }
    free(at);
    free(end);
    cohl_text_free(&normal);
    return room ? out.count : -1;
}

int32_t tokenizer_json_id_most(const tokenizer_json *t) { return t->id_most; }

/* ---- open and close ------------------------------------------------------ */

cohl_status tokenizer_json_parse(tokenizer_json **out, const char *name, const char *text, size_t size, cohl_error *err)
{
    json_error_t why;
    tokenizer_json *t = calloc(1, sizeof *t);
    cohl_status st = COHL_OK;
    *out = NULL;
    if (!t)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory", name);
    for (int i = 0; i < BYTES; i++)
        t->byte[i] = -1;
    if (!(t->root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why)))
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: line %d: %s", name, why.line, why.text);
    if (!st) st = read_vocabulary(t, name, err);
    if (!st) st = read_normaliser(t, name, err);
    if (st)
        tokenizer_json_close(t);
    else
        *out = t;
    return st;
}

cohl_status tokenizer_json_open(tokenizer_json **out, const char *path, cohl_error *err)
{
    char *text;
    size_t size;
    cohl_status st = cohl_file_read(&text, &size, path, FILE_BYTES_MAX, err);
    *out = NULL;
    if (st)
        return st;
    st = tokenizer_json_parse(out, path, text, size, err);
    free(text);
    return st;
}

void tokenizer_json_close(tokenizer_json *t)
{
    if (!t)
        return;
    json_decref(t->root);
    free(t->table);
    free(t->trie);
    free(t->normal);
    free(t);
}
