/* tiny_model.c - `tiny_model FOLDER`: write the tests' model, for programs that are run. */
#include <stdio.h>

#include "tiny.h"

int main(int argc, char **argv)
{
    cohl_error err;
    if (argc != 2 || tiny_model_write(argv[1], &err)) {
        fprintf(stderr, "tiny_model: %s\n", argc == 2 ? err.text : "expected a folder");
        return 1;
    }
    return 0;
}
