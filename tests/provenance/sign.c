/* sign - sign a copy of a file as the door would, for scripts that compare validators.
 *
 *     sign IN OUT [--action A] [--parent FILE | --component FILE | --input FILE]... [--signer PEM]
 *
 * OUT gets IN's bytes and credentials: inside, or in OUT.c2pa. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "provenance/credentials.h"

enum { MOST = 8 };

static cohl_status copy(const char *from, const char *to, cohl_error *err)
{
    cohl_map map;
    cohl_status st = cohl_map_open(&map, from, err);
    if (!st) st = cohl_file_write(to, map.data, map.size, err);
    cohl_map_close(&map);
    return st;
}

int main(int argc, char **argv)
{
    cohl_ingredient *ingredient[MOST];
    cohl_credentials what = { .facts = "{\"model\":{\"name\":\"none\"},\"checks\":[\"size\"]}" };
    cohl_signer signer = { 0 };
    cohl_trust trust = { 0 };
    cohl_error err = { 0 };
    const char *key = NULL, *slash;
    char *beside = NULL, *root = NULL;
    cohl_status st = argc < 3 ? cohl_fail(&err, COHL_ERR_ARGUMENT, "usage: sign IN OUT ...") : COHL_OK;
    for (int i = 3; i + 1 < argc && !st; i += 2) {
        static const char *const kinds[] = { "--parent", "--component", "--input" };
        if (!strcmp(argv[i], "--action")) what.action = argv[i + 1];
        if (!strcmp(argv[i], "--signer")) key = argv[i + 1];
        for (int k = 0; k < 3 && !st && what.ingredient_count < MOST; k++)
            if (!strcmp(argv[i], kinds[k]))
                st = cohl_ingredient_read(&ingredient[what.ingredient_count++], argv[i + 1], (cohl_relationship)k, &trust,
                                          &err);
    }
    what.ingredient = (const cohl_ingredient *const *)ingredient;
    if (!st) st = cohl_signer_open(&signer, key, &err);
    if (!st) st = cohl_signer_root(&root, &err);
    if (!st) st = cohl_trust_add(&trust, root, &err);
    if (!st) st = copy(argv[1], argv[2], &err);
    if (!st) {
        slash = strrchr(argv[2], '/');
        what.name = argv[2], what.title = slash ? slash + 1 : argv[2];
        beside = cohl_credentials_inside(argv[2]) ? NULL : cohl_credentials_beside(argv[2]);
        st = cohl_credentials_sign(argv[2], beside, &signer, &what, &err);
    }
    if (st)
        fprintf(stderr, "sign: %s\n", err.text);
    for (int i = 0; i < what.ingredient_count; i++)
        cohl_ingredient_free(ingredient[i]);
    cohl_signer_close(&signer);
    cohl_trust_free(&trust);
    free(root);
    free(beside);
    return st != COHL_OK;
}
