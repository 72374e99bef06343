/* need.h - what a run takes, part by part, before it: memory, and operations.
 *
 *     if ((st = engine_need_of(&need, engine, &plan, &request, err))) return st;
 *     if (engine_need_least(&need) > limit) ...
 *
 * The networks' own code is run by a back end that only counts (tensor/dry.h), at the run's size; what
 * delivery and the program itself take was measured. Bytes; the parts that are there at one time are added, of
 * stages one after the other the largest counts. */
#ifndef COHL_ENGINE_NEED_H
#define COHL_ENGINE_NEED_H

#include "engine/engine.h"

typedef struct engine_need {
    uint64_t program;         /* code, threads, the film's encoder, latents                              */
    uint64_t decoder;         /* the autoencoder's weights, and a fast one's                             */
    uint64_t text;            /* the text encoder's weights where they are held                          */
    uint64_t transformer;     /* all its weights; of two experts both                                    */
    uint64_t kept, slot;      /* of a streamed one: what is always held; what the others take turns in   */
    uint64_t words;           /* working memory of the stages: reading words (a streamed encoder's layer) */
    uint64_t pictures;        /* encoding what is given; 0 without                                       */
    uint64_t steps, frames;
    bool     streams;         /* the transformer stays in its file as far as there is no room            */
    double   step_operations, decode_operations;
} engine_need;

/* COHL_ERR_MEMORY when there is no room to count. */
cohl_status engine_need_of(engine_need *out, const cohl_engine *engine, const cohl_plan *plan,
                           const cohl_request *request, cohl_error *err);

/* With so little it can be made; with so much nothing is read twice. The same where nothing streams. */
uint64_t engine_need_least(const engine_need *need);
uint64_t engine_need_whole(const engine_need *need);
/* Of weights that stream, so many bytes may be held within the limit; SIZE_MAX when all. */
size_t   engine_need_room(const engine_need *need, uint64_t limit);

/* COHL_ERR_MEMORY: it takes more than was asked for or set, or where nothing was, than the machine has; the
 * sentence says the least. */
cohl_status engine_memory_check(const cohl_engine *engine, const engine_need *need, cohl_error *err);
/* All of it told, and where it does not fit the largest film that does. */
cohl_status engine_memory_tell(cohl_run_memory *out, const cohl_engine *engine, const cohl_plan *plan,
                               const cohl_request *request, const engine_need *need, cohl_error *err);

#endif
