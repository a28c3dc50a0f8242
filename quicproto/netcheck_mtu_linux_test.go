package quicproto

import (
	"net"
	"testing"
)

func TestPathMTU(t *testing.T) {
	if got := pathMTU(t.Context(), startNATServer(t).addr); got != mtuSizes[0] {
		t.Errorf("packets of %d bytes come through loopback", got)
	}
}

func TestPaddedRequestsHaveTheirSize(t *testing.T) {
	server, addr := listenPeer(t)
	client, err := net.Dial("udp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	sizes := sendPadded(client, addr.Addr(), 1400)
	for range sizes {
		var b [2000]byte
		n, err := server.Read(b[:])
		if err != nil {
			t.Fatal(err)
		}
		if want := sizes[stunID(b[8:20])]; n+20+8 != want || want <= 1400 {
			t.Errorf("a packet of %d bytes carries %d", want, n)
		}
	}
}
