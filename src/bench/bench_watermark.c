/* bench_watermark.c - are the marks found after what happens to films, and never where there are none?
 *
 * Pieces of three seconds are cut from the footage in a folder, and from films of the theatre at the
 * small model's size; each is marked, attacked (bench/attack.h) and looked for with the private key.
 * Then clips without a mark are searched, and marked ones asked with keys that are not theirs. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/rng.h"
#include "bench/attack.h"
#include "bench/bench.h"
#include "media/reader.h"
#include "provenance/mark_embed.h"
#include "provenance/mark_find.h"
#include "theatre/scene.h"

enum {
    PIECES = 44, ATTACKS_MOST = 32, FILMS_MOST = 64, FRAMES_MOST = 256, SMALL_WIDTH = 320, SMALL_HEIGHT = 192,
    SMALL_FRAMES = 48, UNMARKED_FRAMES = 8, UNMARKED_A_PIECE = 46, KEYS = 100000, KEY_CLIPS = 20, STREAM = 0x6d61726b,
};

static const double PIECE_SECONDS = 3, FOUND = -6, SURE = -12, SMALL_FPS = 16, MOST_MS = 4, LEAST_DB = 42, MOST_SEARCH = 2;
static const char usual_media[] = "../shared/media";
static const cohl_mark_key bench_key = { "a key for measuring, no secret.", 1 };

/* What became of one attack. */
typedef struct tally {
    int    pieces, found, public_found, sure, sure_right, readable;
    double worst;                 /* the largest bound */
} tally;

typedef struct piece {
    char        name[80];
    cohl_frame *frame[FRAMES_MOST];
    int         frames;
    double      fps;
    bool        small;
} piece;

typedef struct bench_run {
    cohl_bench_report       *report;
    const cohl_bench_params *params;
    cohl_mark_keys           keys;
    tally                    large[ATTACKS_MOST], small[ATTACKS_MOST];
    double                   least_db;
    cohl_mark_cells          clip[KEY_CLIPS];       /* marked, read as they are */
    int                      clips;
    int                      unmarked, unmarked_found;
    double                   slowest_search;
    double                   mark_ms;
    int                      done, of;
} bench_run;

static void free_piece(piece *p)
{
    for (int i = 0; i < p->frames; i++)
        cohl_frame_free(p->frame[i]);
    p->frames = 0;
}

static void step_on(bench_run *r)
{
    if (r->params->progress)
        r->params->progress(++r->done, r->of);
}

/* ---- pieces ------------------------------------------------------------------------- */

typedef struct footage {
    char  *path[FILMS_MOST];
    double seconds[FILMS_MOST];
    int    films;
} footage;

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Length by reading to the end: containers may not say. */
static double seconds_of(const char *path)
{
    cohl_film_reader *reader;
    double seconds = 0;
    if (cohl_film_reader_open(&reader, path, 0, 0, NULL))
        return 0;
    const cohl_film_info *info = cohl_film_reader_info(reader);
    seconds = info->seconds;
    cohl_film_reader_close(reader);
    return seconds;
}

static cohl_status list_footage(footage *f, const char *folder, cohl_error *err)
{
    DIR *open = opendir(folder);
    const struct dirent *entry;
    if (!open)
        return cohl_fail(err, COHL_ERR_IO, "%s: no footage there; --media names a folder of films", folder);
    while ((entry = readdir(open)) && f->films < FILMS_MOST) {
        const char *ending = strrchr(entry->d_name, '.');
        if (ending && (!strcmp(ending, ".mp4") || !strcmp(ending, ".mkv") || !strcmp(ending, ".webm")) &&
            (f->path[f->films] = cohl_path_join(folder, entry->d_name)))
            f->films++;
    }
    closedir(open);
    qsort(f->path, (size_t)f->films, sizeof *f->path, by_name);
    for (int i = 0; i < f->films; i++)
        f->seconds[i] = seconds_of(f->path[i]);
    return f->films ? COHL_OK : cohl_fail(err, COHL_ERR_IO, "%s: no films there", folder);
}

