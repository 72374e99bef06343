/* check_writing.c - no frame says what the policy would refuse as a wish.
 *
 * Every eighth frame is read, and the last: writing that stands for half a second of film at sixteen frames a
 * second is met, and none of it goes on before, for the window is as long. */
#include "deliver/check_writing.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/home.h"
#include "safety/decisions.h"
#include "vision/writing.h"

enum { EVERY = 8, LINES_MOST = 32 };

typedef struct reading {
    cohl_writing      *writing;
    const cohl_policy *policy;
    cohl_policy       *own;           /* opened here, where the caller has none; NULL */
} reading;

static void close_reading(void *state)
{
    reading *r = state;
    cohl_writing_free(r->writing);
    cohl_policy_close(r->own);
    free(r);
}

static cohl_status open_reading(void **state, const cohl_check_view *about, cohl_error *err)
{
    reading *r = calloc(1, sizeof *r);
    if (!r)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to read what is written in it", about->name);
    r->policy = about->policy;
    cohl_status st = cohl_writing_new(&r->writing, err);
    if (st)
        close_reading(r);
    else
        *state = r;
    return st;
}

/* The installation's, with the first word that is read. */
static cohl_status have_policy(reading *r, cohl_error *err)
{
    char *own = NULL;
    if (r->policy)
        return COHL_OK;
    cohl_home_path(&own, "policy", NULL);
    cohl_status st = cohl_policy_open(&r->own, &(cohl_policy_params){ NULL, own }, err);
    free(own);
    r->policy = r->own;
    return st;
}

/* Each line alone and all joined: noise beside a line must not hide it. text is cut up. */
static cohl_status ask(cohl_policy_answer *answer, const cohl_policy *policy, char *text, cohl_error *err)
{
    const char *line[LINES_MOST];
    char *rest = NULL;
    int count = 0, which;
    for (char *at = strtok_r(text, "\n", &rest); at && count < LINES_MOST; at = strtok_r(NULL, "\n", &rest))
        line[count++] = at;
    return cohl_policy_check_cards(policy, line, count, answer, &which, err);
}

/* "film.mp4: frame 16 shows the words "..."; then the policy's sentence. */
static cohl_status refuse(const cohl_policy *policy, const cohl_policy_answer *answer, const cohl_check_view *view, int frame,
                          cohl_error *err)
{
    cohl_error why;
    cohl_status st = cohl_policy_note(policy, COHL_POLICY_PROMPT, answer->reason[0].words, answer, (int64_t)time(NULL), err);
    if (st)
        return st;
    cohl_policy_refuse(answer, "writing", &why);
    return cohl_fail(err, COHL_ERR_REFUSED, "%s: frame %d: %s", view->name, frame, why.text);
}

static cohl_status read_frame(reading *r, const cohl_check_view *view, int frame, cohl_error *err)
{
    cohl_text text = { 0 };
    cohl_policy_answer answer = { 0 };
    cohl_status st = cohl_writing_read(&text, r->writing, view->frame[view->count - 1], err);
    if (!st && text.size) {
        st = have_policy(r, err);
        if (!st) st = ask(&answer, r->policy, text.data, err);
        if (!st && answer.refused) st = refuse(r->policy, &answer, view, frame, err);
    }
    cohl_text_free(&text);
    return st;
}

static cohl_status look_for_writing(void *state, const cohl_check_view *view, cohl_error *err)
{
    int frame = view->first + view->count - 1;
    return frame % EVERY && frame != view->frames - 1 ? COHL_OK : read_frame(state, view, frame, err);
}

const cohl_check cohl_check_writing = {
    .name = "writing", .about = "no words in the picture that the policy refuses, where they can be read",
    .window = EVERY, .open = open_reading, .close = close_reading, .look = look_for_writing };
