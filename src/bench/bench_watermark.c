/* bench_watermark.c - are the marks found after what happens to films, and never where there are none?
 *
 * Pieces of three seconds are cut from the footage in a folder, and rendered by the theatre at the small
 * model's size (bench/piece.h); each is marked, attacked (bench/attack.h) and looked for with the private
 * key. Then clips without a mark are searched, and marked ones asked with keys that are not theirs
 * (bench/wrong_keys.h). It takes hours: results are kept one by one (bench/record.h), each under a key that
 * says what was measured, and the table is told from all that the record has of the plan. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench/attack.h"
#include "bench/bench.h"
#include "bench/piece.h"
#include "bench/record.h"
#include "bench/wrong_keys.h"
#include "provenance/mark_embed.h"

enum {
    PIECES = 44, FILM_FRAMES = 48, UNMARKED_FRAMES = 8, UNMARKED_A_PIECE = 46, KEYS = 100000, KEY_CLIPS = 20,
    SUBJECTS_MAX = COHL_PIECES_MAX + COHL_PIECES_MAX / 4 + 1, STREAM = 0x6d61726b, KEY_BYTES = 256,
};

static const double FOUND = -6, SURE = -12, MOST_MS = 4, LEAST_DB = 42, MOST_SEARCH = 2;
static const char usual_media[] = "../shared/media";
static const cohl_mark_key bench_key = { "a key for measuring, no secret.", 1 };

/* What is marked: a cut of footage, or a film of the theatre. */
typedef struct subject {
    const cohl_cut *cut;                  /* NULL: the theatre's */
    uint64_t        seed;
    char            name[COHL_PIECE_NAME_BYTES];
} subject;

typedef struct bench_run {
    cohl_bench_report       *report;
    const cohl_bench_params *params;
    cohl_bench_record       *record;
    cohl_mark_keys           keys;
    cohl_footage             footage;
    subject                  subject[SUBJECTS_MAX];
    int                      subjects;
    double                   mark_ms;
    int                      measured, of;
} bench_run;

/* ---- the plan --------------------------------------------------------------------------- */

static void plan(bench_run *r)
{
    int pieces = r->footage.cuts, films = pieces / 4 + 1;
    for (int i = 0; i < pieces; i++) {
        subject *s = &r->subject[r->subjects++];
        s->cut = &r->footage.cut[i];
        snprintf(s->name, sizeof s->name, "%s", s->cut->name);
    }
    for (int i = 0; i < films; i++) {
        subject *s = &r->subject[r->subjects++];
        s->seed = cohl_rng_mix(r->params->seed, (uint64_t)(1000 + i));
        snprintf(s->name, sizeof s->name, "theatre, seed %llu", (unsigned long long)s->seed);
    }
}

/* "GIF of cars.mp4 at 0.0 s, seed 0" */
static void name_key(const bench_run *r, char key[KEY_BYTES], const char *what, const char *of)
{
    snprintf(key, KEY_BYTES, "%s of %s, seed %llu", what, of, (unsigned long long)r->params->seed);
}

static const json_t *result(const bench_run *r, const char *what, const char *of)
{
    char key[KEY_BYTES];
    name_key(r, key, what, of);
    return cohl_bench_record_find(r->record, key);
}

/* Not measured yet, and asked for. */
static bool is_wanted(const bench_run *r, const char *what, const char *of)
{
    char key[KEY_BYTES];
    name_key(r, key, what, of);
    return !cohl_bench_record_find(r->record, key) && (!r->params->only || strstr(key, r->params->only));
}

static cohl_status keep(bench_run *r, const char *what, const char *of, json_t *value, cohl_error *err)
{
    char key[KEY_BYTES];
    name_key(r, key, what, of);
    if (r->params->progress)
        r->params->progress(++r->measured, r->of);
    return cohl_bench_record_add(r->record, key, value, err);
}

static bool is_any_attack_wanted(const bench_run *r, const subject *s)
{
    for (int at = 0; cohl_attacks[at].name; at++)
        if (is_wanted(r, cohl_attacks[at].name, s->name))
            return true;
    return false;
}

