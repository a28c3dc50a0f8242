package netns

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"
)

// onSwitch plugs two new namespaces into a switch.
func onSwitch(t *testing.T) (nodes [2]*Namespace, addrs [2]netip.Prefix) {
	t.Helper()
	hub := open(t)
	if err := hub.MakeSwitch(); err != nil {
		t.Skipf("needs ip and bridges: %v", err)
	}
	for i := range nodes {
		nodes[i], addrs[i] = open(t), netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 77, 31, byte(i + 1)}), 24)
		err := nodes[i].Plug("eth0", hub, fmt.Sprint("port", i))
		if err == nil {
			err = nodes[i].Configure(fmt.Sprintf("address add %s dev eth0", addrs[i]), "link set eth0 up")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return nodes, addrs
}

func TestACaptureSeesWhatPassesASwitch(t *testing.T) {
	nodes, addrs := onSwitch(t)
	near, far := socketIn(t, nodes[0], addrs[0], 1), socketIn(t, nodes[1], addrs[1], 9)
	capture, err := nodes[1].Capture()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { capture.Stop() })
	echo(t, near, far)
	began, seen := time.Now().Add(-time.Minute), map[string]bool{}
	for _, p := range capture.Stop() {
		for _, word := range []string{"question", "answer"} {
			if bytes.HasSuffix(p.Frame, []byte(word)) && p.At.After(began) {
				seen[fmt.Sprint(word, " ", p.Out)] = true
			}
		}
	}
	if len(seen) != 2 || !seen["question false"] || !seen["answer true"] {
		t.Errorf("captured %v", seen)
	}
}

// echo sends a question, and an answer to it.
func echo(t *testing.T, near, far *net.UDPConn) {
	t.Helper()
	var buf [100]byte
	if _, err := near.WriteTo([]byte("question"), far.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	far.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, from, err := far.ReadFrom(buf[:])
	if err == nil {
		_, err = far.WriteTo([]byte("answer"), from)
	}
	if err != nil {
		t.Fatal(err)
	}
	near.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := near.Read(buf[:]); err != nil {
		t.Fatal(err)
	}
}

// A process that computes is charged for it, one that sleeps is not.
func TestProcessorTime(t *testing.T) {
	n := open(t)
	spent := func(script string) time.Duration {
		p, err := n.Start(t.Context(), Command{Name: "shell", Await: "ready", Args: []string{"sh", "-c", script + "; echo ready >&2; exec sleep 60"}})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Stop()
		if err := p.Await(t.Context()); err != nil {
			t.Fatal(err)
		}
		d, err := p.ProcessorTime()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	busy, lazy := spent("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"), spent("true")
	if busy < 20*time.Millisecond || lazy > busy/2 {
		t.Errorf("%v for counting, %v for nothing", busy, lazy)
	}
}
