package relay

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// unproven is a way to ask something without a proof of one's address.
type unproven struct {
	name    string
	setters []stun.Setter
}

var unprovenRequests = []unproven{
	{"binding", []stun.Setter{stun.BindingRequest}},
	{"binding with fingerprint", []stun.Setter{stun.BindingRequest, stun.Fingerprint}},
	{"binding with what nobody knows", []stun.Setter{stun.BindingRequest, attribute{0x0fff, nil}}},
	{"allocate", []stun.Setter{stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP}},
	{"allocate with bad credentials", []stun.Setter{stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP,
		stun.NewUsername("9999999999:x"), stun.Realm(defaultRealm), stun.Nonce("x"), stun.NewShortTermIntegrity("x")}},
	{"refresh", []stun.Setter{stun.NewType(stun.MethodRefresh, stun.ClassRequest)}},
	{"channel bind", []stun.Setter{stun.NewType(stun.MethodChannelBind, stun.ClassRequest)}},
	{"create permission", []stun.Setter{stun.NewType(stun.MethodCreatePermission, stun.ClassRequest)}},
	{"connect", []stun.Setter{stun.NewType(stun.MethodConnect, stun.ClassRequest)}},
	{"connection bind", []stun.Setter{stun.NewType(stun.MethodConnectionBind, stun.ClassRequest)}},
}

// An address that may be spoofed gets no more bytes than came from it, whatever is
// asked; and still each client that repeats its request is answered.
func TestUnprovenSourceGetsNoMoreThanItSent(t *testing.T) {
	for _, r := range unprovenRequests {
		t.Run(r.name, func(t *testing.T) {
			s, _ := listenTest(t, testConfig())
			c := newClient(t, s.UDP()[0], "", "")
			answers := 0
			for range 12 {
				m, err := stun.Build(append([]stun.Setter{stun.TransactionID}, r.setters...)...)
				if err != nil {
					t.Fatal(err)
				}
				c.send(m.Raw)
				if c.receive(20*time.Millisecond) != nil {
					answers++
				}
				if c.received > c.sent {
					t.Fatalf("%d bytes out, %d in", c.received, c.sent)
				}
			}
			if answers == 0 {
				t.Error("no answer at all")
			}
			t.Logf("%d bytes in, %d out, %d answers to 12 requests of %d bytes", c.sent, c.received, answers, c.sent/12)
		})
	}
}

func TestPaddingBringsAnswerAtOnce(t *testing.T) {
	s, _ := listenTest(t, testConfig())
	c := newClient(t, s.UDP()[0], "", "")
	software := stun.NewSoftware(string(bytes.Repeat([]byte{' '}, 64)))
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest, software)
	if err != nil {
		t.Fatal(err)
	}
	c.send(m.Raw)
	if c.receive(patience) == nil {
		t.Error("a padded Binding request was not answered")
	}
	// An indication is never answered, but counts.
	other := newClient(t, s.UDP()[0], "", "")
	other.send(mustBuild(t, stun.NewType(stun.MethodBinding, stun.ClassIndication), software))
	other.send(mustBuild(t, stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP))
	if other.receive(patience) == nil {
		t.Error("an Allocate request after a padded indication was not answered")
	}
}

func mustBuild(t *testing.T, setters ...stun.Setter) []byte {
	t.Helper()
	m, err := stun.Build(append([]stun.Setter{stun.TransactionID}, setters...)...)
	if err != nil {
		t.Fatal(err)
	}
	return m.Raw
}

// A flood of requests, with and without credentials, leaves nothing behind.
func TestFloodOfAllocateRequests(t *testing.T) {
	c := testConfig()
	c.Limits = Limits{Allocations: 8, AllocationsPerUser: 4, Source: 1000, Unproven: 1000}
	s, metrics := listenTest(t, c)
	username, password := credentials("mallory")
	flood := func(n int) {
		client := newClient(t, s.UDP()[0], username, password)
		plain := mustBuild(t, stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP)
		for i := range n {
			client.send(plain)
			if i%(n/4) == 0 {
				other := newClient(t, s.UDP()[0], username, password)
				_, _ = other.allocate()
				other.conn.Close()
			}
		}
		client.conn.Close()
	}
	flood(500)
	before := usage()
	flood(20_000)
	after := usage()
	if s.Allocations() > 4 {
		t.Errorf("%d allocations of a user, want at most 4", s.Allocations())
	}
	if grown := after.goroutines - before.goroutines; grown > 8 {
		t.Errorf("%d more goroutines", grown)
	}
	if grown := int64(after.heap) - int64(before.heap); grown > 4<<20 {
		t.Errorf("%d bytes more on the heap", grown)
	}
	if metrics.refused(RefusedSource) == 0 {
		t.Error("no request was refused")
	}
}

type resources struct {
	goroutines int
	heap       uint64
}

func usage() resources {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return resources{runtime.NumGoroutine(), m.HeapAlloc}
}
