package peer

import (
	"encoding/hex"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

var (
	testInstance = instance{1, 2, 3, 4, 5, 6, 7, 0xab}
	testTag      = tagOf(testInstance, "kitchen")
)

func testAnnouncement() *announcement {
	return &announcement{instance: testInstance, tag: testTag, ttl: announcementTTL, addrs: []netip.AddrPort{
		netip.MustParseAddrPort("192.168.1.7:7728"), netip.MustParseAddrPort("[fe80::7]:7728"),
	}}
}

func TestTagOf(t *testing.T) {
	// printf 'prattle room\0\1\2\3\4\5\6\7\xabkitchen' | sha256sum
	if got, want := hex.EncodeToString(testTag[:]), "8c610750227dd6205091b6155b9a0cca"; got != want {
		t.Errorf("tag %s, want %s", got, want)
	}
}

func TestDiscoveryOnTheWire(t *testing.T) {
	for _, x := range []struct {
		name    string
		message interface{ message() ([]byte, error) }
		want    []string
	}{
		{"announcement", testAnnouncement(), []string{
			"000084000000000500000000",                                           // a response of five records
			"085f70726174746c65045f756470056c6f63616c00",                         // _prattle._udp.local
			"000c000100000078", "0013", "1030313032303330343035303630376162c00c", // PTR, 120 s
			"c02b0021800100000078", "001e", "000000001e30" + "1030313032303330343035303630376162056c6f63616c00", // SRV, of it alone
			"c02b0010800100000078", "0027", "03763d31" + "22723d" + hex.EncodeToString([]byte("8c610750227dd6205091b6155b9a0cca")), // TXT
			"1030313032303330343035303630376162c01a" + "0001800100000078", "0004", "c0a80107",
			"c09b" + "001c800100000078", "0010", "fe800000000000000000000000000007",
		}},
		{"goodbye", &announcement{instance: testInstance, tag: testTag}, []string{
			"000084000000000300000000", "085f70726174746c65045f756470056c6f63616c00",
			"000c000100000000", "0013", "1030313032303330343035303630376162c00c",
			"c02b0021800100000000", "001e", "000000000000" + "1030313032303330343035303630376162056c6f63616c00",
			"c02b0010800100000000", "0027", "03763d31" + "22723d" + hex.EncodeToString([]byte("8c610750227dd6205091b6155b9a0cca")),
		}},
		{"inquiry", &inquiry{known: []knownMember{{testInstance, 90 * time.Second}}}, []string{
			"000000000001000100000000", "085f70726174746c65045f756470056c6f63616c00", "000c0001",
			"c00c000c00010000005a", "0013", "1030313032303330343035303630376162c00c",
		}},
	} {
		b, err := x.message.message()
		if want := strings.Join(x.want, ""); err != nil || hex.EncodeToString(b) != want {
			t.Errorf("%s: %v\n%x, want\n%s", x.name, err, b, want)
		}
		if !strings.Contains(string(b), discoveryLabels) {
			t.Errorf("%s would be passed over", x.name)
		}
	}
}

func TestAnnouncementIsReadAsItWasWritten(t *testing.T) {
	want := testAnnouncement()
	b, err := want.message()
	if err != nil {
		t.Fatal(err)
	}
	q, got, err := parseDiscovery(b)
	if err != nil || q != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %+v, %v; want %+v", q, got, err, want)
	}
}

func TestInquiryIsReadAsItWasWritten(t *testing.T) {
	want := &inquiry{everybody: true}
	for i := range maxKnownMembers {
		want.known = append(want.known, knownMember{instance{byte(i)}, 90 * time.Second})
	}
	b, err := want.message()
	if err != nil {
		t.Fatal(err)
	}
	got, a, err := parseDiscovery(b)
	if err != nil || a != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %+v, %v; want %+v", got, a, err, want)
	}
	want.known = append(want.known, knownMember{instance{99}, 90 * time.Second})
	if longer, err := want.message(); err != nil || len(longer) != len(b) {
		t.Errorf("with more of those that are known %d bytes, without %d; %v", len(longer), len(b), err)
	}
}

// record builds messages that nobody of ours would send.
func record(name string, ttl uint32, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Class: dnsmessage.ClassINET, TTL: ttl},
		Body:   body,
	}
}

