/* recode.c - a film of this installation's once more. */
#include "engine/recode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/digest.h"
#include "base/home.h"
#include "cohl/cohl.h"
#include "engine/clip.h"
#include "engine/consents.h"
#include "engine/engine.h"
#include "engine/facts.h"
#include "media/reader.h"
#include "protect/list.h"
#include "provenance/detect.h"

/* From here on a mark is there to stay: the film is not marked a second time, which would be seen. */
static const double CLEARLY_MARKED = -12;

typedef struct recode {
    const engine_recode *asked;
    cohl_store          *ledger;
    cohl_policy         *policy;
    cohl_workers        *workers;
    engine_clip         *clip;
    cohl_detection       found;
    cohl_tags            tags;
    double               fps;              /* of the film that is read           */
    char                 digest[COHL_DIGEST_HEX], description[128];
    engine_consents      consents;
    engine_facts         facts;
    cohl_film_link       link[1 + ENGINE_CONSENTS_MOST];
    cohl_door_params     params;
} recode;

/* ---- may it be? --------------------------------------------------------------------- */

static cohl_status ask_origin(recode *r, cohl_error *err)
{
    cohl_status st = cohl_digest_file(r->digest, r->asked->from, err);
    if (!st && r->ledger) st = cohl_ledger_check(r->ledger, NULL, r->digest, NULL, err);
    if (!st) st = cohl_detect_as_owner(&r->found, r->asked->from, r->ledger, r->asked->cancel, err);
    if (st || r->found.trace == COHL_TRACE_OURS)
        return st;
    return cohl_fail(err, COHL_ERR_REFUSED, "%s: is coded again only where it was made: %s", r->asked->from,
                     cohl_trace_words(r->found.trace));
}

static cohl_status ask_policy(recode *r, cohl_error *err)
{
    char *own = NULL;
    cohl_engine asking = { 0 };
    cohl_film named = { .path = r->params.path, .sheet = r->params.sheet, .title = r->params.title };
    cohl_home_path(&own, "policy", NULL);
    cohl_status st = cohl_policy_open(&r->policy, &(cohl_policy_params){ NULL, own }, err);
    free(own);
    asking.policy = r->policy;
    return st ? st : engine_ask_names(&asking, &named, err);
}

/* The consents it was made with must be in force still; its blocked recipe blocks it too. */
static cohl_status ask_consents(recode *r, cohl_error *err)
{
    cohl_request request = cohl_request_default();
    const engine_facts_params told = { .consents = &r->consents };
    request.clip[0] = r->asked->from, request.clip_sha256[0] = r->digest;
    cohl_status st = r->ledger && r->params.recipe ? cohl_ledger_check(r->ledger, r->params.recipe, NULL, NULL, err) : COHL_OK;
    if (!st) st = engine_consents_ask(&r->consents, &request,
                                          &(engine_consents_params){ r->ledger, r->workers, r->asked->cancel }, err);
    return st ? st : engine_facts_gather(&r->facts, r->policy, &request, &told, err);
}

/* ---- what it will be ------------------------------------------------------------------ */

static cohl_status read_film(recode *r, cohl_error *err)
{
    cohl_film_reader *reader;
    cohl_status st = cohl_film_reader_open(&reader, r->asked->from, 0, 0, err);
    if (st)
        return st;
    const cohl_film_info *info = cohl_film_reader_info(reader);
    r->fps = info->fps;
    r->params.width = r->asked->width ? r->asked->width : info->native_width;
    r->params.height = r->asked->height ? r->asked->height : info->native_height;
    for (int i = 0; i < info->tags.count && !st; i++)
        st = cohl_tags_add(&r->tags, info->tags.tag[i].key, info->tags.tag[i].value, err);
    cohl_film_reader_close(reader);
    return st ? st : engine_clip_open(&r->clip, r->asked->from, r->params.width, r->params.height, err);
}

