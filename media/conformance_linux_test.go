package media_test

import (
	"testing"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
)

func TestTerminalConforms(t *testing.T) { mediatest.TestView(t, media.OpenTerminalForTest) }
