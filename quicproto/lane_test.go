package quicproto_test

import (
	"context"
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// flood sends datagrams as fast as the lanes take them and returns how many
// bytes a second arrive, and the longest that one was under way.
func flood(a, b *quicproto.Conn, d time.Duration) (rate float64, longest time.Duration) {
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
	for {
		select {
		case in := <-b.Datagrams():
			bytes += len(in.Data)
			offered := time.Unix(0, int64(binary.BigEndian.Uint64(in.Data)))
			longest = max(longest, in.Received.Sub(offered))
		case <-done:
			return float64(bytes) / d.Seconds(), longest
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
			var longest time.Duration
			rates[lanes], longest = flood(a, b, 10*time.Second)
			t.Logf("%d lanes: %.2f Mbit/s, longest way %v", lanes, rates[lanes]*8/1e6, longest)
			if longest > 200*time.Millisecond {
				t.Errorf("a datagram was under way for %v: it waited in QUIC's queue", longest)
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
