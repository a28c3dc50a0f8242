package quicproto

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/turn/v5"
)

// turnServer is pion's TURN server on loopback, on the same port over UDP and TCP,
// and another over TLS.
type turnServer struct {
	t        *testing.T
	addr     netip.AddrPort
	secure   netip.AddrPort
	server   *turn.Server
	cert     tls.Certificate
	pool     *x509.CertPool
	password atomic.Value // string
	packets  atomic.Int64 // that came over UDP
	deaf     atomic.Bool  // over UDP
}

func startTURN(t *testing.T) *turnServer {
	t.Helper()
	s := &turnServer{t: t}
	s.password.Store("secret")
	s.makeCert()
	s.start(netip.MustParseAddrPort("127.0.0.1:0"))
	t.Cleanup(s.stop)
	return s
}

// start begins to serve at addr, with a port for TLS besides.
func (s *turnServer) start(addr netip.AddrPort) {
	s.t.Helper()
	packets, streams := listenBoth(s.t, addr)
	s.addr = packets.LocalAddr().(*net.UDPAddr).AddrPort()
	secure, err := tls.Listen("tcp4", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{s.cert}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.secure = secure.Addr().(*net.TCPAddr).AddrPort()
	relays := &turn.RelayAddressGeneratorNone{Address: "127.0.0.1"}
	s.server, err = turn.NewServer(turn.ServerConfig{
		Realm:         "test",
		LoggerFactory: pionLog{slog.New(slog.DiscardHandler)},
		AuthHandler: func(r *turn.RequestAttributes) (string, []byte, bool) {
			return r.Username, turn.GenerateAuthKey(r.Username, r.Realm, s.password.Load().(string)), r.Username == "alice"
		},
		PacketConnConfigs: []turn.PacketConnConfig{{
			PacketConn: &countedConn{packets, s}, RelayAddressGenerator: relays,
			PermissionHandler: func(_ net.Addr, peer net.IP) bool { return !peer.Equal(net.IPv4(127, 0, 0, 99)) },
		}},
		ListenerConfigs: []turn.ListenerConfig{
			{Listener: streams, RelayAddressGenerator: relays},
			{Listener: secure, RelayAddressGenerator: relays},
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// listenBoth listens over UDP and TCP on the same port, of its own choice if that of
// addr is 0.
func listenBoth(t *testing.T, addr netip.AddrPort) (net.PacketConn, net.Listener) {
	t.Helper()
	for tries := 0; ; tries++ {
		packets, err := net.ListenPacket("udp4", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		streams, err := net.Listen("tcp4", packets.LocalAddr().String())
		if err == nil {
			return packets, streams
		}
		packets.Close()
		if addr.Port() != 0 || tries == 20 { // somebody else has the port over TCP
			t.Fatal(err)
		}
	}
}

func (s *turnServer) stop() {
	if s.server != nil {
		s.server.Close()
		s.server = nil
	}
}

// asked counts the packets that came over UDP.
func (s *turnServer) asked() int { return int(s.packets.Load()) }

func (s *turnServer) account() []TURNServer {
	return []TURNServer{{URL: "turn:" + s.addr.String(), Username: "alice", Password: "secret"}}
}

// countedConn counts packets, and loses them while the server is deaf.
type countedConn struct {
	net.PacketConn
	s *turnServer
}

func (c *countedConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(b)
		if err == nil {
			c.s.packets.Add(1)
			if c.s.deaf.Load() {
				continue
			}
		}
		return n, from, err
	}
}

// clientTLS trusts the server.
func (s *turnServer) clientTLS() *tls.Config { return &tls.Config{RootCAs: s.pool} }

func (s *turnServer) makeCert() {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	s.cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	s.pool = x509.NewCertPool()
	s.pool.AddCert(leaf)
}

func TestParseTURNURL(t *testing.T) {
	for url, want := range map[string]string{
		"turn:relay.example":                    "relay.example udp:3478 tcp:3478",
		"turn:relay.example:80":                 "relay.example udp:80 tcp:80",
		"turn:relay.example?transport=udp":      "relay.example udp:3478",
		"turn:192.0.2.1:443?transport=tcp":      "192.0.2.1 tcp:443",
		"turns:relay.example:443":               "relay.example tls:443",
		"turns:relay.example?transport=tcp":     "relay.example tls:5349",
		"turn:[2001:db8::1]:3478?transport=udp": "2001:db8::1 udp:3478",
		"turns:relay.example?transport=udp":     "error",
		"turn:":                                 "error",
		"turn:relay.example:0":                  "error",
		"turn:relay.example:65536":              "error",
		"turn:relay.example?transport=sctp":     "error",
		"stun:relay.example":                    "error",
		"turn:relay example":                    "error",
		"turn:relay.example/path":               "error",
		"turn:user@relay.example":               "error",
		"https://relay.example":                 "error",
		"relay.example":                         "error",
		"":                                      "error",
		"turn:" + string(make([]byte, 1000)):    "error",
	} {
		host, ways, err := parseTURNURL(url)
		got := host
		for _, w := range ways {
			got += fmt.Sprintf(" %v:%d", w.transport, w.port)
		}
		if err != nil {
			got = "error"
			if !errors.Is(err, ErrServerName) {
				t.Errorf("%q: %v is no ErrServerName", url, err)
			}
		}
		if got != want {
			t.Errorf("%q means %s, want %s", url, got, want)
		}
	}
}

func FuzzParseTURNURL(f *testing.F) {
	f.Add("turn:relay.example:3478?transport=udp")
	f.Add("turns:[2001:db8::1%eth0]:443")
	f.Fuzz(func(t *testing.T, url string) {
		host, ways, err := parseTURNURL(url)
		if err != nil {
			return
		}
		if host == "" || len(ways) == 0 {
			t.Fatalf("%q means %q %v", url, host, ways)
		}
		for _, w := range ways {
			if w.port == 0 {
				t.Fatalf("%q has port 0", url)
			}
		}
	})
}

func TestServersOfAHostAreOne(t *testing.T) {
	list := []TURNServer{
		{URL: "turns:a.example:443", Username: "u"},
		{URL: "turn:b.example"},
		{URL: "turn:a.example", Username: "other"},
		{URL: "nonsense"},
	}
	got, problems := relayServers(list)
	want := []relayServer{
		{"a.example", []turnWay{{turnUDP, 3478}, {turnTCP, 3478}, {turnTLS, 443}}, turnAccount{username: "u"}},
		{"b.example", []turnWay{{turnUDP, 3478}, {turnTCP, 3478}}, turnAccount{}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("servers %v, want %v", got, want)
	}
	if len(problems) != 1 {
		t.Errorf("problems %v", problems)
	}
	if got, _ := relayServers(make([]TURNServer, 100)); len(got) > maxServers {
		t.Errorf("%d servers", len(got))
	}
}

func TestCheckServers(t *testing.T) {
	good, bad := []string{"stun.example"}, []string{"stun.example", "host:x"}
	relay, none := []TURNServer{{URL: "turn:relay.example"}}, []TURNServer{{URL: "relay.example"}}
	if err := CheckServers(good, relay); err != nil {
		t.Error(err)
	}
	if err := CheckServers(bad, nil); !errors.Is(err, ErrServerName) {
		t.Errorf("STUN servers %v: %v", bad, err)
	}
	if err := CheckServers(nil, none); !errors.Is(err, ErrServerName) {
		t.Errorf("relays %v: %v", none, err)
	}
}
