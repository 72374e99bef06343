/* tokenizer.c - prompts to token ids. */
#include "model/tokenizer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "model/prompt.h"
#include "model/tokenizer_json.h"
#include "model/tokenizer_sp.h"

enum { TABLE_BYTES_MAX = 64 << 20, ID_MAX = 1 << 24, WORD_IDS_MAX = 4096 };

typedef struct word_entry {
    const char *word;
    size_t      size;
    const int32_t *id;
    int         count;
} word_entry;

struct cohl_tokenizer {
    tokenizer_sp *sp;          /* both NULL: the table */
    tokenizer_json *pieces;
    char         *text;        /* words.tsv, words terminated in place */
    int32_t      *ids;         /* of all words */
    word_entry   *entry;       /* sorted by word */
    int           entry_count, id_count;
    int32_t       space, byte; /* -1 where the table does not say */
};

/* ---- the table ----------------------------------------------------------- */

static int compare_words(const char *a, size_t a_size, const char *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

static int compare_entries(const void *a, const void *b)
{
    const word_entry *x = a, *y = b;
    return compare_words(x->word, x->size, y->word, y->size);
}

/* The ids of a line into ids[*count...]; false when it holds anything else. */
static bool read_ids(const char *text, int32_t *ids, int *count, int room)
{
    while (*text) {
        char *end;
        errno = 0;
        long id = strtol(text, &end, 10);
        if (end == text || errno || id < 0 || id > ID_MAX || *count >= room || (*end && *end != ' '))
            return false;
        ids[(*count)++] = (int32_t)id;
        text = *end ? end + 1 : end;
    }
    return true;
}

/* One line: a word and its ids, or "#name" and one. */
static bool read_line(cohl_tokenizer *t, char *line, int room)
{
    char *tab = strchr(line, '\t');
    int before = t->id_count;
    if (!tab || tab == line)
        return false;
    *tab = 0;
    if (!read_ids(tab + 1, t->ids, &t->id_count, room) || t->id_count == before)
        return false;
    if (!strcmp(line, "#space"))
        t->space = t->ids[before];
    else if (!strcmp(line, "#byte"))
        t->byte = t->ids[before];
    else
        t->entry[t->entry_count++] = (word_entry){ line, (size_t)(tab - line), t->ids + before,
                                                   t->id_count - before };
    return true;
}

static cohl_status parse_table(cohl_tokenizer *t, const char *path, size_t size, cohl_error *err)
{
    int lines = 1, room = 1;   /* no more ids than separators */
    for (size_t i = 0; i < size; i++) {
        lines += t->text[i] == '\n';
        room += t->text[i] == ' ' || t->text[i] == '\t';
        if (!t->text[i])
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: byte %zu is zero", path, i);
    }
    t->entry = calloc((size_t)lines, sizeof *t->entry);
    t->ids = calloc((size_t)room, sizeof *t->ids);
    if (!t->entry || !t->ids)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for %d lines", path, lines);
    char *line = t->text;
    for (int number = 1; line && *line; number++) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        if (!read_line(t, line, room))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: line %d is not a word, a tab and ids", path, number);
        line = next;
    }
    if (!t->entry_count)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: holds no words, expected lines of a word, a tab and ids", path);
    qsort(t->entry, (size_t)t->entry_count, sizeof *t->entry, compare_entries);
    return COHL_OK;
}

static cohl_status open_table(cohl_tokenizer *t, const char *path, cohl_error *err)
{
    size_t size;
    cohl_status st = cohl_file_read(&t->text, &size, path, TABLE_BYTES_MAX, err);
    return st ? st : parse_table(t, path, size, err);
}

static const word_entry *find_word(const cohl_tokenizer *t, const char *word, size_t size)
{
    word_entry key = { .word = word, .size = size };
    return t->entry_count ? bsearch(&key, t->entry, (size_t)t->entry_count, sizeof key, compare_entries) : NULL;
}

/* ---- open and close ------------------------------------------------------ */

/* The model's file in the folder, or NULL; free() it. */
static char *model_path(const char *folder)
{
    static const char *const names[] = { "spiece.model", "tokenizer.model", "sentencepiece.model" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = cohl_path_join(folder, names[i]);
        if (path && cohl_file_exists(path))
            return path;
        free(path);
    }
    return NULL;
}

static cohl_status open_files(cohl_tokenizer *t, const char *folder, cohl_error *err)
{
    char why[256] = "", *model = model_path(folder), *table = cohl_path_join(folder, "words.tsv");
    char *pieces = cohl_path_join(folder, "tokenizer.json");
    cohl_status st = COHL_OK;
    bool has_table = table && cohl_file_exists(table);
    if (model)
        t->sp = tokenizer_sp_open(model, why, sizeof why);
    if (!t->sp && has_table)
        st = open_table(t, table, err);
    else if (!t->sp && pieces && cohl_file_exists(pieces))
        st = tokenizer_json_open(&t->pieces, pieces, err);
    else if (!t->sp && model)
        st = cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: %s", model, why);
    else if (!t->sp)
        st = cohl_fail(err, COHL_ERR_IO, "%s holds none of spiece.model, tokenizer.json and words.tsv", folder);
    free(model);
    free(table);
    free(pieces);
    return st;
}

