/* critic_verdict.c - from the critic's answers to words, and words against a prompt. */
#include "model/critic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLOURS = COHL_COLOUR_COUNT };

/* ---- verdicts ---------------------------------------------------------------- */

static cohl_call call_of(const float *logit, int classes)
{
    int best = 0;
    double sum = 0;
    for (int i = 1; i < classes; i++)
        if (logit[i] > logit[best])
            best = i;
    for (int i = 0; i < classes; i++)
        sum += exp((double)logit[i] - logit[best]);
    return (cohl_call){ best, (float)(1 / sum) };
}

/* Row r's answer of a head is calls[r]. */
static cohl_status read_head(cohl_ctx *ctx, const cohl_tensor *head, cohl_call *calls, cohl_error *err)
{
    if (!head)
        return cohl_ctx_status(ctx, err);
    int rows = (int)cohl_tensor_rows(head), classes = (int)cohl_tensor_width(head);
    float *logit = malloc((size_t)(rows * classes) * sizeof *logit);
    if (!logit)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a verdict");
    cohl_tensor_download(ctx, logit, head);
    for (int r = 0; r < rows; r++)
        calls[r] = call_of(logit + r * classes, classes);
    free(logit);
    return cohl_ctx_status(ctx, err);
}

static float yes(cohl_call call) { return call.class ? call.probability : 1 - call.probability; }

cohl_status cohl_critic_verdicts(cohl_ctx *ctx, const cohl_critic_output *output, int clip_count,
                                 cohl_verdict *verdicts, cohl_error *err)
{
    enum { HEADS = 6 };
    const cohl_tensor *head[HEADS] = { output->setting, output->daytime, output->move,
                                       output->present, output->subject, output->action };
    size_t room = (size_t)clip_count * COLOURS;
    cohl_call *call = calloc(HEADS * room, sizeof *call);
    cohl_status st = call ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for verdicts");

    for (int h = 0; h < HEADS && !st; h++)
        st = read_head(ctx, head[h], call + (size_t)h * room, err);
    for (int c = 0; c < clip_count && !st; c++) {
        cohl_verdict *v = &verdicts[c];
        v->setting = call[c];
        v->daytime = call[room + (size_t)c];
        v->move = call[2 * room + (size_t)c];
        for (int k = 0; k < COLOURS; k++) {
            size_t row = (size_t)(c * COLOURS + k);
            v->present[k] = yes(call[3 * room + row]);
            v->subject[k] = call[4 * room + row];
            v->action[k] = call[5 * room + row];
        }
    }
    free(call);
    return st;
}

/* ---- scores ------------------------------------------------------------------- */

cohl_wanted cohl_wanted_of_scene(const cohl_scene *scene)
{
    cohl_wanted w = { (int)scene->setting, (int)scene->daytime, (int)scene->move, scene->actor_count, { { 0 } } };
    for (int i = 0; i < scene->actor_count; i++) {
        w.actor[i].subject = (int)scene->actor[i].subject;
        w.actor[i].colour = (int)scene->actor[i].colour;
        w.actor[i].action = (int)scene->actor[i].action;
    }
    return w;
}

/* The `count` colours most surely there. */
static void surest(const cohl_verdict *v, int count, int colour[COHL_CRITIC_ACTORS_MAX])
{
    bool taken[COLOURS] = { false };
    for (int i = 0; i < count; i++) {
        int best = -1;
        for (int k = 0; k < COLOURS; k++)
            if (!taken[k] && (best < 0 || v->present[k] > v->present[best]))
                best = k;
        taken[best] = true;
        colour[i] = best;
    }
}

/* How well a seen subject fits a wanted one: colour and kind first, then the action. */
static int fit(const cohl_verdict *v, int colour, int subject, int wanted_colour, int action)
{
    return 4 * (colour == wanted_colour) + 3 * (v->subject[colour].class == subject) +
           (v->action[colour].class == action);
}

/* The order of the seen colours that fits best, tried one by one: three have six orders. */
static void match(const cohl_verdict *v, const cohl_wanted *w, int colour[COHL_CRITIC_ACTORS_MAX])
{
    static const int order[6][3] = { { 0, 1, 2 }, { 1, 0, 2 }, { 0, 2, 1 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    static const int orders[COHL_CRITIC_ACTORS_MAX + 1] = { 1, 1, 2, 6 };
    int best = -1, most = -1, seen[COHL_CRITIC_ACTORS_MAX];

    memcpy(seen, colour, sizeof seen);
    for (int o = 0; o < orders[w->actor_count]; o++) {
        int sum = 0;
        for (int i = 0; i < w->actor_count; i++)
            sum += fit(v, seen[order[o][i]], w->actor[i].subject, w->actor[i].colour, w->actor[i].action);
        if (sum > most)
            most = sum, best = o;
    }
    for (int i = 0; i < w->actor_count; i++)
        colour[i] = seen[order[best][i]];
}

static bool add(cohl_score *score, cohl_word_kind kind, int wanted, int seen)
{
    if (wanted >= 0)
        score->answer[score->count++] = (cohl_answer){ kind, wanted, seen };
    return wanted < 0 || wanted == seen;
}

cohl_score cohl_verdict_score(const cohl_verdict *verdict, const cohl_wanted *wanted)
{
    cohl_score score = { .all_actors = true };
    int colour[COHL_CRITIC_ACTORS_MAX] = { 0 };

    add(&score, COHL_WORD_SETTING, wanted->setting, verdict->setting.class);
    add(&score, COHL_WORD_DAYTIME, wanted->daytime, verdict->daytime.class);
    add(&score, COHL_WORD_MOVE, wanted->move, verdict->move.class);
    surest(verdict, wanted->actor_count, colour);
    match(verdict, wanted, colour);
    for (int i = 0; i < wanted->actor_count; i++) {
        bool right = add(&score, COHL_WORD_SUBJECT, wanted->actor[i].subject, verdict->subject[colour[i]].class);
        right &= add(&score, COHL_WORD_COLOUR, wanted->actor[i].colour, colour[i]);
        add(&score, COHL_WORD_ACTION, wanted->actor[i].action, verdict->action[colour[i]].class);
        score.all_actors = score.all_actors && right;
    }
    return score;
}

void cohl_score_say(const cohl_score *score, cohl_text *text)
{
    for (int i = 0; i < score->count; i++) {
        const cohl_answer *a = &score->answer[i];
        const cohl_word *word = cohl_words_of(a->kind);
        cohl_text_addf(text, "%s%s", i ? ", " : "", word[a->seen].name);
        if (a->seen != a->wanted)
            cohl_text_addf(text, " (not %s)", word[a->wanted].name);
    }
}
