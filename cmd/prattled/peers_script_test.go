package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"strings"

	"github.com/pion/turn/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// peer is a client of the server in a script.
type peer struct {
	*rendezvous.Client
	id  *certs.Identity
	got chan rendezvous.Mail
}

// startPeer registers at [PEERID@]HOST:PORT,... or, with no UDP, at tls://HOST:PORT,
// with a new identity, or that of a file, until the script ends.
func startPeer(ts *testscript.TestScript, address, identity string) *peer {
	id, err := certs.New()
	if identity != "" {
		id, err = certs.LoadOrCreate(ts.MkAbs(identity), nil)
	}
	ts.Check(err)
	p := &peer{id: id, got: make(chan rendezvous.Mail, 16)}
	config := rendezvous.ClientConfig{Identity: id, Server: address, Handle: func(m rendezvous.Mail) { p.got <- m }}
	if key, host, ok := strings.Cut(address, "@"); ok {
		config.Server = host
		config.ServerID, err = certs.ParsePeerID(key)
		ts.Check(err)
	}
	if at, ok := strings.CutPrefix(address, "tls://"); ok {
		withoutUDP(&config, at)
	}
	p.Client = rendezvous.NewClient(config)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Run(ctx)
	}()
	ts.Defer(func() {
		cancel()
		<-done
	})
	return p
}

// wait returns when ok says so of the client's state.
func (p *peer) wait(ts *testscript.TestScript, ok func(rendezvous.State) bool) {
	ctx := within(patience)
	for {
		changed := p.Changed()
		if ok(p.State()) {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			ts.Fatalf("the state is still %+v", p.State())
		}
	}
}

func registered(s rendezvous.State) bool { return s.Registered }

// newPeer IDENTITY puts the peer ID of an identity, which is made if it is not there,
// into $PEER.
func newPeer(ts *testscript.TestScript, _ bool, args []string) {
	id, err := certs.LoadOrCreate(ts.MkAbs(args[0]), nil)
	ts.Check(err)
	ts.Setenv("PEER", id.ID().String())
}

// meet TEXT SERVERS [SERVERS2] makes two peers, at one server or two, exchange a text.
// $CALLER is then the key of one of them, in hex.
func meet(ts *testscript.TestScript, _ bool, args []string) {
	text, here, there := args[0], args[1], args[len(args)-1]
	a, b := startPeer(ts, here, ""), startPeer(ts, there, "")
	a.wait(ts, registered)
	b.wait(ts, registered)
	n, err := a.Send(within(patience), b.id.ID(), []byte(text))
	ts.Check(err)
	m := <-b.got
	if n != 1 || m.From != a.id.ID() || string(m.Body) != text {
		ts.Fatalf("to %d devices: got %q", n, m.Body)
	}
	ts.Check(b.Reply(within(patience), m, []byte(text)))
	if m := <-a.got; m.From != b.id.ID() || string(m.Body) != text {
		ts.Fatalf("got %q in reply", m.Body)
	}
	id := a.id.ID()
	ts.Setenv("CALLER", hex.EncodeToString(id[:]))
}

// refused SERVER [IDENTITY] tries to register, which the server must not allow.
func refused(ts *testscript.TestScript, neg bool, args []string) {
	p := startPeer(ts, args[0], append(args, "")[1])
	if neg {
		p.wait(ts, registered)
		return
	}
	p.wait(ts, func(s rendezvous.State) bool { return errors.Is(s.Err, rendezvous.ErrNotAllowed) })
}

// relayed SERVER gets an address on each relay that the server offers.
func relayed(ts *testscript.TestScript, _ bool, args []string) {
	p := startPeer(ts, args[0], "")
	p.wait(ts, func(s rendezvous.State) bool { return len(p.Services().TURN) > 0 })
	s := p.Services()
	if len(s.STUN) != 1 || s.Expires.IsZero() {
		ts.Fatalf("offered %+v", s)
	}
	for _, t := range s.TURN {
		c, address, err := dialRelay(t)
		ts.Check(err)
		ts.Check(allocate(c, address, t))
		ts.Logf("relayed by %v", t)
	}
}

// dialRelay opens the way to a relay that its URL names.
func dialRelay(t rendezvous.TURNServer) (c net.PacketConn, address string, err error) {
	scheme, rest, _ := strings.Cut(t.URL, ":")
	address, transport, _ := strings.Cut(rest, "?transport=")
	var s net.Conn
	switch {
	case scheme == "turns":
		s, err = tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"stun.turn"}})
	case transport == "tcp":
		s, err = net.Dial("tcp", address)
	default:
		c, err = net.ListenPacket("udp4", "127.0.0.1:0")
	}
	if err == nil && s != nil {
		c = turn.NewSTUNConn(s)
	}
	return c, address, err
}

func allocate(c net.PacketConn, address string, t rendezvous.TURNServer) error {
	defer c.Close()
	client, err := turn.NewClient(&turn.ClientConfig{
		Conn: c, STUNServerAddr: address, TURNServerAddr: address, Username: t.Username, Password: t.Password,
	})
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Listen(); err != nil {
		return err
	}
	relayed, err := client.Allocate()
	if err != nil {
		return err
	}
	return relayed.Close()
}

// scan TEXT... looks into the memory of the programs that run in the background for
// texts, or for bytes as hex:BYTES. Each must be there; with ! none may be.
func scan(ts *testscript.TestScript, neg bool, args []string) {
	for _, text := range args {
		needle := []byte(text)
		if digits, ok := strings.CutPrefix(text, "hex:"); ok {
			var err error
			needle, err = hex.DecodeString(digits)
			ts.Check(err)
		}
		found, size := 0, 0
		for _, cmd := range ts.BackgroundCmds() {
			n, looked, err := count(cmd.Process.Pid, needle)
			ts.Check(err)
			found, size = found+n, size+looked
		}
		ts.Logf("%q: %d times in %d MiB", text, found, size>>20)
		if size == 0 || neg == (found > 0) {
			ts.Fatalf("%q is %d times in %d bytes of memory", text, found, size)
		}
	}
}

// count finds how often bytes are in the memory that a process can write to.
func count(pid int, needle []byte) (found, size int, err error) {
	maps, err := os.ReadFile(procFile(pid, "maps"))
	if err != nil {
		return 0, 0, err
	}
	mem, err := os.Open(procFile(pid, "mem"))
	if err != nil {
		return 0, 0, err
	}
	defer mem.Close()
	for line := range bytes.Lines(maps) {
		first, last, ok := parseMap(string(line))
		if !ok {
			continue
		}
		b := make([]byte, last-first)
		n, _ := mem.ReadAt(b, first) // guard pages cannot be read
		found += bytes.Count(b[:n], needle)
		size += n
	}
	return found, size, nil
}