cohl_status cohl_tokenizer_open(cohl_tokenizer **out, const char *folder, cohl_error *err)
{
    cohl_tokenizer *t = calloc(1, sizeof *t);
    if (!t)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a tokenizer");
    t->space = t->byte = -1;
    cohl_status st = open_files(t, folder, err);
    if (st) {
        cohl_tokenizer_close(t);
        return st;
    }
    *out = t;
    return COHL_OK;
}

void cohl_tokenizer_close(cohl_tokenizer *t)
{
    if (!t)
        return;
    tokenizer_sp_close(t->sp);
    tokenizer_json_close(t->pieces);
    free(t->entry);
    free(t->ids);
    free(t->text);
    free(t);
}

int cohl_tokenizer_id_most(const cohl_tokenizer *t)
{
    int most = t->pieces ? tokenizer_json_id_most(t->pieces) : t->sp ? tokenizer_sp_count(t->sp) - 1 : t->byte < 0 ? COHL_TOKEN_END : t->byte + UINT8_MAX;
    for (int i = 0; i < t->id_count; i++)
        most = t->ids[i] > most ? t->ids[i] : most;
    return most;
}

/* ---- encode -------------------------------------------------------------- */

/* What has been written, up to max; `count` goes on, so that a cut is known. */
typedef struct ids_out { int32_t *id; int max, count; } ids_out;

static void put(ids_out *out, int32_t id)
{
    if (out->count < out->max)
        out->id[out->count] = id;
    out->count++;
}

static cohl_status put_word(ids_out *out, const cohl_tokenizer *t, const char *word, size_t size, cohl_error *err)
{
    const word_entry *entry = find_word(t, word, size);
    if (!entry && (t->space < 0 || t->byte < 0))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "\"%.*s\" is not in the table of words", (int)size, word);
    for (int i = 0; entry && i < entry->count; i++)
        put(out, entry->id[i]);
    if (!entry)
        put(out, t->space);
    for (size_t i = 0; !entry && i < size; i++)
        put(out, t->byte + (unsigned char)word[i]);
    return COHL_OK;
}

static cohl_status put_words(ids_out *out, const cohl_tokenizer *t, const char *text, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (const char *at = text; !st && *(at += strspn(at, " \t\r\n\v\f"));) {
        size_t size = strcspn(at, " \t\r\n\v\f");
        st = put_word(out, t, at, size, err);
        at += size;
    }
    return st;
}

cohl_status cohl_tokenizer_encode(const cohl_tokenizer *t, const char *text, int32_t *id, int max, int *count,
                                  cohl_error *err)
{
    size_t size = strlen(text), good = cohl_utf8_check(text, size);
    ids_out out = { id, max - 1, 0 };
    cohl_status st = COHL_OK;
    if (good < size)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the text is not UTF-8 at byte %zu", good);
    char *clean = cohl_prompt_clean(text);
    if (!clean)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory to clean a text of %zu bytes", size);
    else if (!t->sp && !t->pieces)
        st = put_words(&out, t, clean, err);
    else if ((out.count = t->sp ? tokenizer_sp_encode(t->sp, clean, id, max - 1)
                                : tokenizer_json_encode(t->pieces, clean, id, max - 1)) < 0)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory to split a text of %zu bytes", size);
    free(clean);
    if (st)
        return st;
    int used = out.count < max - 1 ? out.count : max - 1;
    id[used] = COHL_TOKEN_END;
    for (int i = used + 1; i < max; i++)
        id[i] = COHL_TOKEN_PAD;
    *count = used + 1;
    return COHL_OK;
}

/* ---- the table from the model -------------------------------------------- */

static cohl_status write_word(cohl_text *text, const cohl_tokenizer *t, const char *word, cohl_error *err)
{
    int32_t id[WORD_IDS_MAX];
    int count = tokenizer_sp_encode(t->sp, word, id, WORD_IDS_MAX);
    if (count < 1 || count > WORD_IDS_MAX || strpbrk(word, " \t\r\n\v\f"))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "\"%s\" is not one word", word);
    cohl_text_addf(text, "%s\t", word);
    for (int i = 0; i < count; i++)
        cohl_text_addf(text, i + 1 < count ? "%d " : "%d\n", (int)id[i]);
    return COHL_OK;
}

cohl_status cohl_tokenizer_write_words(const cohl_tokenizer *t, const char *const *word, int count,
                                       const char *path, cohl_error *err)
{
    cohl_text text = { 0 };
    cohl_status st = COHL_OK;
    if (!t->sp)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "a table of words is made from a SentencePiece model");
    int space = tokenizer_sp_piece(t->sp, "\xE2\x96\x81"), byte = tokenizer_sp_piece(t->sp, "<0x00>");
    if (space >= 0 && byte >= 0)
        cohl_text_addf(&text, "#space\t%d\n#byte\t%d\n", space, byte);
    for (int i = 0; i < count && !st; i++)
        st = write_word(&text, t, word[i], err);
    if (!st && text.failed)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a table of %d words", count);
    if (!st)
        st = cohl_file_write(path, text.data ? text.data : "", text.size, err);
    cohl_text_free(&text);
    return st;
}
