package media

import (
	"testing"
)

func trustNone(int64) bool { return false }

func TestPacketQueueIdentify(t *testing.T) {
	type step struct {
		seq  uint16
		ts   uint32
		want packetVerdict
	}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"in order over the wrap", []step{{65534, 1<<32 - 960, packetNew}, {65535, 1<<32 - 480, packetNew}, {0, 0, packetNew}, {1, 480, packetNew}}},
		{"reordered", []step{{10, 4800, packetNew}, {12, 5760, packetNew}, {11, 5280, packetNew}, {13, 6240, packetNew}}},
		{"before the first", []step{{0, 0, packetNew}, {65535, 1<<32 - 480, packetNew}}},
		{"copies", []step{{10, 4800, packetNew}, {10, 4800, packetDuplicate}, {11, 5280, packetNew}, {10, 4800, packetDuplicate}}},
		{"pause", []step{{10, 4800, packetNew}, {11, 4*SampleRate + 4800, packetNew}}},
		{"loss", []step{{10, 4800, packetNew}, {400, 4800 + 390*480, packetNew}}},
		{"stray", []step{{10, 4800, packetNew}, {20000, 1 << 30, packetStray}, {11, 5280, packetNew}, {20001, 1<<30 + 480, packetStray}}},
		{"restart", []step{{10, 4800, packetNew}, {20000, 1 << 30, packetStray}, {20001, 1<<30 + 480, packetRestart}, {20002, 1<<30 + 960, packetNew}}},
		{"restart elsewhere", []step{{10, 4800, packetNew}, {20000, 1 << 30, packetStray}, {30000, 1 << 29, packetStray}, {30001, 1<<29 + 480, packetRestart}}},
		{"sequence grows, time does not", []step{{10, 4800, packetNew}, {11, 4800, packetStray}, {12, 4000, packetStray}}},
		{"one number for two", []step{{10, 4800, packetNew}, {10, 5280, packetStray}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var q packetQueue
			for i, s := range c.steps {
				if _, got := q.identify(s.seq, s.ts, trustNone); got != s.want {
					t.Errorf("packet %d (%d, %d): verdict %d, want %d", i, s.seq, s.ts, got, s.want)
				}
			}
		})
	}
}

func TestPacketQueueTrustsTheClock(t *testing.T) {
	var q packetQueue
	first, _ := q.identify(10, 4800, trustNone)
	id, got := q.identify(7000, 4800+60*SampleRate, func(ts int64) bool { return ts == first.ts+60*SampleRate })
	if got != packetNew || id.seq-first.seq != 6990 {
		t.Errorf("after a minute: verdict %d, sequence number %d later, want a new packet 6990 later", got, id.seq-first.seq)
	}
}

func TestPacketQueueOrders(t *testing.T) {
	var q packetQueue
	for _, k := range []int64{5, 3, 9, 4, 1} {
		if q.insert(packetID{k, 480 * k}, []byte{byte(k)}) {
			t.Errorf("packet %d pushed another out", k)
		}
	}
	if q.back().seq != 9 {
		t.Errorf("back is %d, want 9", q.back().seq)
	}
	for _, want := range []int64{1, 3, 4, 5, 9} {
		if f := q.pop(); f.seq != want || f.payload[0] != byte(want) {
			t.Errorf("popped %d with payload %v, want %d", f.seq, f.payload, want)
		}
	}
	if q.front() != nil {
		t.Error("there is a front in the empty queue")
	}
}

func TestPacketQueueIsBounded(t *testing.T) {
	var q packetQueue
	dropped := 0
	for k := range int64(3 * maxPackets) {
		if q.insert(packetID{k, 480 * k}, []byte{1, 2, 3}) {
			dropped++
		}
	}
	if dropped != 2*maxPackets || q.n != maxPackets || q.front().seq != 2*maxPackets {
		t.Errorf("dropped %d, %d wait from %d on; want the newest %d", dropped, q.n, q.front().seq, maxPackets)
	}
}