static cohl_status read_piece(piece *p, const char *path, double start, cohl_error *err)
{
    cohl_film_reader *reader;
    cohl_frame *frame = NULL;
    bool more = true;
    cohl_status st = cohl_film_reader_open(&reader, path, 0, 0, err);
    if (st)
        return st;
    const cohl_film_info *info = cohl_film_reader_info(reader);
    const char *slash = strrchr(path, '/');
    p->frames = 0, p->fps = info->fps, p->small = false;
    snprintf(p->name, sizeof p->name, "%s at %.1f s", slash ? slash + 1 : path, start);
    st = cohl_frame_new(&frame, info->width, info->height, err);
    while (!st && !(st = cohl_film_reader_next(reader, frame, &more, err)) && more) {
        double at = cohl_film_reader_seconds(reader);
        if (at < start)
            continue;
        if (at >= start + PIECE_SECONDS || p->frames == FRAMES_MOST)
            break;
        st = cohl_frame_copy(&p->frame[p->frames++], frame, err);
    }
    cohl_frame_free(frame);
    cohl_film_reader_close(reader);
    return st;
}

static cohl_status render_piece(piece *p, uint64_t seed, int frames, cohl_error *err)
{
    cohl_scene_request request = cohl_scene_request_default();
    cohl_scene scene;
    cohl_status st = COHL_OK;
    request.width = SMALL_WIDTH, request.height = SMALL_HEIGHT;
    cohl_scene_draw(&scene, &request, seed);
    p->frames = 0, p->fps = SMALL_FPS, p->small = true;
    snprintf(p->name, sizeof p->name, "theatre, seed %llu", (unsigned long long)seed);
    while (p->frames < frames && !(st = cohl_frame_new(&p->frame[p->frames], SMALL_WIDTH, SMALL_HEIGHT, err)))
        p->frames++;
    for (int i = 0; i < p->frames && !st; i++)
        cohl_scene_render(&scene, i, &(cohl_picture){ .rgb = p->frame[i]->rgb });
    return st;
}

/* ---- marking and looking -------------------------------------------------------------- */

static double decibels(const cohl_frame *a, const cohl_frame *b)
{
    int64_t sum = 0;
    for (size_t i = 0; i < cohl_frame_bytes(a); i++)
        sum += (a->rgb[i] - b->rgb[i]) * (a->rgb[i] - b->rgb[i]);
    return 10 * log10(65025 * (double)cohl_frame_bytes(a) / (double)(sum ? sum : 1));
}

static cohl_status mark_piece(bench_run *r, piece *p, uint64_t identifier, cohl_error *err)
{
    cohl_marker *marker;
    cohl_frame *plain = NULL;
    cohl_status st = cohl_marker_new(&marker, p->frame[0]->width, p->frame[0]->height, &bench_key, identifier, err);
    if (!st) st = cohl_frame_copy(&plain, p->frame[0], err);
    for (int i = 0; i < p->frames && !st; i++) {
        memcpy(plain->rgb, p->frame[i]->rgb, cohl_frame_bytes(plain));
        cohl_marker_frame(marker, p->frame[i]);
        r->least_db = fmin(r->least_db, decibels(plain, p->frame[i]));
    }
    cohl_frame_free(plain);
    cohl_marker_free(marker);
    return st;
}

static cohl_status add_frame(void *user, const cohl_frame *frame, cohl_error *err)
{
    return cohl_mark_reader_add(user, frame, err);
}

static void count(bench_run *r, tally *t, const piece *p, const char *attack, const cohl_mark_answer *public,
                  const cohl_mark_answer *private, uint64_t identifier)
{
    bool right = private->has_identifier && private->identifier == identifier;
    t->worst = t->pieces ? fmax(t->worst, private->log10_bound) : private->log10_bound;
    t->pieces++;
    t->found += private->log10_bound <= FOUND;
    t->public_found += public->log10_bound <= FOUND;
    t->sure += private->log10_bound < SURE;
    t->sure_right += private->log10_bound < SURE && right;
    t->readable += right;
    if (private->log10_bound > FOUND)
        cohl_text_addf(&r->report->words, "missed: %s, %s: bound 10^%.1f, public 10^%.1f\n", p->name, attack,
                       private->log10_bound, public->log10_bound);
    else if (private->log10_bound < SURE && !right)
        cohl_text_addf(&r->report->words, "identifier not read: %s, %s: bound 10^%.1f\n", p->name, attack,
                       private->log10_bound);
}

