package peer

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// classMask leaves of a class what it is without the mark of unique records, or that of
// questions which may be answered by unicast (RFC 6762 section 5.4). We never do: of
// several programs that listen on the port only one would hear it.
const classMask = 1<<15 - 1

var errNotDiscovery = errors.New("not a message about rooms")

// parseDiscovery reads a message: one of the two is not nil if there is no error.
func parseDiscovery(b []byte) (*inquiry, *announcement, error) {
	if len(b) > maxDiscoveryMessage {
		return nil, nil, errNotDiscovery
	}
	var p dnsmessage.Parser
	h, err := p.Start(b)
	if err != nil || h.OpCode != 0 || h.RCode != dnsmessage.RCodeSuccess { // RFC 6762 sections 18.3, 18.11
		return nil, nil, errNotDiscovery
	}
	if h.Response {
		a, err := parseAnnouncement(&p)
		return nil, a, err
	}
	q, err := parseInquiry(&p)
	return q, nil, err
}

func parseInquiry(p *dnsmessage.Parser) (*inquiry, error) {
	questions, err := p.AllQuestions()
	if err != nil {
		return nil, errNotDiscovery
	}
	q := new(inquiry)
	for _, question := range questions {
		if question.Class&classMask != dnsmessage.ClassINET {
			continue
		}
		name := question.Name.String()
		if strings.EqualFold(name, discoveryService) && (question.Type == dnsmessage.TypePTR || question.Type == dnsmessage.TypeALL) {
			q.everybody = true
		} else if i, ok := parseService(name); ok {
			q.of = append(q.of, i)
		}
	}
	if !q.everybody && len(q.of) == 0 {
		return nil, errNotDiscovery
	}
	err = eachRecord(p.AnswerHeader, p.SkipAnswer, func(h dnsmessage.ResourceHeader) (bool, error) {
		return h.Type == dnsmessage.TypePTR, q.parseKnown(p, h)
	})
	if err != nil {
		return nil, err
	}
	return q, nil
}

func (q *inquiry) parseKnown(p *dnsmessage.Parser, h dnsmessage.ResourceHeader) error {
	if h.Type != dnsmessage.TypePTR {
		return nil
	}
	r, err := p.PTRResource()
	if i, ok := parseService(r.PTR.String()); err == nil && ok && len(q.known) < maxKnownMembers {
		q.known = append(q.known, knownMember{i, time.Duration(h.TTL) * time.Second})
	}
	return err
}

// parseAnnouncement reads the records of one member. Those of others that may be in the
// same message are left out: nobody of ours puts them there.
func parseAnnouncement(p *dnsmessage.Parser) (*announcement, error) {
	if err := p.SkipAllQuestions(); err != nil {
		return nil, errNotDiscovery
	}
	var r announcedRecords
	take := func(h dnsmessage.ResourceHeader) (bool, error) { return r.take(p, h) }
	err := eachRecord(p.AnswerHeader, p.SkipAnswer, take)
	if err == nil && p.SkipAllAuthorities() == nil {
		err = eachRecord(p.AdditionalHeader, p.SkipAdditional, take)
	}
	if err != nil {
		return nil, err
	}
	return r.complete()
}

// eachRecord calls take for each record of a section; take says whether it has read
// the record's data.
func eachRecord(next func() (dnsmessage.ResourceHeader, error), skip func() error, take func(dnsmessage.ResourceHeader) (bool, error)) error {
	for {
		h, err := next()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return nil
		}
		var taken bool
		if err == nil && h.Class&classMask == dnsmessage.ClassINET {
			taken, err = take(h)
		}
		if err == nil && !taken {
			err = skip()
		}
		if err != nil {
			return errNotDiscovery
		}
	}
}

// announcedRecords are those of the member of which the first PTR record speaks.
type announcedRecords struct {
	announcement
	named, tagged bool
	port          uint16
	ips           []netip.Addr
}

// take reads the data of a record that is wanted, and says whether it did.
func (r *announcedRecords) take(p *dnsmessage.Parser, h dnsmessage.ResourceHeader) (bool, error) {
	name := h.Name.String()
	switch {
	case h.Type == dnsmessage.TypePTR && !r.named && strings.EqualFold(name, discoveryService):
		ptr, err := p.PTRResource()
		r.instance, r.named = parseService(ptr.PTR.String())
		r.ttl = time.Duration(h.TTL) * time.Second
		return true, err
	case h.Type == dnsmessage.TypeSRV && r.named && strings.EqualFold(name, r.instance.service()):
		srv, err := p.SRVResource()
		r.port = srv.Port
		return true, err
	case h.Type == dnsmessage.TypeTXT && r.named && strings.EqualFold(name, r.instance.service()):
		txt, err := p.TXTResource()
		r.tag, r.tagged = parseDiscoveryTXT(txt.TXT)
		return true, err
	case h.Type == dnsmessage.TypeA && r.named && strings.EqualFold(name, r.instance.host()):
		a, err := p.AResource()
		r.ips = append(r.ips, netip.AddrFrom4(a.A))
		return true, err
	case h.Type == dnsmessage.TypeAAAA && r.named && strings.EqualFold(name, r.instance.host()):
		a, err := p.AAAAResource()
		r.ips = append(r.ips, netip.AddrFrom16(a.AAAA).Unmap())
		return true, err
	}
	return false, nil
}

// complete is what the records come to. A goodbye needs no more than the name.
func (r *announcedRecords) complete() (*announcement, error) {
	if !r.named || r.ttl > 0 && (!r.tagged || r.port == 0) {
		return nil, errNotDiscovery
	}
	for _, ip := range r.ips[:min(len(r.ips), maxSightingAddrs)] {
		r.addrs = append(r.addrs, netip.AddrPortFrom(ip, r.port))
	}
	return &r.announcement, nil
}

// parseDiscoveryTXT reads the key=value pairs of a TXT record: keys in either case,
// the first of each counts, unknown ones may be there (RFC 6763 section 6.4).
func parseDiscoveryTXT(pairs []string) (tag roomTag, ok bool) {
	values := make(map[string]string)
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		key = strings.ToLower(key)
		if _, again := values[key]; !again {
			values[key] = value
		}
	}
	if values["v"] != "1" || len(values["r"]) != hex.EncodedLen(len(tag)) {
		return tag, false
	}
	_, err := hex.Decode(tag[:], []byte(values["r"]))
	return tag, err == nil
}

// parseService reads the name of an instance of the service.
func parseService(name string) (i instance, ok bool) {
	if len(name) != hex.EncodedLen(len(i))+1+len(discoveryService) || name[hex.EncodedLen(len(i))] != '.' {
		return i, false
	}
	first, rest := name[:hex.EncodedLen(len(i))], name[hex.EncodedLen(len(i))+1:]
	_, err := hex.Decode(i[:], []byte(first))
	return i, err == nil && strings.EqualFold(rest, discoveryService)
}
