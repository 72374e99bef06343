/* tag.h - what a picture or a film says about itself: key and value, both UTF-8.
 *
 * Keys are compared without case, since containers change it. */
#ifndef COHL_MEDIA_TAG_H
#define COHL_MEDIA_TAG_H

#include "base/status.h"

/* The key under which the recipe of a film travels. */
#define COHL_TAG_RECIPE "com.cohl.recipe"

/* The key of an XMP packet, for a GIF, which has a place for it and no keys. */
#define COHL_TAG_XMP "com.cohl.xmp"

typedef struct cohl_tag {
    const char *key, *value;
} cohl_tag;

/* A list that owns its words; starts as { 0 }. */
typedef struct cohl_tags {
    cohl_tag *tag;
    int       count;
} cohl_tags;

cohl_status cohl_tags_add(cohl_tags *tags, const char *key, const char *value, cohl_error *err);
/* The value of a key, or NULL. */
const char *cohl_tags_find(const cohl_tags *tags, const char *key);
/* The recipe that a film of Cohl's carries, or NULL; GIF has no key for it, so a comment that is JSON is one. */
const char *cohl_tags_recipe(const cohl_tags *tags);
void cohl_tags_free(cohl_tags *tags);

#endif
