//go:build !cgo

package quality

import "github.com/skulltech/prattle/peer/peertest"

// Stand-ins of the same rates, which keep no sound.
func init() { peertest.RegisterCodecs() }

const codecs = "stand-ins for VP9 and Opus"

// measurable says whether a metric can be taken with these codecs.
func measurable(m Metric) bool { return m != MouthP50 && m != MouthP95 }
