/* writing.c - lines of writing, read by Tesseract. */
#define _GNU_SOURCE
#include "vision/writing.h"

#include <ctype.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tesseract/capi.h>
#include <unistd.h>

#include "vision/writing_line.h"

/* Of 100. Of words in harmless footage few are surer, of words that are there few less (docs/checks.md). */
static const float SURE = 60;

enum { WORD_LEAST = 3 };     /* letters */

/* Where data lie: of Debian, of Tesseract's own installation. */
static const char *const folders[] = { "/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tessdata",
                                       "/usr/local/share/tessdata", NULL };

struct cohl_writing {
    char                *folder;         /* of its data                   */
    const char          *languages;
    TessBaseAPI         *reader;         /* NULL: nothing was read so far */
    cohl_writing_finder *finder;
};

static bool has(const char *folder, const char *language)
{
    char *path = NULL;
    bool there = asprintf(&path, "%s/%s.traineddata", folder, language) > 0 && !access(path, R_OK);
    free(path);
    return there;
}

static cohl_status find_data(cohl_writing *w, cohl_error *err)
{
    const char *folder = getenv("TESSDATA_PREFIX");       /* as Tesseract itself does */
    for (int i = 0; !folder && folders[i]; i++)
        folder = has(folders[i], "eng") ? folders[i] : NULL;
    if (!folder || !has(folder, "eng"))
        return cohl_fail(err, COHL_ERR_IO, "%s: no data to read what is written in frames; Debian's packages "
                         "tesseract-ocr-eng and tesseract-ocr-fra bring it", folder ? folder : folders[0]);
    w->languages = has(folder, "fra") ? "eng+fra" : "eng";
    w->folder = strdup(folder);
    return w->folder ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory to look for writing");
}

cohl_status cohl_writing_new(cohl_writing **out, cohl_error *err)
{
    cohl_writing *w = *out = calloc(1, sizeof *w);
    cohl_status st = w ? find_data(w, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory to look for writing");
    if (!st) st = cohl_writing_finder_new(&w->finder, err);
    if (st) {
        cohl_writing_free(w);
        *out = NULL;
    }
    return st;
}

/* ---- Tesseract, started ----------------------------------------------------- */

/* Starting takes a quarter of a second, as long as reading a few lines: one reader that is done waits here for
 * the next film. It has learned nothing: its networks are fixed. */
static struct { pthread_mutex_t lock; TessBaseAPI *reader; char *folder; const char *languages; } spare =
    { .lock = PTHREAD_MUTEX_INITIALIZER };

static TessBaseAPI *take_spare(const cohl_writing *w)
{
    TessBaseAPI *reader = NULL;
    pthread_mutex_lock(&spare.lock);
    if (spare.reader && !strcmp(spare.folder, w->folder) && !strcmp(spare.languages, w->languages)) {
        reader = spare.reader;
        free(spare.folder);
        spare.reader = NULL, spare.folder = NULL;
    }
    pthread_mutex_unlock(&spare.lock);
    return reader;
}

/* The reader goes there, or to its end when one waits already. */
static void give_back(cohl_writing *w)
{
    TessBaseAPIClear(w->reader);
    pthread_mutex_lock(&spare.lock);
    if (!spare.reader) {
        spare.reader = w->reader, spare.folder = w->folder, spare.languages = w->languages;
        w->reader = NULL, w->folder = NULL;
    }
    pthread_mutex_unlock(&spare.lock);
    if (w->reader)
        TessBaseAPIDelete(w->reader);
}

void cohl_writing_free(cohl_writing *w)
{
    if (!w)
        return;
    if (w->reader)
        give_back(w);
    cohl_writing_finder_free(w->finder);
    free(w->folder);
    free(w);
}

/* Of the OpenMP runtime that Tesseract brings. Lines are small: its four threads spend most of their time waiting
 * for each other (three quarters of it, by perf). */
extern void omp_set_max_active_levels(int levels);

static cohl_status start(cohl_writing *w, cohl_error *err)
{
    omp_set_max_active_levels(0);
    if (w->reader || (w->reader = take_spare(w)))
        return COHL_OK;
    w->reader = TessBaseAPICreate();
    TessBaseAPISetVariable(w->reader, "debug_file", "/dev/null");
    if (TessBaseAPIInit2(w->reader, w->folder, w->languages, OEM_LSTM_ONLY)) {
        TessBaseAPIDelete(w->reader);
        w->reader = NULL;
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: Tesseract cannot use the data there for %s", w->folder, w->languages);
    }
    TessBaseAPISetPageSegMode(w->reader, PSM_SINGLE_LINE);
    return COHL_OK;
}

static int count_letters(const char *word)
{
    int count = 0;
    for (; *word; word++)
        count += isalnum((unsigned char)*word) || (*word & 0xc0) == 0xc0;
    return count;
}

/* A line without one whole word is a fence, or leaves. */
static void add_words(cohl_text *out, TessResultIterator *at)
{
    size_t before = out->size;
    bool word_seen = false;
    do {
        char *word = TessResultIteratorGetUTF8Text(at, RIL_WORD);
        if (word && count_letters(word) && TessResultIteratorConfidence(at, RIL_WORD) >= SURE) {
            cohl_text_addf(out, "%s ", word);
            word_seen = word_seen || count_letters(word) >= WORD_LEAST;
        }
        TessDeleteText(word);
    } while (TessResultIteratorNext(at, RIL_WORD));
    if (out->failed || out->size == before)
        return;
    if (word_seen)
        out->data[out->size - 1] = '\n';
    else
        out->data[out->size = before] = 0;
}

static cohl_status read_line(cohl_text *out, cohl_writing *w, const cohl_writing_line *line, cohl_error *err)
{
    cohl_status st = start(w, err);
    if (st)
        return st;
    TessBaseAPISetImage(w->reader, line->pixel, line->width, line->height, 1, line->width);
    TessBaseAPISetSourceResolution(w->reader, 300);
    if (TessBaseAPIRecognize(w->reader, NULL))
        return cohl_fail(err, COHL_ERR_FORMAT, "Tesseract could not read a line of a frame");
    TessResultIterator *words = TessBaseAPIGetIterator(w->reader);
    if (words) {
        add_words(out, words);
        TessResultIteratorDelete(words);
    }
    return COHL_OK;
}

cohl_status cohl_writing_read(cohl_text *out, cohl_writing *w, const cohl_frame *frame, cohl_error *err)
{
    const cohl_writing_line *line;
    int count;
    cohl_status st = cohl_writing_find(&line, &count, w->finder, frame, err);
    for (int i = 0; i < count && !st; i++)
        st = read_line(out, w, &line[i], err);
    if (!st && out->failed)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory to read what is written");
    return st;
}
