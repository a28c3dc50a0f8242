package relay

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestUsers(t *testing.T) {
	now := time.Unix(1000, 0)
	u, l := users{byName: map[string]*user{}}, Limits{Allocations: 4, AllocationsPerUser: 2}
	alice, err := u.open(now, l, "alice")
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		name string
		want error
	}{{"alice", nil}, {"alice", errUserQuota}, {"bob", nil}, {"carol", nil}, {"dave", errCapacity}} {
		if _, err := u.open(now, l, step.name); !errors.Is(err, step.want) {
			t.Errorf("step %d: %v, want %v", i, err, step.want)
		}
	}
	u.close(now, alice)
	if again, err := u.open(now, l, "alice"); err != nil || again != alice {
		t.Errorf("after one was closed: %v, %v", again, err)
	}
}

func TestUsersAreForgotten(t *testing.T) {
	now := time.Unix(1000, 0)
	u, l := users{byName: map[string]*user{}}, DefaultLimits
	for i := range 10_000 {
		who, err := u.open(now, l, fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(10 * time.Millisecond)
		u.close(now, who)
	}
	// Each is remembered for as long as the next sweep may take.
	if most := int(2*userMemory/(10*time.Millisecond)) + 2; len(u.byName) > most {
		t.Errorf("%d users are remembered, want at most %d", len(u.byName), most)
	}
}

func TestMeter(t *testing.T) {
	now := time.Unix(1000, 0)
	var m meter
	through := func(limit Rate, size int) (n int) {
		for range 1000 {
			if m.take(now, limit, size) {
				n++
			}
		}
		return n
	}
	limit := Rate{Packets: 100, Bytes: 50_000}
	if n := through(limit, 1000); n != 50 {
		t.Errorf("%d packets of 1000 bytes, want 50", n)
	}
	if n := through(limit, 0); n != 50 {
		t.Errorf("%d empty packets after them, want 50", n)
	}
	now = now.Add(100 * time.Millisecond)
	if n := through(limit, 100); n != 10 {
		t.Errorf("%d packets in a tenth of a second, want 10", n)
	}
}