/* How many results are to be measured, for the progress. */
static int count_wanted(const bench_run *r)
{
    int count = is_wanted(r, "wrong keys", "all");
    for (int i = 0; i < r->subjects; i++) {
        const subject *s = &r->subject[i];
        count += s->cut && is_wanted(r, "unmarked clips", s->name);
        count += is_any_attack_wanted(r, s) && !result(r, "marking", s->name);
        for (int at = 0; cohl_attacks[at].name; at++)
            count += is_wanted(r, cohl_attacks[at].name, s->name);
    }
    return count;
}

/* ---- marking and looking -------------------------------------------------------------- */

static double decibels(const cohl_frame *a, const cohl_frame *b)
{
    int64_t sum = 0;
    for (size_t i = 0; i < cohl_frame_bytes(a); i++)
        sum += (a->rgb[i] - b->rgb[i]) * (a->rgb[i] - b->rgb[i]);
    return 10 * log10(65025 * (double)cohl_frame_bytes(a) / (double)(sum ? sum : 1));
}

static uint64_t identifier_of(const cohl_piece *p) { return cohl_mark_identifier(&bench_key, p->name); }

static cohl_status mark_piece(double *least_db, cohl_piece *p, cohl_error *err)
{
    cohl_marker *marker;
    cohl_frame *plain = NULL;
    cohl_status st = cohl_marker_new(&marker, p->frame[0]->width, p->frame[0]->height, &bench_key, identifier_of(p), err);
    if (!st) st = cohl_frame_copy(&plain, p->frame[0], err);
    *least_db = 999;
    for (int i = 0; i < p->frames && !st; i++) {
        memcpy(plain->rgb, p->frame[i]->rgb, cohl_frame_bytes(plain));
        cohl_marker_frame(marker, p->frame[i]);
        *least_db = fmin(*least_db, decibels(plain, p->frame[i]));
    }
    cohl_frame_free(plain);
    cohl_marker_free(marker);
    return st;
}

static cohl_status add_frame(void *user, const cohl_frame *frame, cohl_error *err)
{
    return cohl_mark_reader_add(user, frame, err);
}

static cohl_status attack_piece(bench_run *r, const cohl_piece *p, const cohl_attack *attack, cohl_error *err)
{
    cohl_mark_answer public, private;
    cohl_mark_reader *reader;
    cohl_status st = cohl_mark_reader_new(&reader, err);
    if (!st)
        st = cohl_attack_run(attack, p->frame, p->frames, p->fps, add_frame, reader, err);
    if (!st)
        st = cohl_mark_find(&public, &private, cohl_mark_reader_sum(reader), &r->keys, true, err);
    cohl_mark_reader_free(reader);
    if (st)
        return st;
    bool right = private.has_identifier && private.identifier == identifier_of(p);
    return keep(r, attack->name, p->name, json_pack("{s:f, s:f, s:b}", "private", private.log10_bound, "public", public.log10_bound,
                                                    "identifier", right), err);
}

static cohl_status read_frames(cohl_mark_reader *reader, const cohl_piece *p, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (int i = 0; i < p->frames && !st; i++)
        st = cohl_mark_reader_add(reader, p->frame[i], err);
    return st;
}

/* ---- clips without a mark ------------------------------------------------------------------ */

typedef struct unmarked {
    int     clips, found;
    double  least, slowest;       /* log10 bound, seconds of a search */
    json_t *names;                /* of what was found                */
} unmarked;

