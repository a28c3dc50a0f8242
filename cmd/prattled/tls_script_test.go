package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// withoutUDP is the network of a client from which nothing goes out but TCP to one
// address, whichever port it asks for.
func withoutUDP(config *rendezvous.ClientConfig, address string) {
	config.Server = address
	config.Listen = func() (net.PacketConn, error) {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		return blockedConn{c}, err
	}
	config.Dial = func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
}

// blockedConn is a socket whose packets go nowhere.
type blockedConn struct{ net.PacketConn }

func (blockedConn) WriteTo(b []byte, _ net.Addr) (int, error) { return len(b), nil }

// makeCertificate CERT KEY writes a certificate that signs itself, and its key.
func makeCertificate(ts *testscript.TestScript, _ bool, args []string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	ts.Check(err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	ts.Check(errors.Join(
		os.WriteFile(ts.MkAbs(args[0]), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600),
		os.WriteFile(ts.MkAbs(args[1]), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600)))
}

// strangers ADDRESS has clients over TLS who show no identity, or have no credentials:
// they must be told nothing, and get no relay.
func strangers(ts *testscript.TestScript, _ bool, args []string) {
	id, err := certs.New()
	ts.Check(err)
	config := id.TLSConfig(rendezvous.ALPN, nil, certs.AcceptAny)
	config.Certificates = nil
	c, err := tls.Dial("tcp", args[0], config)
	if err == nil { // the client's part of the handshake is over before the server's
		c.SetDeadline(time.Now().Add(patience))
		n, err := c.Read(make([]byte, 100))
		c.Close()
		if n != 0 || err == nil {
			ts.Fatalf("without identity, %d bytes came", n)
		}
	}
	t := rendezvous.TURNServer{URL: "turns:" + args[0] + "?transport=tcp", Username: "9999999999:eve", Password: "guess"}
	relay, address, err := dialRelay(t)
	ts.Check(err)
	if err := allocate(relay, address, t); err == nil {
		ts.Fatalf("without credentials, there is a relay")
	}
}
