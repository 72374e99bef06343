/* fuzz_policy.c - any bytes as a policy pack, and as a prompt to it.
 *
 * What is accepted answers; what is refused has a sentence. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "safety/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    policy_packs packs = { .lexicon = policy_lexicon_new() };
    policy_reading reading = { 0 };
    policy_finding finding;
    cohl_error err = { 0 };
    const char *text = (const char *)bytes;
    assert(packs.lexicon);
    int mask = policy_lexicon_class(packs.lexicon, "mask");
    cohl_status st = policy_packs_add(&packs, "fuzz.json", text, size, &err);
    if (!st) st = policy_packs_bind(&packs, &err);
    assert(!st || (err.text[0] && err.status == st));
    if (!st && !policy_read(&reading, packs.lexicon, text, size, &err) &&
        !policy_reading_sort(&reading, packs.lexicon, mask, &err))
        for (int i = 0; i < packs.rule_count; i++)
            if (policy_rule_find(&finding, &packs.rule[i], &reading, 1))
                assert(finding.span_count > 0);
    policy_reading_free(&reading);
    policy_packs_free(&packs);
    return 0;
}