static void set_params(recode *r)
{
    const engine_recode *a = r->asked;
    cohl_door_params *p = &r->params;
    p->fps = a->fps > 0 ? a->fps : r->fps;
    p->frames = a->fps > 0 ? (int)lround(engine_clip_seconds(r->clip) * a->fps) : engine_clip_pictures(r->clip);
    p->frames = p->frames < 1 ? 1 : p->frames;
    p->path = a->path, p->sheet = a->sheet, p->crf = a->crf, p->signer = a->signer, p->label = a->label;
    p->title = a->title ? a->title : cohl_tags_find(&r->tags, "title");
    p->recipe = cohl_tags_recipe(&r->tags);
    p->action = "c2pa.transcoded", p->description = r->description;
    const cohl_findings *said = &r->found.credentials.findings;      /* without any, a model may have made it */
    p->rendered = said->verdict >= COHL_VALID && !cohl_findings_say_generated(said);
    char quality[24] = "";
    if (a->crf >= 0)
        snprintf(quality, sizeof quality, ", quality %d", a->crf);
    snprintf(r->description, sizeof r->description, "coded again: %d x %d, %g frames a second%s", p->width, p->height, p->fps,
             quality);
}

/* The mark is of the whole picture: where sides are cut, or were, it is laid anew. */
static void keep_mark(recode *r)
{
    const cohl_mark_answer *mark = &r->found.private_mark;
    int width, height;
    engine_clip_size(r->clip, &width, &height);
    double shape = (double)r->params.width * height / ((double)r->params.height * width);
    r->params.marked = mark->log10_bound <= CLEARLY_MARKED && mark->has_identifier && !mark->searched && fabs(shape - 1) < 0.02;
    r->params.mark = mark->identifier, r->params.mark_key = mark->key;
}

static void set_links(recode *r)
{
    cohl_door_params *p = &r->params;
    r->link[p->link_count++] = (cohl_film_link){ .relation = "parent", .digest = r->digest };
    for (int i = 0; i < r->consents.count; i++)
        r->link[p->link_count++] = (cohl_film_link){ .relation = "consent", .name = r->consents.id[i] };
    p->link = r->link, p->ledger = r->ledger, p->policy = r->policy, p->workers = r->workers;
    p->facts = r->facts.json, p->source = r->facts.source, p->source_count = r->facts.source_count;
}

/* ---- doing ---------------------------------------------------------------------------- */

static cohl_status ask_cancel(const recode *r, int frame, cohl_error *err)
{
    const volatile bool *cancel = r->asked->cancel;
    return cancel && *cancel ? cohl_fail(err, COHL_ERR_CANCELLED, "cancelled at frame %d of %d", frame, r->params.frames)
                             : COHL_OK;
}

/* From the middle of each frame's time: a container that rounds its seconds shows the same picture. */
static cohl_status put_frames(recode *r, cohl_door *door, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (int i = 0; i < r->params.frames && !st; i++) {
        const cohl_frame *frame;
        st = ask_cancel(r, i, err);
        if (!st) st = engine_clip_at(r->clip, (i + 0.5) / r->params.fps, &frame, err);
        if (!st) st = cohl_door_put(door, frame, err);
    }
    return st;
}

static cohl_status deliver(recode *r, cohl_door_report *report, cohl_error *err)
{
    cohl_door *door = NULL;
    cohl_status st = cohl_workers_new(&r->workers, r->asked->threads, err);
    set_links(r);
    if (!st) st = cohl_door_open(&door, &r->params, err);
    if (!st) st = put_frames(r, door, err);
    return cohl_door_close(door, st, report, err);
}

cohl_status engine_recode_film(const engine_recode *asked, cohl_door_report *report, cohl_error *err)
{
    recode *r = calloc(1, sizeof *r);
    if (!r)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to code it again", asked->from);
    r->asked = asked, r->params = cohl_door_params_default();
    cohl_status st = cohl_protect_open(&r->ledger, NULL, NULL) ? cohl_protect_unread(NULL, err) : COHL_OK;
    if (!st) st = read_film(r, err);
    if (!st) st = ask_origin(r, err);
    if (!st) set_params(r);
    if (!st) st = ask_policy(r, err);
    if (!st) st = cohl_door_check(&r->params, err);
    if (!st) st = ask_consents(r, err);
    if (!st) keep_mark(r);
    if (!st) st = deliver(r, report, err);
    engine_facts_free(&r->facts);
    engine_clip_close(r->clip);
    cohl_detection_free(&r->found);
    cohl_tags_free(&r->tags);
    cohl_policy_close(r->policy);
    cohl_store_close(r->ledger);
    cohl_workers_free(r->workers);
    free(r);
    return st;
}
