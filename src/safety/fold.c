/* fold.c - a text as words that cannot hide. */
#include "safety/fold.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/text.h"

/* ---- signs --------------------------------------------------------------- */

/* Signs without width and marks that a reader does not see. */
static bool is_hidden(uint32_t sign)
{
    return sign == 0x00ad || sign == 0x034f || sign == 0x061c || (sign >= 0x115f && sign <= 0x1160) ||
           (sign >= 0x180b && sign <= 0x180e) || (sign >= 0x200b && sign <= 0x200f) ||
           (sign >= 0x202a && sign <= 0x202e) || (sign >= 0x2060 && sign <= 0x206f) || sign == 0x3164 ||
           (sign >= 0xfe00 && sign <= 0xfe0f) || sign == 0xfeff || sign == 0xffa0 || (sign >= 0xe0000 && sign <= 0xe0fff);
}

static bool is_letter(uint32_t sign)
{
    if (sign < 128)
        return (sign >= 'a' && sign <= 'z') || (sign >= 'A' && sign <= 'Z');
    return utf8proc_category((utf8proc_int32_t)sign) <= UTF8PROC_CATEGORY_LO &&
           utf8proc_category((utf8proc_int32_t)sign) >= UTF8PROC_CATEGORY_LU;
}

static bool is_digit(uint32_t sign) { return sign >= '0' && sign <= '9'; }

/* Signs that stand for letters, or hide them, inside a word. */
static bool is_stand_in(uint32_t sign) { return sign && sign < 128 && strchr("@$!|*#", (int)sign) != NULL; }

static bool ends_sentence(uint32_t sign)
{
    return sign == '.' || sign == '!' || sign == '?' || sign == '\n' || sign == ':' || sign == 0x2026;
}

static bool keeps_close(uint32_t sign)
{
    return sign == ' ' || sign == '.' || sign == '-' || sign == '_' || sign == 0x2010 || sign == 0x2011 ||
           sign == 0xa0 || sign == 0xb7 || sign == 0x2022 || sign == '/' || sign == ',' || sign == '*' || sign == '|';
}

/* ---- the words ----------------------------------------------------------- */

typedef struct folding {
    policy_fold  *fold;
    const char   *text;
    size_t        size;
    policy_token *word;       /* that is being written, or NULL */
    bool          first, close;
} folding;

static bool grow(void **data, uint32_t *room, size_t each)
{
    uint32_t more = *room ? *room * 2 : 256;
    void *larger = realloc(*data, more * each);
    if (!larger)
        return false;
    *data = larger, *room = more;
    return true;
}

static bool begin_word(folding *f, size_t at, bool capital)
{
    policy_fold *fold = f->fold;
    if (fold->count == fold->room && !grow((void **)&fold->token, &fold->room, sizeof *fold->token))
        return false;
    f->word = &fold->token[fold->count++];
    *f->word = (policy_token){ .from = (uint32_t)at, .letters = fold->letters_size, .capital = capital,
                               .first = f->first, .close = f->close };
    f->first = false;
    f->close = true;
    return true;
}

static bool put_byte(folding *f, char byte)
{
    policy_fold *fold = f->fold;
    if (fold->letters_size == fold->letters_room && !grow((void **)&fold->letters, &fold->letters_room, 1))
        return false;
    fold->letters[fold->letters_size++] = byte;
    f->word->size++;
    return true;
}

static bool put_sign(folding *f, uint32_t sign)
{
    char bytes[4];
    const char *spelt = sign == 0x153 ? "oe" : sign == 0xe6 ? "ae" : sign == 0xfe ? "th" : NULL;
    if (spelt)
        return put_byte(f, spelt[0]) && put_byte(f, spelt[1]);
    sign = policy_confusable(sign);
    int size = (int)utf8proc_encode_char((utf8proc_int32_t)sign, (utf8proc_uint8_t *)bytes);
    for (int i = 0; i < size; i++)
        if (!put_byte(f, bytes[i]))
            return false;
    f->word->signs |= sign < 128 && !is_letter(sign);
    return true;
}

/* One sign that belongs to a word, decomposed; marks vanish. */
static bool put_folded(folding *f, uint32_t sign, size_t at, size_t end)
{
    utf8proc_int32_t part[32];
    int boundary = 0;
    const int how = UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE | UTF8PROC_STRIPMARK;
    utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)sign, part, 32, how, &boundary);
    bool capital = utf8proc_category((utf8proc_int32_t)sign) == UTF8PROC_CATEGORY_LU;
    if (count <= 0 || count > 32)
        return true;
    if ((!f->word || f->word->size + 4 * count > POLICY_WORD_MAX) && !begin_word(f, at, capital))
        return false;
    for (utf8proc_ssize_t i = 0; i < count; i++)
        if ((is_letter((uint32_t)part[i]) || is_digit((uint32_t)part[i]) || is_stand_in((uint32_t)part[i])) &&
            f->word->size + 4 <= POLICY_WORD_MAX && !put_sign(f, (uint32_t)part[i]))
            return false;
    f->word->to = (uint32_t)end;
    return true;
}

static uint32_t sign_at(const folding *f, size_t at, size_t *next)
{
    utf8proc_int32_t sign = 0;
    if (at >= f->size) {
        *next = at;
        return 0;
    }
    utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)f->text + at, (utf8proc_ssize_t)(f->size - at),
                                             &sign);
    *next = at + (size > 0 ? (size_t)size : 1);
    return size > 0 ? (uint32_t)sign : 0;
}

/* Letters of any kind that decomposition turns into Latin ones: circled, squared, ... */
static bool belongs(const folding *f, uint32_t sign, size_t next)
{
    size_t after;
    if (is_letter(sign) || is_digit(sign))
        return true;
    if (is_stand_in(sign)) {        /* between letters, or @ $ * before one */
        uint32_t behind = sign_at(f, next, &after);
        bool inside = f->word && f->word->to == next - 1;
        return (is_letter(behind) || (inside && is_stand_in(behind))) && (inside || strchr("@$*", (int)sign));
    }
    if (sign == 0x20ac)
        return f->word && is_letter(sign_at(f, next, &after));
    return (sign >= 0x2460 && sign <= 0x24ff) || (sign >= 0x1f100 && sign <= 0x1f1ff) ||
           (sign >= 0xff10 && sign <= 0xff19) || (sign >= 0x1d7ce && sign <= 0x1d7ff);
}

cohl_status policy_fold_text(policy_fold *fold, const char *text, size_t size, cohl_error *err)
{
    folding f = { fold, text, size, NULL, true, false };
    size_t good = cohl_utf8_check(text, size);
    if (good < size)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the text is not UTF-8 at byte %zu (0x%02x)", good,
                         (unsigned char)text[good]);
    fold->count = 0;
    fold->letters_size = 0;
    for (size_t at = 0, next; at < size; at = next) {
        uint32_t sign = sign_at(&f, at, &next);
        utf8proc_category_t kind = utf8proc_category((utf8proc_int32_t)sign);
        if (is_hidden(sign) || kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_ME) {
            if (f.word)
                f.word->to = (uint32_t)next;
            continue;
        }
        if (belongs(&f, sign, next)) {
            if (!put_folded(&f, sign, at, next))
                return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a text of %zu bytes", size);
            continue;
        }
        if (f.word)
            f.close = true;
        f.word = NULL;
        f.first |= ends_sentence(sign);
        f.close &= keeps_close(sign);
    }
    return COHL_OK;
}

void policy_fold_free(policy_fold *fold)
{
    free(fold->token);
    free(fold->letters);
    *fold = (policy_fold){ 0 };
}
