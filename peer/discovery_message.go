package peer

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// announcement is what a member tells of itself to everybody on a link.
type announcement struct {
	instance instance
	tag      roomTag
	addrs    []netip.AddrPort // at most maxSightingAddrs; no zones
	ttl      time.Duration    // 0: it leaves
}

// inquiry asks who is there.
type inquiry struct {
	everybody bool
	of        []instance // if not everybody
	known     []knownMember
}

// knownMember need not answer (RFC 6762 section 7.1).
type knownMember struct {
	instance instance
	ttl      time.Duration // that its announcement is still good for
}

const (
	discoveryService = "_prattle._udp.local."
	// discoveryLabels are in every message about the service: the name as it stands in
	// the first record of a message, where it cannot be compressed.
	discoveryLabels = "\x08_prattle\x04_udp\x05local"
	// maxDiscoveryMessage bounds messages, in bytes: those of ours fit into a packet.
	maxDiscoveryMessage = 1440
	// maxKnownMembers bounds the known answers in a question: 31 bytes each.
	maxKnownMembers = 40
	// uniqueRecord marks records that nobody else has (RFC 6762 section 10.2).
	uniqueRecord = dnsmessage.ClassINET | 1<<15
)

func (i instance) String() string { return hex.EncodeToString(i[:]) }

// service is the name of the instance of the service (RFC 6763 section 4.1).
func (i instance) service() string { return i.String() + "." + discoveryService }

// host is a name for the machine that tells nothing of it.
func (i instance) host() string { return i.String() + ".local." }

// message makes it a message: one that is unasked for, answers a question or says
// goodbye.
func (a *announcement) message() ([]byte, error) {
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{Response: true, Authoritative: true})
	b.EnableCompression()
	return finish(&b, b.StartAnswers(), a.build(&b))
}

func (a *announcement) build(b *dnsmessage.Builder) error {
	port := uint16(0)
	if len(a.addrs) > 0 {
		port = a.addrs[0].Port()
	}
	shared := header(discoveryService, dnsmessage.ClassINET, a.ttl)
	service, host := header(a.instance.service(), uniqueRecord, a.ttl), header(a.instance.host(), uniqueRecord, a.ttl)
	err := errors.Join(
		b.PTRResource(shared, dnsmessage.PTRResource{PTR: service.Name}),
		b.SRVResource(service, dnsmessage.SRVResource{Port: port, Target: host.Name}),
		b.TXTResource(service, dnsmessage.TXTResource{TXT: []string{"v=1", "r=" + hex.EncodeToString(a.tag[:])}}),
	)
	for _, addr := range a.addrs {
		if ip := addr.Addr(); ip.Is4() {
			err = errors.Join(err, b.AResource(host, dnsmessage.AResource{A: ip.As4()}))
		} else {
			err = errors.Join(err, b.AAAAResource(host, dnsmessage.AAAAResource{AAAA: ip.As16()}))
		}
	}
	return err
}

// message makes it a message. It always asks for everybody.
func (q *inquiry) message() ([]byte, error) {
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{})
	b.EnableCompression()
	name := dnsmessage.MustNewName(discoveryService)
	err := errors.Join(
		b.StartQuestions(),
		b.Question(dnsmessage.Question{Name: name, Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET}),
		b.StartAnswers(),
	)
	for _, k := range q.known[:min(len(q.known), maxKnownMembers)] {
		h := header(discoveryService, dnsmessage.ClassINET, k.ttl)
		err = errors.Join(err, b.PTRResource(h, dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(k.instance.service())}))
	}
	return finish(&b, err)
}

func header(name string, class dnsmessage.Class, ttl time.Duration) dnsmessage.ResourceHeader {
	return dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Class: class, TTL: uint32(ttl / time.Second)}
}

func finish(b *dnsmessage.Builder, errs ...error) ([]byte, error) {
	message, err := b.Finish()
	if err = errors.Join(append(errs, err)...); err != nil {
		return nil, fmt.Errorf("write a message about rooms: %w", err)
	}
	return message, nil
}
