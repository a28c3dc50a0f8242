package relay

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

const (
	testSecret = "a secret that nobody else knows"
	patience   = 5 * time.Second // until a test gives up
)

var (
	loopback = netip.MustParseAddr("127.0.0.1")
	anyPort  = netip.AddrPortFrom(loopback, 0)
)

// tally is a Metrics that counts.
type tally struct {
	mu       sync.Mutex
	open     int
	packets  [2]int
	bytes    [2]int
	dropped  [2]int
	refusals map[Reason]int
}

func newTally() *tally { return &tally{refusals: map[Reason]int{}} }

func (t *tally) do(f func()) { t.mu.Lock(); defer t.mu.Unlock(); f() }

func (t *tally) AllocationOpened()              { t.do(func() { t.open++ }) }
func (t *tally) AllocationClosed(time.Duration) { t.do(func() { t.open-- }) }
func (t *tally) Relayed(d Direction, packets, bytes int) {
	t.do(func() { t.packets[d] += packets; t.bytes[d] += bytes })
}
func (t *tally) Dropped(d Direction, packets int) { t.do(func() { t.dropped[d] += packets }) }
func (t *tally) Refused(r Reason)                 { t.do(func() { t.refusals[r]++ }) }

func (t *tally) refused(r Reason) (n int) { t.do(func() { n = t.refusals[r] }); return n }

func (t *tally) relayed(d Direction) (packets, bytes int) {
	t.do(func() { packets, bytes = t.packets[d], t.bytes[d] })
	return packets, bytes
}

// testConfig is a server on loopback, whose peers may not be there unless allowed.
func testConfig() Config {
	return Config{
		UDP:     []netip.AddrPort{anyPort},
		Sockets: 1,
		Relay:   []Address{{Local: loopback}},
		Secrets: []string{testSecret},
		Metrics: newTally(),
	}
}

// allowLoopback adds peers on loopback to those of c.
func allowLoopback(c Config) Config {
	c.Allow = append(c.Allow, netip.MustParsePrefix("127.0.0.0/8"))
	return c
}

// listenTest starts a server that ends with the test.
func listenTest(t testing.TB, c Config) (*Server, *tally) {
	t.Helper()
	s, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error("close server:", err)
		}
	})
	return s, c.Metrics.(*tally)
}

// udpSocket opens a socket on loopback that ends with the test.
func udpSocket(t testing.TB) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(anyPort))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// credentials are valid ones of user.
func credentials(user string) (username, password string) {
	return Credentials(testSecret, user, time.Hour, time.Now())
}

