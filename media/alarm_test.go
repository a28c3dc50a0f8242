package media

import (
	"testing"
	"time"
)

// TestAlarmRingsInTime: never early, and in the end, both kinds.
func TestAlarmRingsInTime(t *testing.T) {
	for name, a := range map[string]alarm{"system": newAlarm(), "timer": newTimerAlarm()} {
		for _, d := range []time.Duration{-time.Second, 0, time.Nanosecond, time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 20 * time.Millisecond} {
			at := time.Now().Add(d)
			if !a.sleep(at) {
				t.Errorf("%s: closed", name)
			}
			if early := time.Until(at); early > 0 {
				t.Errorf("%s: an alarm in %v rang %v early", name, d, early)
			}
		}
		a.close()
	}
}

func TestAlarmIsClosed(t *testing.T) {
	for name, a := range map[string]alarm{"system": newAlarm(), "timer": newTimerAlarm()} {
		rang := make(chan bool)
		go func() { rang <- a.sleep(time.Now().Add(time.Hour)) }()
		time.Sleep(time.Millisecond)
		a.close()
		a.close()
		if <-rang {
			t.Errorf("%s: it rang", name)
		}
		if a.sleep(time.Now().Add(time.Hour)) {
			t.Errorf("%s: it rings although closed", name)
		}
	}
}
