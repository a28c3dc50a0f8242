package roomlab

import (
	"flag"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/prattletest"
)

// length is how long is measured what goes on evenly.
var length = flag.Duration("length", 15*time.Second, "how long to measure what goes on evenly")

func TestMain(m *testing.M) { prattletest.Main(m) }
