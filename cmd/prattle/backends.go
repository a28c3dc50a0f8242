package main

// The backends that need C. They register themselves; a program without them
// (CGO_ENABLED=0) has the devices and codecs that package media brings along.
import (
	_ "github.com/skulltech/prattle/media/opus"
	_ "github.com/skulltech/prattle/media/portaudio"
	_ "github.com/skulltech/prattle/media/vpx"
	_ "github.com/skulltech/prattle/media/yuv"
)
