#ifdef PRATTLE_LAZY_CALLOC
#define _DEFAULT_SOURCE // madvise
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

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

// Picture buffers libvpx allocates without zeros and fills with them afterwards
// (vpx_scale/generic/yv12config.c), also those that it never uses.

enum { LARGE = 1 << 20 }; // bytes from which it is worth a system call

static __thread void *fresh; // what this thread allocated last,
static __thread size_t fresh_size;

void *__real_vpx_memalign(size_t align, size_t size);
void *__real_memset(void *p, int c, size_t n);

void *__wrap_vpx_memalign(size_t align, size_t size) {
	fresh = __real_vpx_memalign(align, size);
	fresh_size = size;
	return fresh;
}

// Fills fresh memory with zeros by giving its pages back: the kernel has others,
// once they are needed. That is right for whatever malloc returns.
void *__wrap_memset(void *p, int c, size_t n) {
	if (p != fresh || c != 0 || n < LARGE || n > fresh_size)
		return __real_memset(p, c, n);
	fresh = NULL;
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	char *end = (char *)p + n;
	char *first = (char *)(((uintptr_t)p + page - 1) & ~(page - 1));
	char *last = (char *)((uintptr_t)end & ~(page - 1));
	if (madvise(first, (size_t)(last - first), MADV_DONTNEED) != 0)
		return __real_memset(p, c, n);
	__real_memset(p, 0, (size_t)(first - (char *)p));
	__real_memset(last, 0, (size_t)(end - last));
	return p;
}
#endif
