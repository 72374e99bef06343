/* task.c - what can be trained, by name. */
#include "train/task.h"

#include <assert.h>
#include <string.h>

extern const cohl_task_kind cohl_task_critic;
extern const cohl_task_kind cohl_task_film;
extern const cohl_task_kind cohl_task_vae;

const cohl_task_kind *const cohl_task_kinds[] = { &cohl_task_vae, &cohl_task_film, &cohl_task_critic, NULL };

const cohl_task_kind *cohl_task_kind_named(const char *name)
{
    for (int i = 0; cohl_task_kinds[i]; i++)
        if (!strcmp(cohl_task_kinds[i]->name, name))
            return cohl_task_kinds[i];
    return NULL;
}

void cohl_terms_add(cohl_terms *terms, const char *name, double value)
{
    assert(terms->count < COHL_TASK_TERMS_MAX);
    terms->item[terms->count].name = name;
    terms->item[terms->count].value = value;
    terms->count++;
}