static cohl_status attack_piece(bench_run *r, const piece *p, int at, uint64_t identifier, cohl_error *err)
{
    cohl_mark_answer public, private;
    cohl_mark_reader *reader;
    cohl_status st = cohl_mark_reader_new(&reader, err);
    if (!st)
        st = cohl_attack_run(&cohl_attacks[at], p->frame, p->frames, p->fps, add_frame, reader, err);
    if (!st)
        st = cohl_mark_find(&public, &private, cohl_mark_reader_sum(reader), &r->keys, err);
    if (!st)
        count(r, p->small ? &r->small[at] : &r->large[at], p, cohl_attacks[at].name, &public, &private, identifier);
    cohl_mark_reader_free(reader);
    return st;
}

/* The marked piece's cells, for the wrong keys. */
static cohl_status keep_cells(bench_run *r, const piece *p, cohl_error *err)
{
    cohl_mark_reader *reader;
    cohl_status st = r->clips < KEY_CLIPS ? cohl_mark_reader_new(&reader, err) : COHL_OK;
    if (st || r->clips == KEY_CLIPS)
        return st;
    for (int i = 0; i < p->frames && !st; i++)
        st = cohl_mark_reader_add(reader, p->frame[i], err);
    if (!st)
        cohl_mark_cells_of(&r->clip[r->clips++], cohl_mark_reader_sum(reader), &(cohl_mark_geometry){ 0, 0, 1, 1 });
    cohl_mark_reader_free(reader);
    return st;
}

static cohl_status look_for_nothing(bench_run *r, const piece *p, cohl_error *err)
{
    cohl_mark_answer public, private;
    cohl_mark_reader *reader;
    cohl_status st = cohl_mark_reader_new(&reader, err);
    for (int i = 0; i < p->frames && !st; i++)
        st = cohl_mark_reader_add(reader, p->frame[i], err);
    double began = cohl_clock_cpu_seconds();
    if (!st)
        st = cohl_mark_find(&public, &private, cohl_mark_reader_sum(reader), &r->keys, err);
    r->slowest_search = fmax(r->slowest_search, cohl_clock_cpu_seconds() - began);
    cohl_mark_reader_free(reader);
    if (st)
        return st;
    r->unmarked++;
    if (public.log10_bound <= FOUND || private.log10_bound <= FOUND) {
        r->unmarked_found++;
        cohl_text_addf(&r->report->words, "found where there is none: %s: private 10^%.1f, public 10^%.1f\n", p->name,
                       private.log10_bound, public.log10_bound);
    }
    return COHL_OK;
}

/* Some frames of a piece, a part of each: another clip. */
static cohl_status cut_clip(piece *clip, const piece *from, cohl_rng *rng, cohl_error *err)
{
    int whole_width = from->frame[0]->width, whole_height = from->frame[0]->height;
    double share = cohl_rng_between(rng, 0.4, 1);
    int width = (int)(whole_width * share), height = (int)(whole_height * share);
    int left = (int)cohl_rng_below(rng, (uint32_t)(whole_width - width + 1));
    int top = (int)cohl_rng_below(rng, (uint32_t)(whole_height - height + 1));
    int first = from->frames > UNMARKED_FRAMES ? (int)cohl_rng_below(rng, (uint32_t)(from->frames - UNMARKED_FRAMES)) : 0;
    cohl_status st = COHL_OK;
    clip->frames = 0;
    snprintf(clip->name, sizeof clip->name, "%.40s, frame %d, %dx%d+%d+%d", from->name, first, width, height, left, top);
    for (int i = first; i < from->frames && clip->frames < UNMARKED_FRAMES && !st; i++) {
        if ((st = cohl_frame_new(&clip->frame[clip->frames], width, height, err)))
            break;
        cohl_frame_paste(clip->frame[clip->frames++], from->frame[i], -left, -top);
    }
    return st;
}

