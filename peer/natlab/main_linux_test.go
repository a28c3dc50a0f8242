package natlab

import (
	"os"
	"testing"

	"github.com/skulltech/prattle/peer/prattletest"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(insideVariable); name != "" {
		os.Exit(inside(name))
	}
	prattletest.Main(m)
}

// insideVariable has this program do another thing than test, in a namespace.
const insideVariable = "NATLAB_INSIDE"
