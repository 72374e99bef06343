/* fake_nvml.c - a library that answers as NVML does: two cards, whose counters go up by 1500 and
 * 2500 millijoules with each question; a third has none. */
#pragma GCC visibility push(default)

static unsigned long long asked[3];

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetCount_v2(unsigned *count);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **card);
int nvmlDeviceGetTotalEnergyConsumption(void *card, unsigned long long *millijoules);

int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }

int nvmlDeviceGetCount_v2(unsigned *count)
{
    *count = 3;
    return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **card)
{
    *card = &asked[index];
    return 0;
}

int nvmlDeviceGetTotalEnergyConsumption(void *card, unsigned long long *millijoules)
{
    long index = (unsigned long long *)card - asked;
    if (index == 1)
        return 3;                   /* NVML_ERROR_NOT_SUPPORTED */
    asked[index] += index ? 2500 : 1500;
    *millijoules = asked[index];
    return 0;
}