/* Half of a piece's share of unmarked clips are cut from it, half are scenes of the theatre. */
static cohl_status search_unmarked(bench_run *r, const piece *p, int number, cohl_error *err)
{
    cohl_rng rng = cohl_rng_make(cohl_rng_mix(r->params->seed, (uint64_t)number), STREAM);
    cohl_status st = COHL_OK;
    for (int i = 0; i < UNMARKED_A_PIECE && !st; i++) {
        piece clip = { .frames = 0 };
        st = i % 2 ? cut_clip(&clip, p, &rng, err)
                   : render_piece(&clip, cohl_rng_u64(&rng), UNMARKED_FRAMES, err);
        if (!st)
            st = look_for_nothing(r, &clip, err);
        free_piece(&clip);
        step_on(r);
    }
    return st;
}

static cohl_status measure_piece(bench_run *r, piece *p, int number, cohl_error *err)
{
    uint64_t identifier = cohl_rng_mix(cohl_rng_mix(r->params->seed, STREAM), (uint64_t)number) >> (64 - COHL_MARK_ID_BITS);
    cohl_status st = p->small ? COHL_OK : search_unmarked(r, p, number, err);
    if (!st) st = mark_piece(r, p, identifier, err);
    if (!st) st = keep_cells(r, p, err);
    for (int at = 0; cohl_attacks[at].name && !st; at++) {
        st = attack_piece(r, p, at, identifier, err);
        step_on(r);
    }
    return st;
}

/* ---- wrong keys, speed ------------------------------------------------------------------- */

/* How many of KEYS keys that marked nothing would be found in any of the clips as they are. */
static int try_wrong_keys(const bench_run *r, int keys)
{
    cohl_mark_owners owners = cohl_mark_layout();
    int found = 0;
    for (int k = 0; k < keys; k++) {
        cohl_mark_key key = bench_key;
        cohl_mark_signs signs;
        snprintf((char *)key.secret, sizeof key.secret, "wrong key %d", k);
        cohl_mark_signs_of(&signs, &key);
        for (int c = 0; c < r->clips; c++) {
            double z = cohl_mark_correlate(&r->clip[c], &signs, &owners, COHL_MARK_PRESENCE_OWNER);
            found += z > 0 && (-z * z / 2 + log(4)) / M_LN10 <= FOUND;      /* the share of this hypothesis is 1/4 */
        }
    }
    return found;
}

static cohl_status measure_marking(bench_run *r, cohl_error *err)
{
    cohl_marker *marker;
    cohl_frame *frame = NULL;
    cohl_rng rng = cohl_rng_make(r->params->seed, STREAM);
    cohl_status st = cohl_marker_new(&marker, 1280, 720, &bench_key, 1, err);
    if (!st) st = cohl_frame_new(&frame, 1280, 720, err);
    r->mark_ms = 1e9;
    for (size_t i = 0; !st && i < cohl_frame_bytes(frame); i++)
        frame->rgb[i] = (uint8_t)(64 + cohl_rng_below(&rng, 128));
    for (int i = 0; i < 20 && !st; i++) {
        double began = cohl_clock_cpu_seconds();
        cohl_marker_frame(marker, frame);
        r->mark_ms = fmin(r->mark_ms, 1e3 * (cohl_clock_cpu_seconds() - began));
    }
    cohl_frame_free(frame);
    cohl_marker_free(marker);
    return st;
}

/* ---- the table ---------------------------------------------------------------------------- */

static double share(int part, int of) { return of ? (double)part / of : NAN; }

static void tell_tally(bench_run *r, json_t *table, const char *content, const cohl_attack *attack, const tally *t, bool floor)
{
    if (!t->pieces)
        return;
    cohl_bench_add(r->report, floor ? COHL_BENCH_AT_LEAST : COHL_BENCH_NO_FLOOR, attack->share, "share",
                   share(t->found, t->pieces), "%s: %s", content, attack->name);
    json_array_append_new(table, json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:f}", "content", content, "attack", attack->name, "pieces",
                                           t->pieces, "found", t->found, "public_found", t->public_found, "identifier_read",
                                           t->readable, "worst_log10_bound", t->worst));
    cohl_text_addf(&r->report->words, "%-9s %-36s %3d of %3d, public %3d, identifier %3d, worst bound 10^%.1f\n", content,
                   attack->name, t->found, t->pieces, t->public_found, t->readable, t->worst);
}

