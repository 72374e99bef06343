/* tag.c - what a picture or a film says about itself. */
#include "media/tag.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

cohl_status cohl_tags_add(cohl_tags *tags, const char *key, const char *value, cohl_error *err)
{
    cohl_tag *grown = realloc(tags->tag, sizeof *grown * (size_t)(tags->count + 1));
    char *own_key = strdup(key), *own_value = strdup(value);
    if (grown)
        tags->tag = grown;
    if (!grown || !own_key || !own_value) {
        free(own_key);
        free(own_value);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for the tag %s", key);
    }
    grown[tags->count++] = (cohl_tag){ own_key, own_value };
    return COHL_OK;
}

const char *cohl_tags_find(const cohl_tags *tags, const char *key)
{
    for (int i = 0; i < tags->count; i++)
        if (!strcasecmp(tags->tag[i].key, key))
            return tags->tag[i].value;
    return NULL;
}

const char *cohl_tags_recipe(const cohl_tags *tags)
{
    const char *recipe = cohl_tags_find(tags, COHL_TAG_RECIPE), *comment = cohl_tags_find(tags, "comment");
    return recipe ? recipe : comment && *comment == '{' ? comment : NULL;
}

void cohl_tags_free(cohl_tags *tags)
{
    for (int i = 0; i < tags->count; i++) {
        free((char *)tags->tag[i].key);
        free((char *)tags->tag[i].value);
    }
    free(tags->tag);
    *tags = (cohl_tags){ 0 };
}
