package relay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// TestForbiddenDestinations tries to reach each forbidden address by a permission and
// Send indication, by a channel, and by an indication alone: 0 bytes pass. The
// listener on loopback would see what is meant for it in whatever form.
func TestForbiddenDestinations(t *testing.T) {
	c := testConfig()
	c.Relay = append(c.Relay, Address{Local: netip.IPv6Loopback()})
	s, metrics := listenTest(t, c)
	victims := []*net.UDPConn{udpSocket(t), udpSocket6(t)}
	for _, asked := range []struct {
		family  byte
		setters []stun.Setter
	}{{4, nil}, {6, []stun.Setter{attribute{stun.AttrRequestedAddressFamily, []byte{2, 0, 0, 0}}}}} {
		username, password := credentials("mallory")
		mallory := newClient(t, s.UDP()[0], username, password)
		if _, err := mallory.allocate(asked.setters...); err != nil {
			t.Fatalf("IPv%d: %v", asked.family, err)
		}
		for i, f := range forbidden {
			for _, victim := range victims {
				to := netip.AddrPortFrom(netip.MustParseAddr(f.addr), addrPortOf(victim.LocalAddr()).Port())
				tryToReach(mallory, firstChannel+uint16(i), to)
			}
		}
	}
	for _, victim := range victims {
		_ = victim.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		if n, from, err := victim.ReadFrom(make([]byte, 2048)); err == nil {
			t.Errorf("%d bytes came from %v", n, from)
		}
	}
	if packets, bytes := metrics.relayed(ToPeer); packets != 0 || bytes != 0 {
		t.Errorf("%d packets of %d bytes were relayed", packets, bytes)
	}
	if metrics.refused(RefusedPeer) == 0 {
		t.Error("no refusal was counted")
	}
}

// tryToReach does all that could make a relay send something to an address. The
// requests that are refused are not repeated by request: 403 and the like.
func tryToReach(c *client, number uint16, to netip.AddrPort) {
	c.t.Helper()
	// A permission for this machine's own address is granted, for other allocations;
	// what is sent by it must be stopped then.
	own := to.Addr() == loopback || to.Addr() == netip.IPv6Loopback()
	if err := c.permit(to); err == nil && !own {
		c.t.Errorf("a permission for %v", to)
	}
	c.indicate(to, []byte("indication"))
	if err := c.bind(number, to); err == nil && !own {
		c.t.Errorf("a channel to %v", to)
	}
	c.sendChannel(number, []byte("channel data"))
}