static cohl_status look_for_nothing(const bench_run *r, unmarked *u, const cohl_piece *p, cohl_error *err)
{
    cohl_mark_answer public, private;
    cohl_mark_reader *reader;
    cohl_status st = cohl_mark_reader_new(&reader, err);
    if (!st)
        st = read_frames(reader, p, err);
    double began = cohl_clock_cpu_seconds();
    if (!st)
        st = cohl_mark_find(&public, &private, cohl_mark_reader_sum(reader), &r->keys, true, err);
    cohl_mark_reader_free(reader);
    if (st)
        return st;
    double bound = fmin(public.log10_bound, private.log10_bound);
    u->slowest = fmax(u->slowest, cohl_clock_cpu_seconds() - began);
    u->least = fmin(u->least, bound);
    u->clips++;
    if (bound <= FOUND) {
        u->found++;
        json_array_append_new(u->names, json_string(p->name));
    }
    return COHL_OK;
}

/* Half of a piece's share of unmarked clips are cut from it, half are scenes of the theatre. */
static cohl_status search_unmarked(bench_run *r, const cohl_piece *p, cohl_error *err)
{
    cohl_rng rng = cohl_rng_make(cohl_mark_identifier(&bench_key, p->name) ^ r->params->seed, STREAM);
    unmarked u = { .names = json_array() };
    cohl_status st = COHL_OK;
    for (int i = 0; i < UNMARKED_A_PIECE && !st; i++) {
        cohl_piece clip = { .frames = 0 };
        st = i % 2 ? cohl_piece_cut(&clip, p, UNMARKED_FRAMES, &rng, err)
                   : cohl_piece_render(&clip, cohl_rng_u64(&rng), UNMARKED_FRAMES, err);
        if (!st)
            st = look_for_nothing(r, &u, &clip, err);
        cohl_piece_clear(&clip);
    }
    json_t *value = json_pack("{s:i, s:i, s:f, s:f, s:o}", "clips", u.clips, "found", u.found, "least", u.least, "slowest",
                              u.slowest, "names", u.names);
    if (!st)
        return keep(r, "unmarked clips", p->name, value, err);
    json_decref(value);
    return st;
}

/* ---- one subject ------------------------------------------------------------------------ */

static cohl_status open_subject(cohl_piece *p, const subject *s, cohl_error *err)
{
    return s->cut ? cohl_piece_read(p, s->cut, err) : cohl_piece_render(p, s->seed, FILM_FRAMES, err);
}

static cohl_status mark_and_attack(bench_run *r, cohl_piece *p, cohl_error *err)
{
    double least_db;
    cohl_status st = mark_piece(&least_db, p, err);
    if (!st && !result(r, "marking", p->name))
        st = keep(r, "marking", p->name, json_pack("{s:f}", "db", least_db), err);
    for (int at = 0; cohl_attacks[at].name && !st; at++)
        if (is_wanted(r, cohl_attacks[at].name, p->name))
            st = attack_piece(r, p, &cohl_attacks[at], err);
    return st;
}

