//go:build vpx_static

package vpx

// With libvpx linked statically, its vpx_calloc can be replaced (lazy.c). That
// takes 60 MB off each encoder of 720p: libvpx fills all that it allocates with
// zeros, and most of it, the memory for tokens above all, is never written to
// again. Fresh pages are zero by themselves and cost nothing until they are used.

// #cgo CFLAGS: -DPRATTLE_LAZY_CALLOC
// #cgo LDFLAGS: -Wl,-Bstatic -lvpx -Wl,-Bdynamic -lm -lpthread -Wl,-wrap=vpx_calloc
import "C"