static void tell(bench_run *r, int keys, int wrong)
{
    int sure = 0, right = 0;
    json_t *table = json_array();
    for (int at = 0; cohl_attacks[at].name; at++) {
        const cohl_attack *a = &cohl_attacks[at];
        tell_tally(r, table, "footage", a, &r->large[at], true);
        sure += r->large[at].sure + r->small[at].sure, right += r->large[at].sure_right + r->small[at].sure_right;
    }
    for (int at = 0; cohl_attacks[at].name; at++)
        tell_tally(r, table, "theatre", &cohl_attacks[at], &r->small[at], cohl_attacks[at].small_too);
    cohl_bench_add(r->report, COHL_BENCH_AT_LEAST, 1, "share", share(right, sure), "identifier right below 10^-12");
    cohl_bench_add(r->report, COHL_BENCH_AT_LEAST, LEAST_DB, "dB", r->least_db, "psnr of the worst frame");
    cohl_bench_add(r->report, COHL_BENCH_AT_MOST, MOST_MS, "ms", r->mark_ms, "mark a frame of 1280x720");
    cohl_bench_add(r->report, COHL_BENCH_AT_MOST, MOST_SEARCH, "s", r->slowest_search, "slowest search");
    cohl_bench_add(r->report, COHL_BENCH_AT_MOST, 0, "clips", r->unmarked_found, "found in %d unmarked clips", r->unmarked);
    cohl_bench_add(r->report, COHL_BENCH_AT_MOST, 0, "keys", wrong, "found by %d wrong keys, %d clips", keys, r->clips);
    r->report->more = json_pack("{s:o}", "table", table);
}

static cohl_status measure_footage(bench_run *r, const footage *f, int pieces, cohl_error *err)
{
    double room = 0, step;
    cohl_status st = COHL_OK;
    int number = 0;
    for (int i = 0; i < f->films; i++)
        room += fmax(f->seconds[i] - PIECE_SECONDS, 0);
    step = fmax(room / fmax(pieces - f->films, 1), 0.2);
    for (int i = 0; i < f->films && !st; i++)
        for (double start = 0; !st && number < pieces && (start == 0 || start + PIECE_SECONDS <= f->seconds[i]); start += step) {
            piece *p = calloc(1, sizeof *p);
            st = p ? read_piece(p, f->path[i], start, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a piece");
            if (!st && p->frames)
                st = measure_piece(r, p, number++, err);
            if (p)
                free_piece(p);
            free(p);
        }
    return st;
}

static cohl_status measure_theatre(bench_run *r, int films, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (int i = 0; i < films && !st; i++) {
        piece *p = calloc(1, sizeof *p);
        st = p ? render_piece(p, cohl_rng_mix(r->params->seed, (uint64_t)(1000 + i)), SMALL_FRAMES, err)
               : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a film");
        if (!st) st = measure_piece(r, p, 1000 + i, err);
        if (p)
            free_piece(p);
        free(p);
    }
    return st;
}

cohl_status cohl_bench_watermark(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err)
{
    int pieces = params->count ? params->count : PIECES, films = pieces / 4 + 1, attacks = 0;
    int keys = (int)fmin(KEYS, (double)KEYS * pieces / PIECES);
    footage f = { .films = 0 };
    bench_run *r = calloc(1, sizeof *r);
    if (!r)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a bench");
    while (cohl_attacks[attacks].name)
        attacks++;
    r->report = report, r->params = params, r->least_db = 999;
    r->keys = (cohl_mark_keys){ .count = 1, .key = { bench_key } };
    r->of = pieces * (attacks + UNMARKED_A_PIECE) + films * attacks;
    cohl_status st = list_footage(&f, params->media ? params->media : usual_media, err);
    if (!st) st = measure_marking(r, err);
    if (!st) st = measure_footage(r, &f, pieces, err);
    if (!st) st = measure_theatre(r, films, err);
    if (!st)
        tell(r, keys, try_wrong_keys(r, keys));
    for (int i = 0; i < f.films; i++)
        free(f.path[i]);
    free(r);
    return st;
}
