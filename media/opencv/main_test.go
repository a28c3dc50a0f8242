//go:build cgo && gocv_highgui && gocv_videoio

package opencv

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