static cohl_status measure_subject(bench_run *r, const subject *s, cohl_error *err)
{
    bool clips = s->cut && is_wanted(r, "unmarked clips", s->name), attacks = is_any_attack_wanted(r, s);
    if (!clips && !attacks)
        return COHL_OK;
    cohl_piece *p = calloc(1, sizeof *p);
    cohl_status st = p ? open_subject(p, s, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a piece");
    if (!st && clips) st = search_unmarked(r, p, err);
    if (!st && attacks) st = mark_and_attack(r, p, err);
    if (p)
        cohl_piece_clear(p);
    free(p);
    return st;
}

/* ---- wrong keys, speed ------------------------------------------------------------------- */

static cohl_status add_clip(cohl_wrong_keys *w, const subject *s, cohl_error *err)
{
    cohl_piece *p = calloc(1, sizeof *p);
    cohl_mark_reader *reader = NULL;
    double db;
    cohl_status st = p ? open_subject(p, s, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a piece");
    if (!st) st = mark_piece(&db, p, err);
    if (!st) st = cohl_mark_reader_new(&reader, err);
    if (!st) st = read_frames(reader, p, err);
    if (!st) st = cohl_wrong_keys_add(w, cohl_mark_reader_sum(reader), err);
    cohl_mark_reader_free(reader);
    if (p)
        cohl_piece_clear(p);
    free(p);
    return st;
}

/* On clips spread evenly over all subjects, so footage and theatre. */
static cohl_status try_wrong_keys(bench_run *r, cohl_error *err)
{
    int clips = r->subjects < KEY_CLIPS ? r->subjects : KEY_CLIPS;
    cohl_wrong_keys *w;
    cohl_wrong_answer a;
    if (!is_wanted(r, "wrong keys", "all"))
        return COHL_OK;
    cohl_status st = cohl_wrong_keys_new(&w, err);
    for (int i = 0; i < clips && !st; i++)
        st = add_clip(w, &r->subject[i * r->subjects / clips], err);
    if (!st) st = cohl_wrong_keys_try(&a, w, KEYS, FOUND, err);
    cohl_wrong_keys_free(w);
    return st ? st : keep(r, "wrong keys", "all", json_pack("{s:i, s:i, s:i, s:i, s:i, s:f}", "clips", a.clips, "keys", a.keys,
                                                            "found", a.found, "whole_keys", a.whole_keys, "whole_found",
                                                            a.whole_found, "strongest", a.strongest), err);
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

/* What became of one attack. */
typedef struct tally {
    int    pieces, found, public_found, sure, sure_right, readable;
    double worst;                 /* the largest bound */
} tally;

static double share(int part, int of) { return of ? (double)part / of : NAN; }

static double number(const json_t *of, const char *name) { return json_number_value(json_object_get(of, name)); }

static void count(bench_run *r, tally *t, const char *attack, const char *of, const json_t *result)
{
    double private = number(result, "private"), public = number(result, "public");
    bool right = json_is_true(json_object_get(result, "identifier"));
    t->worst = t->pieces ? fmax(t->worst, private) : private;
    t->pieces++;
    t->found += private <= FOUND;
    t->public_found += public <= FOUND;
    t->sure += private < SURE;
    t->sure_right += private < SURE && right;
    t->readable += right;
    if (private > FOUND)
        cohl_text_addf(&r->report->words, "missed: %s, %s: bound 10^%.1f, public 10^%.1f\n", of, attack, private, public);
    else if (private < SURE && !right)
        cohl_text_addf(&r->report->words, "identifier not read: %s, %s: bound 10^%.1f\n", of, attack, private);
}

static tally tally_attack(bench_run *r, const cohl_attack *attack, bool footage)
{
    tally t = { .pieces = 0 };
    for (int i = 0; i < r->subjects; i++) {
        const json_t *found = result(r, attack->name, r->subject[i].name);
        if (found && footage == (r->subject[i].cut != NULL))
            count(r, &t, attack->name, r->subject[i].name, found);
    }
    return t;
}

static void tell_attack(bench_run *r, json_t *table, const cohl_attack *attack, bool footage, const tally *t)
{
    const char *content = footage ? "footage" : "theatre";
    if (!t->pieces)
        return;
    cohl_bench_add(r->report, footage || attack->small_too ? COHL_BENCH_AT_LEAST : COHL_BENCH_NO_FLOOR, attack->share, "share",
                   share(t->found, t->pieces), "%s: %s", content, attack->name);
    json_array_append_new(table, json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:f}", "content", content, "attack", attack->name, "pieces",
                                           t->pieces, "found", t->found, "public_found", t->public_found, "identifier_read",
                                           t->readable, "worst_log10_bound", t->worst));
    cohl_text_addf(&r->report->words, "%-9s %-36s %3d of %3d, public %3d, identifier %3d, worst bound 10^%.1f\n", content,
                   attack->name, t->found, t->pieces, t->public_found, t->readable, t->worst);
}

static json_t *tell_attacks(bench_run *r)
{
    json_t *table = json_array();
    tally all = { .pieces = 0 };
    for (int footage = 1; footage >= 0; footage--)
        for (int at = 0; cohl_attacks[at].name; at++) {
            tally t = tally_attack(r, &cohl_attacks[at], footage);
            tell_attack(r, table, &cohl_attacks[at], footage, &t);
            all.sure += t.sure, all.sure_right += t.sure_right;
        }
    if (all.sure)
        cohl_bench_add(r->report, COHL_BENCH_AT_LEAST, 1, "share", share(all.sure_right, all.sure), "identifier right below 10^-12");
    return table;
}

static void tell_marking(bench_run *r)
{
    double least = INFINITY;
    for (int i = 0; i < r->subjects; i++) {
        const json_t *found = result(r, "marking", r->subject[i].name);
        least = found ? fmin(least, number(found, "db")) : least;
    }
    if (isfinite(least))
        cohl_bench_add(r->report, COHL_BENCH_AT_LEAST, LEAST_DB, "dB", least, "psnr of the worst frame");
    cohl_bench_add(r->report, COHL_BENCH_AT_MOST, MOST_MS, "ms", r->mark_ms, "mark a frame of 1280x720");
}

static void tell_unmarked(bench_run *r)
{
    int clips = 0, found = 0;
    double least = 0, slowest = 0;
    size_t i;
    const json_t *name;
    for (int s = 0; s < r->subjects; s++) {
        const json_t *u = result(r, "unmarked clips", r->subject[s].name);
        clips += (int)number(u, "clips"), found += (int)number(u, "found");
        least = fmin(least, number(u, "least")), slowest = fmax(slowest, number(u, "slowest"));
        json_array_foreach(json_object_get(u, "names"), i, name)
            cohl_text_addf(&r->report->words, "found where there is none: %s\n", json_string_value(name));
    }
    if (!clips)
        return;
    cohl_bench_add(r->report, COHL_BENCH_AT_MOST, 0, "clips", found, "found in %d unmarked clips", clips);
    cohl_bench_add(r->report, COHL_BENCH_AT_MOST, MOST_SEARCH, "s", slowest, "slowest search");
    cohl_text_addf(&r->report->words, "the least bound of %d unmarked clips: 10^%.1f\n", clips, least);
}

static void tell_wrong_keys(bench_run *r)
{
    const json_t *w = result(r, "wrong keys", "all");
    if (!w)
        return;
    cohl_bench_add(r->report, COHL_BENCH_AT_MOST, 0, "finds", number(w, "found") + number(w, "whole_found"), "%d wrong keys, %d clips",
                   (int)number(w, "keys"), (int)number(w, "clips"));
    cohl_text_addf(&r->report->words, "wrong keys: %d by their presence cells, %d by the whole detector; the least bound 10^%.1f\n",
                   (int)number(w, "keys"), (int)number(w, "whole_keys"), number(w, "strongest"));
}

/* What the record has not yet got is a miss too. */
static void tell_missing(bench_run *r)
{
    bench_run all = *r;
    cohl_bench_params everything = *r->params;
    everything.only = NULL, all.params = &everything;
    cohl_bench_add(r->report, COHL_BENCH_AT_MOST, 0, "results", count_wanted(&all), "still to be measured");
}

static void tell(bench_run *r)
{
    r->report->more = json_pack("{s:o}", "table", tell_attacks(r));
    tell_marking(r);
    tell_unmarked(r);
    tell_wrong_keys(r);
    tell_missing(r);
}

cohl_status cohl_bench_watermark(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err)
{
    bench_run *r = calloc(1, sizeof *r);
    if (!r)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a bench");
    r->report = report, r->params = params;
    r->keys = (cohl_mark_keys){ .count = 1, .key = { bench_key } };
    cohl_status st = cohl_footage_list(&r->footage, params->media ? params->media : usual_media, params->count ? params->count : PIECES, err);
    if (!st) st = cohl_bench_record_open(&r->record, params->record, err);
    if (!st) st = measure_marking(r, err);
    if (!st) {
        plan(r);
        r->of = count_wanted(r);
    }
    for (int i = 0; i < r->subjects && !st; i++)
        st = measure_subject(r, &r->subject[i], err);
    if (!st) st = try_wrong_keys(r, err);
    if (!st)
        tell(r);
    cohl_bench_record_close(r->record);
    cohl_footage_free(&r->footage);
    free(r);
    return st;
}