func udpSocket6(t *testing.T) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skip("no IPv6:", err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestForbiddenPorts(t *testing.T) {
	c := testConfig()
	c.Allow = prefixes("127.0.0.0/8")
	s, metrics := listenTest(t, c)
	username, password := credentials("mallory")
	mallory := newClient(t, s.UDP()[0], username, password)
	mallory.mustAllocate()
	for i, port := range []uint16{0, 22, 53, 123, 1023} {
		to := netip.AddrPortFrom(loopback, port)
		if err := mallory.permit(to); err != nil {
			t.Fatal("a permission is for all ports:", err)
		}
		mallory.indicate(to, []byte("query"))
		if err := mallory.bind(firstChannel+uint16(i), to); err == nil {
			t.Errorf("a channel to port %d", port)
		}
	}
	if packets, _ := metrics.relayed(ToPeer); packets != 0 {
		t.Errorf("%d packets were relayed", packets)
	}
}

// An allocation must not reach what else runs on the relay's machine, though other
// allocations live at the same address.
func TestOnlyAllocationsOfThisMachine(t *testing.T) {
	s, metrics := listenTest(t, testConfig())
	username, password := credentials("mallory")
	mallory := newClient(t, s.UDP()[0], username, password)
	relayed := mallory.mustAllocate()
	service := udpSocket(t)
	addr := addrPortOf(service.LocalAddr())
	if err := mallory.bind(firstChannel, addr); err != nil {
		t.Fatal(err)
	}
	mallory.sendChannel(firstChannel, []byte("query"))
	mallory.indicate(addr, []byte("query"))
	_ = service.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, _, err := service.ReadFrom(make([]byte, 100)); err == nil {
		t.Errorf("%d bytes reached a service of this machine", n)
	}
	if _, err := service.WriteToUDPAddrPort([]byte("answer"), relayed); err != nil {
		t.Fatal(err)
	}
	if b := mallory.receive(200 * time.Millisecond); b != nil {
		t.Errorf("%d bytes of a service of this machine reached a client", len(b))
	}
	if metrics.refused(RefusedSender) != 1 {
		t.Error("the answer's refusal was not counted")
	}
}

func TestCredentialsThatAreNotGood(t *testing.T) {
	s, metrics := listenTest(t, testConfig())
	now := time.Now()
	username, password := Credentials(testSecret, "alice", time.Hour, now)
	expired, expiredPassword := Credentials(testSecret, "alice", -time.Second, now)
	_, otherSecret := Credentials("another secret of some length", "alice", time.Hour, now)
	for _, c := range []struct{ name, username, password string }{
		{"wrong password", username, "password"},
		{"another secret", username, otherSecret},
		{"expired", expired, expiredPassword},
		{"expiry changed", "9" + username, password},
		{"user changed", username + "x", password},
		{"no expiry", "alice", passwordOf(testSecret, "alice")},
		{"no user", "4102444800", passwordOf(testSecret, "4102444800")},
		{"empty user", "4102444800:", passwordOf(testSecret, "4102444800:")},
		{"negative expiry", "-1:alice", passwordOf(testSecret, "-1:alice")},
		{"expiry too great", "99999999999999999999:alice", passwordOf(testSecret, "99999999999999999999:alice")},
	} {
		before := metrics.refused(RefusedCredentials)
		_, err := newClient(t, s.UDP()[0], c.username, c.password).allocate()
		var code refusal
		if !errors.As(err, &code) {
			t.Errorf("%s: %v", c.name, err)
		}
		if metrics.refused(RefusedCredentials) == before {
			t.Errorf("%s: not counted", c.name)
		}
	}
	if n := s.Allocations(); n != 0 {
		t.Errorf("%d allocations", n)
	}
}

// A client's channel and permissions are its own: another one, even of the same
// user, cannot send by them.
func TestOthersCannotUseAllocation(t *testing.T) {
	s, metrics := listenTest(t, allowLoopback(testConfig()))
	username, password := credentials("alice")
	alice, peer := newClient(t, s.UDP()[0], username, password), udpSocket(t)
	alice.mustAllocate()
	if err := alice.bind(firstChannel, addrPortOf(peer.LocalAddr())); err != nil {
		t.Fatal(err)
	}
	mallory := newClient(t, s.UDP()[0], username, password)
	mallory.sendChannel(firstChannel, []byte("media"))
	mallory.indicate(addrPortOf(peer.LocalAddr()), []byte("media"))
	mallory.mustAllocate() // an answer means that the messages before it were handled
	mallory.sendChannel(firstChannel, []byte("media"))
	mallory.indicate(addrPortOf(peer.LocalAddr()), []byte("media"))
	if _, err := mallory.request(stun.MethodRefresh); err != nil {
		t.Fatal(err)
	}
	if packets, _ := metrics.relayed(ToPeer); packets != 0 {
		t.Errorf("%d packets were relayed", packets)
	}
}

func TestQuotas(t *testing.T) {
	c := testConfig()
	c.Limits.AllocationsPerUser, c.Limits.Allocations = 2, 3
	s, metrics := listenTest(t, c)
	try := func(user string) error {
		username, password := credentials(user)
		_, err := newClient(t, s.UDP()[0], username, password).allocate()
		return err
	}
	for i, want := range []error{nil, nil, refusal(stun.CodeAllocQuotaReached)} {
		if err := try("alice"); !errors.Is(err, want) {
			t.Errorf("allocation %d of a user: %v, want %v", i, err, want)
		}
	}
	for i, want := range []error{nil, refusal(stun.CodeInsufficientCapacity)} {
		if err := try("bob"); !errors.Is(err, want) {
			t.Errorf("allocation %d of another user: %v, want %v", i, err, want)
		}
	}
	if metrics.refused(RefusedUserQuota) != 1 || metrics.refused(RefusedCapacity) != 1 {
		t.Error("refusals were not counted:", metrics.refusals)
	}
}

func TestRateOfUser(t *testing.T) {
	c := allowLoopback(testConfig())
	c.Limits.User = Rate{Packets: 1000, Bytes: 20_000}
	s, metrics := listenTest(t, c)
	username, password := credentials("alice")
	alice, peer := newClient(t, s.UDP()[0], username, password), udpSocket(t)
	alice.mustAllocate()
	if err := alice.bind(firstChannel, addrPortOf(peer.LocalAddr())); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		alice.sendChannel(firstChannel, make([]byte, 1000))
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		packets, bytes := metrics.relayed(ToPeer)
		refused := metrics.refused(RefusedRate)
		if packets+refused == 100 {
			if refused == 0 || bytes == 0 {
				t.Errorf("%d bytes were relayed, %d packets refused", bytes, refused)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d packets relayed and %d refused of 100", packets, refused)
		}
	}
}

func TestPermissionsAreBounded(t *testing.T) {
	c := testConfig()
	c.Limits.Permissions = 4
	s, metrics := listenTest(t, c)
	username, password := credentials("mallory")
	mallory := newClient(t, s.UDP()[0], username, password)
	mallory.mustAllocate()
	granted, bound := 0, 0
	for i := range 8 {
		peer := netip.AddrPortFrom(netip.AddrFrom4([4]byte{9, 9, 9, byte(i)}), 5000)
		if mallory.permit(peer) == nil {
			granted++
		}
	}
	for i := range 8 {
		peer := netip.MustParseAddrPort(fmt.Sprintf("9.9.9.0:%d", 6000+i))
		if mallory.bind(firstChannel+uint16(i), peer) == nil {
			bound++
		}
	}
	if granted != 4 || bound != 4 {
		t.Errorf("%d permissions and %d channels, want 4", granted, bound)
	}
	if n := metrics.refused(RefusedPermissions); n != 8 {
		t.Errorf("%d refusals counted, want 8", n)
	}
}
