/* backends.c - the back ends this build has, by name. */
#include "tensor/backend.h"

#include <string.h>

const cohl_backend *cohl_backend_named(const char *name)
{
    if (!strcmp(name, "ref"))
        return &cohl_backend_ref;
    if (!strcmp(name, "cpu"))
        return cohl_backend_cpu(NULL);
    if (!strncmp(name, "cpu:", 4))
        return cohl_backend_cpu(name + 4);
    return NULL;
}

const cohl_backend *cohl_backend_best(void)
{
    return cohl_backend_cpu(NULL);
}
