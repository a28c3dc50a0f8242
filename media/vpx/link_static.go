//go:build vpx_static

package vpx

// With libvpx linked statically, how it gets its zeros can be replaced (lazy.c).
// That takes 70 MB off each encoder of 720p: libvpx fills all that it allocates with
// zeros, and most of it, the memory for tokens above all, is never written to
// again. Fresh pages are zero by themselves and cost nothing until they are used.

// #cgo CFLAGS: -DPRATTLE_LAZY_CALLOC
// #cgo LDFLAGS: -Wl,-Bstatic -lvpx -Wl,-Bdynamic -lm -lpthread -Wl,-wrap=vpx_calloc -Wl,-wrap=vpx_memalign -Wl,-wrap=memset
import "C"