// pionClient is pion's client of server over conn, with credentials of user.
func pionClient(t testing.TB, server netip.AddrPort, conn net.PacketConn, user string) *turn.Client {
	t.Helper()
	username, password := credentials(user)
	c, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: server.String(), Conn: conn,
		Username: username, Password: password,
		LoggerFactory: pionLog{log: testConfigLog},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// client is a TURN client that sends what it likes, over UDP.
type client struct {
	t        testing.TB
	conn     *net.UDPConn
	server   netip.AddrPort
	username string
	key      stun.MessageIntegrity
	nonce    stun.Nonce
	realm    stun.Realm
	sent     int // bytes
	received int
}

// newClient makes a client with a username and password.
func newClient(t testing.TB, server netip.AddrPort, username, password string) *client {
	c := &client{t: t, conn: udpSocket(t), server: server, username: username, realm: stun.Realm(defaultRealm)}
	c.key = stun.NewLongTermIntegrity(username, defaultRealm, password)
	return c
}

func (c *client) send(b []byte) {
	c.t.Helper()
	if _, err := c.conn.WriteToUDPAddrPort(b, c.server); err != nil {
		c.t.Fatal(err)
	}
	c.sent += len(b)
}

// receive returns what comes within wait, or nil.
func (c *client) receive(wait time.Duration) []byte {
	b := make([]byte, 2048)
	_ = c.conn.SetReadDeadline(time.Now().Add(wait))
	n, _, err := c.conn.ReadFromUDPAddrPort(b)
	if err != nil {
		return nil
	}
	c.received += n
	return b[:n]
}

// ask sends a request and returns the answer. It repeats the request as a client
// does whose request is too short to be answered at once.
func (c *client) ask(setters ...stun.Setter) (*stun.Message, error) {
	c.t.Helper()
	m, err := stun.Build(append([]stun.Setter{stun.TransactionID}, setters...)...)
	if err != nil {
		return nil, err
	}
	for range 6 {
		c.send(m.Raw)
		for {
			b := c.receive(200 * time.Millisecond)
			if b == nil {
				break
			}
			answer := &stun.Message{Raw: b}
			if answer.Decode() == nil && answer.TransactionID == m.TransactionID {
				return answer, nil
			}
		}
	}
	return nil, fmt.Errorf("no answer to %v", m.Type)
}

// request is ask with credentials; an answer that is an error is returned as such.
func (c *client) request(method stun.Method, setters ...stun.Setter) (*stun.Message, error) {
	c.t.Helper()
	for range 2 {
		all := append([]stun.Setter{stun.NewType(method, stun.ClassRequest)}, setters...)
		if c.nonce != nil {
			all = append(all, stun.NewUsername(c.username), c.realm, c.nonce, c.key)
		}
		m, err := c.ask(all...)
		if err != nil {
			return nil, err
		}
		if m.Type.Class == stun.ClassSuccessResponse {
			return m, nil
		}
		var code stun.ErrorCodeAttribute
		if err := code.GetFrom(m); err != nil {
			return nil, err
		}
		if c.nonce != nil || c.nonce.GetFrom(m) != nil {
			return nil, refusal(code.Code)
		}
	}
	return nil, fmt.Errorf("no success with credentials")
}

// refusal is the code of an error response.
type refusal stun.ErrorCode

func (r refusal) Error() string { return fmt.Sprint("refused with code ", int(r)) }

// attribute is any STUN attribute.
type attribute struct {
	kind  stun.AttrType
	value []byte
}

func (a attribute) AddTo(m *stun.Message) error { m.Add(a.kind, a.value); return nil }

// overUDP is REQUESTED-TRANSPORT.
var overUDP = attribute{stun.AttrRequestedTransport, []byte{17, 0, 0, 0}}

// peerAddress is XOR-PEER-ADDRESS.
type peerAddress netip.AddrPort

func (p peerAddress) AddTo(m *stun.Message) error {
	// By hand: stun.XORMappedAddress would turn mapped addresses into IPv4.
	addr := netip.AddrPort(p)
	mask := append([]byte{0x21, 0x12, 0xa4, 0x42}, m.TransactionID[:]...)
	family := byte(1)
	if addr.Addr().Is6() {
		family = 2
	}
	v := []byte{0, family, byte(addr.Port()>>8) ^ mask[0], byte(addr.Port()) ^ mask[1]}
	for i, b := range addr.Addr().AsSlice() {
		v = append(v, b^mask[i])
	}
	m.Add(stun.AttrXORPeerAddress, v)
	return nil
}

// allocate makes an allocation and returns its address.
func (c *client) allocate(setters ...stun.Setter) (netip.AddrPort, error) {
	c.t.Helper()
	m, err := c.request(stun.MethodAllocate, append([]stun.Setter{overUDP}, setters...)...)
	if err != nil {
		return netip.AddrPort{}, err
	}
	var relayed stun.XORMappedAddress
	if err := relayed.GetFromAs(m, stun.AttrXORRelayedAddress); err != nil {
		return netip.AddrPort{}, err
	}
	return addrPortOf(&net.UDPAddr{IP: relayed.IP, Port: relayed.Port}), nil
}

// mustAllocate is allocate for those that have to succeed.
func (c *client) mustAllocate() netip.AddrPort {
	c.t.Helper()
	addr, err := c.allocate()
	if err != nil {
		c.t.Fatal(err)
	}
	return addr
}

func (c *client) permit(peer netip.AddrPort) error {
	c.t.Helper()
	_, err := c.request(stun.MethodCreatePermission, peerAddress(peer))
	return err
}

func (c *client) bind(number uint16, peer netip.AddrPort) error {
	c.t.Helper()
	value := []byte{byte(number >> 8), byte(number), 0, 0}
	_, err := c.request(stun.MethodChannelBind, attribute{stun.AttrChannelNumber, value}, peerAddress(peer))
	return err
}

// indicate sends data in a Send indication.
func (c *client) indicate(peer netip.AddrPort, data []byte) {
	c.t.Helper()
	m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
		peerAddress(peer), attribute{stun.AttrData, data})
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(m.Raw)
}

// sendChannel sends data in a ChannelData message.
func (c *client) sendChannel(number uint16, data []byte) {
	c.t.Helper()
	c.send(putChannelHeader(append(make([]byte, channelHeader), data...), number))
}
