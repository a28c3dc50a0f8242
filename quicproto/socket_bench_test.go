//go:build unix

package quicproto

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/skulltech/prattle/certs"
)

// overLoopback connects two endpoints by UDP and QUIC.
func overLoopback(b *testing.B) (from, to *quic.Conn) {
	b.Helper()
	x, y := endpointAt(b, "127.0.0.1:0"), endpointAt(b, "127.0.0.1:0")
	if err := y.Listen(benchTLS(b)); err != nil {
		b.Fatal(err)
	}
	from, err := x.transport.Dial(context.Background(), y.benchAddr(x), benchTLS(b), config())
	if err != nil {
		b.Fatal(err)
	}
	to, err = y.listener.Accept(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		x.Close()
		y.Close()
	})
	return from, to
}

func (e *Endpoint) benchAddr(from *Endpoint) net.Addr { return from.routeTo(e.Addr()) }

func endpointAt(b *testing.B, addr string) *Endpoint {
	a, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		b.Fatal(err)
	}
	c, err := net.ListenUDP("udp4", a)
	if err != nil {
		b.Fatal(err)
	}
	return Open(c)
}

func benchTLS(b *testing.B) *tls.Config {
	id, err := certs.New()
	if err != nil {
		b.Fatal(err)
	}
	return id.TLSConfig(ALPN, nil, certs.AcceptAny)
}

// BenchmarkTransfer sends megabytes on a stream, as fast as it goes.
func BenchmarkTransfer(b *testing.B) {
	from, to := overLoopback(b)
	out, err := from.OpenUniStream()
	if err != nil {
		b.Fatal(err)
	}
	chunk := make([]byte, 1<<20)
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	b.ResetTimer()
	go func() {
		for range b.N {
			if _, err := out.Write(chunk); err != nil {
				return
			}
		}
		out.Close()
	}()
	in, err := to.AcceptUniStream(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, in); err != nil || n != int64(b.N)<<20 {
		b.Fatalf("%d bytes came: %v", n, err)
	}
}

// BenchmarkDatagrams sends datagrams of a good video, one each millisecond, and tells
// how much of a core both ends take.
func BenchmarkDatagrams(b *testing.B) {
	from, to := overLoopback(b)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		for {
			if _, err := to.ReceiveDatagram(ctx); err != nil {
				return
			}
		}
	}()
	beat := time.NewTicker(time.Millisecond)
	defer beat.Stop()
	data := make([]byte, minDatagramSize)
	b.ReportAllocs()
	b.ResetTimer()
	start, before := time.Now(), cpuTime()
	for range b.N {
		<-beat.C
		if err := from.SendDatagram(data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpuTime()-before)/float64(time.Since(start)), "cores")
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
