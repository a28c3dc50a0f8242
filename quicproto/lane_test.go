package quicproto_test

import (
	"context"
	"encoding/binary"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// flood sends datagrams as fast as the lanes take them and returns how many
// bytes a second arrive, and how long all but one in a hundred were under way: a
// lane that is just waiting for its probe timeout may hold one up.
func flood(a, b *quicproto.Conn, d time.Duration) (rate float64, p99 time.Duration) {
	stop := time.After(d)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			data := make([]byte, a.MaxDatagram())
			binary.BigEndian.PutUint64(data, uint64(time.Now().UnixNano()))
			select {
			case a.Outgoing() <- data:
			case <-stop:
				return
			}
		}
	}()
	bytes := 0
	var ways []time.Duration
	for {
		select {
		case in := <-b.Datagrams():
			bytes += len(in.Data)
			offered := time.Unix(0, int64(binary.BigEndian.Uint64(in.Data)))
			ways = append(ways, in.Received.Sub(offered))
		case <-done:
			slices.Sort(ways)
			return float64(bytes) / d.Seconds(), ways[len(ways)*99/100]
		}
	}
}

func TestLanesLiftTheCeilingOfLoss(t *testing.T) {
	const seed = 3
	rates := make(map[int]float64)
	for _, lanes := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			n := quictest.NewNetwork(seed, quictest.Link{Delay: 20 * time.Millisecond, Loss: 0.1})
			conf := newIdentity(t).TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)
			a, b, x, closeAll := pairOn(t, n, conf)
			defer closeAll()
			for range lanes - 1 {
				if err := x.OpenLane(context.Background(), a, conf); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(3 * time.Second) // until they have joined on the other side
			if got := b.Stats().Lanes; got != lanes {
				t.Fatalf("%d lanes joined, want %d", got, lanes)
			}
			var p99 time.Duration
			rates[lanes], p99 = flood(a, b, 10*time.Second)
			t.Logf("%d lanes: %.2f Mbit/s, 99 %% under way for at most %v", lanes, rates[lanes]*8/1e6, p99)
			if p99 > 150*time.Millisecond {
				t.Errorf("datagrams were under way for %v: they waited in QUIC's queue", p99)
			}
		})
	}
	if rates[4] < 2.5*rates[1] {
		t.Errorf("seed %d: 4 lanes carry %.0f, one %.0f bytes/s", seed, rates[4], rates[1])
	}
}

func TestALaneWithoutATokenIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		conf := newIdentity(t).TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)
		a, b, _, closeAll := pairOn(t, n, conf)
		defer closeAll()
		stranger := quicproto.Open(n.Socket(3))
		defer stranger.Close()
		// A lane of the stranger's own connection, with the token of another.
		c, err := stranger.Dial(context.Background(), a.RemoteAddr(), newIdentity(t).TLSConfig(quicproto.ALPN, nil, certs.AcceptAny))
		if err != nil {
			t.Fatal(err)
		}
		if err := quicproto.ClaimLane(c, a); err != nil {
			t.Fatal(err)
		}
		<-c.Done()
		c.Close(quicproto.CloseNormal, "")
		if got := b.Stats().Lanes; got != 1 {
			t.Errorf("the victim has %d lanes", got)
		}
	})
}
