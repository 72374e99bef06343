/* check.c - what every frame must pass before it is encoded. */
#include "deliver/check.h"

#include <stdlib.h>
#include <string.h>

#include "deliver/check_protected.h"
#include "deliver/check_writing.h"
#include "vision/explicit.h"
#include "safety/flash.h"

/* ---- the checks -------------------------------------------------------------- */

static cohl_status look_at_size(void *state, const cohl_check_view *view, cohl_error *err)
{
    (void)state;
    const cohl_frame *newest = view->frame[view->count - 1];
    if (newest->width == view->width && newest->height == view->height)
        return COHL_OK;
    return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: frame %d is %d x %d pixels, expected %d x %d",
                     view->name, view->first + view->count - 1, newest->width, newest->height,
                     view->width, view->height);
}

static const cohl_check size_check = {
    .name = "size", .about = "every frame has the size that was announced", .window = 1, .look = look_at_size };

static cohl_status open_flashing(void **state, const cohl_check_view *about, cohl_error *err)
{
    cohl_flash *flash;
    cohl_status st = cohl_flash_new(&flash, about->width, about->height, about->fps, err);
    *state = flash;
    return st;
}

static void close_flashing(void *state) { cohl_flash_free(state); }

static cohl_status look_for_flashing(void *state, const cohl_check_view *view, cohl_error *err)
{
    cohl_flash_look(state, view->frame[view->count - 1]);
    cohl_flash_harm harm = cohl_flash_harm_now(state);
    if (!harm.kind)
        return COHL_OK;
    return cohl_fail(err, COHL_ERR_REFUSED, "%s: at frame %d, %.0f %% of the picture %s more than three times a second, "
                     "which can set off seizures; at most 25 %% may", view->name, view->first + view->count - 1,
                     100 * harm.area, harm.kind == COHL_FLASH_RED ? "flashes in red" : "flashes");
}

static const cohl_check flash_check = {
    .name = "flashing", .about = "no more than three flashes a second over a quarter of the picture (WCAG 2.3.1)",
    .window = 1, .open = open_flashing, .close = close_flashing, .look = look_for_flashing };

static cohl_status open_explicit(void **state, const cohl_check_view *about, cohl_error *err)
{
    cohl_explicit *look;
    cohl_status st = cohl_explicit_new(&look, about->workers, err);
    *state = look;
    return st;
}

static void close_explicit(void *state) { cohl_explicit_free(state); }

static cohl_status look_for_explicit(void *state, const cohl_check_view *view, cohl_error *err)
{
    cohl_explicit_scores scores;
    cohl_status st = cohl_explicit_look(state, view->frame[view->count - 1], &scores, err);
    if (st || !cohl_explicit_refused(&scores))
        return st;
    return cohl_fail(err, COHL_ERR_REFUSED, "%s: at frame %d, the picture seems to be explicit: %.0f %% pornographic, %.0f %% "
                     "suggestive; below %.0f %% and %.0f %% together may pass", view->name, view->first + view->count - 1,
                     100 * (scores.score[COHL_CLASS_PORN] + scores.score[COHL_CLASS_HENTAI]),
                     100 * scores.score[COHL_CLASS_SEXY], 100 * COHL_EXPLICIT_LINE, 100 * COHL_SUGGESTIVE_LINE);
}

static const cohl_check explicit_check = {
    .name = "explicit", .about = "no picture that a network takes for explicit", .here = cohl_explicit_installed,
    .window = 1, .open = open_explicit, .close = close_explicit, .look = look_for_explicit };

const cohl_check *const cohl_checks[] = { &size_check, &flash_check, &explicit_check, &cohl_check_writing,
                                          &cohl_check_protected_pictures, &cohl_check_protected_faces, NULL };

bool cohl_check_is_here(const cohl_check *check)
{
    return (!check->here || check->here()) && (!check->faces || cohl_faces_installed());
}

/* ---- the window -------------------------------------------------------------- */

struct cohl_window {
    const cohl_check **check;      /* [check_count]                      */
    void             **state;      /* one a check                        */
    int                check_count;    /* those that are asked               */
    cohl_faces        *faces;          /* NULL: no check asks for them       */
    cohl_check_view    about;
    int                size;       /* the longest window of a check      */
    int                oldest, count, passed;
    cohl_frame       **frame;      /* [size], a ring                     */
    const cohl_frame **view;       /* [size], the ring's frames in order */
    cohl_error         failure;    /* after it nothing goes on           */
};

static cohl_status take_checks(cohl_window *window, const cohl_check *const *checks, const cohl_check *also,
                               cohl_error *err)
{
    int count = 0;
    while (checks[count])
        count++;
    window->check = calloc((size_t)count + 1, sizeof *window->check);
    window->state = calloc((size_t)count + 1, sizeof *window->state);
    if (!window->check || !window->state)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to check it", window->about.name);
    window->size = 1;
    for (int i = 0; i <= count; i++) {
        const cohl_check *check = i < count ? checks[i] : also;
        if (!check || !cohl_check_is_here(check))
            continue;
        window->check[window->check_count++] = check;
        if (check->window > window->size)
            window->size = check->window;
    }
    return COHL_OK;
}