func TestAnnouncementsOfOtherMakers(t *testing.T) {
	service, host := strings.ToUpper(testInstance.service()), strings.ToUpper(testInstance.host())
	ptr := record(strings.ToUpper(discoveryService), 120, &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(service)})
	srv := record(service, 120, &dnsmessage.SRVResource{Port: 7728, Target: dnsmessage.MustNewName(host)})
	txt := record(service, 120, &dnsmessage.TXTResource{TXT: []string{"new=1", "R=" + hex.EncodeToString(testTag[:]), "v=1", "v=2"}})
	addr := record(host, 120, &dnsmessage.AResource{A: [4]byte{192, 168, 1, 7}})
	other := record("printer.local.", 120, &dnsmessage.AResource{A: [4]byte{192, 168, 1, 9}})
	noPort := record(service, 120, &dnsmessage.SRVResource{Target: dnsmessage.MustNewName(host)})
	v2 := record(service, 120, &dnsmessage.TXTResource{TXT: []string{"v=2", "r=" + hex.EncodeToString(testTag[:])}})
	printer := record(discoveryService, 120, &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName("printer." + discoveryService)})
	for name, x := range map[string]struct {
		answers, additionals []dnsmessage.Resource
		want                 bool
	}{
		"in capitals":          {[]dnsmessage.Resource{ptr, srv, txt, addr}, nil, true},
		"in two sections":      {[]dnsmessage.Resource{ptr}, []dnsmessage.Resource{other, srv, txt, addr}, true},
		"after another":        {[]dnsmessage.Resource{printer, other, ptr, srv, txt, addr}, nil, true},
		"without a port":       {[]dnsmessage.Resource{ptr, noPort, txt, addr}, nil, false},
		"without a tag":        {[]dnsmessage.Resource{ptr, srv, addr}, nil, false},
		"without a name":       {[]dnsmessage.Resource{srv, txt, addr}, nil, false},
		"of another version":   {[]dnsmessage.Resource{ptr, srv, v2, addr}, nil, false},
		"of another instance":  {[]dnsmessage.Resource{printer, srv, txt, addr}, nil, false},
		"with nothing at all":  {nil, nil, false},
		"after a wrong record": {[]dnsmessage.Resource{record(service, 1, &dnsmessage.UnknownResource{Type: dnsmessage.TypeA, Data: []byte{1}}), ptr, srv, txt, addr}, nil, true},
	} {
		m := dnsmessage.Message{Header: dnsmessage.Header{Response: true}, Answers: x.answers, Additionals: x.additionals}
		b, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		_, a, err := parseDiscovery(b)
		if !x.want {
			if err == nil {
				t.Errorf("%s: read %+v", name, a)
			}
			continue
		}
		want := announcement{testInstance, testTag, []netip.AddrPort{netip.MustParseAddrPort("192.168.1.7:7728")}, announcementTTL}
		if err != nil || !reflect.DeepEqual(*a, want) {
			t.Errorf("%s: %+v, %v; want %+v", name, a, err, want)
		}
	}
}

func TestParseDiscoveryTXT(t *testing.T) {
	tag := hex.EncodeToString(testTag[:])
	for _, x := range []struct {
		pairs []string
		want  bool
	}{
		{[]string{"v=1", "r=" + tag}, true},
		{[]string{"extra", "=", "", "r=" + tag, "v=1"}, true},
		{[]string{"v=1", "r=" + tag, "r=00"}, true},
		{[]string{"v=1", "r=00", "r=" + tag}, false},
		{[]string{"v=1"}, false},
		{[]string{"r=" + tag}, false},
		{[]string{"v=1", "r=" + tag + "00"}, false},
		{[]string{"v=1", "r=" + tag[:30] + "zz"}, false},
		{[]string{"v", "r=" + tag}, false},
		{nil, false},
	} {
		if got, ok := parseDiscoveryTXT(x.pairs); ok != x.want || ok && got != testTag {
			t.Errorf("%q: %x, %v", x.pairs, got, ok)
		}
	}
}

func FuzzDiscovery(f *testing.F) {
	for _, m := range []interface{ message() ([]byte, error) }{
		testAnnouncement(), &announcement{instance: testInstance}, &inquiry{known: []knownMember{{testInstance, time.Minute}}},
	} {
		b, err := m.message()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		q, a, err := parseDiscovery(b)
		if (err == nil) != (q != nil || a != nil) {
			t.Fatalf("%+v, %+v, %v", q, a, err)
		}
		if q != nil && (len(q.known) > maxKnownMembers || len(q.of) > maxDiscoveryMessage/6) {
			t.Errorf("%d known, %d names", len(q.known), len(q.of))
		}
		if a == nil {
			return
		}
		if len(a.addrs) > maxSightingAddrs {
			t.Errorf("%d addresses", len(a.addrs))
		}
		if a.ttl == 0 {
			return
		}
		// What was read can be said again.
		written, err := a.message()
		if err != nil {
			t.Fatal(err)
		}
		if _, again, err := parseDiscovery(written); err != nil && len(a.addrs) > 0 || err == nil && !reflect.DeepEqual(again, a) {
			t.Errorf("%+v became %+v, %v", a, again, err)
		}
	})
}

func FuzzDiscoveryTXT(f *testing.F) {
	f.Add("v=1\x00r=" + hex.EncodeToString(testTag[:]))
	f.Fuzz(func(t *testing.T, text string) {
		tag, ok := parseDiscoveryTXT(strings.Split(text, "\x00"))
		if ok && !strings.Contains(strings.ToLower(text), "r="+hex.EncodeToString(tag[:])) {
			t.Errorf("%q: tag %x", text, tag)
		}
	})
}
