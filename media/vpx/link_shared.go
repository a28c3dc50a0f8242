//go:build !vpx_static

package vpx

// #cgo pkg-config: vpx
import "C"
