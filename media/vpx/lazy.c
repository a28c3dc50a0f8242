#ifdef PRATTLE_LAZY_CALLOC
#include <stdint.h>
#include <stdlib.h>

// Replaces libvpx's vpx_calloc by one that leaves the zeros to the kernel. What
// it returns is freed by vpx_free, which finds the address that malloc gave just
// before the aligned one (vpx_mem/vpx_mem.c).
void *__wrap_vpx_calloc(size_t num, size_t size) {
	const size_t align = 2 * sizeof(void *);
	if (size != 0 && num > (SIZE_MAX - align - sizeof(void *)) / size)
		return NULL;
	void *raw = calloc(1, num * size + align + sizeof(void *));
	if (raw == NULL)
		return NULL;
	uintptr_t aligned = ((uintptr_t)raw + sizeof(void *) + align - 1) & ~(uintptr_t)(align - 1);
	((void **)aligned)[-1] = raw;
	return (void *)aligned;
}
#endif
