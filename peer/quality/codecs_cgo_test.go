//go:build cgo

package quality

// The codecs of the program itself. In virtual time they take none.
import (
	_ "github.com/skulltech/prattle/media/opus"
	_ "github.com/skulltech/prattle/media/vpx"
	_ "github.com/skulltech/prattle/media/yuv"
)

const codecs = "VP9 and Opus"

// measurable says whether a metric can be taken with these codecs.
func measurable(Metric) bool { return true }
