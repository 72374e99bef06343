/* tiny.h - folders, autoencoders and recipes of a few thousand numbers, for tests of training. */
#ifndef COHL_TESTS_TRAIN_TINY_H
#define COHL_TESTS_TRAIN_TINY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "model/vae.h"
#include "train/recipe.h"

/* A new folder under /tmp, and the end of it with all it holds; the name is freed. */
char *tiny_folder(void);
void  tiny_remove(char *folder);

/* folder/format..., in memory of the caller's to free. */
char *tiny_path(const char *folder, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The whole file; free() it. Fails the test when it is not there. */
char *tiny_read(const char *path, size_t *size);
void  tiny_write(const char *path, const char *text);

/* config.json and random model.safetensors of a small autoencoder: 6 channels. deviation is
 * what its config says of every channel. */
void tiny_vae_write(const char *folder, uint64_t seed, double deviation);

/* Recipes that run in a second. They are freed by the caller. `schedule` stands inside "schedule".
 * Film of 32 x 32 and 64 x 32 pixels, its autoencoder in FOLDER/vae, its latents in FOLDER/cache. */
char *tiny_vae_recipe(int steps, const char *schedule);
char *tiny_linear_recipe(int steps, const char *schedule);
char *tiny_film_recipe(int steps, const char *folder, const char *tokenizer, const char *schedule);

/* What log.jsonl says less the seconds, which differ from run to run. Free it. */
char *tiny_losses(const char *log_path);

#endif