/* Open those that are here; one that finds nothing to compare faces with is let go. */
static cohl_status open_checks(cohl_window *window, cohl_error *err)
{
    cohl_status st = COHL_OK;
    int kept = 0, count = window->check_count;
    bool faces = false;
    for (int i = 0; i < count && !st; i++) {
        const cohl_check *check = window->check[i];
        void *state = NULL;
        st = check->open ? check->open(&state, &window->about, err) : COHL_OK;
        if (!st && check->faces && !state)
            continue;
        faces = faces || check->faces;
        window->check[kept] = check;
        window->state[kept++] = state;
    }
    window->check_count = kept;
    return st || !faces ? st : cohl_faces_new(&window->faces, window->about.workers, err);
}

const char *cohl_window_check(const cohl_window *window, int index)
{
    return index < window->check_count ? window->check[index]->name : NULL;
}

cohl_status cohl_window_new(cohl_window **out, const cohl_check *const *checks, const cohl_check *also,
                            const cohl_check_view *about, cohl_error *err)
{
    cohl_window *window = *out = calloc(1, sizeof *window);
    if (!window)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to check it", about->name);
    window->about = *about;
    cohl_status st = take_checks(window, checks, also, err);
    window->frame = st ? NULL : calloc((size_t)window->size, sizeof *window->frame);
    window->view = st ? NULL : calloc((size_t)window->size, sizeof *window->view);
    if (!st && (!window->frame || !window->view))
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to check it", about->name);
    if (!st)
        st = open_checks(window, err);
    if (!st)
        return COHL_OK;
    cohl_window_free(window);
    *out = NULL;
    return st;
}

void cohl_window_free(cohl_window *window)
{
    if (!window)
        return;
    for (int i = 0; window->frame && i < window->size; i++)
        cohl_frame_free(window->frame[i]);
    for (int i = 0; i < window->check_count; i++)
        if (window->check[i]->close && window->state[i])
            window->check[i]->close(window->state[i]);
    cohl_faces_free(window->faces);
    free(window->check);
    free(window->state);
    free(window->frame);
    free(window->view);
    free(window);
}

/* Copy into the ring's next place, whose frame is kept from round to round. */
static cohl_status keep(cohl_window *window, const cohl_frame *frame, cohl_error *err)
{
    cohl_frame **place = &window->frame[(window->oldest + window->count) % window->size];
    if (*place && ((*place)->width != frame->width || (*place)->height != frame->height)) {
        cohl_frame_free(*place);
        *place = NULL;
    }
    if (!*place) {
        cohl_status st = cohl_frame_copy(place, frame, err);
        if (st)
            return st;
    } else {
        memcpy((*place)->rgb, frame->rgb, cohl_frame_bytes(frame));
    }
    window->count++;
    return COHL_OK;
}

static cohl_status ask(cohl_window *window, int number, cohl_error *err)
{
    const cohl_check *check = window->check[number];
    cohl_check_view view = window->about;
    int skipped = window->count > check->window ? window->count - check->window : 0;
    view.first = window->passed + skipped;
    view.count = window->count - skipped;
    view.frame = window->view + skipped;
    if (check->faces) {
        view.face_count = cohl_faces_count(window->faces);
        view.face = view.face_count ? cohl_faces_at(window->faces, 0) : NULL;
    }
    return check->look(window->state[number], &view, err);
}

static const cohl_frame *let_go(cohl_window *window)
{
    const cohl_frame *frame = window->frame[window->oldest];
    window->oldest = (window->oldest + 1) % window->size;
    window->count--;
    window->passed++;
    return frame;
}

static cohl_status take(cohl_window *window, const cohl_frame *frame, cohl_error *err)
{
    cohl_status st = keep(window, frame, err);
    for (int i = 0; i < window->count; i++)
        window->view[i] = window->frame[(window->oldest + i) % window->size];
    if (!st && window->faces && frame->width == window->about.width && frame->height == window->about.height)
        st = cohl_faces_look(window->faces, frame, window->passed + window->count - 1, err);
    for (int i = 0; !st && i < window->check_count; i++)
        st = ask(window, i, err);
    return st;
}

cohl_status cohl_window_push(cohl_window *window, const cohl_frame *frame,
                             const cohl_frame **ready, cohl_error *err)
{
    cohl_error *failure = &window->failure;
    *ready = NULL;
    if (failure->status || take(window, frame, failure))
        return cohl_fail(err, failure->status, "%s", failure->text);
    if (window->count == window->size)
        *ready = let_go(window);
    return COHL_OK;
}

const cohl_frame *cohl_window_rest(cohl_window *window)
{
    return window->count && !window->failure.status ? let_go(window) : NULL;
}
