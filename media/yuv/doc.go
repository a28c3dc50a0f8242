// Package yuv scales and converts pictures with libyuv, whose loops use the
// vector instructions of the machine. Importing it makes media.Scale and
// media.Mirror an order of magnitude faster; built without cgo it is empty.
//
// Packed RGB is in OpenCV's order: blue, green, red.
package yuv
